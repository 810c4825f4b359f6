/**
 * What an application has and documents do not show: code of a page may use these names without declaring them. A page
 * adds its own in `pages/<name>.ts`.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kron as KronClass, kron as shared } from "../../src/index.ts";

/** The runtime of the process, where a page has shown its import before. */
export const kron: KronClass = shared;

/** The class, likewise. */
export const Kron: typeof KronClass = KronClass;

/** A directory that nobody else uses. */
export const temporaryDirectory: string = mkdtempSync(join(tmpdir(), "kron-docs-data-"));
process.on("exit", () => rmSync(temporaryDirectory, { recursive: true, force: true }));

/** Sends the daily report. */
export async function sendReport(_options?: { readonly signal?: AbortSignal }): Promise<void> {
  // What it does is the application's business.
}

/** Removes files that are old enough. */
export async function removeOldFiles(): Promise<number> {
  return 3;
}

/** Invites somebody. */
export async function invite(_to: string): Promise<void> {
  // As above.
}

/** Runtimes over real directories that are gone after the tests. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isKronError, Kron, type KronOptions, type Logger } from "../../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "kron-test-"));
let directories = 0;

/** Does nothing; a callback as good as any. */
export const silent = (): void => undefined;

/** A logger that says nothing. */
export const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** A data directory that nobody has used. */
export function freshDirectory(): string {
  directories += 1;
  return join(root, `d${directories}`);
}

/** Removes all of them. */
export function removeDirectories(): void {
  rmSync(root, { recursive: true, force: true });
}

/** A quiet runtime, in a directory of its own unless told otherwise. */
export function make(options: KronOptions = {}): Kron {
  return new Kron({ dataDir: freshDirectory(), logger: quiet, ...options });
}

/** The code with which a call is refused, `none` when it is not. */
export async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (isKronError(error)) return error.code;
    throw error;
  }
  return "none";
}

/** Resolves with the next run event of this type. */
export function nextRun(kron: Kron, type: string): Promise<unknown> {
  return new Promise((resolve) => {
    const listen = (event: { type: string }): void => {
      if (event.type !== type) return;
      kron.off("run", listen);
      resolve(event);
    };
    kron.on("run", listen);
  });
}

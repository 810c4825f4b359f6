/** A directory for logs, gone after the tests. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes one; `dispose` removes it. */
export function logDirectory(): { readonly path: string; readonly dispose: () => void } {
  const path = mkdtempSync(join(tmpdir(), "kron-logs-"));
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes the log of a run that was last changed at `modifiedMs`. */
export function writeRunLog(dataDir: string, folder: string, runId: string, bytes: number, modifiedMs: number): void {
  const path = join(dataDir, "logs", "runs", folder);
  mkdirSync(path, { recursive: true });
  const file = join(path, `${runId}.log`);
  writeFileSync(file, "x".repeat(bytes));
  utimesSync(file, modifiedMs / 1_000, modifiedMs / 1_000);
}

/** The runs of a folder that have logs, sorted; none when there is no folder. */
export function runsIn(dataDir: string, folder: string): string[] {
  try {
    return readdirSync(join(dataDir, "logs", "runs", folder)).sort();
  } catch {
    return [];
  }
}

/** `run_` and ten digits. */
export function runId(number: number): string {
  return `run_${number.toString(36).padStart(10, "0")}`;
}

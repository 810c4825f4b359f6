/** Runs the test runner over test files that a test has just written. */

import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const runnerPath = fileURLToPath(new URL("../run.js", import.meta.url));
const suiteUrl = new URL("../support/suite.js", import.meta.url).href;

/** What the runner said about a set of test files. */
export interface FixtureRun {
  readonly exitCode: number | null;
  readonly output: string;
  /** The last line, which must always be the counts. */
  readonly lastLine: string;
}

/**
 * Writes `files` (path to JavaScript source; `suite` is imported for them) into a new directory, runs the
 * runner over it with `args`, and removes the directory.
 */
export function runFixtures(files: Readonly<Record<string, string>>, args: readonly string[] = []): FixtureRun {
  const root = mkdtempSync(join(tmpdir(), "kron-fixtures-"));
  try {
    writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
    for (const [path, source] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), `import { suite } from ${JSON.stringify(suiteUrl)};\n${source}`);
    }
    return asRun(spawnSync(process.execPath, [runnerPath, "--root", root, ...args], { encoding: "utf8" }));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function asRun(result: SpawnSyncReturns<string>): FixtureRun {
  const output = result.stdout + result.stderr;
  return { exitCode: result.status, output, lastLine: result.stdout.trimEnd().split("\n").at(-1) ?? "" };
}

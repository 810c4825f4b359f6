/**
 * The test runner: one process and one deadline per test file, and no way to pass in silence.
 *
 *     node dist/test/run.js [--quick] [--jobs N] [--root DIR] [--deadline-ms N] [pattern …]
 *
 * A pattern is a part of a file's path below the root, which is `dist/test`. `--quick` leaves out
 * `*.slow.test.ts`. A file passes when its process exits 0 by itself, leaves no child behind that holds its
 * output, and reports that every test it registered finished and passed. A pattern that matches nothing is an
 * error. The exit code is 0 only if at least one test passed and nothing failed; the last line is always
 * `N passed, N failed, N skipped`.
 */

import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findTestFiles } from "./support/find-test-files.ts";
import { type FileResult, killTestProcesses, runTestFile } from "./support/run-test-file.ts";

const quickDeadlineMs = 120_000;
const slowDeadlineMs = 600_000;
const outputTailCharsMax = 64 * 1024;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    killTestProcesses();
    process.exit(1);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  killTestProcesses();
  console.log(error instanceof Error ? error.message : error);
  console.log("0 passed, 1 failed, 0 skipped");
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      jobs: { type: "string", default: String(Math.min(4, availableParallelism())) },
      root: { type: "string", default: dirname(fileURLToPath(import.meta.url)) },
      "deadline-ms": { type: "string" },
    },
  });
  const jobs = wholeNumber("--jobs", values.jobs);
  const deadlineMs =
    values["deadline-ms"] === undefined ? undefined : wholeNumber("--deadline-ms", values["deadline-ms"]);
  const files = findTestFiles(values.root, positionals, values.quick);
  const results: FileResult[] = [];
  const queue = [...files];
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runTestFile(values.root, file, deadlineMs ?? deadlineMsOf(file));
      results.push(result);
      print(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return summarize(results);
}

function deadlineMsOf(file: string): number {
  return file.endsWith(".slow.test.js") ? slowDeadlineMs : quickDeadlineMs;
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${option} must be a whole number from 1, not ${text}`);
  return value;
}

function print({ file, report, troubles, output, seconds }: FileResult): void {
  const verdict = troubles.length === 0 ? "ok  " : "FAIL";
  const counts = report === undefined ? "no report" : `${report.passed} of ${report.registered} tests`;
  console.log(`${verdict} ${file.replace(/\.js$/, "")} (${counts}, ${seconds.toFixed(1)} s)`);
  if (report !== undefined && report.skipped > 0) console.log(output.match(/^skipped: .*$/gm)?.join("\n") ?? "");
  if (troubles.length > 0) console.log(`${output.slice(-outputTailCharsMax)}\n  ${troubles.join("\n  ")}\n`);
}

function summarize(results: readonly FileResult[]): number {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const { report, troubles } of results) {
    passed += report?.passed ?? 0;
    skipped += report?.skipped ?? 0;
    if (troubles.length > 0) failed += Math.max(1, report?.failed ?? 0);
  }
  for (const { file, troubles } of results)
    if (troubles.length > 0) console.log(`FAIL ${file}: ${firstLine(troubles)}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function firstLine(troubles: readonly string[]): string {
  return troubles.map((trouble) => trouble.split("\n", 1)[0]).join("; ");
}

/**
 * The test runner: one process and one deadline per test file, and no way to pass in silence.
 *
 *     node dist/test/run.js [--quick] [--jobs N] [pattern …]
 *
 * A file passes when its process exits 0 and reports that every test it registered finished and passed. A
 * pattern that matches nothing, a file that reports nothing, a suite never run and a file over its deadline
 * are failures. `--quick` leaves out `*.slow.test.ts`. Ends with `N passed, N failed, N skipped`.
 */

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { REPORT_PREFIX, type TestReport } from "./support/suite.ts";

const quickDeadlineMs = 120_000;
const slowDeadlineMs = 600_000;
const testRoot = dirname(fileURLToPath(import.meta.url));

interface FileResult {
  readonly file: string;
  readonly report: TestReport;
  readonly trouble: string | undefined;
  readonly output: string;
  readonly seconds: number;
}

const nothing: TestReport = { registered: 0, passed: 0, failed: 0, skipped: 0, suitesNotRun: 0 };

function findTests(patterns: readonly string[], quick: boolean): string[] {
  const all = readdirSync(testRoot, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.js"))
    .sort();
  const unmatched = patterns.filter((pattern) => !all.some((name) => name.includes(pattern)));
  if (unmatched.length > 0) throw new Error(`No test file matches ${unmatched.join(", ")}`);
  if (all.length === 0) throw new Error(`No test files under ${testRoot}; build first`);
  const wanted = patterns.length === 0 ? all : all.filter((name) => patterns.some((pattern) => name.includes(pattern)));
  return quick ? wanted.filter((name) => !name.endsWith(".slow.test.js")) : wanted;
}

function runFile(file: string): Promise<FileResult> {
  const startedAt = performance.now();
  const deadlineMs = file.endsWith(".slow.test.js") ? slowDeadlineMs : quickDeadlineMs;
  return new Promise((resolve) => {
    // A group of its own, so that what the test started ends with it.
    const child = spawn(process.execPath, [join(testRoot, file)], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      killGroup(child.pid);
    }, deadlineMs);
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      killGroup(child.pid);
      const output = Buffer.concat(chunks).toString("utf8");
      const report = readReport(output);
      const trouble = expired ? `no end within ${deadlineMs / 1000} s` : judge(report, code, signal);
      const seconds = (performance.now() - startedAt) / 1000;
      resolve({ file, report: report ?? nothing, trouble, output, seconds });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of the group is left, which is what was wanted.
  }
}

function readReport(output: string): TestReport | undefined {
  const at = output.lastIndexOf(REPORT_PREFIX);
  if (at < 0) return undefined;
  const line = output.slice(at + REPORT_PREFIX.length).split("\n", 1)[0] ?? "";
  return JSON.parse(line) as TestReport;
}

function judge(report: TestReport | undefined, code: number | null, signal: string | null): string | undefined {
  if (report === undefined) return `no report (exit ${signal ?? code}); does it use test/support/suite.ts?`;
  if (report.suitesNotRun > 0) return `${report.suitesNotRun} suite(s) without run()`;
  if (report.registered === 0 && report.skipped === 0) return "no tests";
  const finished = report.passed + report.failed;
  if (finished !== report.registered)
    return `only ${finished} of ${report.registered} tests finished (exit ${signal ?? code})`;
  if (report.failed > 0) return `${report.failed} failed`;
  return code === 0 ? undefined : `all tests passed, but exit ${signal ?? code}`;
}

async function runAll(files: readonly string[], jobs: number): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const queue = [...files];
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file);
      results.push(result);
      print(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

function print(result: FileResult): void {
  const name = relative(".", result.file).replace(/\.js$/, "");
  const verdict = result.trouble === undefined ? "ok  " : "FAIL";
  console.log(
    `${verdict} ${name} (${result.report.passed} tests, ${result.seconds.toFixed(1)} s)${result.trouble ? `: ${result.trouble}` : ""}`,
  );
  if (result.trouble !== undefined) console.log(result.output);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, jobs: { type: "string", default: "2" } },
});
const results = await runAll(findTests(positionals, values.quick), Math.max(1, Number(values.jobs)));
const passed = results.reduce((sum, result) => sum + result.report.passed, 0);
const skipped = results.reduce((sum, result) => sum + result.report.skipped, 0);
const failed = results.reduce(
  (sum, { report, trouble }) => sum + (trouble === undefined ? 0 : Math.max(1, report.failed)),
  0,
);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/**
 * Runs one test file in a process of its own and judges it. The process leads a group of its own, so that
 * whatever the test started can be ended with it, also when it hangs.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { REPORT_FD, REPORT_VARIABLE, type TestReport } from "./report.ts";

/** What became of one test file; it has passed if `troubles` is empty. */
export interface FileResult {
  readonly file: string;
  readonly report: TestReport | undefined;
  readonly troubles: readonly string[];
  readonly output: string;
  readonly seconds: number;
}

const outputGraceMs = 3_000;
const outputBytesMax = 16 * 1024 * 1024;
const groups = new Set<number>();

/** Ends every test process that still runs, and what those started. */
export function killTestProcesses(): void {
  for (const pid of groups) killGroup(pid);
}

/** Runs `root`/`file` and resolves when it is over; after `deadlineMs` it is killed. Never rejects. */
export async function runTestFile(root: string, file: string, deadlineMs: number): Promise<FileResult> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [join(root, file)], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, [REPORT_VARIABLE]: String(REPORT_FD) },
  });
  const output = collect([child.stdout, child.stderr]);
  const reported = collect([child.stdio[REPORT_FD] as Readable]);
  const ending = await waitForEnd(child, deadlineMs);
  const report = readReport(reported());
  const seconds = (performance.now() - startedMs) / 1000;
  return { file, report, troubles: judge(report, ending), output: output(), seconds };
}

interface Ending {
  readonly exit: string;
  readonly troubles: readonly string[];
}

function collect(streams: readonly (Readable | null)[]): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (const stream of streams) {
    stream?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= outputBytesMax) chunks.push(chunk);
    });
  }
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Resolves once the process has exited and its output is closed, with force where it does not come to that. */
function waitForEnd(child: ChildProcess, deadlineMs: number): Promise<Ending> {
  const troubles: string[] = [];
  let exit = "was not started";
  if (child.pid !== undefined) groups.add(child.pid);
  const deadline = setTimeout(() => {
    troubles.push(`no end within ${deadlineMs / 1000} s; killed`);
    killGroup(child.pid);
  }, deadlineMs);
  let outputDeadline: NodeJS.Timeout | undefined;
  return new Promise((resolve) => {
    child.on("error", (error) => {
      clearTimeout(deadline);
      resolve({ exit, troubles: [error.message] });
    });
    child.on("exit", (code, signal) => {
      clearTimeout(deadline);
      exit = String(signal ?? code);
      outputDeadline = setTimeout(() => {
        troubles.push("left a child process behind that holds its output; killed");
        killGroup(child.pid);
        for (const stream of child.stdio) stream?.destroy();
      }, outputGraceMs);
    });
    child.on("close", () => {
      clearTimeout(outputDeadline);
      killGroup(child.pid);
      if (child.pid !== undefined) groups.delete(child.pid);
      resolve({ exit, troubles });
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

function readReport(text: string): TestReport | undefined {
  try {
    return JSON.parse(text) as TestReport;
  } catch {
    // Nothing, or half a report: the file is judged as one that reported nothing.
    return undefined;
  }
}

function judge(report: TestReport | undefined, { exit, troubles }: Ending): string[] {
  const all = [...troubles];
  if (report === undefined) all.push(`no report (exit ${exit}); does it use test/support/suite.ts?`);
  else all.push(...report.troubles);
  if (report !== undefined && report.failed > 0) all.push(`${report.failed} failed`);
  if (all.length === 0 && exit !== "0") all.push(`all tests passed, but exit ${exit}`);
  return all;
}

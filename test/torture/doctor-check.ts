/** What `kron doctor --json` says of a directory, asked as a user does: in a process of its own. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

interface DoctorReport {
  readonly verdict: string;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly runs: { readonly unfinished: number };
}

const program = fileURLToPath(new URL("../../bin/kron.js", import.meta.url));
const reportBytesMax = 64 << 20;
const nothingThere = 3;

/** What to expect of a directory. */
export interface Expected {
  /** It may be that nothing has been written yet. */
  readonly mayBeEmpty: boolean;
  /** The last process had a sync that failed, which the doctor has to say until the next start. */
  readonly mayHaveFailedSync: boolean;
  /** All runs have come to their end. */
  readonly isSettled: boolean;
}

/** Problems found, as text; empty is good. */
export async function askDoctor(directory: string, expected: Expected): Promise<string[]> {
  const { code, stdout, stderr } = await run(["doctor", "--json", "--data-dir", directory]);
  if (code === nothingThere && expected.mayBeEmpty) return [];
  let report: DoctorReport;
  try {
    report = JSON.parse(stdout) as DoctorReport;
  } catch {
    return [`kron doctor exited with ${code} and no report: ${stderr.slice(-2_000)}`];
  }
  const problems = report.problems
    .filter((problem) => !(expected.mayHaveFailedSync && problem.code === "sync-failed"))
    .map((problem) => `kron doctor: ${problem.code}: ${problem.message}`);
  if (problems.length === 0 && report.problems.length === 0 && (code !== 0 || report.verdict !== "ok"))
    problems.push(`kron doctor found no problem, but exited with ${code}: ${report.verdict}`);
  if (expected.isSettled && report.runs.unfinished > 0)
    problems.push(`kron doctor sees ${report.runs.unfinished} unfinished runs`);
  return problems;
}

function run(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { maxBuffer: reportBytesMax }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr }),
    );
  });
}

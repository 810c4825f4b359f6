/**
 * What `kron doctor --json` says of a directory: asked as a user does, in a process of its own, or, where that
 * would take most of the time, with the same code in this one.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { doctor } from "../../bin/commands/doctor.ts";
import { Output } from "../../bin/output.ts";
import { plainOutput } from "../bin/plain-output.ts";

interface DoctorReport {
  readonly verdict: string;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly runs: { readonly unfinished: number };
}

const program = fileURLToPath(new URL("../../lib/kron.js", import.meta.url));
const reportBytesMax = 64 << 20;
const nothingThere = 3;

/** What to expect of a directory. */
export interface Expected {
  /** It may be that nothing has been written yet. */
  readonly mayBeEmpty: boolean;
  /** A process had a sync that failed, which the doctor has to say until the next start. */
  readonly mayHaveFailedSync: boolean;
  /** All runs have come to their end. */
  readonly isSettled: boolean;
}

/** Problems found, as text; empty is good. */
export async function askDoctor(directory: string, expected: Expected, inProcess: boolean): Promise<string[]> {
  const { code, stdout, stderr } = inProcess ? await callDoctor(directory) : await runDoctor(directory);
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

interface Answer {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function runDoctor(directory: string): Promise<Answer> {
  const args = [program, "doctor", "--json", "--data-dir", directory];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { maxBuffer: reportBytesMax }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr }),
    );
  });
}

async function callDoctor(directory: string): Promise<Answer> {
  const output = new HeldOutput({ ...plainOutput, isJson: true });
  try {
    const code = await doctor({
      dataDir: directory,
      output,
      nowMs: Date.now(),
      zoneName: undefined,
      isOffline: true,
      progress: output.progress,
    });
    return { code, stdout: output.text, stderr: "" };
  } catch (error) {
    const code = (error as { exitCode?: number }).exitCode ?? 1;
    return { code, stdout: output.text, stderr: error instanceof Error ? (error.stack ?? "") : String(error) };
  }
}

/** Keeps what it is given to print. */
class HeldOutput extends Output {
  text = "";

  override line(text = ""): void {
    this.text += `${text}\n`;
  }
}

/** What the end of a command means for its attempt. */

import { quote } from "../core/describe.ts";
import { KronError } from "../core/errors.ts";
import type { CommandTarget } from "../core/target.ts";
import type { AttemptEnd } from "../ports.ts";
import type { TailBuffer } from "./tail-buffer.ts";

/** How a process ended, and what was done to it before. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why it was asked to stop, if it was. */
  readonly abortReason: Error | undefined;
  readonly wasKilled: boolean;
  readonly stdout: TailBuffer;
  readonly stderr: TailBuffer;
}

/** The end of the attempt that a process was. */
export function attemptEnd(target: CommandTarget, end: CommandEnd): AttemptEnd {
  const { exitCode, signal, stdout, stderr } = end;
  if (exitCode === 0) return { kind: "succeeded", result: { exitCode, ...tail("stdout", stdout) } };
  const details = { exitCode, signal, ...tail("stderr", stderr) };
  const error = endedBadly(target, end, details);
  if (end.wasKilled) return { kind: "failed", error, ending: "process-killed" };
  return end.abortReason === undefined
    ? { kind: "failed", error }
    : { kind: "failed", error, ending: "process-terminated" };
}

/** The failure of a command that could not be started. `isDirectory` says whether its working directory is one. */
export function startFailure(
  target: CommandTarget,
  directory: string,
  isDirectory: boolean,
  cause: unknown,
): KronError {
  const name = quote(target.argv[0] ?? "");
  const { code } = cause as NodeJS.ErrnoException;
  const details = { exitCode: null, signal: null, directory, cause: code ?? null };
  if (!isDirectory) {
    const message = `Expected a directory to start ${name} in, got ${quote(directory)}`;
    return new KronError("KRON_COMMAND_FAILED", message, {
      ...{ cause, details },
      hint: "Create it, or change the option cwd",
    });
  }
  const hint = hintFor(code, target);
  return new KronError("KRON_COMMAND_FAILED", `Expected a program to start, got ${code ?? "an error"} for ${name}`, {
    ...{ cause, details },
    ...(hint !== undefined && { hint }),
  });
}

function hintFor(code: string | undefined, { argv, shell }: CommandTarget): string | undefined {
  switch (code) {
    case "ENOENT":
      return !shell && argv.length === 1 && /\s/.test(argv[0] ?? "")
        ? "Give each argument as a text of its own, or add shell: true"
        : "Give its path, or add its folder to PATH; for a script, look at its #! line";
    case "EACCES":
      return "Make the file executable for the user that runs Kron";
    case "E2BIG":
      return "Pass large data as payload, which goes to standard input, not as arguments or variables";
    default:
      return undefined;
  }
}

function endedBadly(target: CommandTarget, end: CommandEnd, details: Readonly<Record<string, unknown>>): KronError {
  const { exitCode, signal, abortReason, stderr } = end;
  // Whoever asked it to stop has said why; how it ended is a particular of that.
  if (abortReason instanceof KronError) {
    const { code, message, hint } = abortReason;
    return new KronError(code, message, { ...(hint !== undefined && { hint }), details });
  }
  const what = signal === null ? `exit code ${exitCode}` : signal;
  const words = lastLine(stderr.text());
  const said = words === "" ? "" : `: ${quote(words)}`;
  const message = `Expected exit code 0 of ${quote(target.argv[0] ?? "")}, got ${what}${said}`;
  const hint = "Somebody ended it from outside; the system does so when memory runs out";
  return new KronError("KRON_COMMAND_FAILED", message, { details, ...(signal === "SIGKILL" && { hint }) });
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}

function tail(name: "stdout" | "stderr", buffer: TailBuffer): Readonly<Record<string, unknown>> {
  const { cutBytes } = buffer;
  return { [name]: buffer.text(), ...(cutBytes > 0 && { [`${name}CutBytes`]: cutBytes }) };
}

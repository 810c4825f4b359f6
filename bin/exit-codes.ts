/** What the exit code of `kron` means, and which error leads to which. */

import { isKronError, type KronErrorCode } from "../src/core/errors.ts";

/** Every exit code there is; docs/cli.md has the table for users. */
export const ExitCode = {
  OK: 0,
  FAILURE: 1,
  USAGE: 2,
  NOT_FOUND: 3,
  UNREACHABLE: 4,
  LOCKED: 5,
  PROBLEMS: 6,
  /** Of `runtime start`: it stopped, and with it attempts that took too long. */
  INCOMPLETE: 7,
  /** Of `runtime start` and `supervise`, ended at once by a second signal; 128 and its number, as shells have it. */
  FORCED_BY_SIGINT: 130,
  FORCED_BY_SIGTERM: 143,
} as const;

/** One of the exit codes. */
export type ExitCodeValue = (typeof ExitCode)[keyof typeof ExitCode];

/** What the codes of errors lead to; all others to `FAILURE`. */
export const byErrorCode: Partial<Record<KronErrorCode, ExitCodeValue>> = {
  KRON_CONFIG_INVALID: ExitCode.USAGE,
  KRON_CRON_INVALID: ExitCode.USAGE,
  KRON_DEADLINE: ExitCode.UNREACHABLE,
  KRON_DIR_LOCKED: ExitCode.LOCKED,
  KRON_DISCONNECTED: ExitCode.UNREACHABLE,
  KRON_DURATION_INVALID: ExitCode.USAGE,
  KRON_ID_INVALID: ExitCode.USAGE,
  KRON_JOURNAL_CORRUPT: ExitCode.PROBLEMS,
  KRON_OPTION_INVALID: ExitCode.USAGE,
  KRON_PAYLOAD_INVALID: ExitCode.USAGE,
  KRON_RUN_NOT_FOUND: ExitCode.NOT_FOUND,
  KRON_SNAPSHOT_CORRUPT: ExitCode.PROBLEMS,
  KRON_SNAPSHOT_FOREIGN: ExitCode.PROBLEMS,
  KRON_TIMER_NOT_FOUND: ExitCode.NOT_FOUND,
  KRON_UNREACHABLE: ExitCode.UNREACHABLE,
  KRON_ZONE_INVALID: ExitCode.USAGE,
};

/** An error of a command itself: it says how the process is to exit. */
export class CommandError extends Error {
  readonly exitCode: ExitCodeValue;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCodeValue, message: string, hint?: string) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** How the process exits after `error`. */
export function exitCodeOf(error: unknown): ExitCodeValue {
  if (error instanceof CommandError) return error.exitCode;
  return (isKronError(error) ? byErrorCode[error.code] : undefined) ?? ExitCode.FAILURE;
}

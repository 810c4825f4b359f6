/**
 * The one error family of Kron: every error a caller may meet has a stable code to branch on, a message
 * that says what was expected and what came, and, where there is a way out, a hint that names it.
 */

/** Every code Kron can raise. Codes are API: they are added to, never renamed. */
export const ERROR_CODES = {
  KRON_ALREADY_STARTED: "start() was called on a runtime that is starting or running",
  KRON_APP_FAILED: "a supervised app did not get ready, or ended too often",
  KRON_BACKLOG_FULL: "more changes wait for the disk than the runtime is willing to hold in memory",
  KRON_CANCELLED: "the caller took the request back before it was answered",
  KRON_COMMAND_FAILED: "a command could not be started, ended with a code other than 0, or was ended by a signal",
  KRON_CONFIG_INVALID: "a configuration file is missing, cannot be loaded, or says what is not allowed",
  KRON_CONFLICT: "the change was refused because the state had moved on when its turn came",
  KRON_CRON_INVALID: "a cron expression does not follow the grammar, or can never match",
  KRON_DEADLINE: "the answer did not come within the deadline of the request",
  KRON_DIR_LOCKED: "another process holds the data directory",
  KRON_DIR_UNUSABLE: "the data directory is missing, not ours, or open to others",
  KRON_DISCONNECTED: "the connection was lost; what was asked and not yet answered may or may not have been done",
  KRON_DISK_FULL: "the disk refused a write; new work is refused until space is back",
  KRON_DURATION_INVALID: "a duration cannot be read or is out of range",
  KRON_FRAME_INVALID: "bytes do not form a valid frame",
  KRON_HTTP_FAILED: "a request got no answer, or one with a status that does not count as success",
  KRON_ID_INVALID: "a timer id is empty, too long, or holds characters that are not allowed",
  KRON_INTERNAL: "the other side failed in a way that it did not foresee",
  KRON_IPC_ENDPOINT:
    "something that is no endpoint of ours stands where the socket belongs, or another process listens there",
  KRON_IPC_FOREIGN: "the other side serves another directory, or another endpoint, than the one expected",
  KRON_IPC_METHOD_UNKNOWN: "the other side has no method of this name and kind",
  KRON_IPC_OVERLOADED:
    "a limit of the connection was reached: too many connections, requests in flight, or bytes not taken",
  KRON_IPC_PROTOCOL: "the other side sent what the protocol does not allow",
  KRON_IPC_VERSION: "the two sides have no version of the protocol in common",
  KRON_JOURNAL_CORRUPT: "acknowledged data in the journal is damaged",
  KRON_JOURNAL_FAILED: "a sync failed; nothing more can be promised by this process",
  KRON_JOURNAL_VERSION: "the journal was written by a version this one cannot read",
  KRON_MODULE_UNUSABLE: "a module of a timer cannot be loaded, or does not export a function of that name",
  KRON_NOT_STARTED: "the runtime is not running",
  KRON_OPTION_INVALID: "an option is unknown, missing, or has a value that is not allowed",
  KRON_PAYLOAD_INVALID: "a payload or result cannot be carried by msgpack, or is too large",
  KRON_QUEUE_FULL: "the queue of waiting runs is full",
  KRON_RUN_NOT_FOUND: "no run that has not ended has this id",
  KRON_RUNNER_LOST: "what executed an attempt died before the attempt ended",
  KRON_RUN_TIMEOUT: "an attempt did not finish within its timeout",
  KRON_SHUTDOWN_TIMEOUT: "callbacks were still running when shutdown gave up",
  KRON_SNAPSHOT_CORRUPT: "a snapshot is damaged and the journal no longer holds what it held",
  KRON_SNAPSHOT_FAILED: "a snapshot could not be written",
  KRON_SNAPSHOT_FOREIGN: "a snapshot and a journal belong to different directories",
  KRON_SNAPSHOT_VERSION: "a snapshot was written in a format this version cannot read",
  KRON_STOPPED: "the runtime has been shut down or has failed",
  KRON_TIMERS_FULL: "there are as many timers as the runtime is willing to hold",
  KRON_TIMER_NOT_FOUND: "no timer has this id",
  KRON_TIMER_STATE: "the timer is in a state that does not allow this change",
  KRON_TOKEN_INVALID: "the token file is missing, damaged, not ours, or open to others",
  KRON_UNAUTHORIZED: "the other side did not prove that it knows the token of the directory",
  KRON_UNREACHABLE: "nothing listens at the endpoint of the directory, or it does not answer",
  KRON_ZONE_INVALID: "a time zone is not a known IANA name",
} as const;

/** A stable error code, for instance `KRON_DIR_LOCKED`. */
export type KronErrorCode = keyof typeof ERROR_CODES;

/** Whether `code` is one of Kron's own. */
export function isKronErrorCode(code: string): code is KronErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

/** What may accompany an error besides its code and message. */
export interface KronErrorOptions {
  /** What the operator or the programmer can do about it; one sentence, no full stop. */
  readonly hint?: string;
  /** The error underneath, if there is one. */
  readonly cause?: unknown;
  /** Machine-readable particulars, such as `{ field: "minute", offset: 2 }` or `{ pid: 4711 }`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * An error a caller is meant to handle, told apart by `code`.
 *
 * `message` says what was expected and what came; `hint`, if any, says what to do.
 */
export class KronError extends Error {
  readonly code: KronErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: KronErrorCode, message: string, options: KronErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KronError";
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** Whether `error` is a `KronError`, optionally one with the given code. */
export function isKronError(error: unknown, code?: KronErrorCode): error is KronError {
  return error instanceof KronError && (code === undefined || error.code === code);
}

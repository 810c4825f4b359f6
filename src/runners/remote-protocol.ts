/**
 * What a supervisor and a process that executes attempts for it say to each other over a `Link`: a host of modules, or an
 * app that has attached its callbacks. Each message is a tuple that begins with its kind; ids count the attempts of a link.
 *
 * ```
 * supervisor → executor   [Order.TARGET, number, target]       a target that starts will name by this number
 *                         [Order.START, id, number, …fields]   an attempt: see `startMessage`
 *                         [Order.ABORT, id, error]             asks it to stop
 *                         [Order.TERMINATE, id]                ends it by force; its end follows
 *
 * executor → supervisor   [Answer.READY, version]              it takes attempts; the first message of a host
 *                         [Answer.DONE, id, id, …]             these have ended well, with nothing to tell
 *                         [Answer.RESULT, id, value]           ended well, with a result
 *                         [Answer.NOTE, id, text]              ended well, with a result that could not be kept
 *                         [Answer.FAILED, id, error, ending]   ended by an error; ending: null, or by which force
 *                         [Answer.LOST, id, error, ending]     what executed it died
 *                         [Answer.LINE, id, level, text, fields, atMs]
 *                         [Answer.PROGRESS, id, fraction, note, atMs]
 *                         [Answer.MEMORY, bytes]               resident memory of the process
 *                         [Answer.LOG, level, text, fields]    a line about the process itself
 *                         [Answer.BEGAN, id, atMs]             it executes since then, on the machine's monotonic clock
 * ```
 *
 * A start with a timeout asks an executor with a queue for the beginning of the attempt: it is told when a quarter of the
 * timeout has passed, or another quarter until it has begun, so that attempts which end before that cost no message.
 *
 * Errors are `[name, message, stack or null, code or null]`, and their details where they have any. An attempt has one end. Answers about attempts that the
 * supervisor no longer knows are ignored, as are orders about those that have ended: they may have crossed.
 * Anything else that is not as described closes the link with `KRON_IPC_PROTOCOL`. A link that is closed ends all of
 * its attempts: on the supervisor's side they are lost at once; the executor stops them.
 */

import { KronError } from "../core/errors.ts";
import { isLoggedDetails } from "../core/logged-error.ts";
import type { LoggedError } from "../core/record.ts";
import type { Ending } from "../ports.ts";
import type { LogLevel } from "./callback-context.ts";

/** What a supervisor orders. */
export const Order = { TARGET: 1, START: 2, ABORT: 3, TERMINATE: 4 } as const;

/** What an executor answers. */
export const Answer = {
  READY: 1,
  DONE: 2,
  RESULT: 3,
  NOTE: 4,
  FAILED: 5,
  LOST: 6,
  LINE: 7,
  PROGRESS: 8,
  MEMORY: 9,
  LOG: 10,
  BEGAN: 11,
} as const;

/** The version of this protocol, which a host names when it is ready. */
export const remoteVersion = 1;

/** The most targets that one link may number. */
export const targetsMax = 100_000;

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const endings: readonly Ending[] = ["thread-terminated", "process-terminated", "process-killed"];
const instantMsMax = 8.64e15;
const textCharsMax = 1024 * 1024;

/** A `KRON_IPC_PROTOCOL`: the other side broke the protocol, and the link is closed with it. */
export function protocolError(message: string): KronError {
  return new KronError("KRON_IPC_PROTOCOL", message);
}

/** Checks that a message has `count` fields, its kind included. */
export function expectFields(message: readonly unknown[], count: number, what: string): void {
  if (message.length !== count) throw protocolError(`Expected ${what} of ${count} fields, got ${message.length}`);
}

/** A whole number from 0 to 2^53 - 1. */
export function asWhole(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw protocolError(`Expected ${what} to be a whole number`);
}

/** An instant in epoch milliseconds, as far as `Date` goes. */
export function asInstant(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= instantMsMax) return value;
  throw protocolError(`Expected ${what} to be an instant`);
}

/** A finite number. */
export function asNumber(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw protocolError(`Expected ${what} to be a number`);
}

/** A text. */
export function asText(value: unknown, what: string): string {
  if (typeof value === "string" && value.length <= textCharsMax) return value;
  throw protocolError(`Expected ${what} to be a text`);
}

/** A text, or nothing. */
export function asOptionalText(value: unknown, what: string): string | undefined {
  return value === null ? undefined : asText(value, what);
}

/** True or false. */
export function asFlag(value: unknown, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw protocolError(`Expected ${what} to be true or false`);
}

/** An error as it is logged. */
export function asLoggedError(value: unknown): LoggedError {
  if (!Array.isArray(value)) throw protocolError("Expected an error");
  const [name, message, stack, code, details] = value as readonly unknown[];
  const error = [
    asText(name, "the name of an error"),
    asText(message, "the message of an error"),
    asOptionalText(stack, "the stack of an error") ?? null,
    asOptionalText(code, "the code of an error") ?? null,
  ] as const;
  if (value.length === 4) return error;
  expectFields(value, 5, "an error");
  if (!isLoggedDetails(details)) throw protocolError("Expected the details of an error to be plain data");
  return [...error, details];
}

/** The level of a log line. */
export function asLevel(value: unknown): LogLevel {
  const level = levels.find((one) => one === value);
  if (level === undefined) throw protocolError("Expected the level of a line");
  return level;
}

/** Fields of a log line, or none. */
export function asFields(value: unknown): object | undefined {
  if (value === null) return undefined;
  if (typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array)) return value;
  throw protocolError("Expected the fields of a line to be an object");
}

/** By which force an attempt was ended, if it was. */
export function asEnding(value: unknown): Ending | undefined {
  if (value === null) return undefined;
  const ending = endings.find((one) => one === value);
  if (ending === undefined) throw protocolError("Expected what it took to end an attempt");
  return ending;
}

/** Turns whatever was thrown into what the log keeps of it, within fixed sizes. */

import { isKronErrorCode, KronError } from "./errors.ts";
import { checkPayload } from "./payload.ts";
import { copyPayload } from "./payload-copy.ts";
import type { LoggedDetails, LoggedError } from "./record.ts";

/** What an error's details may take as msgpack. Members that do not fit are left out. */
export const detailsBytesMax = 2_048;

const nameCharsMax = 200;
const messageCharsMax = 4_096;
const stackCharsMax = 16_384;
const detailsMembersMax = 64;

/**
 * Name, message, stack and code of `thrown`, and its `details` where it has any that are plain data; anything may be
 * thrown, and nothing here throws because of it.
 */
export function toLoggedError(thrown: unknown): LoggedError {
  try {
    if (!isError(thrown)) return ["Error", cut(describe(thrown), messageCharsMax), null, null];
    const { code } = thrown as { code?: unknown };
    const details = detailsOf(thrown);
    const base = [
      cut(String(thrown.name), nameCharsMax),
      cut(withCause(thrown), messageCharsMax),
      typeof thrown.stack === "string" ? cut(thrown.stack, stackCharsMax) : null,
      typeof code === "string" ? cut(code, nameCharsMax) : null,
    ] as const;
    return details === undefined ? base : [...base, details];
  } catch {
    // A getter or a proxy of the thrown object failed: that it failed is all there is to tell.
    return ["Error", "The thrown value could not be read", null, null];
  }
}

/** `error` with the details of another one, if that has any. */
export function withDetailsOf(error: LoggedError, { 4: details }: LoggedError): LoggedError {
  if (details === undefined) return error;
  const [name, message, stack, code] = error;
  return [name, message, stack, code, details];
}

/** Whether a value may stand in the log as the details of an error. */
export function isLoggedDetails(value: unknown): value is LoggedDetails {
  try {
    if (!isRecord(value)) return false;
    checkPayload(value, "details", detailsBytesMax);
    return true;
  } catch {
    // What is wrong with it does not matter: it cannot be kept.
    return false;
  }
}

function detailsOf(error: Error): LoggedDetails | undefined {
  try {
    const { details } = error as { details?: unknown };
    if (!isRecord(details)) return undefined;
    const copy = isLoggedDetails(details) ? copyPayload(details) : copyPayload(fittingMembers(details));
    // Getters may tell the copy something else than the check.
    return isLoggedDetails(copy) && Object.keys(copy).length > 0 ? copy : undefined;
  } catch {
    // Details that cannot be read are no reason to lose the error itself.
    return undefined;
  }
}

/** The first members that are plain data and fit together. */
function fittingMembers(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let kept: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(details).slice(0, detailsMembersMax)) {
    const more = { ...kept, [name]: member };
    if (isLoggedDetails(more)) kept = more;
  }
  return kept;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** An error that was logged elsewhere, as an `Error` again; `toLoggedError` gives back what went in. */
export function fromLoggedError([name, message, stack, code, details]: LoggedError): Error {
  const isOurs = code !== null && isKronErrorCode(code);
  const error = isOurs ? new KronError(code, message, details === undefined ? {} : { details }) : new Error(message);
  error.name = name;
  Object.defineProperty(error, "stack", { value: stack ?? undefined, configurable: true, writable: true });
  if (!isOurs) Object.assign(error, { ...(code !== null && { code }), ...(details !== undefined && { details }) });
  return error;
}

/** An `Error` of this realm or of another, such as a `vm` context, where `instanceof` does not know it. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === "[object Error]";
}

function withCause(error: Error): string {
  const { cause } = error;
  return isError(cause) ? `${error.message} (cause: ${cause.message})` : String(error.message);
}

function describe(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  if (thrown === null || typeof thrown !== "object") return String(thrown);
  return JSON.stringify(thrown) ?? String(thrown);
}

/** Cut between code points, with a note of what is missing. */
function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return wellFormed(text);
  // The text is longer than that, so there is a code point.
  const isPairSplit = (text.codePointAt(charsMax - 1) as number) > 0xffff;
  const length = isPairSplit ? charsMax - 1 : charsMax;
  return `${wellFormed(text.slice(0, length))}… (${text.length - length} more characters)`;
}

/** Lone surrogates cannot be written as UTF-8 and read back, so each becomes U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}

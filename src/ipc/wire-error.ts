/** Errors as they travel: `[code, message, hint, details]`, hint and details null when there are none. */

import { AssertionError } from "../core/assert.ts";
import { ERROR_CODES, isKronError, KronError, type KronErrorCode } from "../core/errors.ts";
import { wellFormed } from "../core/logged-error.ts";
import { packValue } from "../journal/codec.ts";
import { fields, protocolError } from "./protocol.ts";

const textCharsMax = 4_096;
const detailsBytesMax = 16_384;

/** The tuple of `error`; details that cannot be carried, or are too large, are left out. */
export function errorBody(error: KronError): readonly unknown[] {
  const { code, message, hint, details } = error;
  return [code, cut(message), hint === undefined ? null : cut(hint), carried(details)];
}

/** Reads an error tuple. Throws `KRON_IPC_PROTOCOL`. */
export function readError(body: readonly unknown[]): KronError {
  fields(body, 4, "an error");
  const [code, message, hint, details] = body;
  if (typeof code !== "string" || typeof message !== "string") throw protocolError("Expected a code and a message");
  if (hint !== null && typeof hint !== "string") throw protocolError("Expected a hint to be text");
  const more = { ...(hint === null ? {} : { hint }), ...(isDetails(details) ? { details } : {}) };
  if (isCode(code)) return new KronError(code, message, more);
  // A later version may know more codes; callers of this one can only be told that it failed.
  return new KronError("KRON_INTERNAL", message, { ...more, details: { ...more.details, code: cut(code) } });
}

/** What to tell the other side of whatever was thrown here; what is no `KronError` was not foreseen. */
export function toKronError(thrown: unknown): KronError {
  if (isKronError(thrown)) return thrown;
  // Our own reasoning has failed: the process must stop, and not only this request.
  if (thrown instanceof AssertionError) queueMicrotask(() => rethrow(thrown));
  return new KronError("KRON_INTERNAL", messageOf(thrown), { cause: thrown });
}

function rethrow(error: Error): never {
  throw error;
}

function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    // A getter or a proxy of the thrown object failed: that it failed is all there is to tell.
    return "The thrown value could not be read";
  }
}

function isCode(code: string): code is KronErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

function isDetails(details: unknown): details is Readonly<Record<string, unknown>> {
  return typeof details === "object" && details !== null && !Array.isArray(details);
}

function carried(details: KronError["details"]): unknown {
  if (details === undefined) return null;
  try {
    const { start, end } = packValue([details]);
    return end - start <= detailsBytesMax ? details : null;
  } catch {
    // Details are a service to the reader; without them the error still says what it is.
    return null;
  }
}

function cut(text: string): string {
  return wellFormed(text.length > textCharsMax ? `${text.slice(0, textCharsMax)}…` : text);
}

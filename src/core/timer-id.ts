/** Timer ids: names that people type, read in a terminal and find in logs, so nothing in them may be invisible. */

import { codePointName, describe, unsafeCharacterAt } from "./describe.ts";
import { KronError } from "./errors.ts";
import { utf8Length } from "./utf8.ts";

/** The longest timer id, in bytes of UTF-8. */
export const timerIdBytesMax = 200;

/**
 * `id` if it may name a timer: a well-formed text of 1 to 200 bytes of UTF-8 without control characters, line
 * separators and bidirectional controls, and without white space at either end. Compared exactly, without
 * Unicode normalisation. Throws `KRON_ID_INVALID`.
 */
export function parseTimerId(id: unknown): string {
  if (typeof id !== "string") throw invalid(`got ${describe(id)}`);
  if (id === "") throw invalid("got an empty text");
  // Cut short before it is measured: an id has at least as many bytes as units.
  const bytes = id.length > timerIdBytesMax ? id.length : utf8Length(id);
  if (bytes < 0) throw invalid(`got ${describe(id)}, which holds half of a surrogate pair`);
  if (bytes > timerIdBytesMax) throw invalid(`got a longer one, ${describe(id)}`);
  const unsafeAt = unsafeCharacterAt(id);
  if (unsafeAt >= 0) throw invalid(`got ${describe(id)} with ${codePointName(id.charCodeAt(unsafeAt))} in it`);
  if (id.trim() !== id) throw invalid(`got ${describe(id)} with white space at an end`);
  return id;
}

/** Whether the table of timers can hold `id`, wherever it came from: well-formed, of 1 to 200 bytes of UTF-8. */
export function isHoldableId(id: string): boolean {
  if (id === "" || id.length > timerIdBytesMax) return false;
  const bytes = utf8Length(id);
  return bytes >= 0 && bytes <= timerIdBytesMax;
}

function invalid(got: string): KronError {
  return new KronError("KRON_ID_INVALID", `Expected a timer id to be a text of 1 to ${timerIdBytesMax} bytes, ${got}`, {
    hint: 'Use a short visible name such as "reports:daily"',
  });
}

/** Turns whatever was thrown into what the log keeps of it, within fixed sizes. */

import type { LoggedError } from "./record.ts";

const nameCharsMax = 200;
const messageCharsMax = 4_096;
const stackCharsMax = 16_384;

/** Name, message, stack and code of `thrown`; anything may be thrown, and nothing here throws because of it. */
export function toLoggedError(thrown: unknown): LoggedError {
  try {
    if (!isError(thrown)) return ["Error", cut(describe(thrown), messageCharsMax), null, null];
    const { code } = thrown as { code?: unknown };
    return [
      cut(String(thrown.name), nameCharsMax),
      cut(withCause(thrown), messageCharsMax),
      typeof thrown.stack === "string" ? cut(thrown.stack, stackCharsMax) : null,
      typeof code === "string" ? cut(code, nameCharsMax) : null,
    ];
  } catch {
    // A getter or a proxy of the thrown object failed: that it failed is all there is to tell.
    return ["Error", "The thrown value could not be read", null, null];
  }
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

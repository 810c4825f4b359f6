/** What attempts give back or say, as it can travel to another thread or process. Nothing here throws. */

import { inspect } from "node:util";
import { KronError } from "../core/errors.ts";
import { wellFormed } from "../core/logged-error.ts";
import { checkPayload, resultBytesMax } from "../core/payload.ts";
import { copyPayload } from "../core/payload-copy.ts";

/** A result as plain data, or why it cannot be kept; undefined for nothing. */
export type PortableResult = { readonly value: unknown } | { readonly note: string } | undefined;

const fieldsBytesMax = 64 * 1024;
const textCharsMax = 16 * 1024;

/** What is left of a result. */
export function portableResult(result: unknown): PortableResult {
  if (result === undefined || result === null) return undefined;
  try {
    checkPayload(result, "result", resultBytesMax);
    const value = copyPayload(result);
    // Getters may have given the copy something else.
    checkPayload(value, "result", resultBytesMax);
    return { value };
  } catch (error) {
    return { note: error instanceof KronError ? error.message : "The result could not be read" };
  }
}

/** Fields of a log line for another thread: as they are where possible, errors included, as text otherwise. */
export function clonableFields(fields: object): object {
  try {
    return structuredClone(fields);
  } catch {
    return { text: textOf(fields) };
  }
}

/** Fields of a log line for another process: as they are where they are plain data, as text otherwise. */
export function plainFields(fields: object): unknown {
  try {
    checkPayload(fields, "fields", fieldsBytesMax);
    return copyPayload(fields);
  } catch {
    return { text: textOf(fields) };
  }
}

/** A text that may be written as UTF-8, and is not too long. */
export function plainText(text: string): string {
  return wellFormed(text.length > textCharsMax ? `${text.slice(0, textCharsMax)}…` : text);
}

function textOf(fields: object): string {
  try {
    return plainText(inspect(fields, { depth: 4, maxStringLength: 1_000, breakLength: Number.POSITIVE_INFINITY }));
  } catch {
    // A getter or a proxy that throws: what it is, is all there is to tell.
    return "fields that cannot be read";
  }
}

/** Reading of what clients send along with a request: plain data that nobody has looked at. */

import { describe } from "../../core/describe.ts";
import { optionError, type RawOptions, readCount, readOptions } from "../../core/option-reader.ts";

const textLengthMax = 1_000;

/** Parameters with no other members than `names`; null, as clients say "none", is an object without any. */
export function readParams(params: unknown, ...names: readonly string[]): RawOptions {
  return readOptions(withoutNull(params ?? {}), "the parameters", "", new Set(names));
}

/** A timer id or a run id as it was given; whether there is one of that name is seen when it is looked up. */
export function readName(value: unknown, what: string): string {
  if (typeof value === "string" && value.length <= textLengthMax) return value;
  throw optionError(what, `Expected ${what} to be a text, got ${describe(value)}`);
}

/** A whole number, or `otherwise` when there is none. */
export function readCountOr(value: unknown, what: string, min: number, max: number, otherwise: number): number {
  return value === undefined ? otherwise : readCount(value, what, min, max);
}

/** A list of texts, each one of `choices`; undefined when there is none. */
export function readChoices<Choice extends string>(
  value: unknown,
  what: string,
  read: (one: unknown) => Choice,
): ReadonlySet<Choice> | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > 100) {
    throw optionError(what, `Expected ${what} to be a list of at most 100 texts, got ${describe(value)}`);
  }
  return new Set(value.map(read));
}

/** Absent members travel as null where a client writes them all. */
function withoutNull(params: unknown): unknown {
  if (typeof params !== "object" || params === null || Array.isArray(params)) return params;
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null));
}

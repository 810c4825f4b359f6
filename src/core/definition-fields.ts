/**
 * Reading of what stands in the log about a definition: each function gives a checked part, or throws
 * `KRON_JOURNAL_CORRUPT` with what was expected of it and what came.
 */

import { describe } from "./describe.ts";
import { KronError } from "./errors.ts";

/** An array of any length. */
export function asArray(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw corrupt(what, "an array", value);
  return value;
}

/** An array of exactly `length` fields. */
export function asTuple(value: unknown, length: number, what: string): readonly unknown[] {
  const fields = asArray(value, what);
  if (fields.length !== length) throw corrupt(what, `${length} fields`, fields.length);
  return fields;
}

/** A text that is not empty. */
export function asText(value: unknown, what: string): string {
  if (typeof value !== "string" || value === "") throw corrupt(what, "a text", value);
  return value;
}

/** A whole number from `min` on. */
export function asCount(value: unknown, what: string, min = 0): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min)
    throw corrupt(what, `a whole number from ${min}`, value);
  return value;
}

/** One of `choices`, stored by its place among them. */
export function asChoice<Choice>(value: unknown, choices: readonly Choice[], what: string): Choice {
  const index = asCount(value, what);
  const choice = choices[index];
  if (choice === undefined) throw corrupt(what, `a number below ${choices.length}`, index);
  return choice;
}

/** The error about a part that is not what its layout says. */
export function corrupt(what: string, expected: string, got: unknown): KronError {
  return new KronError(
    "KRON_JOURNAL_CORRUPT",
    `Expected ${what} of a timer definition to be ${expected}, got ${describe(got)}`,
    { hint: "Run `kron doctor`" },
  );
}

/** What `read` makes of a value, or undefined for null. */
export function asOptional<Part>(value: unknown, read: (value: unknown) => Part): Part | undefined {
  return value === null ? undefined : read(value);
}

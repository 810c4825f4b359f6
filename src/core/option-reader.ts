/** Reading of options that come from outside: each function gives a checked value or throws with the option's name. */

import { describe, quote } from "./describe.ts";
import { KronError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

/** An object of options whose values have not been looked at. */
export type RawOptions = Readonly<Record<string, unknown>>;

/**
 * `value` as an object that has no other members than `names`; members that are `undefined` count as absent.
 *
 * `what` names the object in messages, and `prefix` (such as `retry.`) stands before the names of its members.
 * Throws `KRON_OPTION_INVALID` and, for an unknown name, says which known one may have been meant; `others` are
 * words that people bring from elsewhere, with the name used here.
 */
export function readOptions(
  value: unknown,
  what: string,
  prefix: string,
  names: ReadonlySet<string>,
  others: ReadonlyMap<string, string> = new Map(),
): RawOptions {
  if (!isPlainObject(value)) throw optionError(what, `Expected ${what} to be a plain object, got ${describe(value)}`);
  for (const name of Object.keys(value)) {
    if (names.has(name)) continue;
    const other = others.get(name.toLowerCase());
    const meant = other === undefined ? didYouMean(name, names) : `Did you mean ${other}?`;
    const hint = meant ?? `Options are ${[...names].join(", ")}`;
    throw optionError(prefix + name, `Expected an option of ${what}, got ${quote(prefix + name)}`, hint);
  }
  return value;
}

/** Whether `value` is an object literal or an object without a prototype, in this realm or another. */
export function isPlainObject(value: unknown): value is RawOptions {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** One of `choices`. */
export function readChoice<Choice extends string>(value: unknown, what: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((one) => one === value);
  if (choice !== undefined) return choice;
  const list = choices.map((one) => `"${one}"`).join(", ");
  throw optionError(
    what,
    `Expected ${what} to be one of ${list}, got ${describe(value)}`,
    typeof value === "string" ? didYouMean(value, choices, quote) : undefined,
  );
}

/** A whole number from `min` to `max`, both included. */
export function readCount(value: unknown, what: string, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw optionError(what, `Expected ${what} to be a whole number from ${min} to ${max}, got ${describe(value)}`);
}

/** True or false. */
export function readFlag(value: unknown, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw optionError(what, `Expected ${what} to be true or false, got ${describe(value)}`);
}

/** A text of 1 to `lengthMax` UTF-16 units, without the white space around it. */
export function readText(value: unknown, what: string, lengthMax: number): string {
  if (typeof value !== "string") throw optionError(what, `Expected ${what} to be a text, got ${describe(value)}`);
  if (value.length > lengthMax)
    throw optionError(what, `Expected ${what} to have at most ${lengthMax} characters, got ${value.length}`);
  const text = value.trim();
  if (text === "") throw optionError(what, `Expected ${what} to be a text, got an empty one`);
  return text;
}

/** A `KRON_OPTION_INVALID` about the option `what`. */
export function optionError(what: string, message: string, hint?: string): KronError {
  const details = { option: what };
  return new KronError("KRON_OPTION_INVALID", message, hint === undefined ? { details } : { details, hint });
}

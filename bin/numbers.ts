/** Numbers on the command line. */

import { CommandError, ExitCode } from "./exit-codes.ts";
import { shortened } from "./printable.ts";

/** A whole number from `min` to `max`, `fallback` when the option was not given. Throws a `CommandError`. */
export function readCount(
  text: string | undefined,
  option: string,
  fallback: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const got = `"${shortened(text, 60)}"`;
  throw new CommandError(ExitCode.USAGE, `Expected ${option} to be a whole number from ${min} to ${max}, got ${got}`);
}

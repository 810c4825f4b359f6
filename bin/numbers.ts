/** Numbers on the command line: how they are read, and how they are shown. */

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

/** `512 bytes`, `64.0 KiB`, `1.2 GiB`. */
export function bytesText(bytes: number): string {
  const names = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = "bytes";
  for (const name of names) {
    if (value < 1_024) break;
    value /= 1_024;
    unit = name;
  }
  return unit === "bytes" ? `${bytes} bytes` : `${value.toFixed(1)} ${unit}`;
}

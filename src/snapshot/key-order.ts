/** Keys of a snapshot: 1 to 64 bytes, ordered byte by byte, a prefix before what it begins. */

import { KronError } from "../core/errors.ts";

/** The longest key, in bytes. */
export const keyBytesMax = 64;

/** Negative, zero or positive as `one` stands before, at or behind `other`. */
export function compareKeys(one: Uint8Array, other: Uint8Array): number {
  const common = Math.min(one.length, other.length);
  for (let at = 0; at < common; at += 1) {
    const difference = (one[at] as number) - (other[at] as number);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Throws `KRON_SNAPSHOT_FAILED` for a key that no store takes. */
export function requireKey(key: Uint8Array): void {
  if (key.length > 0 && key.length <= keyBytesMax) return;
  throw new KronError("KRON_SNAPSHOT_FAILED", `Expected a key of 1 to ${keyBytesMax} bytes, got ${key.length}`);
}

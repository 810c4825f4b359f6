/**
 * How a value is stored: with checksums of its key and of itself in front, as neither LMDB nor a disk has any.
 *
 *     0         4           8
 *     ├─────────┼───────────┼──────── … ─┤
 *     │ key CRC │ value CRC │ value      │
 *     └─────────┴───────────┴──────── … ─┘
 *
 * Both are CRC-32 of zlib, little-endian. The key's is apart, so that a damaged key is found by reading the first
 * bytes of a value, and a value that stands under another's key is found like any other damage.
 */

import { crc32 } from "../journal/crc32.ts";
import { viewOf } from "../journal/view-of.ts";

/** Bytes in front of each value. */
export const sealBytes = 8;

/** Writes the seal and `value` into `into` from `at` on; `sealBytes + value.length` bytes. */
export function sealValue(into: Uint8Array, at: number, key: Uint8Array, value: Uint8Array): void {
  const view = viewOf(into);
  view.setUint32(at, crc32(key, 0, key.length), true);
  view.setUint32(at + 4, crc32(value, 0, value.length), true);
  into.set(value, at + sealBytes);
}

/** Whether `sealed`, or just its first bytes, belongs to `key`. */
export function isSealOf(key: Uint8Array, sealed: Uint8Array): boolean {
  return sealed.length >= sealBytes && viewOf(sealed).getUint32(0, true) === crc32(key, 0, key.length);
}

/** The value in `sealed`, not copied; undefined when it or its key is damaged. */
export function openSealed(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (!isSealOf(key, sealed)) return undefined;
  const sum = viewOf(sealed).getUint32(4, true);
  return sum === crc32(sealed, sealBytes, sealed.length) ? sealed.subarray(sealBytes) : undefined;
}

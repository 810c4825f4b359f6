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

import { crc32, crc32OfShort } from "../journal/crc32.ts";

/** Bytes in front of each value. */
export const sealBytes = 8;

/** Writes the seal and `value` into `into` from `at` on; `sealBytes + value.length` bytes. */
export function sealValue(into: Uint8Array, at: number, key: Uint8Array, value: Uint8Array): void {
  const start = at + sealBytes;
  into.set(value, start);
  putU32(into, at, crc32OfShort(key));
  // Summed in `into`, which many values share, rather than where it came from.
  putU32(into, at + 4, crc32(into, start, start + value.length));
}

/** Whether `sealed`, or just its first bytes, belongs to `key`. */
export function isSealOf(key: Uint8Array, sealed: Uint8Array): boolean {
  return sealed.length >= sealBytes && getU32(sealed, 0) === crc32OfShort(key);
}

/** The value in `sealed`, not copied; undefined when it or its key is damaged. */
export function openSealed(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (!isSealOf(key, sealed)) return undefined;
  return getU32(sealed, 4) === crc32(sealed, sealBytes, sealed.length) ? sealed.subarray(sealBytes) : undefined;
}

// Each value is an array of its own, and making a view of it takes longer than this.
function getU32(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 3; i >= 0; i -= 1) value = (value << 8) | (bytes[at + i] as number);
  return value >>> 0;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i += 1) bytes[at + i] = value >>> (8 * i);
}

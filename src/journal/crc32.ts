/**
 * CRC-32 (the polynomial of zlib, PNG and Ethernet) over a range of an array.
 *
 * `zlib.crc32` is many times faster on long ranges but costs a view and a native call, about 200 ns; most
 * frames are shorter than that is worth, so short ranges are summed here, four bytes a step.
 */

import { crc32 as nativeCrc32 } from "node:zlib";

const nativeFromBytes = 224;

const byStep = makeTables();
const [step0, step1, step2, step3] = byStep;

function makeTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const tables = [0, 1, 2, 3].map(() => new Int32Array(256));
  const [first, second, third, fourth] = tables as [Int32Array, Int32Array, Int32Array, Int32Array];
  for (let byte = 0; byte < 256; byte += 1) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    first[byte] = sum;
  }
  const next = (sum: number): number => (sum >>> 8) ^ at(first, sum & 0xff);
  for (let byte = 0; byte < 256; byte += 1) {
    second[byte] = next(at(first, byte));
    third[byte] = next(at(second, byte));
    fourth[byte] = next(at(third, byte));
  }
  return [first, second, third, fourth];
}

/** The element at an index that is known to be inside. */
function at(table: Int32Array, index: number): number {
  return table[index] as number;
}

/** CRC-32 of `bytes[start, end)`, 0 to 2^32 - 1; 0 for an empty range. */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= nativeFromBytes) return nativeCrc32(bytes.subarray(start, end));
  let sum = -1;
  let index = start;
  for (; index + 4 <= end; index += 4) {
    sum ^=
      (bytes[index] as number) |
      ((bytes[index + 1] as number) << 8) |
      ((bytes[index + 2] as number) << 16) |
      ((bytes[index + 3] as number) << 24);
    sum =
      at(step3, sum & 0xff) ^ at(step2, (sum >>> 8) & 0xff) ^ at(step1, (sum >>> 16) & 0xff) ^ at(step0, sum >>> 24);
  }
  for (; index < end; index += 1) sum = at(step0, (sum ^ (bytes[index] as number)) & 0xff) ^ (sum >>> 8);
  return (sum ^ -1) >>> 0;
}

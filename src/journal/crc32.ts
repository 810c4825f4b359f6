/**
 * CRC-32 (the polynomial of zlib, PNG and Ethernet) over a range of an array.
 *
 * `zlib.crc32` is many times faster on long ranges but costs a view and a native call, about 200 ns; most
 * frames are shorter than that is worth, so short ranges are summed here, eight bytes a step.
 */

import { crc32 as nativeCrc32 } from "node:zlib";
import { viewOf } from "./view-of.ts";

const nativeFromBytes = 224;
const noView = new DataView(new ArrayBuffer(0));

/** What a byte adds to the sum when 0 to 7 more bytes of the same step follow it. */
const [step0, step1, step2, step3, step4, step5, step6, step7] = makeTables();

type Tables = readonly [
  ...[Int32Array, Int32Array, Int32Array, Int32Array],
  ...[Int32Array, Int32Array, Int32Array, Int32Array],
];

function makeTables(): Tables {
  const tables = [0, 1, 2, 3, 4, 5, 6, 7].map(() => new Int32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    for (const table of tables) table[byte] = sum;
  }
  const [first, ...others] = tables as unknown as Tables;
  for (let byte = 0; byte < 256; byte += 1) {
    let sum = first[byte] as number;
    for (const table of others) {
      sum = (sum >>> 8) ^ (first[sum & 0xff] as number);
      table[byte] = sum;
    }
  }
  return [first, ...others];
}

/** CRC-32 of `bytes[start, end)`, 0 to 2^32 - 1; 0 for an empty range. */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= nativeFromBytes) return nativeCrc32(bytes.subarray(start, end));
  let sum = -1;
  let index = start;
  // Less than a step needs no view.
  const view = end - start < 8 ? noView : viewOf(bytes);
  for (; index + 8 <= end; index += 8) {
    const first = sum ^ view.getInt32(index, true);
    const second = view.getInt32(index + 4, true);
    sum =
      (step7[first & 0xff] as number) ^
      (step6[(first >>> 8) & 0xff] as number) ^
      (step5[(first >>> 16) & 0xff] as number) ^
      (step4[first >>> 24] as number) ^
      (step3[second & 0xff] as number) ^
      (step2[(second >>> 8) & 0xff] as number) ^
      (step1[(second >>> 16) & 0xff] as number) ^
      (step0[second >>> 24] as number);
  }
  for (; index < end; index += 1) sum = (step0[(sum ^ (bytes[index] as number)) & 0xff] as number) ^ (sum >>> 8);
  return (sum ^ -1) >>> 0;
}

/** CRC-32 of all of a short array, byte by byte: for one that is seen once, making a view takes longer than that. */
export function crc32OfShort(bytes: Uint8Array): number {
  let sum = -1;
  for (let index = 0; index < bytes.length; index += 1) {
    sum = (step0[(sum ^ (bytes[index] as number)) & 0xff] as number) ^ (sum >>> 8);
  }
  return (sum ^ -1) >>> 0;
}

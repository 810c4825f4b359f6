/**
 * The plain file: all values, an index of them, and a SHA-256 over everything. docs/snapshot-format.md shows it.
 *
 *     header   8 bytes "KRONPAGE", u32 version, u32 zero
 *     values   sealed values, one after another, in any order
 *     index    for each key, in order: u8 key size, key, u64 position and u32 size of its sealed value
 *     footer   u64 position of the index, u64 number of entries, 32 bytes SHA-256 of all before it
 *
 * All numbers are little-endian. Any version begins with the magic and its number and ends with the SHA-256.
 */

import { keyBytesMax } from "./key-order.ts";
import { sealBytes } from "./sealed-value.ts";

/** Bytes of the header. */
export const headerBytes = 16;
/** Bytes of the SHA-256. */
export const hashBytes = 32;
/** Bytes of the footer. */
export const footerBytes = 16 + hashBytes;

const magic = Buffer.from("KRONPAGE", "latin1");
const version = 1;
const entryBytes = 13;

/** Where a sealed value stands. */
export interface ValuePlace {
  readonly position: number;
  readonly bytes: number;
}

/** The index in memory: keys in order, as texts of one character a byte, which compare as the bytes do. */
export interface PagesIndex {
  readonly keys: readonly string[];
  readonly places: readonly ValuePlace[];
}

/** The key as a text of one character a byte. */
export function textOfKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

/** The key that `textOfKey` was given. */
export function keyOfText(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** The bytes a file begins with. */
export function packHeader(): Uint8Array {
  const bytes = Buffer.alloc(headerBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(version, 8);
  return bytes;
}

/** The bytes of one entry of the index. */
export function packEntry(text: string, { position, bytes }: ValuePlace): Uint8Array {
  const entry = Buffer.alloc(entryBytes + text.length);
  entry[0] = text.length;
  entry.write(text, 1, "latin1");
  writeU64(entry, 1 + text.length, position);
  entry.writeUInt32LE(bytes, 9 + text.length);
  return entry;
}

/** The footer, without its SHA-256. */
export function packFooter(indexAt: number, entries: number): Uint8Array {
  const bytes = Buffer.alloc(footerBytes - hashBytes);
  writeU64(bytes, 0, indexAt);
  writeU64(bytes, 8, entries);
  return bytes;
}

/** What the header says: "ours", another version, or that it is no such file at all. */
export function judgeHeader(bytes: Uint8Array): "ours" | { readonly version: number } | "foreign" {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.length < headerBytes || !header.subarray(0, 8).equals(magic)) return "foreign";
  const found = header.readUInt32LE(8);
  return found === version ? "ours" : { version: found };
}

/** The position of the index and the number of entries, as the footer tells them; NaN when they cannot be. */
export function readFooter(bytes: Uint8Array): { readonly indexAt: number; readonly entries: number } {
  const footer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { indexAt: readU64(footer, 0), entries: readU64(footer, 8) };
}

/** The index in `bytes`, which stood at `indexAt`; or what is wrong with it. */
export function readIndex(bytes: Buffer, indexAt: number, entries: number): PagesIndex | string {
  const keys: string[] = [];
  const places: ValuePlace[] = [];
  let at = 0;
  for (let left = entries; left > 0; left -= 1) {
    const keyBytes = bytes[at] ?? 0;
    const end = at + entryBytes + keyBytes;
    if (keyBytes === 0 || keyBytes > keyBytesMax || end > bytes.length) return "an entry of a wrong size";
    const text = bytes.toString("latin1", at + 1, at + 1 + keyBytes);
    const last = keys.at(-1);
    if (last !== undefined && last >= text) return "keys out of order";
    const position = readU64(bytes, at + 1 + keyBytes);
    const size = bytes.readUInt32LE(at + 9 + keyBytes);
    if (!(position >= headerBytes && size >= sealBytes && position + size <= indexAt)) return "a value out of place";
    keys.push(text);
    places.push({ position, bytes: size });
    at = end;
  }
  return at === bytes.length ? { keys, places } : "bytes behind the last entry";
}

/** The first index in `keys` that is not below `text`. */
export function firstNotBelow(keys: readonly string[], text: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

function writeU64(into: Buffer, at: number, value: number): void {
  into.writeUInt32LE(value % 0x1_0000_0000, at);
  into.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);
}

function readU64(from: Buffer, at: number): number {
  const high = from.readUInt32LE(at + 4);
  return high < 0x20_0000 ? high * 0x1_0000_0000 + from.readUInt32LE(at) : Number.NaN;
}

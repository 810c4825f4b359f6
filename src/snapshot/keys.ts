/**
 * Under which keys the parts of a snapshot stand. Keys sort by kind, then by number, big-endian.
 *
 *     01                                              meta: what the rest is as of
 *     10 number:6                                     a definition
 *     20 page:4                                       the timers of 32 slots
 *     30 slot:4                                       a payload too large for its page
 *     40 reference:7 last row:6                       history of a timer, a chunk of rows
 *     50 finishedAtMs:7 reference:7 last row:6        the same chunk by time; the value is empty
 */

import type { SnapshotRange } from "../ports.ts";

const kind = { meta: 0x01, definition: 0x10, page: 0x20, payload: 0x30, history: 0x40, time: 0x50 } as const;
/** Kinds of keys that have ranges of their own. */
export type KeyKind = Exclude<keyof typeof kind, "meta">;

/** The key of the meta value. */
export const metaKey: Uint8Array = Uint8Array.of(kind.meta);

/** Bytes of the two keys of a chunk of history. */
export const chunkKeysBytes = 14 + 21;

/** The key of a definition by its number. */
export function definitionKeyOf(number: number): Uint8Array {
  return keyOf(kind.definition, number, 6);
}

/** The key of a page. */
export function pageKeyOf(page: number): Uint8Array {
  return keyOf(kind.page, page, 4);
}

/** The key of the payload of the timer in `slot`. */
export function payloadKeyOf(slot: number): Uint8Array {
  return keyOf(kind.payload, slot, 4);
}

/** The key of the chunk of a timer's history that ends with row `lastRow`. */
export function chunkKeyOf(reference: number, lastRow: number): Uint8Array {
  const key = new Uint8Array(14);
  key[0] = kind.history;
  writeNumber(key, 1, 7, reference);
  writeNumber(key, 8, 6, lastRow);
  return key;
}

/** The key under which a chunk is found by the time of its newest row. */
export function timeKeyOf(finishedAtMs: number, reference: number, lastRow: number): Uint8Array {
  const key = new Uint8Array(21);
  key[0] = kind.time;
  writeNumber(key, 1, 7, finishedAtMs);
  writeNumber(key, 8, 7, reference);
  writeNumber(key, 15, 6, lastRow);
  return key;
}

/** The number in a key of one number: a definition's, a page's or a payload's slot. */
export function numberOfKey(key: Uint8Array): number {
  return readNumber(key, 1, key.length - 1);
}

/** The last row of the chunk under `key`. */
export function lastRowOf(key: Uint8Array): number {
  return readNumber(key, 8, 6);
}

/** What the key of a chunk is made of. */
export function readChunkKey(key: Uint8Array): { reference: number; lastRow: number } {
  return { reference: readNumber(key, 1, 7), lastRow: readNumber(key, 8, 6) };
}

/** What a time key is made of. */
export function readTimeKey(key: Uint8Array): { finishedAtMs: number; reference: number; lastRow: number } {
  return { finishedAtMs: readNumber(key, 1, 7), reference: readNumber(key, 8, 7), lastRow: readNumber(key, 15, 6) };
}

/** All keys of a kind. */
export function allOf(name: KeyKind): SnapshotRange {
  return { from: Uint8Array.of(kind[name]), to: Uint8Array.of(kind[name] + 1) };
}

/** The chunks of a timer that end with row `fromRow` or later, and before `toRow`. */
export function chunksOf(reference: number, fromRow = 0, toRow = 2 ** 48 - 1): { from: Uint8Array; to: Uint8Array } {
  return { from: chunkKeyOf(reference, fromRow), to: chunkKeyOf(reference, toRow) };
}

/** Everything there is. */
export const everything: SnapshotRange = { from: Uint8Array.of(0), to: Uint8Array.of(0xff) };

function keyOf(first: number, number: number, bytes: number): Uint8Array {
  const key = new Uint8Array(1 + bytes);
  key[0] = first;
  writeNumber(key, 1, bytes, number);
  return key;
}

/** Big-endian, so that keys sort as their numbers do; exact to 2^53. */
function writeNumber(key: Uint8Array, at: number, bytes: number, number: number): void {
  // The operators that work on bits see the lowest 32 only.
  const high = Math.floor(number / 2 ** 32);
  const last = at + bytes - 1;
  for (let i = 0; i < bytes; i++) key[last - i] = i < 4 ? number >>> (8 * i) : high >>> (8 * (i - 4));
}

function readNumber(key: Uint8Array, at: number, bytes: number): number {
  let number = 0;
  for (let i = at; i < at + bytes; i++) number = number * 256 + (key[i] as number);
  return number;
}

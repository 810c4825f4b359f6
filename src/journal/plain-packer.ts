/**
 * Packs what nearly all entries are made of (numbers, short ASCII text, booleans, null, and arrays of those)
 * straight to where it will be written from. The bytes are the ones that msgpackr gives, in a quarter of its
 * time, and need no scan: nothing that is written here could fail one. Everything else is left to `packValue`.
 */

import type { Entry } from "../core/record.ts";

/** Deeper nesting is left to `packValue`, which knows the limit and says so. */
const nestingMax = 8;

/**
 * Packs `entry` into `bytes` from `at` on; `view` is of the same bytes. Returns the position behind it, which
 * is at most 257 (the longest text with its head) beyond `limit`; or -1, with rubbish behind `at`, when
 * something in it is not plain or `limit` was reached.
 */
export function packPlain(entry: Entry, bytes: Uint8Array, view: DataView, at: number, limit: number): number {
  const { length } = entry;
  if (length > 0xffff || at > limit) return -1;
  let position = packNumber(entry[0], bytes, view, packArrayHead(length, bytes, view, at));
  // Records have a loop to themselves, apart from that over their fields: arrays of numbers and arrays of
  // anything are read by different machine code, and one loop for both takes three times as long.
  for (let index = 1; index < length && position >= 0; index += 1) {
    position = packFields(entry[index] as readonly unknown[], bytes, view, position, limit, 0);
  }
  return position;
}

function packFields(
  fields: readonly unknown[],
  bytes: Uint8Array,
  view: DataView,
  at: number,
  limit: number,
  nesting: number,
): number {
  const { length } = fields;
  // Written so that a length which is no such number, as a proxy could give, is not taken for one.
  if ((length & 0xffff) !== length || at > limit) return -1;
  let position = packArrayHead(length, bytes, view, at);
  for (let index = 0; index < length; index += 1) {
    if (position < 0 || position > limit) return -1;
    const field = fields[index];
    if (typeof field === "number") position = packNumber(field, bytes, view, position);
    else if (typeof field === "string") position = packText(field, bytes, position);
    else if (Array.isArray(field) && nesting < nestingMax) {
      position = packFields(field, bytes, view, position, limit, nesting + 1);
    } else position = packConstant(field, bytes, position);
  }
  return position;
}

function packArrayHead(length: number, bytes: Uint8Array, view: DataView, at: number): number {
  if (length < 16) {
    bytes[at] = 0x90 | length;
    return at + 1;
  }
  bytes[at] = 0xdc;
  view.setUint16(at + 1, length);
  return at + 3;
}

function packNumber(value: number, bytes: Uint8Array, view: DataView, at: number): number {
  if (value >>> 0 === value) {
    if (value < 0x80) {
      bytes[at] = value;
      return at + 1;
    }
    if (value < 0x100) {
      bytes[at] = 0xcc;
      bytes[at + 1] = value;
      return at + 2;
    }
    if (value < 0x1_0000) {
      bytes[at] = 0xcd;
      view.setUint16(at + 1, value);
      return at + 3;
    }
    bytes[at] = 0xce;
    view.setUint32(at + 1, value);
    return at + 5;
  }
  return value >> 0 === value ? packNegative(value, bytes, view, at) : packFloat(value, bytes, view, at);
}

function packNegative(value: number, bytes: Uint8Array, view: DataView, at: number): number {
  if (value >= -0x20) {
    bytes[at] = value + 0x100;
    return at + 1;
  }
  if (value >= -0x80) {
    bytes[at] = 0xd0;
    bytes[at + 1] = value + 0x100;
    return at + 2;
  }
  if (value >= -0x8000) {
    bytes[at] = 0xd1;
    view.setInt16(at + 1, value);
    return at + 3;
  }
  bytes[at] = 0xd2;
  view.setInt32(at + 1, value);
  return at + 5;
}

/** Fractions, and whole numbers beyond 32 bits. */
function packFloat(value: number, bytes: Uint8Array, view: DataView, at: number): number {
  bytes[at] = 0xcb;
  view.setFloat64(at + 1, value);
  return at + 9;
}

function packText(text: string, bytes: Uint8Array, at: number): number {
  const { length } = text;
  if (length > 0xff) return -1;
  let position = at;
  if (length < 0x20) bytes[position] = 0xa0 | length;
  else {
    bytes[position] = 0xd9;
    position += 1;
    bytes[position] = length;
  }
  position += 1;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return -1;
    bytes[position + index] = code;
  }
  return position + length;
}

function packConstant(item: unknown, bytes: Uint8Array, at: number): number {
  if (item === null) bytes[at] = 0xc0;
  else if (typeof item === "boolean") bytes[at] = item ? 0xc3 : 0xc2;
  else return -1;
  return at + 1;
}

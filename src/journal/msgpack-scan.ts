/**
 * The bounded scan: decides whether bytes are msgpack that may be shown to the decoder, without building
 * anything. Refused are extension types other than timestamps, depth over 32, lengths beyond the bytes
 * present, map keys that are not strings or come twice, `__proto__`, `constructor` and `prototype` as keys,
 * invalid UTF-8 and trailing bytes. A count is believed only when that many bytes are left.
 *
 * It runs over every byte that is replayed or written, so it is one loop over numbers with a stack of
 * typed arrays. It is not re-entrant, and needs not be: nothing it does calls out.
 */

/** The deepest nesting of arrays and maps that is accepted. */
export const depthMax = 32;

/** Why bytes were refused. */
export type ScanFault =
  | "empty"
  | "cut short"
  | "trailing bytes"
  | "nested too deep"
  | "reserved byte 0xc1"
  | "extension type"
  | "bad timestamp"
  | "key is not a string"
  | "key comes twice"
  | "forbidden key"
  | "invalid UTF-8";

/** Maps up to this size compare keys pairwise; larger ones go through a `Set`. */
const pairwiseKeysMax = 16;
/** Keys that can be open at once: one small map a level. */
const keySlots = pairwiseKeysMax * (depthMax + 1);

// What is left to read at each open level; a level is a map if `keysLeft` counts its keys and values.
const itemsLeft = new Int32Array(depthMax + 1);
const isMap = new Uint8Array(depthMax + 1);
const keyCount = new Int32Array(depthMax + 1);
const keyStart = new Int32Array(keySlots);
const keyEnd = new Int32Array(keySlots);
const largeKeys: (Set<string> | undefined)[] = new Array(depthMax + 1).fill(undefined);

/*
 * What a first byte asks for, by table:
 *   0..15     so many bytes follow, of no interest (nil, booleans, numbers)
 *   16..      see below
 */
const fixString = 16;
const fixArray = 17;
const fixMap = 18;
const string8 = 19;
const string16 = 20;
const string32 = 21;
const binary8 = 22;
const binary16 = 23;
const binary32 = 24;
const array16 = 25;
const array32 = 26;
const map16 = 27;
const map32 = 28;
const timestamp4 = 29;
const timestamp8 = 30;
const timestamp12 = 31;
const reserved = 32;
const extension = 33;

const actions = makeActions();
/** By action: how many bytes of length follow the first byte. */
const lengthWidths = new Uint8Array(64);
for (const action of [string8, binary8]) lengthWidths[action] = 1;
for (const action of [string16, binary16, array16, map16]) lengthWidths[action] = 2;
for (const action of [string32, binary32, array32, map32]) lengthWidths[action] = 4;

function makeActions(): Uint8Array {
  const table = new Uint8Array(256);
  table.fill(fixMap, 0x80, 0x90);
  table.fill(fixArray, 0x90, 0xa0);
  table.fill(fixString, 0xa0, 0xc0);
  const fromC0 = [
    [0, reserved, 0, 0, binary8, binary16, binary32, timestamp12, extension, extension, 4, 8, 1, 2, 4, 8],
    [1, 2, 4, 8, extension, extension, timestamp4, timestamp8, extension, string8, string16, string32],
    [array16, array32, map16, map32],
  ].flat();
  table.set(fromC0, 0xc0);
  return table;
}

/** Scans `bytes[start, end)` as one msgpack value; undefined when it is fit for the decoder. */
export function scanMsgpack(bytes: Uint8Array, start: number, end: number): ScanFault | undefined {
  if (start >= end) return "empty";
  let at = start;
  let depth = 0;
  itemsLeft[0] = 1;
  isMap[0] = 0;
  for (;;) {
    // Close what is complete; the loop ends with the outermost value.
    while (itemsLeft[depth] === 0) {
      if (depth === 0) return at === end ? undefined : "trailing bytes";
      largeKeys[depth] = undefined;
      depth -= 1;
    }
    if (at >= end) return "cut short";
    const left = (itemsLeft[depth] as number) - 1;
    itemsLeft[depth] = left;
    const first = bytes[at] as number;
    const action = actions[first] as number;
    at += 1;

    const keyWanted = isMap[depth] === 1 && (left & 1) === 1;
    if (action < fixString) {
      if (keyWanted) return "key is not a string";
      at += action;
      if (at > end) return "cut short";
      continue;
    }
    if (action >= timestamp4) {
      if (action === reserved) return "reserved byte 0xc1";
      if (keyWanted) return "key is not a string";
      const fault = scanTimestamp(bytes, at, end, action);
      if (fault !== undefined) return fault;
      at += action === timestamp4 ? 5 : action === timestamp8 ? 9 : 14;
      continue;
    }
    const width = lengthWidths[action] as number;
    if (at + width > end) return "cut short";
    const length = width === 0 ? first & (action === fixString ? 0x1f : 0x0f) : readLength(bytes, at, width);
    at += width;

    if (action <= string32 && action !== fixArray && action !== fixMap) {
      if (length > end - at) return "cut short";
      const fault = keyWanted ? scanKey(bytes, at, at + length, depth) : scanUtf8(bytes, at, at + length);
      if (fault !== undefined) return fault;
      at += length;
      continue;
    }
    if (keyWanted) return "key is not a string";
    if (action >= binary8 && action <= binary32) {
      if (length > end - at) return "cut short";
      at += length;
      continue;
    }
    const map = action === fixMap || action === map16 || action === map32;
    const items = map ? length * 2 : length;
    if (items > end - at) return "cut short";
    if (depth === depthMax) return "nested too deep";
    depth += 1;
    itemsLeft[depth] = items;
    isMap[depth] = map ? 1 : 0;
    keyCount[depth] = 0;
    largeKeys[depth] = map && length > pairwiseKeysMax ? new Set() : undefined;
  }
}

function readLength(bytes: Uint8Array, at: number, width: number): number {
  if (width === 1) return bytes[at] as number;
  return width === 2 ? ((bytes[at] as number) << 8) | (bytes[at + 1] as number) : readU32(bytes, at);
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x100_0000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}

/** `at` is just behind the first byte. Seconds may be anything, nanoseconds may not. */
function scanTimestamp(bytes: Uint8Array, at: number, end: number, action: number): ScanFault | undefined {
  if (action === extension) return "extension type";
  if (action === timestamp12) {
    if (at + 14 > end) return "cut short";
    if (bytes[at] !== 12) return bytes[at + 1] === 0xff ? "bad timestamp" : "extension type";
    if (bytes[at + 1] !== 0xff) return "extension type";
    return readU32(bytes, at + 2) > 999_999_999 ? "bad timestamp" : undefined;
  }
  if (at + (action === timestamp4 ? 5 : 9) > end) return "cut short";
  if (bytes[at] !== 0xff) return "extension type";
  // The upper 30 of 64 bits are nanoseconds.
  if (action === timestamp8 && readU32(bytes, at + 1) >>> 2 > 999_999_999) return "bad timestamp";
  return undefined;
}

function scanKey(bytes: Uint8Array, start: number, end: number, depth: number): ScanFault | undefined {
  const fault = scanUtf8(bytes, start, end);
  if (fault !== undefined) return fault;
  const length = end - start;
  if ((length === 9 || length === 11) && isForbidden(bytes, start, length)) return "forbidden key";
  const seen = largeKeys[depth];
  if (seen !== undefined) {
    const before = seen.size;
    seen.add(asText(bytes, start, end));
    return seen.size === before ? "key comes twice" : undefined;
  }
  const base = depth * pairwiseKeysMax;
  const count = keyCount[depth] as number;
  for (let slot = base; slot < base + count; slot += 1) {
    const otherStart = keyStart[slot] as number;
    if ((keyEnd[slot] as number) - otherStart === length && isSame(bytes, start, otherStart, length)) {
      return "key comes twice";
    }
  }
  keyStart[base + count] = start;
  keyEnd[base + count] = end;
  keyCount[depth] = count + 1;
  return undefined;
}

function isSame(bytes: Uint8Array, one: number, other: number, length: number): boolean {
  for (let index = 0; index < length; index += 1) if (bytes[one + index] !== bytes[other + index]) return false;
  return true;
}

const forbiddenKeys = ["__proto__", "prototype", "constructor"].map((key) => new TextEncoder().encode(key));

function isForbidden(bytes: Uint8Array, start: number, length: number): boolean {
  return forbiddenKeys.some(
    (key) => key.length === length && key.every((byte, index) => bytes[start + index] === byte),
  );
}

/** One character a byte: not the text itself, but equal exactly when the bytes are. */
function asText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index += 1) text += String.fromCharCode(bytes[index] as number);
  return text;
}

/** RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
function scanUtf8(bytes: Uint8Array, start: number, end: number): ScanFault | undefined {
  let at = start;
  while (at < end) {
    const first = bytes[at] as number;
    at += 1;
    if (first < 0x80) continue;
    const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
    if (more === 0 || at + more > end) return "invalid UTF-8";
    const second = bytes[at] as number;
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return "invalid UTF-8";
    for (let index = at + 1; index < at + more; index += 1) {
      if (((bytes[index] as number) & 0xc0) !== 0x80) return "invalid UTF-8";
    }
    at += more;
  }
  return undefined;
}

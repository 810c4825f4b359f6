import { crc32 as zlibCrc32 } from "node:zlib";
import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { unpackEntry, unpackUuidAndNumber, unpackValue } from "../../src/journal/codec.ts";
import { crc32, crc32OfShort } from "../../src/journal/crc32.ts";
import {
  bodyBytesMax,
  emptyHeader,
  frameBytes,
  readHeader,
  seqMax,
  writeFrame,
  writeHeader,
} from "../../src/journal/frame.ts";
import { suite } from "../support/suite.ts";

const test = suite("frame");

test("crc32() agrees with zlib for every length around its own limits", () => {
  const bytes = Uint8Array.from({ length: 700 }, (_, index) => (index * 73) >> 2);
  is(crc32(bytes, 5, 5), 0);
  is(crc32(new TextEncoder().encode("123456789"), 0, 9), 0xcbf43926);
  for (let start = 0; start < 5; start += 1) {
    for (let end = start + 1; end < 600; end += 1) is(crc32(bytes, start, end), zlibCrc32(bytes.subarray(start, end)));
  }
});

test("crc32OfShort() agrees with zlib", () => {
  const bytes = Uint8Array.from({ length: 70 }, (_, i) => (i * 89 + 7) & 0xff);
  for (let end = 1; end <= bytes.length; end += 1) {
    is(crc32OfShort(bytes.subarray(0, end)), zlibCrc32(bytes.subarray(0, end)));
  }
  is(crc32OfShort(new Uint8Array(0)), 0);
});

test("a header comes back with the greatest and smallest of every field", () => {
  const bytes = new Uint8Array(64);
  for (const [wide, narrow] of [
    [seqMax, 0xffff],
    [0, 0],
    [2 ** 32, 1],
    [2 ** 32 - 1, 0x8000],
  ] as const) {
    const header = {
      ...emptyHeader(),
      kind: 2,
      bodyBytes: bodyBytesMax,
      flags: narrow,
      seq: wide,
      durable: wide,
      term: 0xffff_ffff,
      stream: narrow,
      prev: 0xfedc_ba98,
      bodyCrc: 0x8000_0001,
    };
    writeHeader(bytes, 8, header, 0xdead_beef);
    const read = emptyHeader();
    is(readHeader(bytes, 8, read, 0xdead_beef), undefined);
    equal(read, header);
  }
});

test("readHeader() tells a stranger, damage, the wrong salt, a later version and a length that cannot be", () => {
  const bytes = new Uint8Array(40);
  const into = emptyHeader();
  const write = (fields: object, salt = 0): void => void writeHeader(bytes, 0, { ...emptyHeader(), ...fields }, salt);
  write({});
  is(readHeader(bytes, 0, into, 0), undefined);
  is(readHeader(bytes, 0, into, 1), "header-checksum");
  for (let at = 0; at < 40; at += 1) {
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    is(readHeader(bytes, 0, into, 0), at < 2 ? "magic" : "header-checksum", String(at));
    bytes[at] = (bytes[at] ?? 0) ^ 4;
  }
  for (const version of [0, 2, 255]) {
    write({ version });
    is(readHeader(bytes, 0, into, 0), "version");
  }
  for (const bodyBytes of [bodyBytesMax + 1, 0xffff_ffff]) {
    write({ bodyBytes });
    is(readHeader(bytes, 0, into, 0), "length");
  }
});

test("writeFrame() pads the body with zeros to eight bytes", () => {
  for (let length = 0; length < 17; length += 1) {
    const bytes = new Uint8Array(80).fill(0xee);
    const written = writeFrame(bytes, 0, emptyHeader(), new Uint8Array(length).fill(7), 0);
    is(written, frameBytes(length));
    is(written % 8, 0);
    ok(bytes.subarray(40 + length, written).every((byte) => byte === 0));
    ok(bytes.subarray(written).every((byte) => byte === 0xee));
  }
});

test("the codec refuses what is not an entry, or not a uuid with a number", () => {
  const code = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      if (isKronError(error)) return error.code;
    }
    return "none";
  };
  const not = [[0xc0], [0x90], [0x91, 0xc0], [0x92, 1, 1], [0x92, 1, 0x90], [0x92, 1, 0x91, 0xa0], [0xc1]];
  for (const bytes of not)
    is(
      code(() => unpackEntry(Uint8Array.from(bytes), 0, bytes.length)),
      "KRON_FRAME_INVALID",
      bytes.join(),
    );
  equal(unpackEntry(Uint8Array.of(0x92, 5, 0x91, 1), 0, 4), [5, [1]]);
  for (const bytes of [[0x92, 1, 1], [0x92, 0xc4, 0, 1], [0x92, 0xc4, 16, ...new Array(16).fill(1), 0xc0], [0xc0]]) {
    is(
      code(() => unpackUuidAndNumber(Uint8Array.from(bytes), 0, bytes.length)),
      "KRON_FRAME_INVALID",
    );
  }
  is(
    code(() => unpackValue(new Uint8Array(0), 0, 0)),
    "KRON_FRAME_INVALID",
  );
});

test.run();

/** What is packed by hand must be what msgpackr would have packed, to the byte, or be left alone. */

import fc from "fast-check";
import { equal, is, ok } from "uvu/assert";
import type { Entry } from "../../src/core/record.ts";
import { packCopy, readEntry } from "../../src/journal/codec.ts";
import { packPlain } from "../../src/journal/plain-packer.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, looseEntry, open } from "./harness.ts";

const test = suite("plain packer");
const start = 3;

/** What `packPlain` makes of an entry, in a buffer with `room` before its limit; undefined when it leaves it. */
function pack(entry: Entry, room = 100_000): Buffer | undefined {
  const bytes = Buffer.alloc(start + room + 257, 0xee);
  const end = packPlain(entry, bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start, start + room);
  equal(bytes.subarray(0, start), Buffer.alloc(start, 0xee), "nothing before the start");
  if (end >= 0) equal(bytes.subarray(end), Buffer.alloc(bytes.length - end, 0xee), "nothing behind the end");
  return end < 0 ? undefined : bytes.subarray(start, end);
}

function checkSame(entry: Entry): void {
  const packed = pack(entry);
  ok(packed !== undefined, "it is plain");
  equal(packed, Buffer.from(packCopy(entry)));
  equal(packed && readEntry(packed, 0, packed.length), JSON.parse(JSON.stringify(entry)));
}

const edges = [0, 1, 0x1f, 0x20, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000];
const wide = [0xffff_ffff, 0x1_0000_0000, 2 ** 48, Number.MAX_SAFE_INTEGER, 1.5, 1e300, 5e-324];

test("packPlain() gives msgpackr's bytes on both sides of every boundary of numbers", () => {
  for (const edge of [...edges, ...wide]) {
    // Adding 0 makes 0 of -0, which is written as 0.
    for (const value of [edge, edge - 1, -edge, -edge - 1]) checkSame(looseEntry(1, [1, value + 0]));
    if (Number.isSafeInteger(edge)) checkSame(looseEntry(edge, [edge, -1]));
  }
  const odd = looseEntry(1, [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]);
  equal(pack(odd), Buffer.from(packCopy(odd)));
});

test("packPlain() gives msgpackr's bytes for texts and arrays of every length", () => {
  for (const length of [0, 1, 15, 16, 31, 32, 63, 64, 65, 255]) {
    checkSame(looseEntry(1, [1, "x".repeat(length)]));
    checkSame(looseEntry(1, [1, new Array(length).fill(7)]));
    checkSame(looseEntry(1, ...new Array(length).fill([2, "a"])));
  }
  checkSame(looseEntry(1, [1, new Array(0xffff).fill(0)]));
});

test("packPlain() gives msgpackr's bytes for whatever it takes, and takes whatever is plain", () => {
  const scalar = fc.oneof(
    ...[fc.integer(), fc.double({ noNaN: true }), fc.maxSafeInteger(), fc.constantFrom(...edges, ...wide)],
    ...[fc.boolean(), fc.constant(null), fc.string({ unit: "binary-ascii", maxLength: 80 })],
  );
  const { field } = fc.letrec((tie) => ({
    field: fc.oneof({ depthSize: "small" }, scalar, fc.array(tie("field"), { maxLength: 20 })),
  }));
  const record = fc.tuple(fc.nat(300), field, scalar, field);
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.array(record, { maxLength: 20 }), (atMs, records) => {
      const entry = looseEntry(atMs, ...records);
      const packed = pack(entry);
      const expected = Buffer.from(packCopy(entry));
      // Deep nesting may be left to msgpackr.
      if (packed === undefined) ok(expected.length > 9);
      else equal(packed, expected);
    }),
  );
});

test("packPlain() leaves what is not plain, and what may not fit", () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  checkSame(looseEntry(1, [1, nested(8)]));
  const others = [undefined, {}, new Date(0), Buffer.alloc(1), 1n, Symbol("x"), nested(9), [[undefined], 1]];
  const texts = ["é", "\ud800", `${"x".repeat(40)}\u0080`, "x".repeat(256)];
  for (const value of [...others, ...texts, new Array(1), new Array(0x1_0000).fill(0)]) {
    is(pack(looseEntry(1, [1, value, 2])), undefined, String(value));
    is(pack(looseEntry(1, [1, value], [2, 3])), undefined, String(value));
  }
  is(pack(looseEntry(1, ...new Array(0xffff).fill([1]))), undefined, "more than 65,535 items");
  for (const length of [1.5, Number.NaN, -1, "2"]) {
    const liar = new Proxy([1, 2], { get: (of, key) => (key === "length" ? length : Reflect.get(of, key)) });
    is(pack(looseEntry(1, [1, liar])), undefined, `a length of ${length}`);
  }
  const entry = looseEntry(1_750_000_000_000, [1, "text", [1, 2]], [2, "x".repeat(200)]);
  const bytes = packCopy(entry).length;
  for (let room = -1; room < bytes; room += 1) ok((pack(entry, room)?.length ?? bytes) === bytes, String(room));
  is(pack(entry, -1), undefined);
});

test("plain entries and others come back the same from one journal, at whichever place of the buffer", async () => {
  const disk = new SimDisk();
  const opened = open(disk, { limits: { segmentBytesMin: 1024 * 1024 } });
  const entries: Entry[] = [];
  for (let number = 0; number < 3000; number += 1) {
    const text = "t".repeat(number % 256);
    entries.push(looseEntry(number, number % 7 === 0 ? [1, { text }] : [1, number, -number, text, [null, true, 0.5]]));
  }
  await commit(opened, ...entries);
  equal(open(disk.copy()).replayed, entries);
});

test.run();

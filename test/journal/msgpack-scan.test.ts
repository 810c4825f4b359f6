import fc from "fast-check";
import { equal, is, ok } from "uvu/assert";
import { packValue, unpackValue } from "../../src/journal/codec.ts";
import { depthMax, scanMsgpack } from "../../src/journal/msgpack-scan.ts";
import { suite } from "../support/suite.ts";

const test = suite("msgpack scan");

function scan(...bytes: (number | string)[]): string {
  const all = bytes.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : [part]));
  return scanMsgpack(Uint8Array.from(all), 0, all.length) ?? "good";
}

const key = (text: string): (number | string)[] => [0xa0 | text.length, text];

test("scanMsgpack() accepts every plain form once complete, and refuses it one byte short", () => {
  const forms: (number | string)[][] = [
    [0x00],
    [0x7f],
    [0xe0],
    [0xc0],
    [0xc2],
    [0xc3],
    [0xcc, 1],
    [0xcd, 1, 2],
    [0xce, 1, 2, 3, 4],
    [0xd0, 1],
    [0xd1, 1, 2],
    [0xd2, 1, 2, 3, 4],
    [0xcf, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xd3, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xca, 1, 2, 3, 4],
    [0xcb, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xa2, "ab"],
    [0xd9, 2, "ab"],
    [0xda, 0, 2, "ab"],
    [0xdb, 0, 0, 0, 2, "ab"],
    [0xc4, 1, 9],
    [0xc5, 0, 1, 9],
    [0xc6, 0, 0, 0, 1, 9],
    [0x91, 1],
    [0xdc, 0, 1, 1],
    [0xdd, 0, 0, 0, 1, 1],
    [0x81, ...key("a"), 1],
    [0xde, 0, 1, ...key("a"), 1],
    [0xdf, 0, 0, 0, 1, ...key("a"), 1],
    [0xd6, 0xff, 0, 0, 0, 1],
    [0xd7, 0xff, 0, 0, 0, 0, 0, 0, 0, 1],
    [0xc7, 12, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1],
  ];
  for (const form of forms) {
    const bytes = form.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : [part]));
    is(scan(...bytes), "good", bytes.join());
    for (let cut = 1; cut < bytes.length; cut += 1) is(scan(...bytes.slice(0, cut)), "cut short", bytes.join());
    is(scan(...bytes, 0), "trailing bytes", bytes.join());
  }
  is(scan(), "empty");
});

test("scanMsgpack() refuses lengths beyond what is there without looking for them", () => {
  for (const first of [0xdd, 0xdf, 0xdb, 0xc6]) is(scan(first, 0xff, 0xff, 0xff, 0xff, 1, 2, 3), "cut short");
  is(scan(0xdc, 0xff, 0xff, 1), "cut short");
  is(scan(0xde, 0x00, 0x02, 0xa1, "a", 1), "cut short");
});

test("scanMsgpack() accepts nesting to the limit and refuses one more", () => {
  is(scan(...new Array(depthMax).fill(0x91), 1), "good");
  is(scan(...new Array(depthMax + 1).fill(0x91), 1), "nested too deep");
  is(scan(...new Array(100_000).fill(0x91)), "nested too deep");
  const maps = new Array(depthMax + 1).fill([0x81, 0xa1, "a"]).flat();
  is(scan(...maps, 1), "nested too deep");
  is(scan(...maps.slice(3), 1), "good");
});

test("scanMsgpack() refuses extensions other than timestamps, and bad timestamps", () => {
  for (const bytes of [
    [0xd4, 0, 0],
    [0xd5, 0x72, 1, 2],
    [0xd6, 0x70, 0, 0, 0, 1],
    [0xd8, 1],
    [0xc8, 0, 0, 1],
    [0xc9, 0, 0, 0, 0, 1],
  ]) {
    is(scan(...bytes, ...new Array(16).fill(0)), "extension type", bytes.join());
  }
  is(scan(0xd7, 0x01, ...new Array(8).fill(0)), "extension type");
  is(scan(0xc7, 12, 0x01, ...new Array(12).fill(0)), "extension type");
  is(scan(0xc7, 5, 0xff, ...new Array(12).fill(0)), "bad timestamp");
  is(scan(0xc7, 5, 0x01, ...new Array(12).fill(0)), "extension type");
  // 999,999,999 is 0x3B9AC9FF, and shifted by two bits 0xEE6B27FC.
  is(scan(0xd7, 0xff, 0xee, 0x6b, 0x27, 0xfc, 0, 0, 0, 0), "good");
  is(scan(0xd7, 0xff, 0xee, 0x6b, 0x28, 0x00, 0, 0, 0, 0), "bad timestamp");
  is(scan(0xc7, 12, 0xff, 0x3b, 0x9a, 0xc9, 0xff, 0, 0, 0, 0, 0, 0, 0, 0), "good");
  is(scan(0xc7, 12, 0xff, 0x3b, 0x9a, 0xca, 0x00, 0, 0, 0, 0, 0, 0, 0, 0), "bad timestamp");
  is(scan(0xc1), "reserved byte 0xc1");
});

test("scanMsgpack() wants keys to be strings, each once, and none that reaches a prototype", () => {
  for (const bytes of [[1], [0xc0], [0xcc, 200], [0x90], [0x80], [0xc4, 0], [0xd6, 0xff, 0, 0, 0, 1]]) {
    is(scan(0x81, ...bytes, 1), "key is not a string", bytes.join());
  }
  for (const name of ["__proto__", "prototype", "constructor"]) is(scan(0x81, ...key(name), 1), "forbidden key");
  for (const name of ["__proto_", "prototypf", "constructos"]) is(scan(0x81, ...key(name), 1), "good");
  is(scan(0x91, 0xab, "constructor"), "good", "as a value it is only text");
  is(scan(0x82, ...key("a"), 1, ...key("a"), 2), "key comes twice");
  is(scan(0x82, ...key("a"), 0x81, ...key("a"), 1, ...key("b"), 2), "good", "levels are apart");
  is(scan(0x82, ...key("a"), 0x81, ...key("b"), 1, ...key("a"), 2), "key comes twice", "also after a nested map");
  for (const count of [15, 16, 17, 18, 300]) {
    const keys = Array.from({ length: count }, (_, index) => [0xa3, String(index).padStart(3, "0"), 1]).flat();
    is(scan(0xde, count >> 8, count & 255, ...keys), "good");
    is(scan(0xde, (count + 1) >> 8, (count + 1) & 255, ...keys, 0xa3, "007", 1), "key comes twice", String(count));
  }
});

test("scanMsgpack() agrees with the platform on what is UTF-8", async () => {
  const { isUtf8 } = await import("node:buffer");
  const check = (bytes: number[]): void => {
    is(scan(0xd9, bytes.length, ...bytes), isUtf8(Uint8Array.from(bytes)) ? "good" : "invalid UTF-8", bytes.join());
  };
  for (let first = 0x80; first < 0x100; first += 1) {
    check([first]);
    for (let second = 0x70; second < 0x100; second += 1) {
      check([first, second]);
      for (const third of [0x41, 0x7f, 0x80, 0xbf, 0xc0]) {
        check([first, second, third]);
        for (const fourth of [0x7f, 0x80, 0xbf, 0xc0]) check([first, second, third, fourth]);
      }
    }
  }
});

test("whatever can be packed passes and comes back", () => {
  const isAllowed = (value: unknown): boolean => !/__proto__|prototype|constructor/.test(JSON.stringify(value));
  const json = fc.jsonValue({ maxDepth: 6 }).filter(isAllowed);
  fc.assert(
    fc.property(json, (value) => {
      const { bytes, start, end } = packValue(value);
      equal(unpackValue(bytes, start, end), JSON.parse(JSON.stringify(value)));
    }),
    { seed: 20_250_101, examples: [[{}], [[]], [[-0.5, 2 ** 53, "é"]]] },
  );
});

test("no bytes whatever make the scan throw, or the decoder after it", () => {
  let good = 0;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      if (scanMsgpack(bytes, 0, bytes.length) === undefined) {
        good += 1;
        unpackValue(bytes, 0, bytes.length);
      }
    }),
    { seed: 20_250_102, numRuns: 20_000 },
  );
  ok(good > 100, String(good));
});

test.run();

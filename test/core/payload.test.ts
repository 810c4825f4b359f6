import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { Packr } from "msgpackr";
import * as assert from "uvu/assert";
import { describe } from "../../src/core/describe.ts";
import { isKronError, type KronError } from "../../src/core/errors.ts";
import { checkPayload, payloadBytesMax, payloadDepthMax } from "../../src/core/payload.ts";
import { suite } from "../support/suite.ts";

const test = suite("payload");

const packr = new Packr({ useRecords: false, variableMapSize: true });

function refusal(value: unknown, bytesMax?: number): KronError {
  try {
    checkPayload(value, "payload", bytesMax);
  } catch (error) {
    if (isKronError(error, "KRON_PAYLOAD_INVALID")) return error;
    throw error;
  }
  throw new Error("accepted");
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

test("checkPayload() measures what msgpack takes, on both sides of every boundary", () => {
  const numbers = [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 1.5, 1e300, Number.MIN_VALUE];
  const negatives = [-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53), -0.5];
  const texts = [0, 1, 31, 32, 255, 256, 65_535, 65_536].map((length) => "x".repeat(length));
  const bytes = [0, 255, 256, 65_535, 65_536].map((length) => new Uint8Array(length));
  const arrays = [0, 15, 16, 65_535, 65_536].map((length) => new Array<number>(length).fill(1));
  const maps = [0, 15, 16, 300].map((count) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index])),
  );
  const others = [null, true, false, 0n, -(2n ** 63n), 2n ** 64n - 1n, "é€😀", Buffer.from("ab"), Object.create(null)];
  for (const value of [...numbers, ...negatives, ...texts, ...bytes, ...arrays, ...maps, ...others])
    assert.is(checkPayload(value, "payload"), packr.pack(value).length, describe(value));
  const large = Object.fromEntries(Array.from({ length: 65_536 }, (_, index) => [`${index}`, 0]));
  assert.is(checkPayload(large, "payload", 2 ** 20), packr.pack(large).length);
});

test("checkPayload() measures any plain data as msgpackr packs it, and it reads back the same", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc.array(tie("tree"), { maxLength: 20 }),
      fc.dictionary(fc.string(), tie("tree"), { maxKeys: 20, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      fc.pre(!/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)));
      const packed = packr.pack(value);
      assert.is(checkPayload(value, "payload"), packed.length);
      assert.equal(JSON.stringify(packr.unpack(packed)), JSON.stringify(value));
    }),
    { numRuns: 300 },
  );
});

test("checkPayload() names the path of what it refuses", () => {
  class Account {}
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, "Expected payload to be plain data, got undefined"],
    [{ items: [1, 2, 3, { fn: () => 1 }] }, "Expected payload.items[3].fn to be plain data, got a function"],
    [{ a: undefined }, "Expected payload.a to be plain data, got undefined"],
    [new Array(1), "Expected payload[0] to be plain data, got undefined"],
    [{ s: Symbol("x") }, "Expected payload.s to be plain data, got a symbol"],
    [{ [Symbol("x")]: 1 }, "Expected payload to have no symbols as keys"],
    [{ a: { n: Number.NaN } }, "Expected payload.a.n to be a finite number, got NaN"],
    [[Number.POSITIVE_INFINITY], "Expected payload[0] to be a finite number, got Infinity"],
    [[Number.NEGATIVE_INFINITY], "Expected payload[0] to be a finite number, got -Infinity"],
    [2n ** 64n, "Expected payload to be an integer of at most 64 bits, got a bigint"],
    [-(2n ** 63n) - 1n, "Expected payload to be an integer of at most 64 bits, got a bigint"],
    ["a\ud800", 'Expected payload to be well-formed Unicode, got "a\\ud800"'],
    [{ "\udc00": 1 }, 'Expected payload["\\udc00"] to be well-formed Unicode, got "\\udc00"'],
    [{ "two words": Symbol() }, 'Expected payload["two words"] to be plain data, got a symbol'],
    [{ [`x${"y".repeat(99)}`]: Symbol() }, `Expected payload["x${"y".repeat(59)}…"] to be plain data, got a symbol`],
    [{ at: new Date(0) }, "Expected payload.at to be plain data, got a Date"],
    [{ at: new Map() }, "Expected payload.at to be plain data, got a Map"],
    [{ at: new Set() }, "Expected payload.at to be plain data, got a Set"],
    [{ at: /x/ }, "Expected payload.at to be plain data, got a RegExp"],
    [{ at: new Account() }, "Expected payload.at to be plain data, got an Account"],
    [{ at: new Error("x") }, "Expected payload.at to be plain data, got an Error"],
    [{ at: Promise.resolve() }, "Expected payload.at to be plain data, got a Promise"],
    [{ at: new Uint16Array(1) }, "Expected payload.at to be plain data, got a Uint16Array"],
    [{ at: new ArrayBuffer(1) }, "Expected payload.at to be plain data, got an ArrayBuffer"],
    [{ at: new String("x") }, "Expected payload.at to be plain data, got a String"],
    [{ at: { toJSON: () => 1 } }, "Expected payload.at.toJSON to be plain data, got a function"],
    [{ at: JSON.parse('{"__proto__":1}') }, "Expected payload.at.__proto__ to have another name"],
    [{ constructor: 1 }, "Expected payload.constructor to have another name"],
    [[{ prototype: 1 }], "Expected payload[0].prototype to have another name"],
  ];
  for (const [value, message] of cases) {
    const error = refusal(value);
    assert.is(error.message, message);
    assert.ok(error.hint);
    assert.ok(message.includes(String(error.details?.path)));
  }
});

test("checkPayload() takes plain objects of another realm", () => {
  assert.is(checkPayload(runInNewContext("({ a: [1] })"), "payload"), 5);
});

test("checkPayload() tells a cycle from deep nesting", () => {
  assert.ok(checkPayload(nested(payloadDepthMax), "payload") > 0);
  const tooDeep = refusal(nested(payloadDepthMax + 1)).message;
  assert.match(tooDeep, /to nest at most 28 levels deep$/);
  const own: Record<string, unknown> = { name: "x" };
  own.own = own;
  assert.is(refusal({ list: [own] }).message, "Expected payload.list[0].own not to be an object that contains it");
  const list: unknown[] = [1];
  list.push({ list });
  assert.is(refusal(list).message, "Expected payload[1].list not to be an object that contains it");
});

test("an object that is shared is no cycle", () => {
  const shared = { a: 1 };
  assert.is(checkPayload([shared, shared], "payload"), 9);
});

test("checkPayload() holds the limit of bytes on both sides", () => {
  assert.is(checkPayload("x".repeat(payloadBytesMax - 5), "payload"), payloadBytesMax);
  const error = refusal("x".repeat(payloadBytesMax - 4));
  assert.is(error.message, "Expected payload to take at most 262144 bytes, got more");
  assert.equal(error.details, { path: "payload", bytesMax: payloadBytesMax });
  assert.is(checkPayload([1, 2, 3], "result", 4), 4);
  assert.equal(refusal({ a: [1, 2, 3] }, 6).details, { path: "payload.a[2]", bytesMax: 6 });
  assert.equal(refusal(new Uint8Array(3), 4).details, { path: "payload", bytesMax: 4 });
});

test("checkPayload() gives up early on values whose expansion would have no end", () => {
  // Each level holds the next one ten times: 10^25 members, if anyone were to visit them.
  let bomb: unknown = [];
  for (let level = 0; level < 25; level++) bomb = new Array(10).fill(bomb);
  assert.match(refusal(bomb).message, /at most 262144 bytes/);
  assert.match(refusal("\ud800".repeat(2 ** 24)).message, /at most 262144 bytes/);
  assert.match(refusal(new Array(2 ** 31)).message, /got undefined|at most/);
});

test.run();

import * as assert from "uvu/assert";
import { isEqualPayload } from "../../src/core/payload-equal.ts";
import { suite } from "../support/suite.ts";

const test = suite("payload equal");

const values: readonly unknown[] = [
  null,
  true,
  0,
  1,
  "1",
  new Uint8Array([1, 2]),
  new Uint8Array([1, 3]),
  new Uint8Array([1]),
  [],
  [1, 2],
  [1, [2]],
  {},
  { a: 1 },
  { b: 1 },
  { a: 1, b: undefined },
  { a: { b: [1, null] } },
];

test("isEqualPayload() holds for a payload and its copy, and for no two different ones", () => {
  for (const [i, a] of values.entries()) {
    for (const [j, b] of values.entries()) {
      assert.is(isEqualPayload(a, structuredClone(b)), i === j, `${JSON.stringify(a)} and ${JSON.stringify(b)}`);
    }
  }
});

test("isEqualPayload() takes null and undefined for the same, and key order for nothing", () => {
  assert.ok(isEqualPayload(null, undefined));
  assert.ok(isEqualPayload(undefined, null));
  assert.not.ok(isEqualPayload(undefined, 0));
  assert.not.ok(isEqualPayload({}, undefined));
  assert.ok(isEqualPayload({ a: 1, b: 2 }, { b: 2, a: 1 }));
});

test("isEqualPayload() does not take an array or bytes for an object with the same members", () => {
  assert.not.ok(isEqualPayload([1], { 0: 1 }));
  assert.not.ok(isEqualPayload({ 0: 1 }, [1]));
  assert.not.ok(isEqualPayload(new Uint8Array([1]), { 0: 1 }));
  assert.not.ok(isEqualPayload([1], new Uint8Array([1])));
});

test.run();

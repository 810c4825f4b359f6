import fc from "fast-check";
import * as assert from "uvu/assert";
import { taggedPayload, untaggedPayload } from "../../bin/payload-json.ts";
import { isKronError } from "../../src/core/errors.ts";
import { isEqualPayload } from "../../src/core/payload-equal.ts";
import { suite } from "../support/suite.ts";

const test = suite("payload-json");

const throughJson = (value: unknown): unknown => untaggedPayload(JSON.parse(JSON.stringify(taggedPayload(value))));

const key = fc.oneof(fc.constantFrom("$int64", "$bytes", "$object", "a"), fc.string());
const payloads = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: "grapheme" }),
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3 }),
  ),
})).value;

test("a payload is the same after it went through JSON", () => {
  fc.assert(
    fc.property(payloads, (payload) => {
      assert.ok(isEqualPayload(throughJson(payload), payload));
    }),
    { numRuns: 1_000 },
  );
});

test("what JSON lacks is tagged, and what looks like a tag is wrapped", () => {
  assert.equal(taggedPayload({ big: 2n ** 63n, bytes: Buffer.from("hi") }), {
    big: { $int64: "9223372036854775808" },
    bytes: { $bytes: "aGk=" },
  });
  assert.equal(taggedPayload({ $bytes: 1n }), { $object: { $bytes: { $int64: "1" } } });
  assert.equal(taggedPayload({ $bytes: 1, other: 2 }), { $bytes: 1, other: 2 });
});

test("a tag whose content is not what it says is refused", () => {
  for (const wrong of [
    { $int64: 5 },
    { $int64: "five" },
    { $int64: "1".repeat(30) },
    { $bytes: "a" },
    { $bytes: "aGk" },
    { $bytes: "aGk=\n" },
    { $bytes: null },
    { $object: [] },
    { $object: "x" },
    { deep: [{ $int64: "" }] },
  ]) {
    try {
      untaggedPayload(wrong);
      assert.unreachable(JSON.stringify(wrong));
    } catch (error) {
      assert.ok(isKronError(error, "KRON_PAYLOAD_INVALID"), JSON.stringify(wrong));
    }
  }
});

test("nesting without end is refused, and members with special names stay what they are", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(10_000)}${"]".repeat(10_000)}`);
  assert.throws(
    () => untaggedPayload(deep),
    (error: unknown) => isKronError(error, "KRON_PAYLOAD_INVALID"),
  );
  const named = untaggedPayload(JSON.parse('{"__proto__":{"x":1}}')) as object;
  assert.equal(Object.keys(named), ["__proto__"]);
  assert.is(Object.getPrototypeOf(named), Object.prototype);
});

test.run();

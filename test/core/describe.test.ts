import * as assert from "uvu/assert";
import { codePointName, describe, quote, unsafeCharacterAt } from "../../src/core/describe.ts";
import { suite } from "../support/suite.ts";

const test = suite("describe");

test("describe() tells what a value is", () => {
  class Account {}
  const cases: readonly (readonly [unknown, string])[] = [
    ["a", '"a"'],
    [1.5, "1.5"],
    [-0, "-0"],
    [Number.NaN, "NaN"],
    [5n, "a bigint"],
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    [Symbol("x"), "a symbol"],
    [() => 1, "a function"],
    [[1], "an array"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [new Date(0), "a Date"],
    [new Account(), "an Account"],
    [{ constructor: { name: "x" } }, "an object"],
    [{ constructor: Object.defineProperty(() => 1, "name", { value: "a\u001b[2J" }) }, "an object"],
  ];
  for (const [value, shown] of cases) assert.is(describe(value), shown);
});

test("quote() cuts long text and escapes what a terminal would act on", () => {
  assert.is(quote("x".repeat(60)), `"${"x".repeat(60)}"`);
  assert.is(quote("x".repeat(61)), `"${"x".repeat(60)}…"`);
  assert.is(quote('a"\n\u001b\u009b\u202e\u2028\ud800'), '"a\\"\\n\\u001b\\u009b\\u202e\\u2028\\ud800"');
});

test("unsafeCharacterAt() finds controls, separators and bidirectional controls", () => {
  for (const code of [0, 0x1f, 0x7f, 0x9f, 0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069])
    assert.is(unsafeCharacterAt(`ab${String.fromCharCode(code)}`), 2, codePointName(code));
  for (const code of [0x20, 0x7e, 0xa0, 0x61b, 0x200d, 0x2010, 0x2027, 0x202f, 0x2065, 0x206a])
    assert.is(unsafeCharacterAt(`ab${String.fromCharCode(code)}`), -1, codePointName(code));
});

test("codePointName() writes at least four digits", () => {
  assert.is(codePointName(0x9), "U+0009");
  assert.is(codePointName(0x202e), "U+202E");
  assert.is(codePointName(0x1f600), "U+1F600");
});

test.run();

import * as assert from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { isHoldableId, parseTimerId } from "../../src/core/timer-id.ts";
import { suite } from "../support/suite.ts";

const test = suite("timer-id");

test("parseTimerId() takes visible names up to 200 bytes", () => {
  for (const id of [
    "a",
    "reports:daily",
    "invite reminder/42",
    "<img onerror=x>",
    "été",
    "😀",
    "x".repeat(200),
    "é".repeat(100),
  ])
    assert.is(parseTimerId(id), id);
  assert.is(parseTimerId("__proto__"), "__proto__");
});

test("parseTimerId() refuses what cannot name a timer and says why", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["", /got an empty text/],
    ["x".repeat(201), /got a longer one/],
    ["é".repeat(101), /got a longer one/],
    [`${"x".repeat(199)}é`, /got a longer one/],
    ["a\ud800", /half of a surrogate pair/],
    ["a\u0000", /with U\+0000 in it/],
    ["a\nb", /with U\+000A in it/],
    ["\u001b[2J", /with U\+001B in it/],
    ["a\u007f", /with U\+007F in it/],
    ["a\u009bb", /with U\+009B in it/],
    ["a\u2028b", /with U\+2028 in it/],
    ["a\u2029", /with U\+2029 in it/],
    ["a\u202eb", /with U\+202E in it/],
    ["a\u2066b", /with U\+2066 in it/],
    [" a", /white space at an end/],
    ["a ", /white space at an end/],
    ["   ", /white space at an end/],
    ["\u00a0a", /white space at an end/],
    ["\ufeffa", /white space at an end/],
    [undefined, /got undefined/],
    [null, /got null/],
    [5, /got 5/],
    [["a"], /got an array/],
    [new String("a"), /got a String/],
    [{ toString: () => "a" }, /got an object/],
    [Symbol("a"), /got a symbol/],
  ];
  for (const [id, why] of cases) {
    try {
      parseTimerId(id);
    } catch (error) {
      assert.ok(isKronError(error, "KRON_ID_INVALID"));
      assert.match(error.message, /^Expected a timer id to be a text of 1 to 200 bytes, got /);
      assert.match(error.message, why);
      assert.ok(error.hint);
      continue;
    }
    assert.unreachable(String(why));
  }
});

test("isHoldableId() asks for 1 to 200 bytes of well-formed text and nothing else", () => {
  for (const id of ["a", " ", "a".repeat(200), "ā".repeat(100), "🙂".repeat(50)]) assert.ok(isHoldableId(id), id);
  for (const id of ["", "a".repeat(201), "ā".repeat(101), "🙂".repeat(50).slice(1)])
    assert.not.ok(isHoldableId(id), id);
});

test.run();

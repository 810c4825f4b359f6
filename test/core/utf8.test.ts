import fc from "fast-check";
import * as assert from "uvu/assert";
import { utf8Length } from "../../src/core/utf8.ts";
import { suite } from "../support/suite.ts";

const test = suite("utf8");

test("utf8Length() counts bytes", () => {
  for (const text of [
    "",
    "a",
    "\u007f",
    "\u0080",
    "é",
    "\u07ff",
    "\u0800",
    "€",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "😀",
    "a😀é",
  ])
    assert.is(utf8Length(text), Buffer.byteLength(text), text);
});

test("utf8Length() tells half a surrogate pair", () => {
  for (const text of [
    "\ud800",
    "\udc00",
    "a\ud83d",
    "\ud83da",
    "\ude00\ud83d",
    "\ud83d\ud83d\ude00",
    "\udfff",
    "\ud800\ue000",
  ])
    assert.is(utf8Length(text), -1);
});

test("utf8Length() agrees with Buffer on any text", () => {
  const units = fc.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7fe, max: 0xe001 })), { maxLength: 8 });
  fc.assert(
    fc.property(units, (codes) => {
      const text = String.fromCharCode(...codes);
      // Encoding replaces what is not well formed, so only well-formed text survives a round trip.
      const isWellFormed = Buffer.from(text).toString() === text;
      assert.is(utf8Length(text), isWellFormed ? Buffer.byteLength(text) : -1);
    }),
    { numRuns: 2_000 },
  );
});

test.run();

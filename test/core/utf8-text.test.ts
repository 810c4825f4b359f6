import fc from "fast-check";
import * as assert from "uvu/assert";
import { readUtf8, writeUtf8 } from "../../src/core/utf8-text.ts";
import { suite } from "../support/suite.ts";

const test = suite("utf8-text");

function written(text: string): Uint8Array {
  const bytes = new Uint8Array(3 * text.length + 2);
  return bytes.subarray(1, writeUtf8(text, bytes, 1));
}

test("writeUtf8() writes what TextEncoder writes, and readUtf8() reads it", () => {
  const edges = [
    "",
    "\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}",
    "12345678",
    "1234567ā",
    "ā12345678",
    "1234567🙂8",
  ];
  for (const text of edges) {
    assert.equal([...written(text)], [...new TextEncoder().encode(text)]);
    assert.is(readUtf8(written(text), 0, written(text).length), text);
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const bytes = written(text);
      assert.equal([...bytes], [...new TextEncoder().encode(text)]);
      assert.is(readUtf8(bytes, 0, bytes.length), text);
    }),
    { includeErrorInReport: true },
  );
});

test("half of a surrogate pair comes back as it was", () => {
  for (const text of ["\ud800", "a\udfff", "\udc00\ud800", "\ud83da", "ā\ud83d"]) {
    const bytes = written(text);
    assert.is(readUtf8(bytes, 0, bytes.length), text);
  }
});

test("readUtf8() stays between its bounds", () => {
  const bytes = new TextEncoder().encode("abcdefghijklmnopqrstu");
  assert.is(readUtf8(bytes, 2, 20), "cdefghijklmnopqrst");
  assert.is(readUtf8(bytes, 2, 2), "");
});

test.run();

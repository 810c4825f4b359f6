import * as assert from "uvu/assert";
import { displayWidth, fitted } from "../../src/core/display-width.ts";
import { suite } from "../support/suite.ts";

const test = suite("display width");

test("displayWidth() counts columns", () => {
  assert.is(displayWidth("abc"), 3);
  assert.is(displayWidth("日本"), 4);
  assert.is(displayWidth("e\u0301"), 1);
  assert.is(displayWidth("😀ü"), 3);
  assert.is(displayWidth("✅⌚"), 4);
  assert.is(displayWidth("✓\ufe0e"), 1);
  assert.is(displayWidth("\u1112\u1161\u11ab"), 2);
  assert.is(displayWidth("\u00ad\u200b"), 1);
  assert.is(displayWidth("\u1100한\uf900\ufe30\uff01\uffe0\u{20000}"), 14);
});

test("fitted() never exceeds its columns", () => {
  assert.is(fitted("abcd", 4), "abcd");
  assert.is(fitted("abcde", 4), "abc…");
  assert.is(fitted("日本語", 4), "日…");
  assert.is(fitted("日本語", 2), "…");
  assert.is(fitted("ab", 1), "…");
  assert.is(fitted("ab", 0), "");
});

test.run();

import assert from "node:assert/strict";
import { nearestWord } from "../../src/core/suggest.ts";
import { suite } from "../support/suite.ts";

const test = suite("suggest");

test("nearestWord() finds a word one edit away per three letters", () => {
  const words = ["Europe/Riga", "Europe/Rome", "UTC", "America/New_York"];
  assert.equal(nearestWord("europe/riga", words), "Europe/Riga");
  assert.equal(nearestWord("Europe/Rgia", words), "Europe/Riga");
  assert.equal(nearestWord("Amerca/NewYork", words), "America/New_York");
  assert.equal(nearestWord("Mars/Olympus", words), undefined);
  assert.equal(nearestWord("UC", words), undefined);
});

test("nearestWord() counts a swap of neighbours as one edit", () => {
  assert.equal(nearestWord("UCT", ["UTC"]), "UTC");
  assert.equal(nearestWord("TUC", ["UTC"]), "UTC");
  assert.equal(nearestWord("CUT", ["UTC"]), undefined);
});

test("nearestWord() does not compare empty or very long words", () => {
  assert.equal(nearestWord("", ["a", ""]), undefined);
  assert.equal(nearestWord("x".repeat(65), ["x".repeat(65)]), undefined);
  assert.equal(nearestWord("x".repeat(64), ["x".repeat(64)])?.length, 64);
});

test.run();

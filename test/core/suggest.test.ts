import assert from "node:assert/strict";
import { didYouMean, didYouMeanRun, nearestWord } from "../../src/core/suggest.ts";
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

test("didYouMean() is a hint, in the quotes that are asked for, or nothing", () => {
  assert.equal(didYouMean("lst", ["list", "logs"]), "Did you mean list?");
  assert.equal(
    didYouMean("lst", ["list"], (word) => `"${word}"`),
    'Did you mean "list"?',
  );
  assert.equal(didYouMean("frobnicate", ["list"]), undefined);
});

test("didYouMeanRun() compares what is behind the zeros", () => {
  const runIds = ["run_00000000a1", "run_00000012zz"];
  for (const word of ["a1", "A1", "run_a1", "run-a1", "run_000a1", "00000000a1"]) {
    assert.equal(didYouMeanRun(word, runIds), "Did you mean run_00000000a1?", word);
  }
  assert.equal(didYouMeanRun("run_00000012zy", runIds), "Did you mean run_00000012zz?");
  assert.equal(didYouMeanRun("run_00000000a2", runIds), undefined, "another run altogether");
  assert.equal(didYouMeanRun("run_", runIds), undefined);
});

test.run();

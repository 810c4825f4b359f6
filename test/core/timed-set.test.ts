import * as assert from "uvu/assert";
import { TimedSet } from "../../src/core/timed-set.ts";
import { suite } from "../support/suite.ts";

const test = suite("timed-set");

test("takeDue() gives items by due time, once each, and none early", () => {
  const set = new TimedSet<string>();
  set.add("later", 20);
  set.add("sooner", 10);
  assert.is(set.size, 2);
  assert.is(set.peekDueMs(), 10);
  assert.is(set.takeDue(9), undefined);
  assert.is(set.takeDue(10), "sooner");
  assert.is(set.takeDue(10), undefined);
  assert.is(set.takeDue(20), "later");
  assert.is(set.size, 0);
});

test("remove() lets go of an item once", () => {
  const set = new TimedSet<string>();
  const handle = set.add("a", 10);
  set.remove(handle);
  set.remove(handle);
  assert.is(set.takeDue(10), undefined);
  assert.is(set.add("b", 5), handle);
  assert.is(set.takeDue(5), "b");
});

test("an empty set has nothing due, not even at the end of time", () => {
  const set = new TimedSet<string>();
  assert.is(set.peekDueMs(), Number.POSITIVE_INFINITY);
  assert.is(set.takeDue(Number.POSITIVE_INFINITY), undefined);
  assert.is(set.add("a", 1), 0);
});

test.run();

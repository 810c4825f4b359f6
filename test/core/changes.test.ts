import * as assert from "uvu/assert";
import { Changes, slotsPerPage } from "../../src/core/changes.ts";
import { suite } from "../support/suite.ts";

const test = suite("changes");

const none = (): void => undefined;

test("a page counts as changed once, whichever of its slots are touched", () => {
  const changes = new Changes();
  for (const slot of [0, 1, slotsPerPage - 1, slotsPerPage, 5 * slotsPerPage]) changes.touch(slot);
  changes.touchPayload(1);
  assert.is(changes.pageCount, 3);
  const taken = changes.freeze(none);
  assert.equal([taken.pages, [...taken.payloads]], [[0, 1, 5], [1]]);
  assert.is(changes.pageCount, 0);
});

test("a frozen page is captured before it changes again, once, and one that was written is not", () => {
  const changes = new Changes();
  for (const page of [0, 1, 2]) changes.touch(page * slotsPerPage);
  const captured: number[] = [];
  const taken = changes.freeze((page) => {
    captured.push(page);
    changes.release(page);
  });
  changes.release(0);
  changes.touch(0);
  changes.touch(slotsPerPage);
  changes.touch(slotsPerPage + 1);
  changes.touch(9 * slotsPerPage);
  assert.equal(captured, [1]);
  assert.equal(
    [0, 1, 2, 9].map((page) => changes.isFrozen(page)),
    [false, false, true, false],
  );
  changes.release(2);
  changes.thaw(taken, true);
  assert.equal(changes.freeze(none).pages, [0, 1, 9]);
});

test("when a checkpoint fails, all that it took counts as changed again, each page once", () => {
  const changes = new Changes();
  for (const page of [0, 1, 2]) changes.touch(page * slotsPerPage);
  changes.touchPayload(7);
  const taken = changes.freeze((page) => changes.release(page));
  changes.release(1);
  changes.touch(0);
  changes.touchPayload(8);
  changes.thaw(taken, false);
  const again = changes.freeze(none);
  assert.equal(
    [[...again.pages].sort(), [...again.payloads].sort()],
    [
      [0, 1, 2],
      [7, 8],
    ],
  );
});

test("two checkpoints at a time are a mistake", () => {
  const changes = new Changes();
  const taken = changes.freeze(none);
  assert.throws(() => changes.freeze(none), /one checkpoint/);
  changes.thaw(taken, true);
  changes.thaw(changes.freeze(none), true);
});

test.run();

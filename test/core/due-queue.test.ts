import fc from "fast-check";
import * as assert from "uvu/assert";
import { AssertionError } from "../../src/core/assert.ts";
import { DueQueue, dueQueueItemMax } from "../../src/core/due-queue.ts";
import { suite } from "../support/suite.ts";

const test = suite("due-queue");

function drain(queue: DueQueue): number[] {
  const items: number[] = [];
  for (let item = queue.pop(); item >= 0; item = queue.pop()) items.push(item);
  return items;
}

test("an empty queue has no first item", () => {
  const queue = new DueQueue();
  assert.is(queue.size, 0);
  assert.is(queue.peek(), -1);
  assert.is(queue.pop(), -1);
  assert.is(queue.peekDueMs(), Number.POSITIVE_INFINITY);
  assert.is(queue.has(0), false);
  assert.is(queue.has(1_000_000), false);
  assert.is(queue.dueOf(0), undefined);
  assert.is(queue.dueOf(1_000_000), undefined);
  assert.is(queue.remove(0), false);
  assert.is(queue.remove(1_000_000), false);
});

test("countUntil() counts what is due, the instant itself included", () => {
  const queue = new DueQueue();
  assert.is(queue.countUntil(Number.POSITIVE_INFINITY), 0);
  for (let item = 0; item < 100; item++) queue.set(item, Math.floor(item / 10));
  assert.equal(
    [-1, 0, 4.5, 9, 100].map((dueMs) => queue.countUntil(dueMs)),
    [0, 10, 50, 100, 100],
  );
});

test("pop() gives items in the order they are due", () => {
  const queue = new DueQueue();
  for (const [item, dueMs] of [
    [4, 50],
    [1, 10],
    [2, -5],
    [0, 30],
  ] as const)
    queue.set(item, dueMs);
  assert.is(queue.size, 4);
  assert.is(queue.peek(), 2);
  assert.is(queue.peekDueMs(), -5);
  assert.equal(drain(queue), [2, 1, 0, 4]);
  assert.is(queue.size, 0);
});

test("set() moves an item that is already in, both ways", () => {
  const queue = new DueQueue();
  for (let item = 0; item < 40; item++) queue.set(item, 100 + item);
  queue.set(39, 1);
  assert.is(queue.peek(), 39);
  queue.set(39, 1_000);
  queue.set(0, 500);
  assert.is(queue.dueOf(0), 500);
  assert.is(queue.size, 40);
  assert.equal(drain(queue).slice(-2), [0, 39]);
});

test("of equal due times the smaller item comes first, whatever the order of insertion", () => {
  for (const order of [
    [0, 1, 2, 3, 4, 5, 6, 7],
    [7, 6, 5, 4, 3, 2, 1, 0],
    [3, 7, 1, 5, 0, 2, 6, 4],
  ]) {
    const queue = new DueQueue(1);
    for (const item of order) queue.set(item, 1_000);
    assert.equal(drain(queue), [0, 1, 2, 3, 4, 5, 6, 7]);
  }
});

test("remove() of an item whose place is filled from another branch keeps the order", () => {
  // The last item of the heap may be due before the parent of the hole that it fills.
  const queue = new DueQueue();
  const dues = [0, 100, 1, 2, 3, 101, 102, 103, 104, 4, 5, 6, 7];
  for (const [item, dueMs] of dues.entries()) queue.set(item, dueMs);
  assert.is(queue.remove(5), true);
  assert.is(queue.remove(5), false);
  assert.is(queue.has(5), false);
  assert.equal(
    drain(queue).map((item) => dues[item]),
    [0, 1, 2, 3, 4, 5, 6, 7, 100, 102, 103, 104],
  );
});

test("the queue grows past its first capacity by items and by count", () => {
  const queue = new DueQueue(2);
  queue.set(100_000, 7);
  for (let item = 0; item < 1_000; item++) queue.set(item, item);
  assert.is(queue.size, 1_001);
  assert.is(queue.dueOf(100_000), 7);
  assert.equal(drain(queue).slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 100_000, 8]);
});

test("what is not a slot number, a finite due time or a capacity is a programming error", () => {
  const queue = new DueQueue();
  for (const item of [-1, 1.5, Number.NaN, dueQueueItemMax]) assert.throws(() => queue.set(item, 0), isAssertion);
  for (const dueMs of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    assert.throws(() => queue.set(0, dueMs), isAssertion);
  for (const capacity of [0, -1, 0.5, dueQueueItemMax + 1]) assert.throws(() => new DueQueue(capacity), isAssertion);
  assert.is(queue.size, 0);
});

function isAssertion(error: unknown): boolean {
  return error instanceof AssertionError;
}

test("the queue behaves as a list sorted by due time and item", () => {
  // Few distinct items and due times, so that moves, removals and ties are common.
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant("set"), fc.nat(60), fc.integer({ min: -9, max: 30 })) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("remove"), fc.nat(70), fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("pop"), fc.constant(0), fc.constant(0)) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new DueQueue(1);
      const model = new Map<number, number>();
      for (const [verb, item, dueMs] of steps) {
        const first = firstOf(model);
        if (verb === "set") {
          queue.set(item, dueMs);
          model.set(item, dueMs);
        } else if (verb === "remove") {
          assert.is(queue.remove(item), model.delete(item));
        } else {
          assert.is(queue.pop(), first);
          model.delete(first);
        }
        assert.is(queue.size, model.size);
        assert.is(queue.peek(), firstOf(model));
        assert.is(queue.peekDueMs(), model.get(firstOf(model)) ?? Number.POSITIVE_INFINITY);
        assert.is(queue.has(item), model.has(item));
        assert.is(queue.dueOf(item), model.get(item));
        assert.is(queue.countUntil(dueMs), [...model.values()].filter((otherMs) => otherMs <= dueMs).length);
      }
      assert.equal(drain(queue), sorted(model));
    }),
    { numRuns: 300 },
  );
});

function sorted(model: ReadonlyMap<number, number>): number[] {
  return [...model].sort(([a, aDue], [b, bDue]) => aDue - bDue || a - b).map(([item]) => item);
}

function firstOf(model: ReadonlyMap<number, number>): number {
  return sorted(model)[0] ?? -1;
}

test.run();

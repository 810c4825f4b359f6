import fc from "fast-check";
import * as assert from "uvu/assert";
import { FreeRows } from "../../src/core/free-rows.ts";
import { suite } from "../support/suite.ts";

const test = suite("free-rows");

test("take() of none is -1", () => {
  const free = new FreeRows();
  assert.is(free.take(), -1);
  free.add(0);
  assert.equal([free.count, free.take(), free.take(), free.count], [1, 0, -1, 0]);
});

test("rows come in order from where the last one was taken, then from the beginning", () => {
  const free = new FreeRows();
  for (const row of [70_000, 5, 31, 32, 1_024]) free.add(row);
  assert.equal([free.take(), free.take()], [5, 31]);
  free.add(4);
  assert.equal(
    [1, 2, 3, 4].map(() => free.take()),
    [32, 1_024, 70_000, 4],
  );
  assert.is(free.take(), -1);
});

test("behind the last row of all the search begins anew", () => {
  const free = new FreeRows();
  // 1,023 is the last there is room for at first.
  free.add(1_023);
  assert.is(free.take(), 1_023);
  free.add(3);
  assert.is(free.take(), 3);
});

test("agrees with a plain set, whatever is added and taken", () => {
  // Rows close together, on both sides of a word, and far apart.
  const row = fc.oneof(fc.nat(40), fc.nat(3_000), fc.nat(2 ** 20));
  fc.assert(
    fc.property(fc.array(fc.option(row, { freq: 2 }), { maxLength: 200, size: "max" }), (steps) => {
      const free = new FreeRows();
      const model = new Set<number>();
      let hand = 0;
      for (const step of steps) {
        if (step === null) {
          const sorted = [...model].sort((a, b) => a - b);
          const expected = sorted.find((one) => one >= hand) ?? sorted[0] ?? -1;
          assert.is(free.take(), expected);
          model.delete(expected);
          if (expected !== -1) hand = expected;
        } else if (!model.has(step)) {
          free.add(step);
          model.add(step);
        }
        assert.is(free.count, model.size);
      }
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});

test.run();

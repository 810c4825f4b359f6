import fc from "fast-check";
import * as assert from "uvu/assert";
import { byteColumn, floatColumn, wordColumn } from "../../src/core/column.ts";
import { suite } from "../support/suite.ts";

const test = suite("column");

test("a slot never set reads as 0, also beyond the end", () => {
  const column = floatColumn();
  assert.is(column.get(0), 0);
  assert.is(column.get(1_000_000), 0);
});

test("set() grows the column and keeps what it held", () => {
  const column = floatColumn();
  column.set(63, 1.5);
  column.set(64, 2 ** 53);
  column.set(100_000, -1);
  assert.equal(
    [63, 64, 65, 100_000].map((slot) => column.get(slot)),
    [1.5, 2 ** 53, 0, -1],
  );
});

test("a column holds the same as a map, over all its chunks", () => {
  const slot = fc.oneof(fc.nat(200), fc.nat(70_000));
  fc.assert(
    fc.property(fc.array(fc.tuple(slot, fc.nat(3)), { maxLength: 60 }), (steps) => {
      const column = floatColumn();
      const model = new Map<number, number>();
      for (const [at, value] of steps) {
        column.set(at, value);
        model.set(at, value);
        for (const near of [at - 1, at, at + 1]) {
          if (near >= 0) assert.is(column.get(near), model.get(near) ?? 0, `slot ${near}`);
        }
      }
      for (const [at, value] of model) assert.is(column.get(at), value, `slot ${at}`);
    }),
    { includeErrorInReport: true },
  );
});

test("a slot can be set on both sides of every edge", () => {
  for (const edge of [64, 128, 8_192, 16_384, 32_768]) {
    const column = wordColumn();
    for (const at of [edge - 1, edge]) column.set(at, at);
    assert.equal(
      [column.get(edge - 2), column.get(edge - 1), column.get(edge), column.get(edge + 1)],
      [0, edge - 1, edge, 0],
    );
  }
});

test("zeros and sparse values cost no memory", () => {
  const before = process.memoryUsage().arrayBuffers;
  const column = floatColumn();
  for (let slot = 0; slot < 1_000_000; slot++) column.set(slot, 0);
  column.set(999_999, 1);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
  column.set(999_999, 0);
  assert.is(column.get(999_999), 0);
});

test("add() counts from what is there", () => {
  const column = wordColumn();
  column.add(200, 3);
  column.add(200, -1);
  assert.is(column.get(200), 2);
});

test("each column holds numbers of its width", () => {
  for (const [column, max] of [
    [wordColumn(), 2 ** 32 - 1],
    [byteColumn(), 255],
  ] as const) {
    column.set(0, max);
    assert.is(column.get(0), max);
  }
});

test.run();

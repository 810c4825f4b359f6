import * as assert from "uvu/assert";
import { byteColumn, floatColumn, shortColumn, wordColumn } from "../../src/core/column.ts";
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

test("add() counts from what is there", () => {
  const column = wordColumn();
  column.add(200, 3);
  column.add(200, -1);
  assert.is(column.get(200), 2);
});

test("each column holds numbers of its width", () => {
  for (const [column, max] of [
    [wordColumn(), 2 ** 32 - 1],
    [shortColumn(), 65_535],
    [byteColumn(), 255],
  ] as const) {
    column.set(0, max);
    assert.is(column.get(0), max);
  }
});

test.run();

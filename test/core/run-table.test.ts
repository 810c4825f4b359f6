import * as assert from "uvu/assert";
import type { Run } from "../../src/core/run.ts";
import { RunTable } from "../../src/core/run-table.ts";
import { suite } from "../support/suite.ts";

const test = suite("run table");

function run(id: number, slot: number): Run {
  return { id, slot } as Run;
}

test("runs are found by id and by timer, in the order in which they were made", () => {
  const table = new RunTable();
  const runs = [run(1, 7), run(2, 8), run(3, 7), run(4, 7)];
  for (const one of runs) table.add(one);
  assert.is(table.size, 4);
  assert.is(table.get(3), runs[2]);
  assert.ok(table.has(4));
  assert.not.ok(table.has(5));
  assert.equal([...table.keys()], [1, 2, 3, 4]);
  assert.equal([...table.values()], runs);
  assert.equal(table.ofSlot(7), [runs[0], runs[2], runs[3]]);
  assert.equal(table.ofSlot(8), [runs[1]]);
  assert.equal(table.ofSlot(9), []);
});

test("remove() forgets a run, and what ofSlot() gave stays as it was", () => {
  const table = new RunTable();
  const runs = [run(1, 7), run(2, 7), run(3, 8)];
  for (const one of runs) table.add(one);
  const before = table.ofSlot(7);
  for (const one of runs) table.remove(one);
  assert.equal(before, [runs[0], runs[1]]);
  assert.equal(table.ofSlot(7), []);
  assert.equal(table.ofSlot(8), []);
  assert.is(table.size, 0);
});

test("remove() of a run that is not held changes nothing", () => {
  const table = new RunTable();
  const held = [run(1, 7), run(2, 7), run(3, 8)];
  for (const one of held) table.add(one);
  for (const slot of [7, 8, 9]) table.remove(run(99, slot));
  assert.equal(table.ofSlot(7), held.slice(0, 2));
  assert.equal(table.ofSlot(8), held.slice(2));
  assert.is(table.size, 3);
});

test.run();

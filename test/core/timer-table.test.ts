import fc from "fast-check";
import * as assert from "uvu/assert";
import { TimerTable } from "../../src/core/timer-table.ts";
import { suite } from "../support/suite.ts";

const test = suite("timer-table");

test("a reference names its timer until that is removed, and never the next one in its slot", () => {
  const table = new TimerTable();
  const slot = table.insert("a");
  const reference = table.reference(slot);
  assert.is(table.resolve(reference), slot);
  assert.is(table.resolve(reference + 1), undefined);
  table.remove(slot);
  assert.is(table.resolve(reference), undefined);
  assert.is(table.insert("b"), slot);
  assert.is(table.resolve(reference), undefined);
  assert.is(table.reference(slot), 2 ** 24 + slot);
  assert.is(table.slotOf("a"), undefined);
  assert.is(table.idOf(slot), "b");
  for (const stale of [-1, 0.5, 2 ** 24 - 1, Number.MAX_SAFE_INTEGER]) assert.is(table.resolve(stale), undefined);
});

test("a removed timer leaves nothing behind in its slot", () => {
  const table = new TimerTable();
  const slot = table.insert("a");
  table.nextAtMs.set(slot, 5);
  table.liveRuns.set(slot, 6);
  table.setPayload(slot, { a: 1 });
  table.noteRetry(slot, 3_600_000);
  assert.is(table.retriesIn7Days(slot, 3_600_000), 1);
  assert.is(table.retryNumbers(slot).length, 169);
  table.remove(slot);
  assert.ok(
    table
      .numbers(slot)
      .slice(1)
      .every((number) => number === 0),
  );
  assert.is(table.payload(slot), undefined);
  assert.is(table.retriesIn7Days(slot, 3_600_000), 0);
  assert.equal(table.retryNumbers(slot), []);
  assert.equal(table.freeSlots, [slot]);
  assert.is(table.size, 0);
  assert.is(table.slotCount, 1);
});

test("null and undefined both mean no payload", () => {
  const table = new TimerTable();
  for (const none of [null, undefined]) {
    table.setPayload(0, 1);
    table.setPayload(0, none);
    assert.is(table.payload(0), undefined);
  }
});

test("a table is full at its limit, and room comes back with a removal", () => {
  const table = new TimerTable({ timersMax: 2 });
  table.insert("a");
  assert.not.ok(table.isFull);
  table.insert("b");
  assert.ok(table.isFull);
  assert.throws(() => table.insert("c"), /there is room/);
  table.remove(0);
  assert.not.ok(table.isFull);
  assert.throws(() => table.insert("b"), /is new/);
  assert.throws(() => table.remove(7), /holds a timer/);
});

test("a slot given out as often as references can count is left empty for good", () => {
  const table = new TimerTable({ generationMax: 1, timersMax: 2 });
  for (const id of ["a", "b"]) {
    assert.is(table.insert(id), 0);
    table.remove(0);
  }
  assert.equal(table.freeSlots, []);
  assert.is(table.insert("c"), 1);
  assert.ok(table.isFull);
});

test("limits beyond what references can hold are a mistake", () => {
  assert.throws(() => new TimerTable({ timersMax: 2 ** 24 + 1 }), /references are exact/);
  assert.throws(() => new TimerTable({ generationMax: 2 ** 29 }), /references are exact/);
  assert.ok(Number.isSafeInteger((2 ** 29 - 1) * 2 ** 24 + 2 ** 24 - 1));
});

test("ids, slots and references agree with a map of them, whatever is inserted and removed", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(20)), { maxLength: 200, size: "max" }), (steps) => {
      const table = new TimerTable();
      const held = new Map<string, number>();
      const stale: number[] = [];
      for (const [inserts, n] of steps) {
        const id = `t${n}`;
        const slot = table.slotOf(id);
        if (inserts && slot === undefined) held.set(id, table.reference(table.insert(id)));
        if (!inserts && slot !== undefined) {
          stale.push(held.get(id) as number);
          held.delete(id);
          table.remove(slot);
        }
        assert.is(table.size, held.size);
        for (const [name, reference] of held) assert.is(table.resolve(reference), table.slotOf(name));
        for (const reference of stale) assert.is(table.resolve(reference), undefined);
      }
    }),
    { numRuns: 100, includeErrorInReport: true },
  );
});

test("a table put back slot by slot is the one it was copied from", () => {
  const table = new TimerTable({ generationMax: 1 });
  for (const id of ["a", "b", "c", "d", "e"]) table.insert(id);
  table.nextAtMs.set(0, 5);
  table.noteRetry(0, 3_600_000);
  for (const id of ["e", "c", "b"]) table.remove(table.slotOf(id) ?? -1);
  // "x" gets the slot of "b", which is given out no further time.
  table.insert("x");
  table.remove(table.slotOf("x") ?? -1);
  const again = new TimerTable({ generationMax: 1 });
  again.reserve(table.size);
  const numbers = new Float64Array(table.numberCount);
  const bytes = new Uint8Array(255);
  for (let slot = 0; slot < table.slotCount; slot++) {
    table.copyNumbers(slot, numbers);
    if (table.has(slot)) {
      assert.is(table.copyId(slot, bytes, 7), 7 + table.idByteLength(slot));
      assert.ok(again.restore(slot, bytes, 7, 7 + table.idByteLength(slot), numbers));
    } else again.restoreEmpty(slot, numbers[0] ?? 0, table.freePlace(slot));
  }
  again.restoreRetries(0, table.retryNumbers(0));
  assert.equal(again.freeSlots, table.freeSlots);
  assert.is(again.freeSlots.length, 2);
  for (let slot = 0; slot < table.slotCount; slot++) {
    assert.equal(again.numbers(slot), table.numbers(slot));
    assert.is(again.idOf(slot), table.idOf(slot));
    assert.equal(again.retryNumbers(slot), table.retryNumbers(slot));
  }
  assert.is(again.nextSlot, table.nextSlot);
  assert.not.ok(again.restore(table.slotCount, new TextEncoder().encode("d"), 0, 1, numbers));
});

test.run();

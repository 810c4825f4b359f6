import fc from "fast-check";
import * as assert from "uvu/assert";
import { idHash } from "../../src/core/id-hash.ts";
import { IdTable } from "../../src/core/id-table.ts";
import { suite } from "../support/suite.ts";

const test = suite("id-table");

const encoder = new TextEncoder();
const decoder = new TextDecoder();

test("an id is found by its slot and its slot by the id, until it is removed", () => {
  const table = new IdTable();
  table.insert(5, "reports:daily");
  assert.is(table.slotOf("reports:daily"), 5);
  assert.is(table.idOf(5), "reports:daily");
  assert.ok(table.has(5));
  assert.is(table.size, 1);
  for (const other of ["reports:dail", "reports:daily ", "", "a".repeat(256)])
    assert.is(table.slotOf(other), undefined);
  table.remove(5);
  assert.is(table.slotOf("reports:daily"), undefined);
  assert.is(table.idOf(5), undefined);
  assert.not.ok(table.has(5));
  assert.is(table.size, 0);
});

test("ids go in and out as bytes too", () => {
  const table = new IdTable();
  const bytes = encoder.encode("x žurnāls 📅 x");
  table.insertBytes(2, bytes, 2, bytes.length - 2);
  assert.is(table.idOf(2), "žurnāls 📅");
  assert.is(table.slotOf("žurnāls 📅"), 2);
  assert.is(table.byteLengthOf(2), bytes.length - 4);
  assert.is(table.byteLengthOf(3), 0);
  const copy = new Uint8Array(bytes.length);
  assert.is(table.copyInto(2, copy, 4), bytes.length);
  assert.is(decoder.decode(copy.subarray(4)), "žurnāls 📅");
  assert.throws(() => table.copyInto(2, copy, 5), /room for the id/);
  assert.throws(() => table.copyInto(3, copy, 0), /holds an id/);
});

test("an id looked for in vain and then inserted is the one that was asked for", () => {
  const table = new IdTable();
  table.insert(0, "held");
  for (const between of ["held", "other", "x".repeat(300)]) {
    const slot = table.size;
    assert.is(table.slotOf(`new-${slot}`), undefined);
    table.slotOf(between);
    table.insert(slot, `new-${slot}`);
    assert.is(table.slotOf(`new-${slot}`), slot);
    assert.is(table.idOf(slot), `new-${slot}`);
  }
  assert.is(table.slotOf("twice"), undefined);
  table.insertBytes(7, encoder.encode("twice"), 0, 5);
  assert.throws(() => table.insert(8, "twice"), /id is new/);
});

test("what cannot be held is a mistake, and changes nothing", () => {
  const table = new IdTable();
  table.insert(0, "a");
  assert.throws(() => table.insert(0, "b"), /slot is empty/);
  assert.throws(() => table.insert(1, "a"), /id is new/);
  assert.throws(() => table.insert(1, ""), /1 to 255 bytes/);
  assert.throws(() => table.insert(1, "ā".repeat(128)), /1 to 255 bytes/);
  assert.throws(() => table.insert(1, "a".repeat(256)), /at most 255/);
  for (const slot of [-1, 0.5, 2 ** 24]) assert.throws(() => table.insert(slot, "c"), /below 2\^24/);
  assert.throws(() => table.remove(1), /holds an id/);
  assert.is(table.size, 1);
  table.insert(2 ** 24 - 1, "a".repeat(255));
  assert.is(table.slotOf("a".repeat(255)), 2 ** 24 - 1);
});

test("the table agrees with a map, whatever is inserted and removed", () => {
  const text = fc.oneof(fc.nat(60).map(String), fc.string({ minLength: 1, maxLength: 40, unit: "binary" }));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), text), { maxLength: 300, size: "max" }), (steps) => {
      const table = new IdTable();
      const model = new Map<string, number>();
      const slots = new Map<number, string>();
      for (const [slot, id] of steps) {
        const held = slots.get(slot);
        if (held !== undefined) {
          table.remove(slot);
          slots.delete(slot);
          model.delete(held);
        } else if (!model.has(id)) {
          table.insert(slot, id);
          slots.set(slot, id);
          model.set(id, slot);
        }
        assert.is(table.size, model.size);
        assert.is(table.slotOf(id), model.get(id));
      }
      for (let slot = 0; slot <= 40; slot++) assert.is(table.idOf(slot), slots.get(slot));
      for (const [id, slot] of model) assert.is(table.slotOf(id), slot);
    }),
    { numRuns: 200, includeErrorInReport: true },
  );
});

test("100,000 ids come and go, and garbage never outgrows what lives", () => {
  const table = new IdTable();
  const count = 100_000;
  const name = (slot: number, round: number): string => `timer-${round}-${slot}`.padEnd(8 + (slot % 60), ".");
  for (let slot = 0; slot < count; slot++) table.insert(slot, name(slot, 0));
  const full = table.textBytes;
  for (let round = 1; round <= 3; round++) {
    for (let slot = 0; slot < count; slot++) {
      if (slot % 7 === 0) continue;
      table.remove(slot);
      table.insert(slot, name(slot, round));
    }
    assert.ok(table.textBytes < full * 2.1, `${table.textBytes} bytes after ${full}`);
  }
  for (let slot = 0; slot < count; slot++) {
    const id = name(slot, slot % 7 === 0 ? 0 : 3);
    if (table.slotOf(id) !== slot || table.idOf(slot) !== id) assert.unreachable(`slot ${slot} lost its id`);
  }
  for (let slot = 100; slot < count; slot++) table.remove(slot);
  assert.ok(table.textBytes < 500_000, `${table.textBytes} bytes for 100 ids`);
  for (let slot = 0; slot < 100; slot++) assert.is(table.slotOf(name(slot, slot % 7 === 0 ? 0 : 3)), slot);
});

test("a table of ten ids is small", () => {
  const table = new IdTable();
  for (let slot = 0; slot < 10; slot++) table.insert(slot, `timer-${slot}`);
  assert.is(table.textBytes, 1_024);
});

test("ids chosen to share 10 bits of their hash are found like any others", () => {
  const table = new IdTable();
  const chosen: string[] = [];
  for (let n = 0; chosen.length < 1_000; n++) {
    const bytes = encoder.encode(`id-${n}`);
    if ((idHash(bytes, 0, bytes.length) & 1_023) === 0) chosen.push(`id-${n}`);
  }
  chosen.forEach((id, slot) => {
    table.insert(slot, id);
  });
  chosen.forEach((id, slot) => {
    assert.is(table.slotOf(id), slot);
  });
  for (let slot = 0; slot < chosen.length; slot += 2) table.remove(slot);
  chosen.forEach((id, slot) => {
    assert.is(table.slotOf(id), slot % 2 === 0 ? undefined : slot);
  });
});

test("idHash() spreads ids that differ in little over buckets and tags", () => {
  const buckets = new Uint32Array(1_024);
  const tags = new Uint32Array(256);
  const count = 65_536;
  for (let n = 0; n < count; n++) {
    const bytes = encoder.encode(`timer-${n}`);
    const hash = idHash(bytes, 0, bytes.length);
    buckets[hash & 1_023] = (buckets[hash & 1_023] as number) + 1;
    tags[hash >>> 24] = (tags[hash >>> 24] as number) + 1;
  }
  // 64 and 256 are expected; six standard deviations either way.
  assert.ok(Math.max(...buckets) < 112 && Math.min(...buckets) > 16);
  assert.ok(Math.max(...tags) < 352 && Math.min(...tags) > 160);
});

test("idHash() tells a short last word from one that ends in zeros, and sees only the bytes it is given", () => {
  const hash = (...bytes: number[]): number => idHash(Uint8Array.from([9, ...bytes, 9]), 1, bytes.length + 1);
  const hashes = [hash(1), hash(1, 0), hash(1, 0, 0), hash(1, 0, 0, 0), hash(1, 0, 0, 0, 0)];
  assert.is(new Set(hashes).size, 5);
  assert.is(hash(1, 2, 3, 4, 5), idHash(Uint8Array.from([1, 2, 3, 4, 5]), 0, 5));
});

test("a table that was made ready for many is the same as one that grew", () => {
  for (const count of [0, 1, 15, 16, 17, 100, 1_000]) {
    const ready = new IdTable();
    ready.reserve(count);
    for (let slot = 0; slot < 1_500; slot++) ready.insert(slot, `id-${slot}`);
    for (let slot = 0; slot < 1_500; slot++) assert.is(ready.slotOf(`id-${slot}`), slot);
    for (let slot = 0; slot < 1_500; slot += 2) ready.remove(slot);
    assert.equal([ready.slotOf("id-4"), ready.slotOf("id-5"), ready.size], [undefined, 5, 750]);
    assert.throws(() => ready.reserve(5), /empty/);
  }
});

test("tryInsertBytes() leaves everything as it is when the id is taken", () => {
  const table = new IdTable();
  table.insert(3, "a");
  assert.is(table.tryInsertBytes(4, Uint8Array.of(97), 0, 1), false);
  assert.equal([table.has(4), table.size, table.slotOf("a")], [false, 1, 3]);
});

test.run();

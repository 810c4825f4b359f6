import assert from "node:assert/strict";
import fc from "fast-check";
import { BitSet, bitCount, lowestBit } from "../../src/core/bit-set.ts";
import { suite } from "../support/suite.ts";

const test = suite("bit-set");
const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 63 }));

test("BitSet answers as a sorted list of numbers would", () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const set = BitSet.of(values);
      const sorted = [...values].sort((a, b) => a - b);
      assert.deepEqual(set.values(), sorted);
      assert.equal(set.size, sorted.length);
      for (let at = 0; at <= 64; at += 1) {
        assert.equal(set.next(at), sorted.find((value) => value >= at) ?? -1, `next(${at})`);
        assert.equal(set.prev(at - 1), sorted.findLast((value) => value <= at - 1) ?? -1, `prev(${at - 1})`);
        assert.equal(set.countBelow(at), sorted.filter((value) => value < at).length, `countBelow(${at})`);
        if (at < 64) assert.equal(set.has(at), values.includes(at), `has(${at})`);
      }
    }),
  );
});

test("BitSet.key() is equal for equal sets only", () => {
  fc.assert(
    fc.property(numbers, numbers, (some, others) => {
      const same = JSON.stringify([...some].sort()) === JSON.stringify([...others].sort());
      assert.equal(BitSet.of(some).key() === BitSet.of(others).key(), same);
    }),
  );
  assert.equal(BitSet.of([31, 63]).key(), BitSet.of([63, 31, 31]).key());
});

test("bitCount() and lowestBit() take the sign bit as one of 32", () => {
  assert.deepEqual([0, 1, -1, 1 << 31, 0x0f0f0f0f].map(bitCount), [0, 1, 32, 1, 16]);
  assert.deepEqual([1, -1, 1 << 31, 0x0f0f0f00].map(lowestBit), [0, 0, 31, 8]);
});

test.run();

import assert from "node:assert/strict";
import { stableHash } from "../../src/core/hash.ts";
import { suite } from "../support/suite.ts";

const test = suite("hash");

test("stableHash() never changes its answers", () => {
  // Stored schedules depend on these numbers. They may never be edited.
  const answers = ["", "a", "minute", "backup", "Ünïcödé €", "timer-000001"].map((text) => stableHash(text));
  assert.deepEqual(answers, [2872998923, 2448022055, 1868068969, 4247534926, 2860503846, 823328669]);
  assert.equal(stableHash("minute", 42), 4044722502);
});

test("stableHash() spreads similar texts evenly over minutes", () => {
  const counts = new Array<number>(60).fill(0);
  for (let index = 0; index < 60_000; index += 1) {
    const minute = stableHash(`timer-${index}`) % 60;
    counts[minute] = (counts[minute] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(count > 850 && count < 1150, `${count} of 1000 expected`);
});

test("stableHash() gives an unsigned 32-bit number and depends on its seed", () => {
  for (let seed = -5; seed < 1000; seed += 1) {
    const hash = stableHash("x", seed);
    assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32);
    assert.notEqual(hash, stableHash("x", seed + 1));
  }
});

test.run();

/**
 * What the due queue costs with many timers: `node dist/bench/due-queue.js [timers]` (default 1,000,000).
 *
 * Prints nanoseconds an operation, the median of five rounds, and the memory of the arrays.
 */

import { DueQueue } from "../src/core/due-queue.ts";

const timers = Number(process.argv[2] ?? 1_000_000);
const rounds = 5;

/** A small generator of uniform 32-bit numbers (xorshift), so that rounds are alike. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function nanosecondsEach(count: number, work: () => void): number {
  const startedAt = performance.now();
  work();
  return ((performance.now() - startedAt) * 1e6) / count;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(seed: number): Record<string, number> {
  const random = makeRandom(seed);
  const queue = new DueQueue();
  const results: Record<string, number> = {};
  results.insert = nanosecondsEach(timers, () => {
    for (let item = 0; item < timers; item++) queue.set(item, random());
  });
  results.move = nanosecondsEach(timers, () => {
    for (let n = 0; n < timers; n++) queue.set(random() % timers, random());
  });
  results["take and re-arm"] = nanosecondsEach(timers, () => {
    for (let n = 0; n < timers; n++) queue.set(queue.peek(), queue.peekDueMs() + 2 ** 32);
  });
  results["cancel half"] = nanosecondsEach(timers / 2, () => {
    for (let item = 0; item < timers; item += 2) queue.remove(item);
  });
  results["pop the rest"] = nanosecondsEach(queue.size, () => {
    while (queue.pop() >= 0);
  });
  return results;
}

function bytesEach(): number {
  const before = process.memoryUsage().arrayBuffers;
  const queue = new DueQueue(timers);
  queue.set(timers - 1, 0);
  return (process.memoryUsage().arrayBuffers - before) / timers;
}

console.log(`${timers} timers, node ${process.version}, ${bytesEach().toFixed(1)} bytes a timer`);
const all = Array.from({ length: rounds }, (_, index) => round(index + 1));
for (const name of Object.keys(all[0] ?? {})) {
  console.log(`${name.padEnd(18)} ${median(all.map((one) => one[name] ?? Number.NaN)).toFixed(1)} ns`);
}

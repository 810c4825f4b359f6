import fc from "fast-check";
import * as assert from "uvu/assert";
import { defaultRetry, delayMs, noRetry, type RetryPolicy } from "../../src/core/retry.ts";
import { suite } from "../support/suite.ts";

const test = suite("retry");

function delays(policy: RetryPolicy, count: number): number[] {
  return Array.from({ length: count }, (_, index) => delayMs(policy, index + 2, 1));
}

test("delayMs() follows the backoff up to the cap", () => {
  const policy = { ...defaultRetry, baseMs: 1_000, capMs: 5_000 };
  assert.equal(delays({ ...policy, backoff: "fixed" }, 4), [1_000, 1_000, 1_000, 1_000]);
  assert.equal(delays({ ...policy, backoff: "linear" }, 6), [1_000, 2_000, 3_000, 4_000, 5_000, 5_000]);
  assert.equal(delays(policy, 5), [1_000, 2_000, 4_000, 5_000, 5_000]);
  assert.equal(delays({ ...policy, backoff: "fixed", capMs: 10 }, 2), [10, 10]);
  assert.equal(delays({ ...policy, capMs: 0 }, 2), [0, 0]);
});

test("the default waits 30 s, doubling to an hour", () => {
  assert.equal(delays(defaultRetry, 9), [3e4, 6e4, 12e4, 24e4, 48e4, 96e4, 192e4, 36e5, 36e5]);
  assert.is(defaultRetry.maxAttempts, 3);
  assert.is(noRetry.maxAttempts, 1);
});

test("the first attempt is never delayed", () => {
  assert.is(delayMs(defaultRetry, 1, 7), 0);
  assert.is(delayMs({ ...defaultRetry, jitter: true }, 0, 7), 0);
});

test("a million attempts do not overflow", () => {
  for (const backoff of ["fixed", "linear", "exponential"] as const) {
    const policy = { ...defaultRetry, backoff, capMs: 3_155_760_000_000 };
    assert.ok(delayMs(policy, 1_000_000, 1) <= policy.capMs);
    assert.is(delayMs({ ...policy, baseMs: 0 }, 1_000_000, 1), 0);
  }
});

test("an unknown backoff cannot pass unseen", () => {
  const policy = { ...defaultRetry, backoff: "quadratic" as "fixed" };
  assert.throws(() => delayMs(policy, 2, 1), /Unexpected value quadratic/);
});

test("the jitter is the same for the same seed, in every version", () => {
  const policy: RetryPolicy = { ...defaultRetry, jitter: true, backoff: "fixed", baseMs: 1e6, capMs: 1e6 };
  const drawn = [1, 2, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER].map((seed) => delayMs(policy, 2, seed));
  assert.equal(drawn, [255_120, 341_370, 837_528, 975_635, 804_413]);
});

test("the jitter spreads evenly over the whole delay, both ends included", () => {
  const policy: RetryPolicy = { ...defaultRetry, jitter: true, backoff: "fixed", baseMs: 9, capMs: 9 };
  for (const [seedStep, attemptStep] of [
    [1, 0],
    [0, 1],
    [2 ** 32, 0],
  ] as const) {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 100_000; n++) {
      const delay = delayMs(policy, 2 + n * attemptStep, n * seedStep);
      counts[delay] = (counts[delay] ?? 0) + 1;
    }
    assert.is(counts.length, 10);
    // The standard deviation is 95; six of them would be one chance in a thousand million.
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 570, String(counts));
  }
});

test("delayMs() is whole and between 0 and the full delay, whatever the policy", () => {
  const policies = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 1_000 }),
    backoff: fc.constantFrom("fixed" as const, "linear" as const, "exponential" as const),
    baseMs: fc.nat(3_155_760_000_000),
    capMs: fc.nat(3_155_760_000_000),
    jitter: fc.constant(true),
  });
  fc.assert(
    fc.property(policies, fc.integer({ min: 2, max: 2_000_000 }), fc.maxSafeNat(), (policy, attempt, seed) => {
      const delay = delayMs(policy, attempt, seed);
      const fullMs = delayMs({ ...policy, jitter: false }, attempt, seed);
      assert.ok(Number.isInteger(delay) && delay >= 0 && delay <= fullMs && fullMs <= policy.capMs);
      assert.is(delay, delayMs(policy, attempt, seed));
    }),
    { numRuns: 1_000 },
  );
});

test.run();

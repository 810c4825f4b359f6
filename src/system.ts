/**
 * The real clock and real randomness, and the turns of the real event loop: the only file of `src` that may say
 * `Date`, `performance`, `setTimeout` or `setImmediate`. Everything else is given a `Clock` and a `Random`.
 */

import { randomBytes } from "node:crypto";
import { assert } from "./core/assert.ts";
import type { CancelWait, Clock, Random } from "./ports.ts";

/** The longest wait a clock takes; Node would turn a longer one into no wait at all. */
export const waitMsMax = 2 ** 31 - 1;

/** By how much the machine's monotonic time is ahead of `performance.now()`, which begins anew in each thread. */
const originMs = readOriginMs();

/**
 * The clock of this machine.
 *
 * Monotonic time is the same in all threads and processes of the machine, to within microseconds. It does not pass while
 * the machine is suspended (Linux, macOS). A wait may end up to a
 * millisecond before its time by `monotonicMs`, as Node counts whole milliseconds: look at the clock again.
 */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now() + originMs,
    wakeAfter: waitFor,
  };
}

/** Randomness of the operating system, fit for tokens. */
export function systemRandom(): Random {
  return {
    // A copy of its own memory: a small Buffer would be a window into a pool that others share.
    bytes: (count) => new Uint8Array(randomBytes(count)),
  };
}

/** Microseconds of the clock that systemd calls monotonic, from the start of the machine. */
export function machineMonotonicUs(): bigint {
  return process.hrtime.bigint() / 1_000n;
}

/** The `Date` of an instant in epoch milliseconds. */
export function toDate(ms: number): Date {
  return new Date(ms);
}

/**
 * Resolves in a later turn of the event loop: after every promise that can settle by itself has, and after the
 * callbacks of input and output that were ready.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function readOriginMs(): number {
  let origin = 0;
  let narrowestMs = Number.POSITIVE_INFINITY;
  // A thread may lose the processor between two looks, hence several.
  for (let look = 0; look < 8; look++) {
    const beforeMs = performance.now();
    const machineMs = Number(process.hrtime.bigint()) / 1e6;
    const tookMs = performance.now() - beforeMs;
    if (tookMs >= narrowestMs) continue;
    narrowestMs = tookMs;
    origin = machineMs - beforeMs - tookMs / 2;
  }
  return origin;
}

function waitFor(delayMs: number, wake: () => void, keepAlive = true): CancelWait {
  assert(delayMs >= 0 && delayMs <= waitMsMax, "a wait is between 0 and 2^31 - 1 ms");
  // Node cuts off fractions, which would end a wait too soon.
  const timer = setTimeout(wake, Math.ceil(delayMs));
  if (!keepAlive) timer.unref();
  return () => clearTimeout(timer);
}

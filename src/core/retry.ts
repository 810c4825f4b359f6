/** When a failed attempt is tried again. Pure: the jitter comes from a seed out of the log, so every node agrees. */

import { unreachable } from "./assert.ts";

/** How often and when a run is attempted. */
export interface RetryPolicy {
  /** Attempts in all, the first included; at least 1. */
  readonly maxAttempts: number;
  readonly backoff: "fixed" | "linear" | "exponential";
  /** The delay before attempt 2, in milliseconds. */
  readonly baseMs: number;
  /** No delay is longer, in milliseconds. */
  readonly capMs: number;
  /** Whether a delay is drawn between 0 and its length ("full jitter"), so that failures spread. */
  readonly jitter: boolean;
}

/** Three attempts, 30 s and 60 s apart; the delay would double up to an hour. */
export const defaultRetry: RetryPolicy = Object.freeze({
  maxAttempts: 3,
  backoff: "exponential",
  baseMs: 30_000,
  capMs: 3_600_000,
  jitter: false,
});

/** One attempt, no retry. The delays have no effect; they are those of the default. */
export const noRetry: RetryPolicy = Object.freeze({ ...defaultRetry, maxAttempts: 1 });

/**
 * Delay before attempt `attempt`, in whole milliseconds, from 0 to `policy.capMs`.
 *
 * `attempt` counts from 2, as the first attempt is never delayed (1 and less give 0). With jitter the delay
 * is drawn from 0 to its full length, both included, by a hash of `seed` (a non-negative safe integer, such
 * as the number of the run) and `attempt`.
 */
export function delayMs(policy: RetryPolicy, attempt: number, seed: number): number {
  if (attempt < 2) return 0;
  const fullMs = Math.min(policy.capMs, backoffMs(policy, attempt));
  return policy.jitter ? Math.floor((fullMs + 1) * fractionOf(seed, attempt)) : fullMs;
}

function backoffMs(policy: RetryPolicy, attempt: number): number {
  switch (policy.backoff) {
    case "fixed":
      return policy.baseMs;
    case "linear":
      return policy.baseMs * (attempt - 1);
    case "exponential":
      return doubledMs(policy.baseMs, attempt - 2, policy.capMs);
    default:
      return unreachable(policy.backoff);
  }
}

/** `baseMs * 2^times`, or anything from `capMs` on once that is reached, so that it cannot overflow. */
function doubledMs(baseMs: number, times: number, capMs: number): number {
  if (baseMs === 0) return 0;
  let ms = baseMs;
  for (let left = times; left > 0 && ms < capMs; left--) ms *= 2;
  return ms;
}

/** A number from 0 (included) to 1 (not included) with 32 bits, from the 64 bits of `seed` and `attempt`. */
function fractionOf(seed: number, attempt: number): number {
  const low = mix((seed % 2 ** 32) ^ mix(attempt));
  return (mix(Math.floor(seed / 2 ** 32) ^ low) >>> 0) / 2 ** 32;
}

/**
 * Spreads every bit of a 32-bit integer over all of them by xor-shifts and odd factors. Shifts and factors are
 * those that Chris Wellons' search for low-bias integer hashes found (nullprogram.com, "hash prospector").
 */
function mix(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16) ^ 0x9e3779b9, 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return bits ^ (bits >>> 15);
}

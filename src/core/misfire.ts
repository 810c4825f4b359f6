/**
 * The misfire policy: what happens to occurrences whose time has passed, because nothing was running, the
 * machine slept, all slots were taken, or the timer was paused.
 *
 * One occurrence that is a little late is simply run. When several have passed, `skip` and `once` run the
 * latest and account for the others as missed, `all` runs each of the last `max`; nothing older than
 * `withinMs` (a minute for `skip`) is run at all.
 */

import type { MisfirePolicy, TimerDefinition } from "./definition.ts";
import { countOccurrences, isFixedDelay, nextOccurrence, previousOccurrence, type Recurrence } from "./recurrence.ts";

/** How late an occurrence may be under `skip` before it counts as missed. */
export const lateGraceMs = 60_000;

/** Occurrences that passed without running: the first, the last, and how many. */
export interface Passed {
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly count: number;
}

/** What to do about what is due: account for `missed` first, then run `runAtMs` if there is one. */
export interface MisfirePlan {
  readonly missed: Passed | undefined;
  readonly runAtMs: number | undefined;
  /** The occurrence after all of that; 0 when there is none. May lie in the past under `all`. */
  readonly nextAtMs: number;
}

/** Judges the occurrences from `firstMs` (the timer's next one, at or before `nowMs`) up to `nowMs`. */
export function planMisfires(recurrence: Recurrence, firstMs: number, nowMs: number): MisfirePlan {
  const policy = recurrence.definition.misfire;
  const oldestMs = nowMs - (policy.mode === "skip" ? lateGraceMs : policy.withinMs);
  const secondMs = nextOccurrence(recurrence, firstMs) ?? 0;
  if (secondMs === 0 || secondMs > nowMs) {
    if (firstMs >= oldestMs) return { missed: undefined, runAtMs: firstMs, nextAtMs: secondMs };
    return { missed: { firstAtMs: firstMs, lastAtMs: firstMs, count: 1 }, runAtMs: undefined, nextAtMs: secondMs };
  }
  const lastMs = previousOccurrence(recurrence, nowMs + 1, firstMs);
  if (lastMs < oldestMs) {
    return { missed: passed(recurrence, firstMs, lastMs), runAtMs: undefined, nextAtMs: after(recurrence, lastMs) };
  }
  const runAtMs = policy.mode === "all" ? firstToRun(recurrence, policy, firstMs, lastMs, oldestMs) : lastMs;
  const missed = runAtMs > firstMs ? passedBefore(recurrence, firstMs, runAtMs) : undefined;
  return { missed, runAtMs, nextAtMs: after(recurrence, runAtMs) };
}

/** All occurrences from `firstMs` up to `untilMs`, for accounts of what a run or a pause covered. */
export function passedUntil(recurrence: Recurrence, firstMs: number, untilMs: number): Passed {
  return passed(recurrence, firstMs, previousOccurrence(recurrence, untilMs + 1, firstMs));
}

/** Where a fixed delay goes on when its only due occurrence did not run: one period from now; 0 for other rules. */
export function restartMs(definition: TimerDefinition, nowMs: number): number {
  const { schedule } = definition;
  return schedule.kind === "every" && isFixedDelay(definition) ? nowMs + schedule.everyMs : 0;
}

/**
 * The first of the latest `max` that are not older than `oldestMs`. When more are left than that, it is walked
 * to from the nearer end; as each run is planned anew, all but the first plan have next to nothing to walk.
 */
function firstToRun(
  recurrence: Recurrence,
  policy: MisfirePolicy,
  firstMs: number,
  lastMs: number,
  oldestMs: number,
): number {
  let atMs = firstMs >= oldestMs ? firstMs : after(recurrence, oldestMs - 1);
  const surplus = countOccurrences(recurrence, atMs, lastMs) - policy.max;
  if (surplus < policy.max) {
    for (let i = 0; i < surplus; i++) atMs = after(recurrence, atMs);
    return atMs;
  }
  atMs = lastMs;
  for (let i = 1; i < policy.max; i++) atMs = previousOccurrence(recurrence, atMs, firstMs);
  return atMs;
}

function passedBefore(recurrence: Recurrence, firstMs: number, beforeMs: number): Passed {
  return passed(recurrence, firstMs, previousOccurrence(recurrence, beforeMs, firstMs));
}

function passed(recurrence: Recurrence, firstAtMs: number, lastAtMs: number): Passed {
  return { firstAtMs, lastAtMs, count: countOccurrences(recurrence, firstAtMs, lastAtMs) };
}

function after(recurrence: Recurrence, atMs: number): number {
  return nextOccurrence(recurrence, atMs) ?? 0;
}

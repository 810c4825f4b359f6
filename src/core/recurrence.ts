/**
 * When a timer is due, as plain arithmetic over its definition: the next and previous occurrence, and how
 * many lie between two instants. Times are nominal; jitter is added to them by `dueAtMs`.
 *
 * `every` is a fixed rate from its anchor, except with overlap `delay`, where each due time counts from the
 * finish before it; that one is known only then, so it has no next occurrence here.
 */

import type { Cron } from "./cron.ts";
import type { TimerDefinition } from "./definition.ts";
import { stableHash } from "./hash.ts";

/** A timer's rule with what it needs to be asked: `cron` is there when the schedule is one. */
export interface Recurrence {
  readonly definition: TimerDefinition;
  readonly anchorMs: number;
  readonly cron: Cron | undefined;
}

/** Whether each due time counts from the finish of the run before it. */
export function isFixedDelay(definition: TimerDefinition): boolean {
  return definition.schedule.kind === "every" && definition.overlap === "delay";
}

/** The first occurrence strictly after `afterMs`, or undefined when the rule knows none. */
export function nextOccurrence(recurrence: Recurrence, afterMs: number): number | undefined {
  const { schedule } = recurrence.definition;
  if (recurrence.cron !== undefined) return recurrence.cron.next(afterMs);
  if (schedule.kind !== "every" || isFixedDelay(recurrence.definition)) return undefined;
  const periods = periodsUntil(recurrence.anchorMs, schedule.everyMs, afterMs);
  return recurrence.anchorMs + (periods + 1) * schedule.everyMs;
}

/** The last occurrence strictly before `beforeMs`; only asked where there is one at or after `firstMs`. */
export function previousOccurrence(recurrence: Recurrence, beforeMs: number, firstMs: number): number {
  const { schedule } = recurrence.definition;
  if (recurrence.cron !== undefined) return Math.max(firstMs, recurrence.cron.prev(beforeMs) ?? firstMs);
  if (schedule.kind !== "every" || isFixedDelay(recurrence.definition)) return firstMs;
  const periods = Math.ceil((beforeMs - recurrence.anchorMs) / schedule.everyMs) - 1;
  // The anchor itself is not due.
  return periods < 1 ? firstMs : Math.max(firstMs, recurrence.anchorMs + periods * schedule.everyMs);
}

/**
 * Occurrences from `firstMs` to `lastMs`, both of which are occurrences. The first may be off the pace of an
 * interval, when it was set under an earlier definition or by the finish of a run.
 */
export function countOccurrences(recurrence: Recurrence, firstMs: number, lastMs: number): number {
  const { schedule } = recurrence.definition;
  if (recurrence.cron !== undefined) return recurrence.cron.count(firstMs, lastMs) + 1;
  if (schedule.kind !== "every" || isFixedDelay(recurrence.definition)) return 1;
  const { anchorMs } = recurrence;
  return periodsUntil(anchorMs, schedule.everyMs, lastMs) - periodsUntil(anchorMs, schedule.everyMs, firstMs) + 1;
}

/**
 * Milliseconds after its nominal time that an occurrence is due, from 0 to `jitterMs`. `stable` depends on
 * the timer alone, so that its pace stays even; `random` also on the occurrence. Neither draws a number.
 */
export function jitterMs(definition: TimerDefinition, id: string, scheduledAtMs: number): number {
  if (definition.jitterMs === 0) return 0;
  const text = definition.jitterMode === "stable" ? id : `${id}@${scheduledAtMs}`;
  return stableHash(text) % (definition.jitterMs + 1);
}

/** Whole periods from the anchor to `atMs`, which is how often an interval was due; 0 before its first period. */
function periodsUntil(anchorMs: number, everyMs: number, atMs: number): number {
  return Math.max(0, Math.floor((atMs - anchorMs) / everyMs));
}

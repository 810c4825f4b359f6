/**
 * Which records bring an imported timer into a state: its definition as it was, its due times as they were, except
 * that what has run here never runs again. An audit of the log must find every due time to follow from its rule, so
 * the anchor is put one period, or for cron one millisecond, before the next due time: that keeps the pace.
 */

import { encodeDefinition } from "../../src/core/definition.ts";
import { passedUntil, restartMs } from "../../src/core/misfire.ts";
import { Status } from "../../src/core/outcome.ts";
import { Kind, type LogRecord } from "../../src/core/record.ts";
import { isFixedDelay, nextOccurrence } from "../../src/core/recurrence.ts";
import type { State } from "../../src/core/state.ts";
import type { Recurrences } from "../../src/supervisor/recurrences.ts";
import type { ImportedTimer } from "./import-parse.ts";

/** What planning works with. */
export interface PlanContext {
  readonly state: State;
  readonly recurrences: Recurrences;
  /** The stamp of the entry that the records will stand in. */
  readonly atMs: number;
  /** Up to when the export knew what had become due; undefined when it does not say. */
  readonly asOfMs: number | undefined;
}

/** What is to be done for a timer, in one entry. */
export interface TimerPlan {
  readonly records: readonly LogRecord[];
  /** Whether this machine's time zone rules say another due time than the export. */
  readonly isMoved: boolean;
}

interface DueTimes {
  readonly anchorMs: number;
  readonly nextAtMs: number;
  readonly isMoved?: boolean;
}

/** Whether a timer of this id is there and not cancelled. */
export function isTaken({ timers }: State, id: string): boolean {
  const slot = timers.slotOf(id);
  return slot !== undefined && timers.status.get(slot) !== Status.CANCELLED;
}

/** Creates the timer; `reference` is the one it will get. The definition is named by its number where one is held. */
export function planCreation(context: PlanContext, timer: ImportedTimer, reference: number): TimerPlan {
  const { id, definition, key, payload, isPaused } = timer;
  const { anchorMs, nextAtMs, isMoved = false } = dueTimes(context, timer, 0);
  const held = context.state.timers.slotOf(id) === undefined ? context.state.definitions.numberOf(key) : 0;
  const field = held === 0 ? encodeDefinition(definition) : held;
  const records: LogRecord[] = [[Kind.TIMER_CREATED, id, field, anchorMs, nextAtMs, payload ?? null]];
  if (isPaused) records.push([Kind.TIMER_PAUSED, reference]);
  return { records, isMoved };
}

/** Changes the timer in `slot`, which is not cancelled; undefined when its only occurrence has had its turn here. */
export function planReplacement(context: PlanContext, timer: ImportedTimer, slot: number): TimerPlan | undefined {
  const { state } = context;
  const { timers } = state;
  const reference = timers.reference(slot);
  const lastMs = timers.lastScheduledAtMs.get(slot);
  const field = encodeDefinition(timer.definition);
  const payload = timer.payload ?? null;
  const records: LogRecord[] = [];
  let status = timers.status.get(slot);
  let isMoved = false;
  if (isSameRule(state, timer, slot)) {
    records.push([Kind.TIMER_UPDATED, reference, field, 0, -1, payload]);
  } else {
    const times = dueTimes(context, timer, lastMs);
    const isOnce = timer.definition.schedule.kind === "at" || timer.definition.schedule.kind === "after";
    if (isOnce && times.nextAtMs === lastMs) return undefined;
    isMoved = times.isMoved === true;
    const pending = pendingMissed(context, slot, "updated");
    if (pending !== undefined) records.push(pending);
    const hasRun = state.runs.ofSlot(slot).some((run) => !run.isManual);
    const nextAtMs = isFixedDelay(timer.definition) && hasRun ? 0 : times.nextAtMs;
    records.push([Kind.TIMER_UPDATED, reference, field, times.anchorMs, nextAtMs, payload]);
    if (status !== Status.PAUSED) status = Status.ACTIVE;
  }
  if (timer.isPaused && status === Status.ACTIVE) records.push([Kind.TIMER_PAUSED, reference]);
  if (!timer.isPaused && status === Status.PAUSED) records.push([Kind.TIMER_RESUMED, reference]);
  return { records, isMoved };
}

/** Ends the timer in `slot`, which is not cancelled: what waits is cancelled, what is due and has not run is missed. */
export function planCancellation(context: PlanContext, slot: number): LogRecord[] {
  const { timers, runs } = context.state;
  const waiting = runs.ofSlot(slot).filter((run) => run.state !== "running");
  const pending = pendingMissed(context, slot, "cancelled");
  return [
    ...(pending === undefined ? [] : [pending]),
    ...waiting.map((run): LogRecord => [Kind.RUN_CANCELLED, run.id, "timer-cancelled", 0]),
    [Kind.TIMER_CANCELLED, timers.reference(slot)],
  ];
}

/** The account of occurrences that are due and will not become runs, as their rule goes away. */
function pendingMissed(
  { state, recurrences, atMs }: PlanContext,
  slot: number,
  reason: "updated" | "cancelled",
): LogRecord | undefined {
  const firstMs = state.timers.nextAtMs.get(slot);
  if (firstMs === 0 || firstMs > atMs) return undefined;
  const recurrence = recurrences.of(state, slot);
  const { firstAtMs, lastAtMs, count } = passedUntil(recurrence, firstMs, atMs);
  const nextAtMs = nextOccurrence(recurrence, lastAtMs) ?? restartMs(recurrence.definition, atMs);
  return [Kind.RUN_MISSED, state.timers.reference(slot), firstAtMs, lastAtMs, count, nextAtMs, reason];
}

/** Whether the due times it has here are those of the same rule, so that they stay as they are. */
function isSameRule({ timers, definitions }: State, { definition, anchorMs }: ImportedTimer, slot: number): boolean {
  const before = definitions.get(timers.definition.get(slot));
  if (JSON.stringify(before.schedule) !== JSON.stringify(definition.schedule)) return false;
  if (isFixedDelay(before) !== isFixedDelay(definition)) return false;
  const isRepeating = definition.schedule.kind === "cron" || definition.schedule.kind === "every";
  return isRepeating || anchorMs === undefined || anchorMs === timers.anchorMs.get(slot);
}

/** When it is due next, as it was exported, but behind `lastMs`, up to which occurrences have had their turn here. */
function dueTimes(context: PlanContext, timer: ImportedTimer, lastMs: number): DueTimes {
  const { atMs } = context;
  const { definition, anchorMs, nextAtMs: wantedMs } = timer;
  const { schedule } = definition;
  switch (schedule.kind) {
    case "at":
      return { anchorMs: anchorMs ?? atMs, nextAtMs: anchorMs ?? atMs };
    case "after": {
      const fromMs = anchorMs ?? (wantedMs === undefined ? atMs : wantedMs - schedule.afterMs);
      return { anchorMs: fromMs, nextAtMs: fromMs + schedule.afterMs };
    }
    case "every": {
      const { everyMs } = schedule;
      const fromMs = wantedMs === undefined ? Math.max(atMs, lastMs) : wantedMs - everyMs;
      if (fromMs >= lastMs) return { anchorMs: fromMs, nextAtMs: fromMs + everyMs };
      if (isFixedDelay(definition)) return { anchorMs: lastMs, nextAtMs: lastMs + everyMs };
      const recurrence = context.recurrences.make(timer.id, definition, fromMs);
      return { anchorMs: fromMs, nextAtMs: nextOccurrence(recurrence, lastMs) ?? 0 };
    }
    default:
      return cronTimes(context, timer, lastMs);
  }
}

function cronTimes(context: PlanContext, { id, definition, nextAtMs }: ImportedTimer, lastMs: number): DueTimes {
  const { atMs, asOfMs } = context;
  const recurrence = context.recurrences.make(id, definition, atMs);
  if (nextAtMs === undefined) return before(nextOccurrence(recurrence, Math.max(atMs, lastMs)), atMs);
  if (nextAtMs <= lastMs) return before(nextOccurrence(recurrence, lastMs), atMs);
  const foundMs = nextOccurrence(recurrence, nextAtMs - 1);
  // What waits for a start of the runtime has no next one of its own.
  if (foundMs === nextAtMs || foundMs === undefined) return before(foundMs, atMs);
  // Zone rules differ: the first occurrence that the export had not seen, as these rules have it.
  const seenMs = Math.max(lastMs, Math.min(nextAtMs - 1, asOfMs ?? nextAtMs - 1));
  return { ...before(nextOccurrence(recurrence, seenMs), atMs), isMoved: true };
}

function before(nextAtMs: number | undefined, atMs: number): DueTimes {
  return nextAtMs === undefined ? { anchorMs: atMs, nextAtMs: 0 } : { anchorMs: nextAtMs - 1, nextAtMs };
}

/** The part of `apply` for timers: their definitions, their status, and occurrences that will not run. */

import { type Applied, type Refusal, refused, type TimerChange } from "./applied.ts";
import { unreachable } from "./assert.ts";
import type { TimerDefinition } from "./definition.ts";
import { keepGoing } from "./due-time.ts";
import { addHistory } from "./history-policy.ts";
import { outcomeCode, type RunOutcome, Status } from "./outcome.ts";
import {
  Kind,
  type RunMissed,
  type RunSkippedOverlap,
  type TimerCancelled,
  type TimerCreated,
  type TimerPaused,
  type TimerResumed,
  type TimerUpdated,
} from "./record.ts";
import { isFixedDelay } from "./recurrence.ts";
import { retireIfDone } from "./retire.ts";
import type { State } from "./state.ts";
import { isHoldableId } from "./timer-id.ts";
import { isOneShot } from "./timer-kind.ts";

/** Records this file applies. */
export type TimerRecord =
  | TimerCreated
  | TimerUpdated
  | TimerPaused
  | TimerResumed
  | TimerCancelled
  | RunMissed
  | RunSkippedOverlap;

/** Applies one record about a timer; see `apply`. Whatever is refused has changed nothing. */
export function applyTimer(state: State, atMs: number, record: TimerRecord, applied: Applied): TimerChange | Refusal {
  if (record[0] === Kind.TIMER_CREATED) return create(state, atMs, record);
  const slot = state.timers.resolve(record[1]);
  if (slot === undefined) return refused("KRON_TIMER_NOT_FOUND", "the timer has been forgotten");
  state.changes.touch(slot);
  switch (record[0]) {
    case Kind.TIMER_UPDATED:
      return update(state, atMs, slot, record);
    case Kind.TIMER_PAUSED:
      return changeStatus(state, slot, Status.ACTIVE, Status.PAUSED);
    case Kind.TIMER_RESUMED:
      return changeStatus(state, slot, Status.PAUSED, Status.ACTIVE);
    case Kind.TIMER_CANCELLED:
      return cancel(state, atMs, slot, applied);
    case Kind.RUN_MISSED:
    case Kind.RUN_SKIPPED_OVERLAP:
      return passBy(state, atMs, slot, record, applied);
    default:
      return unreachable(record);
  }
}

function create(state: State, atMs: number, record: TimerCreated): TimerChange | Refusal {
  const [, id, definitionField, anchorMs, nextAtMs, payload] = record;
  const { timers, definitions } = state;
  if (!isHoldableId(id)) return refused("KRON_ID_INVALID", "an id has 1 to 200 bytes of well-formed text");
  const held = timers.slotOf(id);
  if (held !== undefined && timers.status.get(held) !== Status.CANCELLED) {
    return refused("KRON_CONFLICT", "a timer with this id exists");
  }
  if (held === undefined && timers.isFull) return refused("KRON_TIMERS_FULL", "there is no room for another timer");
  const definition = definitions.read(definitionField);
  if (definition === undefined) return notHeld();
  if (nextAtMs === 0 && isOneShot(definition)) return noDueTime();
  state.changes.touch(held ?? timers.nextSlot);
  const slot = held ?? timers.insert(id);
  define(state, slot, definition, payload);
  state.retired.delete(slot);
  timers.status.set(slot, Status.ACTIVE);
  timers.createdAtMs.set(slot, atMs);
  timers.anchorMs.set(slot, anchorMs);
  timers.nextAtMs.set(slot, nextAtMs);
  if (held !== undefined) forgetDueTimes(state, slot);
  keepGoing(state, slot, atMs);
  return { kind: "timer", slot };
}

/** One that was cancelled keeps its history and counts; its due times begin anew. */
function forgetDueTimes({ timers }: State, slot: number): void {
  timers.lastScheduledAtMs.set(slot, 0);
  timers.lastDueAtMs.set(slot, 0);
  timers.heldUntilMs.set(slot, 0);
}

function update(state: State, atMs: number, slot: number, record: TimerUpdated): TimerChange | Refusal {
  const [, , definitionField, anchorMs, nextAtMs, payload] = record;
  const { timers, definitions } = state;
  if (timers.status.get(slot) === Status.CANCELLED) return refused("KRON_TIMER_STATE", "the timer is cancelled");
  if (nextAtMs !== -1 && isDue(state, atMs, slot)) return dueFirst();
  const definition = definitions.read(definitionField);
  if (definition === undefined) return notHeld();
  const obstacle = whyNotDueAt(state, slot, definition, nextAtMs);
  if (obstacle !== undefined) return obstacle;
  define(state, slot, definition, payload);
  if (nextAtMs !== -1) {
    timers.anchorMs.set(slot, anchorMs);
    timers.nextAtMs.set(slot, nextAtMs);
    state.retired.delete(slot);
    if (timers.status.get(slot) !== Status.PAUSED) timers.status.set(slot, Status.ACTIVE);
    keepGoing(state, slot, atMs);
  }
  return { kind: "timer", slot };
}

/** Due times are kept only under the rule they came from, and a new one lies behind what the timer has seen. */
function whyNotDueAt(state: State, slot: number, definition: TimerDefinition, nextAtMs: number): Refusal | undefined {
  const { timers } = state;
  if (nextAtMs === -1) {
    const before = state.definitions.get(timers.definition.get(slot));
    return isSameRule(before, definition) ? undefined : refused("KRON_CONFLICT", "the schedule is not the same");
  }
  const isOnce = isOneShot(definition);
  if (nextAtMs === 0) return isOnce ? noDueTime() : undefined;
  const lastMs = timers.lastScheduledAtMs.get(slot);
  // An earlier instant for a one-shot is another occurrence, and how late it is, is for the misfire policy.
  const isNew = isOnce ? nextAtMs !== lastMs : nextAtMs > lastMs;
  return isNew ? undefined : refused("KRON_CONFLICT", "due times have to increase");
}

function isSameRule(before: TimerDefinition, after: TimerDefinition): boolean {
  const isSameSchedule = JSON.stringify(before.schedule) === JSON.stringify(after.schedule);
  return isSameSchedule && isFixedDelay(before) === isFixedDelay(after);
}

function define(state: State, slot: number, definition: TimerDefinition, payload: unknown): void {
  const { timers, definitions } = state;
  const before = timers.definition.get(slot);
  // Added before the old one is dropped: they may be one and the same, and its last user this timer.
  timers.definition.set(slot, definitions.addUser(definition));
  if (before !== 0) definitions.dropUser(before);
  timers.revision.set(slot, state.recordCount);
  if (payload !== null || timers.payload(slot) !== undefined) state.changes.touchPayload(slot);
  timers.setPayload(slot, payload);
}

function notHeld(): Refusal {
  return refused("KRON_CONFLICT", "the shared definition is no longer held");
}

function noDueTime(): Refusal {
  return refused("KRON_OPTION_INVALID", "the schedule needs a due time after 1970-01-01T00:00Z");
}

function changeStatus(state: State, slot: number, from: number, to: number): TimerChange | Refusal {
  if (state.timers.status.get(slot) !== from) {
    const wanted = from === Status.ACTIVE ? "active" : "paused";
    return refused("KRON_TIMER_STATE", `the timer is not ${wanted}`);
  }
  state.timers.status.set(slot, to);
  return { kind: "timer", slot };
}

function cancel(state: State, atMs: number, slot: number, applied: Applied): TimerChange | Refusal {
  const { timers } = state;
  if (timers.status.get(slot) === Status.CANCELLED) {
    return refused("KRON_TIMER_STATE", "the timer is cancelled already");
  }
  if (isDue(state, atMs, slot)) return dueFirst();
  timers.status.set(slot, Status.CANCELLED);
  timers.nextAtMs.set(slot, 0);
  retireIfDone(state, slot, applied);
  return { kind: "timer", slot };
}

function isDue(state: State, atMs: number, slot: number): boolean {
  const nextAtMs = state.timers.nextAtMs.get(slot);
  return nextAtMs !== 0 && nextAtMs <= atMs;
}

/** An occurrence that is due has to be accounted for before its rule goes away; it came up after this was proposed. */
function dueFirst(): Refusal {
  return refused("KRON_CONFLICT", "an occurrence is due and has no outcome yet");
}

/** Accounts for occurrences that will not run. The first must be the one that is next, so none is counted twice. */
function passBy(
  state: State,
  atMs: number,
  slot: number,
  record: RunMissed | RunSkippedOverlap,
  applied: Applied,
): TimerChange | Refusal {
  const [kind, , firstAtMs, lastAtMs, count, nextAtMs] = record;
  const { timers } = state;
  if (firstAtMs !== timers.nextAtMs.get(slot) || firstAtMs === 0) {
    return refused("KRON_CONFLICT", "the occurrence has an outcome already");
  }
  if (nextAtMs !== 0 && nextAtMs <= lastAtMs) return refused("KRON_CONFLICT", "due times have to increase");
  if (!isPossibleCount(firstAtMs, lastAtMs, count)) {
    return refused("KRON_CONFLICT", "so many occurrences cannot lie between these times");
  }
  const isOnce = isOneShot(state.definitions.get(timers.definition.get(slot)));
  if (isOnce && (count > 1 || nextAtMs !== 0)) return refused("KRON_CONFLICT", "a one-shot has one occurrence");
  const isMissed = kind === Kind.RUN_MISSED;
  const outcome: RunOutcome = isMissed ? "MISSED" : "SKIPPED_OVERLAP";
  (isMissed ? timers.missedCount : timers.skippedCount).add(slot, count);
  timers.nextAtMs.set(slot, nextAtMs);
  timers.lastScheduledAtMs.set(slot, Math.max(lastAtMs, timers.lastScheduledAtMs.get(slot)));
  timers.lastOutcome.set(slot, outcomeCode(outcome));
  addHistory(state, slot, {
    outcome,
    run: 0,
    isManual: false,
    attempts: 0,
    scheduledAtMs: firstAtMs,
    lastScheduledAtMs: lastAtMs,
    dueAtMs: atMs,
    startedAtMs: 0,
    finishedAtMs: atMs,
    tookUs: 0,
    count,
    missedCount: 0,
    detail: record[0] === Kind.RUN_MISSED ? { reason: record[6] } : undefined,
  });
  if (isOnce) timers.status.set(slot, Status.COMPLETED);
  else keepGoing(state, slot, atMs);
  retireIfDone(state, slot, applied);
  return { kind: "timer", slot };
}

/** One at one time; several, at most one a millisecond, when the last is later than the first. */
function isPossibleCount(firstAtMs: number, lastAtMs: number, count: number): boolean {
  if (firstAtMs === lastAtMs) return count === 1;
  return count >= 2 && count <= lastAtMs - firstAtMs + 1;
}

/** The part of `apply` for timers: their definitions, their status, and occurrences that will not run. */

import { type Refusal, refused, type TimerChange } from "./applied.ts";
import { unreachable } from "./assert.ts";
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
import type { State } from "./state.ts";
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

/** Applies one record about a timer; see `apply`. */
export function applyTimer(state: State, atMs: number, record: TimerRecord): TimerChange | Refusal {
  if (record[0] === Kind.TIMER_CREATED) return create(state, atMs, record);
  const slot = state.timers.resolve(record[1]);
  if (slot === undefined) return refused("KRON_TIMER_NOT_FOUND", "the timer has been forgotten");
  switch (record[0]) {
    case Kind.TIMER_UPDATED:
      return update(state, slot, record);
    case Kind.TIMER_PAUSED:
      return changeStatus(state, slot, Status.ACTIVE, Status.PAUSED);
    case Kind.TIMER_RESUMED:
      return changeStatus(state, slot, Status.PAUSED, Status.ACTIVE);
    case Kind.TIMER_CANCELLED:
      return cancel(state, slot);
    case Kind.RUN_MISSED:
    case Kind.RUN_SKIPPED_OVERLAP:
      return passBy(state, atMs, slot, record);
    default:
      return unreachable(record);
  }
}

/** Marks a one-shot whose only occurrence has its outcome, and remembers it among the retired. */
export function retireOneShot(state: State, slot: number, isDead: boolean): void {
  if (state.timers.status.get(slot) !== Status.CANCELLED) {
    state.timers.status.set(slot, isDead ? Status.DEAD : Status.COMPLETED);
  }
  retire(state, slot);
}

function create(state: State, atMs: number, record: TimerCreated): TimerChange | Refusal {
  const [, id, definitionField, anchorMs, nextAtMs, payload] = record;
  const { timers, definitions } = state;
  const held = timers.slotOf(id);
  if (held !== undefined && timers.status.get(held) !== Status.CANCELLED) {
    return refused("KRON_CONFLICT", "a timer with this id exists");
  }
  const definition = definitions.resolve(definitionField);
  if (definition === 0) return refused("KRON_CONFLICT", "the shared definition is no longer held");
  const slot = held ?? timers.insert(id);
  if (held !== undefined) definitions.dropUser(timers.definition.get(slot));
  definitions.addUser(definition);
  state.retired.delete(slot);
  timers.definition.set(slot, definition);
  timers.status.set(slot, Status.ACTIVE);
  timers.createdAtMs.set(slot, atMs);
  timers.anchorMs.set(slot, anchorMs);
  timers.nextAtMs.set(slot, nextAtMs);
  timers.setPayload(slot, payload);
  return { kind: "timer", slot };
}

function update(state: State, slot: number, record: TimerUpdated): TimerChange | Refusal {
  const [, , definitionField, anchorMs, nextAtMs, payload] = record;
  const { timers, definitions } = state;
  if (timers.status.get(slot) === Status.CANCELLED) return refused("KRON_TIMER_STATE", "the timer is cancelled");
  const definition = definitions.resolve(definitionField);
  if (definition === 0) return refused("KRON_CONFLICT", "the shared definition is no longer held");
  definitions.addUser(definition);
  definitions.dropUser(timers.definition.get(slot));
  timers.definition.set(slot, definition);
  timers.setPayload(slot, payload);
  if (nextAtMs !== -1) {
    timers.anchorMs.set(slot, anchorMs);
    timers.nextAtMs.set(slot, nextAtMs);
    state.retired.delete(slot);
    if (timers.status.get(slot) !== Status.PAUSED) timers.status.set(slot, Status.ACTIVE);
  }
  return { kind: "timer", slot };
}

function changeStatus(state: State, slot: number, from: number, to: number): TimerChange | Refusal {
  if (state.timers.status.get(slot) !== from) {
    const wanted = from === Status.ACTIVE ? "active" : "paused";
    return refused("KRON_TIMER_STATE", `the timer is not ${wanted}`);
  }
  state.timers.status.set(slot, to);
  return { kind: "timer", slot };
}

function cancel(state: State, slot: number): TimerChange | Refusal {
  const { timers } = state;
  if (timers.status.get(slot) === Status.CANCELLED)
    return refused("KRON_TIMER_STATE", "the timer is cancelled already");
  timers.status.set(slot, Status.CANCELLED);
  timers.nextAtMs.set(slot, 0);
  retire(state, slot);
  return { kind: "timer", slot };
}

/** Accounts for occurrences that will not run. The first must be the one that is next, so none is counted twice. */
function passBy(
  state: State,
  atMs: number,
  slot: number,
  record: RunMissed | RunSkippedOverlap,
): TimerChange | Refusal {
  const [kind, , firstAtMs, lastAtMs, count, nextAtMs] = record;
  const { timers } = state;
  if (firstAtMs !== timers.nextAtMs.get(slot) || firstAtMs === 0) {
    return refused("KRON_CONFLICT", "the occurrence has an outcome already");
  }
  if (count < 1 || lastAtMs < firstAtMs || (nextAtMs !== 0 && nextAtMs <= lastAtMs)) {
    return refused("KRON_CONFLICT", "due times have to increase");
  }
  const isMissed = kind === Kind.RUN_MISSED;
  const outcome: RunOutcome = isMissed ? "MISSED" : "SKIPPED_OVERLAP";
  (isMissed ? timers.missedCount : timers.skippedCount).add(slot, count);
  timers.nextAtMs.set(slot, nextAtMs);
  timers.lastScheduledAtMs.set(slot, lastAtMs);
  timers.lastOutcome.set(slot, outcomeCode(outcome));
  state.history.add(slot, {
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
  if (nextAtMs === 0 && isOneShot(state.definitions.get(timers.definition.get(slot)))) {
    retireOneShot(state, slot, false);
  }
  return { kind: "timer", slot };
}

/** Remembers a timer as done, and forgets the one done longest when there are too many. */
function retire(state: State, slot: number): void {
  state.retired.delete(slot);
  state.retired.add(slot);
  if (state.retired.size <= state.limits.retiredMax) return;
  for (const oldest of state.retired) {
    // One that still has a run under way is left for a later turn: its run needs it.
    if (state.timers.liveRuns.get(oldest) > 0) continue;
    state.retired.delete(oldest);
    state.history.clear(oldest);
    state.definitions.dropUser(state.timers.definition.get(oldest));
    state.timers.remove(oldest);
    return;
  }
}

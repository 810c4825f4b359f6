/** The overlap policy: what a live run of a timer means for its next occurrence, and for its other runs. */

import type { TimerDefinition } from "../core/definition.ts";
import { isFixedDelay } from "../core/recurrence.ts";
import type { Run } from "../core/run.ts";
import type { State } from "../core/state.ts";

/**
 * Whether a live run keeps the timer's next occurrence, due at `dueMs`, out of the queue until it is finished.
 * An occurrence that was due before the run began does not overlap with it: it only waits its turn.
 */
export function isHeldBack(state: State, slot: number, definition: TimerDefinition, dueMs: number): boolean {
  const { timers } = state;
  if (timers.liveRuns.get(slot) === 0) return false;
  if (definition.overlap === "delay") return true;
  if (definition.overlap !== "allow") return dueMs < timers.lastDueAtMs.get(slot);
  return !hasOwnRoom(state, slot, definition);
}

/** Until when due times, the first of them `dueMs`, overlap with another run and are skipped; -1 when none does. */
export function coveredUntilMs(
  state: State,
  slot: number,
  definition: TimerDefinition,
  dueMs: number,
  nowMs: number,
): number {
  const { timers } = state;
  const isLive = timers.liveRuns.get(slot) > 0;
  switch (definition.overlap) {
    case "delay":
      return isFixedDelay(definition) ? -1 : heldUntilMs(state, slot, dueMs, nowMs);
    case "skip":
      return isLive ? nowMs : heldUntilMs(state, slot, dueMs, nowMs);
    case "queue":
      return isLive && timers.waitingRuns.get(slot) > 0 ? nowMs : -1;
    default:
      return -1;
  }
}

/** What came due during a run that is finished by now overlapped with it all the same. */
function heldUntilMs(state: State, slot: number, dueMs: number, nowMs: number): number {
  const { timers } = state;
  return dueMs < timers.lastDueAtMs.get(slot) ? -1 : Math.min(nowMs, timers.heldUntilMs.get(slot));
}

/** Whether a waiting or retrying run may begin its attempt as far as the other runs of its timer are concerned. */
export function mayBegin(state: State, run: Run): boolean {
  const { timers, definitions } = state;
  const { slot } = run;
  const definition = definitions.get(timers.definition.get(slot));
  if (definition.overlap === "allow") return hasOwnRoom(state, slot, definition);
  if (run.state === "retrying") return timers.runningRuns.get(slot) === 0;
  return timers.liveRuns.get(slot) === timers.waitingRuns.get(slot);
}

/** Whether the timer's own limit, under `allow`, leaves room for one more attempt. */
export function hasOwnRoom(state: State, slot: number, definition: TimerDefinition): boolean {
  return definition.concurrency === 0 || state.timers.runningRuns.get(slot) < definition.concurrency;
}

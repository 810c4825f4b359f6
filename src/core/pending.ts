/** Occurrences that are due and have no outcome yet: those that never became a run, and runs that have not ended. */

import type { RecurrenceOf } from "./audit-timers.ts";
import type { TimerDefinition } from "./definition.ts";
import { passedUntil } from "./misfire.ts";
import { Status } from "./outcome.ts";
import { isFixedDelay, jitterMs } from "./recurrence.ts";
import type { Run } from "./run.ts";
import type { State } from "./state.ts";

/** Due occurrences of one timer that have not become runs. */
export interface DueOccurrences {
  readonly slot: number;
  readonly timerId: string;
  /** The nominal times of the first and the last, and how many there are. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly count: number;
  readonly isPaused: boolean;
  /** Whether a run of the timer is under way, for which they wait. */
  readonly hasLiveRun: boolean;
}

/** What is pending, the first `limit` of each sort, and how much there is in all. */
export interface Pending {
  readonly due: readonly DueOccurrences[];
  readonly runs: readonly Run[];
  readonly dueTimerCount: number;
  readonly runCount: number;
}

/** What has no outcome at `nowMs`. A rule that this machine cannot work out counts as one occurrence. */
export function findPending(state: State, nowMs: number, recurrenceOf: RecurrenceOf, limit: number): Pending {
  const due: DueOccurrences[] = [];
  let dueTimerCount = 0;
  for (let slot = 0; slot < state.timers.slotCount; slot++) {
    const timerId = state.timers.idOf(slot);
    if (timerId === undefined || !isDue(state, slot, timerId, nowMs)) continue;
    dueTimerCount += 1;
    if (due.length < limit) due.push(describeDue(state, slot, timerId, nowMs, recurrenceOf));
  }
  const runs: Run[] = [];
  for (const run of state.runs.values()) {
    if (runs.length === limit) break;
    runs.push(run);
  }
  return { due, runs, dueTimerCount, runCount: state.runs.size };
}

function isDue(state: State, slot: number, id: string, nowMs: number): boolean {
  const nextMs = state.timers.nextAtMs.get(slot);
  return nextMs !== 0 && nextMs + jitterMs(definitionOf(state, slot), id, nextMs) <= nowMs;
}

function describeDue(
  state: State,
  slot: number,
  timerId: string,
  nowMs: number,
  recurrenceOf: RecurrenceOf,
): DueOccurrences {
  const { timers } = state;
  const definition = definitionOf(state, slot);
  const firstAtMs = timers.nextAtMs.get(slot);
  const untilMs = nowMs - jitterMs(definition, timerId, firstAtMs);
  const isPaused = timers.status.get(slot) === Status.PAUSED;
  const hasLiveRun = timers.liveRuns.get(slot) > 0;
  const one = { firstAtMs, lastAtMs: firstAtMs, count: 1 };
  const passed = isFixedDelay(definition) ? one : (passedOrOne() ?? one);
  return { slot, timerId, ...passed, isPaused, hasLiveRun };

  function passedOrOne() {
    try {
      return passedUntil(recurrenceOf(timerId, definition, timers.anchorMs.get(slot)), firstAtMs, untilMs);
    } catch {
      // A zone this machine does not know: how many there are cannot be said, that there is one can.
      return undefined;
    }
  }
}

function definitionOf(state: State, slot: number): TimerDefinition {
  return state.definitions.get(state.timers.definition.get(slot));
}

/**
 * `apply`: the one function that changes the state.
 *
 * It is total and deterministic. A record whose moment has passed (a second claim, a stale token, a duplicate
 * create, an occurrence already accounted for) is refused with a typed outcome, on every node alike, and
 * changes nothing. No clock, no cron, no zones, no randomness: what was decided stands in the record.
 */

import type { Applied, Noted, Outcome } from "./applied.ts";
import { applyRun } from "./apply-run.ts";
import { applyTimer } from "./apply-timer.ts";
import { unreachable } from "./assert.ts";
import { isReboot } from "./definition-table.ts";
import { type Entry, Kind, type LogRecord } from "./record.ts";
import type { State } from "./state.ts";

const noted: Noted = { kind: "noted" };

/** Takes the entry of `index` into the state and says what became of each record. */
export function apply(state: State, index: number, term: number, entry: Entry): Applied {
  const applied: Applied = { outcomes: [], slots: [], runs: [] };
  const atMs = entry[0];
  state.appliedIndex = index;
  state.appliedTerm = term;
  state.atMs = atMs;
  for (let i = 1; i < entry.length; i++) {
    state.recordCount += 1;
    applied.outcomes.push(applyRecord(state, atMs, entry[i] as LogRecord, applied));
  }
  return applied;
}

function applyRecord(state: State, atMs: number, record: LogRecord, applied: Applied): Outcome {
  switch (record[0]) {
    case Kind.RUN_DUE:
    case Kind.RUN_TRIGGERED:
    case Kind.RUN_STARTED:
    case Kind.RUN_SUCCEEDED:
    case Kind.RUN_FAILED:
    case Kind.RUN_TIMED_OUT:
    case Kind.RUN_LOST:
    case Kind.RUN_CANCELLED:
      return touch(applied, applyRun(state, atMs, record));
    case Kind.TIMER_CREATED:
    case Kind.TIMER_UPDATED:
    case Kind.TIMER_PAUSED:
    case Kind.TIMER_RESUMED:
    case Kind.TIMER_CANCELLED:
    case Kind.RUN_MISSED:
    case Kind.RUN_SKIPPED_OVERLAP:
      return touch(applied, applyTimer(state, atMs, record));
    case Kind.RUNTIME_STARTED:
      state.boot = record[1];
      state.isRunning = true;
      makeRebootTimersDue(state, atMs, applied);
      return noted;
    case Kind.RUNTIME_STOPPED:
      state.isRunning = false;
      return noted;
    case Kind.CLOCK_STEPPED:
      return noted;
    default:
      return unreachable(record);
  }
}

function touch(applied: Applied, outcome: Outcome): Outcome {
  if (outcome.kind === "run") {
    applied.runs.push(outcome);
    applied.slots.push(outcome.slot);
  } else if (outcome.kind === "timer") {
    applied.slots.push(outcome.slot);
  }
  return outcome;
}

/** A start of the runtime is the occurrence that `@reboot` timers wait for; one still pending stays the same one. */
function makeRebootTimersDue(state: State, atMs: number, applied: Applied): void {
  const { timers, definitions } = state;
  if (!definitions.hasReboot) return;
  for (let slot = 0; slot < timers.slotCount; slot++) {
    if (timers.idOf(slot) === undefined || timers.nextAtMs.get(slot) !== 0) continue;
    if (!isReboot(definitions.get(timers.definition.get(slot)))) continue;
    timers.nextAtMs.set(slot, atMs);
    applied.slots.push(slot);
  }
}

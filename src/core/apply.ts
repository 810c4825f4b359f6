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
import { assert, unreachable } from "./assert.ts";
import { isReboot } from "./definition-table.ts";
import { Status } from "./outcome.ts";
import { type Entry, Kind, type LogRecord } from "./record.ts";
import type { State } from "./state.ts";

const noted: Noted = { kind: "noted" };

/**
 * Takes the entry of `index` into the state and says what became of each record.
 *
 * Throws `KRON_JOURNAL_CORRUPT` or `KRON_JOURNAL_VERSION`, before anything has changed, when the definition of
 * a timer cannot be read; `checkEntry` finds that earlier.
 */
export function apply(state: State, index: number, term: number, entry: Entry): Applied {
  const applied: Applied = { outcomes: [], slots: [], runs: [], forgotten: [] };
  const atMs = entry[0];
  assert(index === state.appliedIndex + 1, "entries are applied in order, without gaps");
  assert(term >= state.appliedTerm, "terms never decrease along the log");
  // What cannot be read is found before anything has changed: an entry is applied whole or not at all.
  for (let i = 1; i < entry.length; i++) readDefinition(state, entry[i] as LogRecord);
  state.appliedIndex = index;
  state.appliedTerm = term;
  state.atMs = atMs;
  for (let i = 1; i < entry.length; i++) {
    state.recordCount += 1;
    applied.outcomes.push(applyRecord(state, atMs, entry[i] as LogRecord, applied));
  }
  return applied;
}

function readDefinition(state: State, record: LogRecord): void {
  if (record[0] === Kind.TIMER_CREATED || record[0] === Kind.TIMER_UPDATED) state.definitions.read(record[2]);
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
      return touch(applied, applyRun(state, atMs, record, applied));
    case Kind.TIMER_CREATED:
    case Kind.TIMER_UPDATED:
    case Kind.TIMER_PAUSED:
    case Kind.TIMER_RESUMED:
    case Kind.TIMER_CANCELLED:
    case Kind.RUN_MISSED:
    case Kind.RUN_SKIPPED_OVERLAP:
      return touch(applied, applyTimer(state, atMs, record, applied));
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
    if (!timers.has(slot) || timers.nextAtMs.get(slot) !== 0) continue;
    if (timers.status.get(slot) === Status.CANCELLED) continue;
    if (!isReboot(definitions.get(timers.definition.get(slot)))) continue;
    state.changes.touch(slot);
    // A clock that was set back brings no occurrence back.
    timers.nextAtMs.set(slot, Math.max(atMs, timers.lastScheduledAtMs.get(slot) + 1));
    applied.slots.push(slot);
  }
}

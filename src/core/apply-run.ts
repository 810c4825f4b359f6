/** The part of `apply` for runs: how they are made, started, ended and retried. */

import { type Applied, type Refusal, refused } from "./applied.ts";
import { unreachable } from "./assert.ts";
import type { TimerDefinition } from "./definition.ts";
import { keepGoing } from "./due-time.ts";
import type { HistoryDetail } from "./history.ts";
import { addHistory } from "./history-policy.ts";
import { type AttemptOutcome, outcomeCode, type RunOutcome, Status } from "./outcome.ts";
import {
  Kind,
  type RunCancelled,
  type RunDue,
  type RunFailed,
  type RunStarted,
  type RunSucceeded,
  type RunTriggered,
} from "./record.ts";
import { retireIfDone } from "./retire.ts";
import { failuresMax, firstFailuresKept, type Run } from "./run.ts";
import type { State } from "./state.ts";
import { isOneShot } from "./timer-kind.ts";

/** Records this file applies. */
export type RunRecord = RunDue | RunTriggered | RunStarted | RunSucceeded | RunFailed | RunCancelled;

/** Applies one record about a run; see `apply`. Whatever is refused has changed nothing. */
export function applyRun(state: State, atMs: number, record: RunRecord, applied: Applied): Run | Refusal {
  switch (record[0]) {
    case Kind.RUN_DUE:
      return makeDue(state, atMs, record);
    case Kind.RUN_TRIGGERED:
      return makeTriggered(state, atMs, record);
    case Kind.RUN_STARTED:
      return start(state, atMs, record);
    case Kind.RUN_SUCCEEDED:
      return succeed(state, atMs, record, applied);
    case Kind.RUN_FAILED:
    case Kind.RUN_TIMED_OUT:
    case Kind.RUN_LOST:
      return fail(state, atMs, record, applied);
    case Kind.RUN_CANCELLED:
      return cancel(state, atMs, record, applied);
    default:
      return unreachable(record);
  }
}

function makeDue(state: State, atMs: number, record: RunDue): Run | Refusal {
  const [, timer, scheduledAtMs, nextAtMs, missedCount, startsNow] = record;
  const { timers } = state;
  const slot = timers.resolve(timer);
  if (slot === undefined) return refused("KRON_TIMER_NOT_FOUND", "the timer has been forgotten");
  if (timers.status.get(slot) !== Status.ACTIVE) return refused("KRON_TIMER_STATE", "the timer is not active");
  if (scheduledAtMs !== timers.nextAtMs.get(slot) || scheduledAtMs === 0) {
    return refused("KRON_CONFLICT", "the occurrence has an outcome already");
  }
  if (nextAtMs !== 0 && nextAtMs <= scheduledAtMs) return refused("KRON_CONFLICT", "due times have to increase");
  if (nextAtMs !== 0 && isOneShot(definitionOf(state, slot))) {
    return refused("KRON_CONFLICT", "a one-shot has one occurrence");
  }
  const obstacle = whyNotNow(state, slot, startsNow);
  if (obstacle !== undefined) return obstacle;
  state.changes.touch(slot);
  timers.nextAtMs.set(slot, nextAtMs);
  timers.lastScheduledAtMs.set(slot, Math.max(scheduledAtMs, timers.lastScheduledAtMs.get(slot)));
  timers.lastDueAtMs.set(slot, atMs);
  return make(state, atMs, slot, { isManual: false, scheduledAtMs, missedCount, startsNow, payload: null });
}

function makeTriggered(state: State, atMs: number, record: RunTriggered): Run | Refusal {
  const [, timer, startsNow, payload] = record;
  const slot = state.timers.resolve(timer);
  if (slot === undefined) return refused("KRON_TIMER_NOT_FOUND", "the timer has been forgotten");
  if (state.timers.status.get(slot) === Status.CANCELLED) return refused("KRON_TIMER_STATE", "the timer is cancelled");
  const obstacle = whyNotNow(state, slot, startsNow);
  if (obstacle !== undefined) return obstacle;
  return make(state, atMs, slot, { isManual: true, scheduledAtMs: atMs, missedCount: 0, startsNow, payload });
}

/** The overlap rule, as far as it must hold whatever was proposed: one run at a time, and one waiting, unless `allow`. */
function whyNotNow(state: State, slot: number, startsNow: 0 | 1): Refusal | undefined {
  const { timers } = state;
  const definition = definitionOf(state, slot);
  if (definition.overlap !== "allow") {
    if (startsNow === 1 && timers.liveRuns.get(slot) > 0) return refused("KRON_CONFLICT", "a run is under way");
    if (startsNow === 0 && timers.waitingRuns.get(slot) > 0)
      return refused("KRON_QUEUE_FULL", "a run is waiting already");
  }
  return startsNow === 1 ? whyNoSlot(state, slot, definition) : undefined;
}

function whyNoSlot(state: State, slot: number, definition: TimerDefinition): Refusal | undefined {
  const runningMax = definition.overlap === "allow" ? definition.concurrency : 1;
  if (runningMax === 0 || state.timers.runningRuns.get(slot) < runningMax) return undefined;
  return refused("KRON_CONFLICT", "the timer has as many attempts under way as it may");
}

interface Making {
  readonly isManual: boolean;
  readonly scheduledAtMs: number;
  readonly missedCount: number;
  readonly startsNow: 0 | 1;
  readonly payload: unknown;
}

function make(state: State, atMs: number, slot: number, making: Making): Run {
  const { timers } = state;
  state.changes.touch(slot);
  const sequence = state.recordCount;
  const startsNow = making.startsNow === 1;
  const run: Run = {
    kind: "run",
    id: sequence,
    slot,
    timer: timers.reference(slot),
    isManual: making.isManual,
    scheduledAtMs: making.scheduledAtMs,
    dueAtMs: atMs,
    missedCount: making.missedCount,
    payload: making.payload,
    state: startsNow ? "running" : "waiting",
    attempt: startsNow ? 1 : 0,
    token: startsNow ? sequence : 0,
    startedAtMs: startsNow ? atMs : 0,
    retryAtMs: 0,
    failures: null,
  };
  state.runs.add(run);
  state.retired.delete(slot);
  timers.liveRuns.add(slot, 1);
  if (startsNow) addRunning(state, slot, 1);
  else timers.waitingRuns.add(slot, 1);
  return run;
}

function start(state: State, atMs: number, record: RunStarted): Run | Refusal {
  const [, id, attempt] = record;
  const run = state.runs.get(id);
  if (run === undefined) return refused("KRON_CONFLICT", "the run is finished");
  if (run.state === "running" || attempt !== run.attempt + 1) {
    return refused("KRON_CONFLICT", "the attempt has been started already");
  }
  // Whether there is another attempt was decided when the one before it failed, and is not taken back.
  const obstacle = whyNoSlot(state, run.slot, definitionOf(state, run.slot));
  if (obstacle !== undefined) return obstacle;
  state.changes.touch(run.slot);
  if (run.state === "waiting") state.timers.waitingRuns.add(run.slot, -1);
  addRunning(state, run.slot, 1);
  run.state = "running";
  run.attempt = attempt;
  run.token = state.recordCount;
  run.startedAtMs = atMs;
  run.retryAtMs = 0;
  return run;
}

function succeed(state: State, atMs: number, record: RunSucceeded, applied: Applied): Run | Refusal {
  const [, id, token, tookUs, nextAtMs, result, resultNote] = record;
  const run = state.runs.get(id);
  if (run === undefined || run.state !== "running" || run.token !== token) return staleToken();
  state.changes.touch(run.slot);
  state.timers.succeededCount.add(run.slot, 1);
  const isPlain = run.failures === null && result === null && resultNote === null;
  const detail = isPlain ? undefined : successDetail(run, result, resultNote);
  return finish(state, atMs, run, { outcome: "SUCCEEDED", tookUs, nextAtMs, detail }, applied);
}

function successDetail(run: Run, result: unknown, resultNote: string | null): HistoryDetail {
  return {
    ...(run.failures !== null && { failures: run.failures }),
    ...(result !== null && { result }),
    ...(resultNote !== null && { resultNote }),
  };
}

const failureOutcomes: Readonly<Record<RunFailed[0], AttemptOutcome>> = {
  [Kind.RUN_FAILED]: "FAILED",
  [Kind.RUN_TIMED_OUT]: "TIMED_OUT",
  [Kind.RUN_LOST]: "LOST",
};

function fail(state: State, atMs: number, record: RunFailed, applied: Applied): Run | Refusal {
  const [kind, id, token, tookUs, retryAtMs, nextAtMs, error, ending = null] = record;
  const run = state.runs.get(id);
  if (run === undefined || run.state !== "running" || run.token !== token) return staleToken();
  const { timers } = state;
  state.changes.touch(run.slot);
  run.failures ??= [];
  run.failures.push({ attempt: run.attempt, outcome: failureOutcomes[kind], endedAtMs: atMs, tookUs, error, ending });
  if (run.failures.length > failuresMax) run.failures.splice(firstFailuresKept, 1);
  const mayRetry = run.attempt < definitionOf(state, run.slot).retry.maxAttempts;
  if (retryAtMs === 0 || !mayRetry || timers.status.get(run.slot) === Status.CANCELLED) {
    timers.deadCount.add(run.slot, 1);
    return finish(state, atMs, run, { outcome: "DEAD", tookUs, nextAtMs, detail: { failures: run.failures } }, applied);
  }
  addRunning(state, run.slot, -1);
  timers.noteRetry(run.slot, atMs);
  timers.lastTookUs.set(run.slot, tookUs);
  run.state = "retrying";
  run.retryAtMs = retryAtMs;
  return run;
}

function cancel(state: State, atMs: number, record: RunCancelled, applied: Applied): Run | Refusal {
  const [, id, reason, nextAtMs, ending] = record;
  const run = state.runs.get(id);
  if (run === undefined) return refused("KRON_CONFLICT", "the run is finished");
  state.changes.touch(run.slot);
  const detail: HistoryDetail = {
    reason,
    ...(run.failures !== null && { failures: run.failures }),
    ...(ending !== undefined && { ending }),
  };
  return finish(state, atMs, run, { outcome: "CANCELLED", tookUs: 0, nextAtMs, detail }, applied);
}

interface Finish {
  readonly outcome: RunOutcome;
  readonly tookUs: number;
  /** When a fixed delay is due next; 0 for other schedules. */
  readonly nextAtMs: number;
  readonly detail: HistoryDetail | undefined;
}

function finish(state: State, atMs: number, run: Run, end: Finish, applied: Applied): Run {
  const { timers } = state;
  const { outcome, tookUs, detail } = end;
  const { slot } = run;
  if (run.state === "running") addRunning(state, slot, -1);
  if (run.state === "waiting") timers.waitingRuns.add(slot, -1);
  timers.liveRuns.add(slot, -1);
  run.state = "finished";
  state.runs.remove(run);
  timers.lastFinishedAtMs.set(slot, atMs);
  if (!run.isManual) timers.heldUntilMs.set(slot, atMs);
  timers.lastTookUs.set(slot, tookUs);
  timers.lastOutcome.set(slot, outcomeCode(outcome));
  addHistory(state, slot, {
    outcome,
    run: run.id,
    isManual: run.isManual,
    attempts: run.attempt,
    scheduledAtMs: run.scheduledAtMs,
    lastScheduledAtMs: run.scheduledAtMs,
    dueAtMs: run.dueAtMs,
    startedAtMs: run.startedAtMs,
    finishedAtMs: atMs,
    tookUs,
    count: 1,
    missedCount: run.missedCount,
    detail,
  });
  continueTimer(state, atMs, run, end);
  retireIfDone(state, slot, applied);
  return run;
}

/** A fixed delay counts from the finish; a one-shot is done with its only occurrence. */
function continueTimer(state: State, atMs: number, run: Run, end: Finish): void {
  const { timers } = state;
  const { slot } = run;
  if (timers.nextAtMs.get(slot) !== 0 || timers.status.get(slot) === Status.CANCELLED) return;
  const definition = definitionOf(state, slot);
  if (isOneShot(definition)) {
    if (!run.isManual) timers.status.set(slot, end.outcome === "DEAD" ? Status.DEAD : Status.COMPLETED);
  } else if (definition.schedule.kind === "every" && !run.isManual && end.nextAtMs !== 0) {
    // A clock that was set back may not bring the timer to a halt, nor any occurrence back.
    timers.nextAtMs.set(slot, Math.max(end.nextAtMs, timers.lastScheduledAtMs.get(slot) + 1));
  } else {
    keepGoing(state, slot, atMs);
  }
}

function addRunning(state: State, slot: number, delta: 1 | -1): void {
  state.timers.runningRuns.add(slot, delta);
  state.runningCount += delta;
}

function definitionOf(state: State, slot: number): TimerDefinition {
  return state.definitions.get(state.timers.definition.get(slot));
}

function staleToken(): Refusal {
  return refused("KRON_CONFLICT", "the attempt is not the current one");
}

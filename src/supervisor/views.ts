/** What users may see of the state: timers, their history and what comes next, as plain objects. */

import type { TimerDefinition } from "../core/definition.ts";
import { KronError } from "../core/errors.ts";
import type { HistoryRow, HistorySource } from "../core/history.ts";
import { parseInstant } from "../core/instant.ts";
import { readCount, readOptions } from "../core/option-reader.ts";
import type { InstantInput } from "../core/options.ts";
import { type AttemptOutcome, type Ending, outcomeOf, type RunOutcome, Status } from "../core/outcome.ts";
import { copyPayload } from "../core/payload-copy.ts";
import { jitterMs, nextOccurrence, type Recurrence } from "../core/recurrence.ts";
import { redactDefinition } from "../core/redact.ts";
import { formatRunId } from "../core/run.ts";
import type { State } from "../core/state.ts";
import { type ErrorInfo, errorInfo } from "./events.ts";

/** What a timer is doing. `orphaned`: on record, but nothing here can execute it. */
export type TimerState =
  | "scheduled"
  | "running"
  | "retrying"
  | "waiting"
  | "paused"
  | "orphaned"
  | "completed"
  | "dead"
  | "cancelled";

/** A timer at a glance. Times are epoch milliseconds; undefined when there is none. */
export interface TimerView {
  readonly id: string;
  readonly state: TimerState;
  /** Without secrets: what is taken for one in headers, variables and URLs is `[redacted]`. */
  readonly definition: TimerDefinition;
  readonly payload: unknown;
  readonly createdAtMs: number;
  /** When the next occurrence is due, jitter included; also one in the past that has not become a run. */
  readonly nextRunAtMs: number | undefined;
  /** When the next attempt of a run that failed is due. */
  readonly nextRetryAtMs: number | undefined;
  readonly lastScheduledAtMs: number | undefined;
  readonly lastFinishedAtMs: number | undefined;
  readonly lastDurationMs: number | undefined;
  readonly lastOutcome: RunOutcome | undefined;
  /** Of the last attempt that failed: in the run under way, or in the last run if none has succeeded since at its first attempt. */
  readonly lastError: ErrorInfo | undefined;
  readonly runningCount: number;
  readonly waitingCount: number;
  readonly succeededCount: number;
  readonly deadCount: number;
  readonly missedCount: number;
  readonly skippedCount: number;
  readonly retriesIn7Days: number;
}

/** One attempt that did not succeed. */
export interface AttemptView {
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly endedAtMs: number;
  readonly durationMs: number;
  readonly error: ErrorInfo;
  /** How it was ended by force; not there when it ended by itself. */
  readonly ending?: Ending;
}

/** One finished occurrence, or `count` of them that share an outcome without having run. */
export interface HistoryEntry {
  readonly timerId: string;
  readonly outcome: RunOutcome;
  /** Undefined when no run was made (MISSED, SKIPPED_OVERLAP). */
  readonly runId: string | undefined;
  readonly isManual: boolean;
  readonly scheduledAtMs: number;
  readonly lastScheduledAtMs: number;
  readonly count: number;
  readonly dueAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number;
  readonly durationMs: number | undefined;
  readonly attempts: number;
  readonly missedCount: number;
  /** The first 4 and the last 16 of them, when there were more. */
  readonly failures: readonly AttemptView[];
  readonly result?: unknown;
  readonly resultNote?: string;
  readonly reason?: string;
  /** Of a run that was cancelled: how its last attempt was ended by force. */
  readonly ending?: Ending;
}

/** Which part of a timer's history is wanted: the newest `limit` that finished from `since` on and before `before`. */
export interface HistoryQuery {
  /** From 1 to 100,000; default 100. */
  readonly limit?: number | undefined;
  readonly since?: InstantInput | undefined;
  readonly before?: InstantInput | undefined;
}

const historyNames: ReadonlySet<string> = new Set(["limit", "since", "before"]);
const historyLimitMax = 100_000;
const nextRunsMax = 10_000;

/** The slot of a timer; throws `KRON_TIMER_NOT_FOUND`. */
export function slotOf(state: State, id: string): number {
  const slot = state.timers.slotOf(id);
  if (slot !== undefined) return slot;
  throw new KronError("KRON_TIMER_NOT_FOUND", `Timer "${id}" is not known`, {
    hint: "Look at list() or `kron job list` for the ids there are",
  });
}

/** A timer as users see it. `isOrphaned` says that nothing here can execute it. */
export function viewTimer(state: State, slot: number, isOrphaned: boolean, history: HistorySource): TimerView {
  const { timers } = state;
  const id = timers.idOf(slot) ?? "";
  const definition = state.definitions.get(timers.definition.get(slot));
  const nextAtMs = timers.nextAtMs.get(slot);
  const live = liveOf(state, slot);
  const finishedAtMs = timers.lastFinishedAtMs.get(slot);
  return {
    id,
    state: stateOf(state, slot, isOrphaned),
    definition: shown(definition),
    payload: copyPayload(timers.payload(slot)),
    createdAtMs: timers.createdAtMs.get(slot),
    nextRunAtMs: nextAtMs === 0 ? undefined : nextAtMs + jitterMs(definition, id, nextAtMs),
    nextRetryAtMs: live.retryAtMs,
    lastScheduledAtMs: timers.lastScheduledAtMs.get(slot) || undefined,
    lastFinishedAtMs: finishedAtMs || undefined,
    lastDurationMs: finishedAtMs === 0 ? undefined : timers.lastTookUs.get(slot) / 1_000,
    lastOutcome: outcomeOf(timers.lastOutcome.get(slot)),
    lastError: live.error ?? lastErrorOf(state, slot, history),
    runningCount: timers.runningRuns.get(slot),
    waitingCount: timers.waitingRuns.get(slot),
    succeededCount: timers.succeededCount.get(slot),
    deadCount: timers.deadCount.get(slot),
    missedCount: timers.missedCount.get(slot),
    skippedCount: timers.skippedCount.get(slot),
    retriesIn7Days: timers.retriesIn7Days(slot, state.atMs),
  };
}

/** A `HistoryQuery` that has been read. */
export interface HistoryRange {
  readonly limit: number;
  readonly sinceMs: number;
  readonly beforeMs: number;
}

/** Reads a query. Throws `KRON_OPTION_INVALID`. */
export function readHistoryQuery(query: HistoryQuery): HistoryRange {
  const raw = readOptions(query, "the query", "", historyNames);
  return {
    limit: readCount(raw.limit ?? 100, "limit", 1, historyLimitMax),
    sinceMs: query.since === undefined ? Number.NEGATIVE_INFINITY : parseInstant(query.since, "since"),
    beforeMs: query.before === undefined ? Number.POSITIVE_INFINITY : parseInstant(query.before, "before"),
  };
}

/** The history of a timer, newest first. Throws `KRON_OPTION_INVALID`. */
export function viewHistory(state: State, slot: number, query: HistoryQuery, history: HistorySource): HistoryEntry[] {
  const { limit, sinceMs, beforeMs } = readHistoryQuery(query);
  const timerId = state.timers.idOf(slot) ?? "";
  const entries: HistoryEntry[] = [];
  history.visit(slot, (row) => {
    // No early end at `since`: where the wall clock was set back, later rows have earlier times.
    if (row.finishedAtMs >= sinceMs && row.finishedAtMs < beforeMs) entries.push(viewRow(timerId, row));
    return entries.length < limit;
  });
  return entries;
}

/**
 * The next `count` (0 to 10,000) due times of a timer, jitter included, as far as the schedule knows them now.
 * Throws `KRON_OPTION_INVALID`.
 */
export function viewNextRuns(state: State, slot: number, recurrence: Recurrence, count: number): number[] {
  readCount(count, "count", 0, nextRunsMax);
  const id = state.timers.idOf(slot) ?? "";
  const runs: number[] = [];
  let atMs: number | undefined = state.timers.nextAtMs.get(slot) || undefined;
  while (atMs !== undefined && runs.length < count) {
    runs.push(atMs + jitterMs(recurrence.definition, id, atMs));
    atMs = nextOccurrence(recurrence, atMs);
  }
  return runs;
}

/** Timers share their definitions, so that nobody may change one; and secrets are not shown. */
function shown(definition: TimerDefinition): TimerDefinition {
  for (const part of Object.values(definition)) Object.freeze(part);
  return Object.freeze(redactDefinition(Object.freeze(definition)));
}

/** What the timer in `slot` is doing. */
export function stateOf(state: State, slot: number, isOrphaned: boolean): TimerState {
  const { timers } = state;
  const running = timers.runningRuns.get(slot);
  const waiting = timers.waitingRuns.get(slot);
  if (running > 0) return "running";
  switch (timers.status.get(slot)) {
    case Status.PAUSED:
      return "paused";
    case Status.COMPLETED:
      return "completed";
    case Status.DEAD:
      return "dead";
    case Status.CANCELLED:
      return "cancelled";
    default:
  }
  if (isOrphaned) return "orphaned";
  if (timers.liveRuns.get(slot) > waiting) return "retrying";
  return waiting > 0 ? "waiting" : "scheduled";
}

interface Live {
  readonly retryAtMs: number | undefined;
  readonly error: ErrorInfo | undefined;
}

function liveOf(state: State, slot: number): Live {
  let retryAtMs = Number.POSITIVE_INFINITY;
  let error: ErrorInfo | undefined;
  for (const run of state.runs.ofSlot(slot)) {
    if (run.state === "retrying") retryAtMs = Math.min(retryAtMs, run.retryAtMs);
    const last = run.failures?.at(-1);
    if (last !== undefined) error = errorInfo(last.error);
  }
  return { retryAtMs: Number.isFinite(retryAtMs) ? retryAtMs : undefined, error };
}

function lastErrorOf(state: State, slot: number, history: HistorySource): ErrorInfo | undefined {
  const number = state.timers.errorRow.get(slot);
  const last = number === 0 ? undefined : history.row(slot, number)?.detail?.failures?.at(-1);
  return last === undefined ? undefined : errorInfo(last.error);
}

/** A row of a timer's history as users see it. */
export function viewRow(timerId: string, row: HistoryRow): HistoryEntry {
  const { detail } = row;
  return {
    timerId,
    outcome: row.outcome,
    runId: row.run === 0 ? undefined : formatRunId(row.run),
    isManual: row.isManual,
    scheduledAtMs: row.scheduledAtMs,
    lastScheduledAtMs: row.lastScheduledAtMs,
    count: row.count,
    dueAtMs: row.dueAtMs,
    startedAtMs: row.startedAtMs || undefined,
    finishedAtMs: row.finishedAtMs,
    durationMs: row.startedAtMs === 0 ? undefined : row.tookUs / 1_000,
    attempts: row.attempts,
    missedCount: row.missedCount,
    failures: (detail?.failures ?? []).map((failure) => ({
      attempt: failure.attempt,
      outcome: failure.outcome,
      endedAtMs: failure.endedAtMs,
      durationMs: failure.tookUs / 1_000,
      error: errorInfo(failure.error),
      ...(failure.ending !== null && { ending: failure.ending }),
    })),
    ...(detail?.result !== undefined && { result: copyPayload(detail.result) }),
    ...(detail?.resultNote !== undefined && { resultNote: detail.resultNote }),
    ...(detail?.reason !== undefined && { reason: detail.reason }),
    ...(detail?.ending !== undefined && { ending: detail.ending }),
  };
}

/** Live runs as users see them. */

import { formatRunId, type Run } from "../../core/run.ts";
import type { State } from "../../core/state.ts";
import type { TargetSpec } from "../../core/target.ts";

/** A run that has not ended. Times are epoch milliseconds, undefined when there is none. */
export interface RunView {
  readonly runId: string;
  readonly timerId: string;
  readonly state: "waiting" | "running" | "retrying";
  readonly isManual: boolean;
  /** The attempt under way, or the latest; 0 before the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly scheduledAtMs: number;
  readonly dueAtMs: number;
  /** When the attempt under way, or the latest, was started. */
  readonly startedAtMs: number | undefined;
  /** When the next attempt is due, between two. */
  readonly retryAtMs: number | undefined;
  readonly missedCount: number;
  readonly target: TargetSpec["kind"];
}

/** The states of a run that has not ended. */
export const runStates: readonly RunView["state"][] = ["waiting", "running", "retrying"];

/** All runs that have not ended, or those of the timer in `slot`, in the order in which they were made. */
export function viewRuns(state: State, slot: number | undefined): RunView[] {
  const { runs } = state;
  return Array.from(slot === undefined ? runs.values() : runs.ofSlot(slot), (run) => viewRun(state, run));
}

/** A run that has not ended, as it is now. */
export function viewRun(state: State, run: Run): RunView {
  const { retry, target } = state.definitions.get(state.timers.definition.get(run.slot));
  return {
    runId: formatRunId(run.id),
    timerId: state.timers.idOf(run.slot) ?? "",
    state: run.state === "finished" ? "running" : run.state,
    isManual: run.isManual,
    attempt: run.attempt,
    maxAttempts: retry.maxAttempts,
    scheduledAtMs: run.scheduledAtMs,
    dueAtMs: run.dueAtMs,
    startedAtMs: run.startedAtMs || undefined,
    retryAtMs: run.state === "retrying" ? run.retryAtMs : undefined,
    missedCount: run.missedCount,
    target: target.kind,
  };
}

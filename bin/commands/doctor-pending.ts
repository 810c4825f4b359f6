/** Occurrences without an outcome, as `kron doctor` tells of them: since when, and why. */

import type { DueOccurrences, Pending } from "../../src/core/pending.ts";
import { formatRunId, type Run } from "../../src/core/run.ts";
import type { State } from "../../src/core/state.ts";
import type { Column, Table } from "../table.ts";
import { localTime, relativeTime, timeInText } from "../times.ts";
import type { Offline } from "./offline.ts";

/** What is asked of the directory. */
type Looked = Pick<Offline, "state" | "zone" | "runtime">;

/** The lines that a person reads; `--json` has more. */
const linesMax = 20;

const columns: readonly Column[] = [
  { heading: "TIMER", widthMin: 12 },
  { heading: "DUE", priority: 3 },
  { heading: "AGO" },
  { heading: "COUNT", align: "right", priority: 2 },
  { heading: "RUN", priority: 4 },
  { heading: "WHY", widthMin: 20, priority: 1 },
];

/** What is pending, as far as a person reads it, and how much more there is. */
export function pendingTable(
  pending: Pending,
  looked: Looked,
  nowMs: number,
): { readonly table: Table; readonly left: number } {
  const { state, zone } = looked;
  const when = (ms: number): string[] => [localTime(ms, zone), relativeTime(ms, nowMs).replace(" ago", "")];
  const rows = [
    ...pending.runs.map((run) => [
      timerIdOf(state, run),
      ...when(run.dueAtMs),
      "1",
      formatRunId(run.id),
      whyRun(run, looked, nowMs),
    ]),
    ...pending.due.map((due) => [due.timerId, ...when(due.firstAtMs), String(due.count), "-", whyDue(due, looked)]),
  ];
  const shown = rows.slice(0, linesMax);
  return { table: { columns, rows: shown }, left: pending.runCount + pending.dueTimerCount - shown.length };
}

/** What is pending, for `--json`. */
export function pendingJson(pending: Pending, looked: Looked, nowMs: number): object {
  const { state } = looked;
  return {
    runCount: pending.runCount,
    runs: pending.runs.map((run) => ({
      timerId: timerIdOf(state, run),
      runId: formatRunId(run.id),
      state: run.state,
      isManual: run.isManual,
      attempt: run.attempt,
      scheduledAtMs: run.scheduledAtMs,
      dueAtMs: run.dueAtMs,
      retryAtMs: run.retryAtMs || null,
      why: whyRun(run, looked, nowMs),
    })),
    dueTimerCount: pending.dueTimerCount,
    due: pending.due.map((due) => ({
      timerId: due.timerId,
      firstAtMs: due.firstAtMs,
      lastAtMs: due.lastAtMs,
      count: due.count,
      lateMs: nowMs - due.firstAtMs,
      isPaused: due.isPaused,
      why: whyDue(due, looked),
    })),
  };
}

function timerIdOf(state: State, run: Run): string {
  return state.timers.idOf(run.slot) ?? "";
}

function whyRun(run: Run, { runtime, zone }: Looked, nowMs: number): string {
  if (run.state === "retrying") {
    return `attempt ${run.attempt} failed, the next is due ${timeInText(run.retryAtMs, zone, nowMs)}`;
  }
  if (run.state === "waiting") return "waits for a slot, or for the run before it";
  if (runtime.state === "running") return `attempt ${run.attempt} is under way`;
  return `attempt ${run.attempt} was under way when the process ended; the next start records it as lost`;
}

function whyDue(due: DueOccurrences, { runtime }: Looked): string {
  if (due.isPaused) return "the timer is paused";
  if (runtime.state !== "running") return "no runtime is there; the next start applies the misfire policy";
  if (due.hasLiveRun) return "a run of the timer is under way";
  return "all slots are taken, or nothing executes it";
}

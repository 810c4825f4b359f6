/**
 * Timers, history and runs as they travel: tuples in the order of the names below, null for what is not there, so
 * that a hundred thousand of them carry no names. A definition travels as it stands in the log.
 *
 * Names are only ever added, at the end; whoever reads ignores those it does not know.
 */

import { decodeDefinition, encodeDefinition } from "../../core/definition.ts";
import { KronError } from "../../core/errors.ts";
import type { HistoryEntry, TimerView } from "../../supervisor/views.ts";
import type { RunView } from "./run-view.ts";

/** A timer with the instant from which its schedule counts. */
export interface TimerRow {
  readonly timer: TimerView;
  readonly anchorMs: number;
}

/** A tuple of plain data. */
export type Tuple = readonly unknown[];

const timerNames: readonly (keyof TimerView | "anchorMs")[] = [
  ...(["id", "state", "definition", "payload", "createdAtMs", "nextRunAtMs", "nextRetryAtMs"] as const),
  ...(["lastScheduledAtMs", "lastFinishedAtMs", "lastDurationMs", "lastOutcome", "lastError"] as const),
  ...(["runningCount", "waitingCount", "succeededCount", "deadCount", "missedCount"] as const),
  ...(["skippedCount", "retriesIn7Days", "anchorMs"] as const),
];
const definitionAt = timerNames.indexOf("definition");
const historyNames: readonly (keyof HistoryEntry)[] = [
  ...(["timerId", "outcome", "runId", "isManual", "scheduledAtMs", "lastScheduledAtMs", "count"] as const),
  ...(["dueAtMs", "startedAtMs", "finishedAtMs", "durationMs", "attempts", "missedCount", "failures"] as const),
  ...(["result", "resultNote", "reason", "ending"] as const),
];
/** Members of a history entry that are left out, rather than undefined, when there is nothing to say. */
const sparseNames: ReadonlySet<keyof HistoryEntry> = new Set(["result", "resultNote", "reason", "ending"]);
const runNames: readonly (keyof RunView)[] = [
  ...(["runId", "timerId", "state", "isManual", "attempt", "maxAttempts", "scheduledAtMs", "dueAtMs"] as const),
  ...(["startedAtMs", "retryAtMs", "missedCount", "target"] as const),
];

/** A timer as a tuple. */
export function packTimer({ timer, anchorMs }: TimerRow): Tuple {
  const tuple: unknown[] = timerNames.map<unknown>((name) => (name === "anchorMs" ? anchorMs : (timer[name] ?? null)));
  tuple[definitionAt] = encodeDefinition(timer.definition);
  return tuple;
}

/** The timer that `packTimer` was given. Throws `KRON_IPC_PROTOCOL` for what is no such tuple. */
export function unpackTimer(value: unknown): TimerRow {
  const tuple = asTuple(value, timerNames.length, "a timer");
  const members = timerNames.map((name, at) => [name, tuple[at] ?? undefined] as const);
  const { anchorMs, ...timer } = Object.fromEntries(members);
  const definition = decodeDefinition(tuple[definitionAt]);
  return { timer: { ...timer, definition } as unknown as TimerView, anchorMs: Number(anchorMs) };
}

/** A finished occurrence as a tuple. */
export function packHistory(entry: HistoryEntry): Tuple {
  return historyNames.map((name) => entry[name] ?? null);
}

/** The entry that `packHistory` was given. Throws `KRON_IPC_PROTOCOL` for what is no such tuple. */
export function unpackHistory(value: unknown): HistoryEntry {
  const tuple = asTuple(value, historyNames.length, "an entry of the history");
  const members = historyNames.map((name, at) => [name, tuple[at] ?? undefined] as const);
  const present = members.filter(([name, member]) => member !== undefined || !sparseNames.has(name));
  return Object.fromEntries(present) as unknown as HistoryEntry;
}

/** A live run as a tuple. */
export function packRun(run: RunView): Tuple {
  return runNames.map((name) => run[name] ?? null);
}

/** The run that `packRun` was given. Throws `KRON_IPC_PROTOCOL` for what is no such tuple. */
export function unpackRun(value: unknown): RunView {
  const tuple = asTuple(value, runNames.length, "a run");
  const members = runNames.map((name, at) => [name, tuple[at] ?? undefined] as const);
  return Object.fromEntries(members) as unknown as RunView;
}

/** About what a value takes on the wire: good enough to keep pages from growing large. */
export function roughBytes(value: unknown): number {
  if (typeof value === "string") return value.length + 3;
  if (typeof value !== "object" || value === null) return 6;
  if (value instanceof Uint8Array) return value.length + 5;
  let bytes = 5;
  if (Array.isArray(value)) for (const element of value) bytes += roughBytes(element);
  else for (const [name, member] of Object.entries(value)) bytes += name.length + 3 + roughBytes(member);
  return bytes;
}

function asTuple(value: unknown, lengthMin: number, what: string): Tuple {
  if (Array.isArray(value) && value.length >= lengthMin) return value;
  throw new KronError("KRON_IPC_PROTOCOL", `Expected ${what} as a tuple of ${lengthMin} fields`, {
    hint: "Use the same version of Kron on both sides",
  });
}

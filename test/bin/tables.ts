/** The golden tables: what each shows, in which widths, and where it is kept. */

import type { ShownOption } from "../../bin/commands/config-print.ts";
import { optionsTable } from "../../bin/commands/config-print.ts";
import { pendingTable } from "../../bin/commands/doctor-pending.ts";
import { historyTable } from "../../bin/commands/job-history.ts";
import { timersTable } from "../../bin/commands/job-list.ts";
import { runsTable } from "../../bin/commands/run-list.ts";
import { stepsTable } from "../../bin/commands/sync-report.ts";
import { labelledZone } from "../../bin/display-zone.ts";
import { type Table, tableLines } from "../../bin/table.ts";
import type { ScheduleOptions } from "../../src/core/options.ts";
import { State } from "../../src/core/state.ts";
import type { SyncStep } from "../../src/core/sync-plan.ts";
import { Zones } from "../../src/core/zone.ts";
import type { RunView } from "../../src/runtime/service/run-view.ts";
import type { TimerRow } from "../../src/runtime/service/wire-views.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { readRegistration } from "../../src/supervisor/registration.ts";
import type { AttemptView, HistoryEntry, TimerView } from "../../src/supervisor/views.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { repositoryPath } from "../tooling/source-files.ts";

/** The widths in which each is kept; undefined for a pipe, which gets everything. */
export const widths: readonly (number | undefined)[] = [40, 60, 80, 120, 200, undefined];

const zones = new Zones(intlOffsetSource());
const recurrences = new Recurrences(zones);
const zone = labelledZone(zones.get("Europe/Berlin"));
const minute = 60_000;
const hour = 60 * minute;
/** An hour before clocks are set back in Berlin: what is due at 02:30 is due twice by its looks. */
const nowMs = Date.UTC(2026, 9, 24, 23, 30);

function definitionOf(options: ScheduleOptions) {
  return readRegistration("any", options, recurrences, nowMs).definition;
}

function timer(id: string, options: ScheduleOptions, more: Partial<TimerView>): TimerRow {
  const none = { lastScheduledAtMs: undefined, lastFinishedAtMs: undefined, lastDurationMs: undefined };
  const view: TimerView = {
    ...{ id, state: "scheduled", definition: definitionOf(options), payload: undefined, createdAtMs: nowMs },
    ...{ nextRunAtMs: undefined, nextRetryAtMs: undefined, ...none, lastOutcome: undefined, lastError: undefined },
    ...{ runningCount: 0, waitingCount: 0, succeededCount: 0, deadCount: 0, missedCount: 0, skippedCount: 0 },
    ...{ retriesIn7Days: 0, ...more },
  };
  return { timer: view, anchorMs: nowMs };
}

const timers: readonly TimerRow[] = [
  timer("backup:nightly", { cron: "30 2 * * *", timezone: "Europe/Berlin" }, { nextRunAtMs: nowMs + hour }),
  timer(
    "reports/a-very-long-name-that-nobody-would-want-to-type-twice",
    { cron: "30 2 * * *", timezone: "Europe/Berlin", dst: "wildcard" },
    { state: "retrying", nextRetryAtMs: nowMs + 2 * hour, lastOutcome: "DEAD", lastFinishedAtMs: nowMs - 26 * hour },
  ),
  timer(
    "再試行-日本語",
    { every: "90s" },
    { state: "running", lastOutcome: "SUCCEEDED", lastFinishedAtMs: nowMs - 90_000 },
  ),
  timer("cafe\u0301", { every: "5h" }, { state: "paused", nextRunAtMs: nowMs - 3 * minute }),
  timer(
    "bad\u001b[31mred\u202e",
    { after: "1h" },
    { state: "completed", lastOutcome: "MISSED", lastFinishedAtMs: nowMs },
  ),
];

function entry(outcome: HistoryEntry["outcome"], agoMs: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
  const atMs = nowMs - agoMs;
  return {
    ...{ timerId: "backup", outcome, runId: "run_00000000a1", isManual: false, scheduledAtMs: atMs, dueAtMs: atMs },
    ...{ lastScheduledAtMs: atMs, count: 1, startedAtMs: atMs, finishedAtMs: atMs + 1_500, durationMs: 1_500 },
    ...{ attempts: 1, missedCount: 0, failures: [], ...more },
  };
}

const failure: AttemptView = {
  attempt: 2,
  outcome: "FAILED",
  endedAtMs: nowMs,
  durationMs: 12,
  error: { name: "Error", message: "the disk\nis \u001b[1mfull", details: { code: "ENOSPC", path: "/var/backup" } },
};

const history: readonly HistoryEntry[] = [
  entry("SUCCEEDED", 30_000),
  entry("DEAD", 25 * hour, { attempts: 2, failures: [failure] }),
  entry("MISSED", 49 * hour, { runId: undefined, durationMs: undefined, attempts: 0, count: 12, reason: "down" }),
];

function run(state: RunView["state"], timerId: string, more: Partial<RunView> = {}): RunView {
  return {
    ...{ runId: "run_00000000a1", timerId, state, isManual: false, attempt: 1, maxAttempts: 3 },
    ...{ scheduledAtMs: nowMs - minute, dueAtMs: nowMs - minute, startedAtMs: nowMs - 59_000, retryAtMs: undefined },
    ...{ missedCount: 0, target: "callback", ...more },
  };
}

const runs: readonly RunView[] = [
  run("running", "backup:nightly"),
  run("retrying", "reports/a-very-long-name", { attempt: 2, retryAtMs: nowMs + 2 * hour }),
  run("waiting", "再試行-日本語", { isManual: true, attempt: 0, startedAtMs: undefined }),
];

const declared = (id: string, options: ScheduleOptions) => {
  const { definition, key, payload, payloadBytes } = readRegistration(id, options, recurrences, nowMs);
  return { id, definition, key, payload, payloadBytes, atMs: undefined, options };
};

const steps: readonly SyncStep[] = [
  { kind: "create", id: "backup", declared: declared("backup", { cron: "0 2 * * *" }) },
  {
    kind: "update",
    id: "report",
    declared: declared("report", { every: "1h" }),
    adopts: true,
    changes: [
      { option: "schedule", before: { kind: "every", everyMs: 60_000 }, after: { kind: "every", everyMs: hour } },
    ],
  },
  { kind: "keep", id: "old", why: "changed-since" },
  { kind: "refuse", id: "app", why: "callback", source: "" },
];

const shown: Readonly<Record<string, ShownOption>> = {
  concurrency: { value: 64, origin: "default", place: "" },
  dataDir: { value: "/var/lib/kron/a-directory-with-a-rather-long-name", origin: "flag", place: "--data-dir" },
  timezone: { value: "Europe/Berlin", origin: "environment", place: "KRON_TZ" },
};

const due = {
  ...{ slot: 0, timerId: "backup:nightly", firstAtMs: nowMs - 2 * hour, lastAtMs: nowMs - hour, count: 2 },
  ...{ isPaused: false, hasLiveRun: false },
};
const pending = { due: [due], runs: [], dueTimerCount: 1, runCount: 0 };
const runtime = { state: "stopped", pid: undefined } as const;

/** Every table by its name. */
export const tables: Readonly<Record<string, Table>> = {
  "job-list": timersTable(timers, zone, nowMs),
  "job-history": historyTable(history, zone, nowMs),
  "run-list": runsTable(runs, zone, nowMs),
  sync: stepsTable({ steps, isDone: true }, zone),
  "config-print": optionsTable(shown),
  "doctor-pending": pendingTable(pending, { state: new State(), zone, runtime }, nowMs).table,
};

/** Where a table is kept. */
export function goldenPath(name: string): string {
  return repositoryPath(`test/golden/tables/${name}.txt`);
}

/** The table in all widths. */
export function goldenText(name: string): string {
  const table = tables[name];
  if (table === undefined) throw new Error(`Expected a table, got ${name}`);
  const parts = widths.map((width) => {
    const title = width === undefined ? "no terminal" : `${width} columns`;
    return [`── ${title}`, ...tableLines(table, width)].join("\n");
  });
  return `${parts.join("\n\n")}\n`;
}

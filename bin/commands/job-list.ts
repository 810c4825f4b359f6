/** `kron job list`: every timer on record in one line each. */

import { toneOf } from "../../src/core/palette.ts";
import type { TimerRow } from "../../src/runtime/service/wire-views.ts";
import type { TimerState } from "../../src/supervisor/views.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import type { DisplayZone } from "../display-zone.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { type Cell, type Column, printTable, type Table } from "../table.ts";
import { localTime, relativeTime } from "../times.ts";
import { lookAtTimers } from "./look.ts";
import { scheduleText } from "./schedule-text.ts";
import type { Seen } from "./seen.ts";

/** Options of `kron job list`. */
export interface JobListOptions {
  /** Only timers in one of these states. */
  readonly state?: readonly TimerState[];
}

const columns: readonly Column[] = [
  { heading: "TIMER", widthMin: 16 },
  { heading: "STATE" },
  { heading: "NEXT RUN", priority: 4 },
  { heading: "IN" },
  { heading: "LAST RUN", priority: 3 },
  { heading: "OUTCOME", priority: 1 },
  { heading: "SCHEDULE", widthMin: 12, priority: 2 },
];

/** Prints the timers, sorted by id. */
export async function jobList(context: CommandContext, options: JobListOptions): Promise<ExitCodeValue> {
  const wanted = options.state === undefined ? undefined : new Set(options.state);
  const { seen, rows } = await lookAtTimers(context, wanted);
  const { output, dataDir } = context;
  if (output.options.isJson) {
    const head = { version: jsonVersion, command: "job list", dataDir, runtime: seen.runtime };
    output.jsonList(
      head,
      "timers",
      rows.map(({ timer }) => timer),
    );
  } else if (rows.length === 0) {
    output.line(wanted === undefined ? "(no timers registered)" : "(no timers in that state)");
  } else {
    printTable(output, timersTable(rows, seen.zone, context.nowMs));
  }
  noteInterrupted(context, seen, rows);
  return seen.report();
}

/** Timers in one line each, times as of `nowMs`. */
export function timersTable(rows: readonly TimerRow[], zone: DisplayZone, nowMs: number): Table {
  return { columns, rows: rows.map((row) => cellsOf(row, zone, nowMs)) };
}

function cellsOf({ timer: view, anchorMs }: TimerRow, zone: DisplayZone, nowMs: number): Cell[] {
  const nextMs = view.nextRetryAtMs ?? view.nextRunAtMs;
  const outcome = view.lastOutcome ?? "-";
  return [
    view.id,
    [view.state, toneOf(view.state)],
    nextMs === undefined ? "-" : localTime(nextMs, zone),
    nextMs === undefined ? "-" : nextText(nextMs, nowMs),
    view.lastFinishedAtMs === undefined ? "-" : relativeTime(view.lastFinishedAtMs, nowMs),
    [outcome, toneOf(outcome)],
    scheduleText(view.definition, anchorMs, zone),
  ];
}

/** The heading says "in"; what has passed is overdue. */
function nextText(nextMs: number, nowMs: number): string {
  const text = relativeTime(nextMs, nowMs);
  return text.startsWith("in ") ? text.slice(3) : text.replace(" ago", " overdue");
}

function noteInterrupted(context: CommandContext, { runtime }: Seen, rows: readonly TimerRow[]): void {
  if (runtime.state !== "ended" || context.output.options.isJson) return;
  const count = rows.filter(({ timer }) => timer.state === "running").length;
  if (count === 0) return;
  context.output.message(
    `note: no runtime is there any more; ${count === 1 ? "one timer was" : `${count} timers were`} running when it ended`,
  );
}

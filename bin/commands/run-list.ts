/** `kron run list`: the runs that have not ended. */

import { toneOf } from "../../src/core/palette.ts";
import type { RunView } from "../../src/runtime/service/run-view.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import type { DisplayZone } from "../display-zone.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { type Cell, type Column, printTable, type Table } from "../table.ts";
import { localTime, relativeTime } from "../times.ts";
import { lookAtRuns } from "./look.ts";

/** Options of `kron run list`. */
export interface RunListOptions {
  readonly state?: readonly RunView["state"][];
  readonly timer?: string;
}

const columns: readonly Column[] = [
  { heading: "RUN", priority: 1 },
  { heading: "TIMER", widthMin: 16 },
  { heading: "STATE" },
  { heading: "ATTEMPT", align: "right", priority: 2 },
  { heading: "DUE", priority: 5 },
  { heading: "SINCE" },
  { heading: "NEXT ATTEMPT", priority: 4 },
  { heading: "IN", priority: 3 },
];

/** Prints them, in the order in which they were made. */
export async function runList(context: CommandContext, options: RunListOptions): Promise<ExitCodeValue> {
  const states = options.state === undefined ? undefined : new Set(options.state);
  const { seen, runs } = await lookAtRuns(context, states, options.timer);
  const { output, dataDir, nowMs } = context;
  if (output.options.isJson) {
    const head = { version: jsonVersion, command: "run list", dataDir, runtime: seen.runtime };
    output.jsonList(head, "runs", runs);
  } else if (runs.length === 0) {
    output.line("(no runs under way)");
  } else {
    printTable(output, runsTable(runs, seen.zone, nowMs));
  }
  return seen.report();
}

/** Runs in one line each, times as of `nowMs`. */
export function runsTable(runs: readonly RunView[], zone: DisplayZone, nowMs: number): Table {
  return { columns, rows: runs.map((run) => rowOf(run, zone, nowMs)) };
}

function rowOf(run: RunView, zone: DisplayZone, nowMs: number): Cell[] {
  const sinceMs = run.state === "running" ? run.startedAtMs : run.dueAtMs;
  return [
    run.runId,
    run.timerId,
    [run.state, toneOf(run.state)],
    `${run.attempt}/${run.maxAttempts}`,
    run.isManual ? "by hand" : localTime(run.scheduledAtMs, zone),
    sinceMs === undefined ? "-" : relativeTime(sinceMs, nowMs),
    run.retryAtMs === undefined ? "-" : localTime(run.retryAtMs, zone),
    run.retryAtMs === undefined ? "-" : relativeTime(run.retryAtMs, nowMs).replace(/^in /, ""),
  ];
}

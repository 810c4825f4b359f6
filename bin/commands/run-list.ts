/** `kron run list`: the runs that have not ended. */

import type { RunView } from "../../src/runtime/service/run-view.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { type Column, tableLines } from "../table.ts";
import { localTime, relativeTime } from "../times.ts";
import { lookAtRuns } from "./look.ts";
import type { Seen } from "./seen.ts";

/** Options of `kron run list`. */
export interface RunListOptions {
  readonly state?: readonly RunView["state"][];
  readonly timer?: string;
}

const columns: readonly Column[] = [
  { heading: "RUN" },
  { heading: "TIMER", widthMin: 12 },
  { heading: "STATE" },
  { heading: "ATTEMPT", align: "right" },
  { heading: "DUE" },
  { heading: "SINCE" },
  { heading: "NEXT ATTEMPT" },
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
    const rows = runs.map((run) => rowOf(run, seen, nowMs));
    for (const line of tableLines(columns, rows, output.options.width)) output.line(line);
  }
  return seen.report();
}

function rowOf(run: RunView, { zone }: Seen, nowMs: number): string[] {
  const sinceMs = run.state === "running" ? run.startedAtMs : run.dueAtMs;
  return [
    run.runId,
    printable(run.timerId),
    run.state,
    `${run.attempt}/${run.maxAttempts}`,
    run.isManual ? "by hand" : localTime(run.scheduledAtMs, zone),
    sinceMs === undefined ? "-" : relativeTime(sinceMs, nowMs),
    run.retryAtMs === undefined ? "-" : `${localTime(run.retryAtMs, zone)} (${relativeTime(run.retryAtMs, nowMs)})`,
  ];
}

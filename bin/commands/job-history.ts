/** `kron job history <timer>`: how its occurrences ended, the newest first. */

import { parseDuration } from "../../src/core/duration.ts";
import { parseInstant } from "../../src/core/instant.ts";
import { toneOf } from "../../src/core/palette.ts";
import type { HistoryEntry } from "../../src/supervisor/views.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import type { DisplayZone } from "../display-zone.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { readCount } from "../numbers.ts";
import { jsonText } from "../output.ts";
import { printable, shortened } from "../printable.ts";
import { type Cell, type Column, printTable, type Table } from "../table.ts";
import { localTime, relativeTime, tookText } from "../times.ts";
import { lookAtHistory } from "./look.ts";

/** Options of `kron job history`. */
export interface JobHistoryOptions {
  readonly limit?: string;
  readonly since?: string;
  readonly before?: string;
}

const limitDefault = 20;
const detailCharactersMax = 120;

const columns: readonly Column[] = [
  { heading: "FINISHED", priority: 2 },
  { heading: "AGO" },
  { heading: "OUTCOME" },
  { heading: "SCHEDULED", priority: 5 },
  { heading: "ATTEMPTS", align: "right", priority: 4 },
  { heading: "TOOK", align: "right", priority: 1 },
  { heading: "RUN", priority: 6 },
  { heading: "DETAIL", widthMin: 24, priority: 3 },
];

/** Prints the finished occurrences of a timer. */
export async function jobHistory(
  context: CommandContext,
  id: string,
  options: JobHistoryOptions,
): Promise<ExitCodeValue> {
  const { output, nowMs } = context;
  const query = {
    limit: readCount(options.limit, "--limit", limitDefault, 1, 100_000),
    ...(options.since !== undefined && { since: readMoment(options.since, "--since", nowMs) }),
    ...(options.before !== undefined && { before: readMoment(options.before, "--before", nowMs) }),
  };
  const { seen, entries } = await lookAtHistory(context, id, query);
  if (output.options.isJson) {
    output.json({
      ...{ version: jsonVersion, command: "job history", dataDir: context.dataDir, runtime: seen.runtime },
      timerId: id,
      entries,
    });
  } else if (entries.length === 0) {
    output.line("(no finished occurrences)");
  } else {
    printTable(output, historyTable(entries, seen.zone, nowMs));
  }
  return seen.report();
}

/** An instant, or how long ago it was. */
function readMoment(text: string, option: string, nowMs: number): number {
  return /^\d{4}-/.test(text) ? parseInstant(text, option) : nowMs - parseDuration(text, option);
}

/** Finished occurrences in one line each, times as of `nowMs`. */
export function historyTable(entries: readonly HistoryEntry[], zone: DisplayZone, nowMs: number): Table {
  return { columns, rows: entries.map((entry) => rowOf(entry, zone, nowMs)) };
}

function rowOf(entry: HistoryEntry, zone: DisplayZone, nowMs: number): Cell[] {
  return [
    localTime(entry.finishedAtMs, zone),
    relativeTime(entry.finishedAtMs, nowMs),
    [entry.outcome, toneOf(entry.outcome)],
    localTime(entry.scheduledAtMs, zone),
    entry.attempts === 0 ? "-" : String(entry.attempts),
    entry.durationMs === undefined ? "-" : tookText(entry.durationMs),
    entry.runId ?? "-",
    detailOf(entry),
  ];
}

/** `exitCode=2 stderr="…"`: texts are quoted, so that they stay on their line. */
function detailsText(details: object): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${jsonText(value)}`)
    .join(" ");
}

function detailOf(entry: HistoryEntry): string {
  const parts: string[] = [];
  if (entry.isManual) parts.push("by hand");
  if (entry.count > 1) parts.push(`${entry.count} occurrences`);
  if (entry.missedCount > 0) parts.push(`after ${entry.missedCount} missed`);
  if (entry.reason !== undefined) parts.push(printable(entry.reason));
  const failure = entry.failures.at(-1);
  if (failure !== undefined) {
    const { outcome, error } = failure;
    parts.push(shortened(`${outcome}: ${error.name}: ${error.message}`, detailCharactersMax));
    if (error.details !== undefined) parts.push(shortened(detailsText(error.details), detailCharactersMax));
  }
  const ending = entry.ending ?? failure?.ending;
  if (ending !== undefined) parts.push(ending);
  if (entry.resultNote !== undefined) parts.push(shortened(entry.resultNote, detailCharactersMax));
  return parts.join(", ");
}

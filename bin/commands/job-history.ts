/** `kron job history <timer>`: how its occurrences ended, the newest first. */

import { parseDuration } from "../../src/core/duration.ts";
import { parseInstant } from "../../src/core/instant.ts";
import type { HistoryEntry } from "../../src/supervisor/views.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { readCount } from "../numbers.ts";
import { jsonText } from "../output.ts";
import { printable, shortened } from "../printable.ts";
import { type Column, tableLines } from "../table.ts";
import { localTime, relativeTime, tookText } from "../times.ts";
import { lookAtHistory } from "./look.ts";
import type { Seen } from "./seen.ts";

/** Options of `kron job history`. */
export interface JobHistoryOptions {
  readonly limit?: string;
  readonly since?: string;
  readonly before?: string;
}

const limitDefault = 20;
const detailCharactersMax = 120;

const columns: readonly Column[] = [
  { heading: "FINISHED" },
  { heading: "AGO" },
  { heading: "OUTCOME" },
  { heading: "SCHEDULED" },
  { heading: "ATTEMPTS", align: "right" },
  { heading: "TOOK", align: "right" },
  { heading: "RUN", widthMin: 8 },
  { heading: "DETAIL", widthMin: 8 },
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
    const rows = entries.map((entry) => rowOf(entry, seen, nowMs));
    for (const line of tableLines(columns, rows, output.options.width)) output.line(line);
  }
  return seen.report();
}

/** An instant, or how long ago it was. */
function readMoment(text: string, option: string, nowMs: number): number {
  return /^\d{4}-/.test(text) ? parseInstant(text, option) : nowMs - parseDuration(text, option);
}

function rowOf(entry: HistoryEntry, { zone }: Seen, nowMs: number): string[] {
  return [
    localTime(entry.finishedAtMs, zone),
    relativeTime(entry.finishedAtMs, nowMs),
    entry.outcome,
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

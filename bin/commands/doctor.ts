/**
 * `kron doctor`: proves from the files that every acknowledged change is there and every occurrence is accounted
 * for, or says what is wrong. It reads every frame once, replays and audits on the way, and writes nothing.
 */

import type { Pending } from "../../src/core/pending.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printHanging } from "../labelled-lines.ts";
import { bytesText } from "../numbers.ts";
import type { Output } from "../output.ts";
import { counted, printable, shortened } from "../printable.ts";
import { printTable } from "../table.ts";
import { type Examined, examine } from "./doctor-examine.ts";
import { askRuntime, type OwnView, ownViewJson, ownViewText, reportSilence } from "./doctor-live.ts";
import { pendingJson, pendingTable } from "./doctor-pending.ts";
import type { ReportLine } from "./doctor-report.ts";
import { snapshotsJson, snapshotsText } from "./doctor-snapshots.ts";
import type { Start } from "./doctor-start.ts";
import { readingJson } from "./log-verify.ts";
import { runtimeJson } from "./offline.ts";
import { verdictText } from "./verdict-text.ts";

/** Of all that a person can do with a message, reading its first lines is most. */
const messageCharactersMax = 400;
const indent = "  ";

/** Examines the directory of `context` and prints what was found. */
export async function doctor(context: CommandContext): Promise<ExitCodeValue> {
  const own = await askRuntime(context);
  const examined = await examine(context);
  reportSilence(own, examined.runtime, examined.report);
  if (context.output.options.isJson) printJson(context, examined, own);
  else print(context, examined, own);
  return examined.report.problemCount > 0 ? ExitCode.PROBLEMS : ExitCode.OK;
}

function print({ dataDir, output, nowMs }: CommandContext, examined: Examined, own: OwnView | undefined): void {
  const { audit, report, pending, reading, state, runtime, snapshots, start } = examined;
  const { tally: runs } = audit.runs;
  const { tally } = audit.timers;
  const pid = runtime.pid === undefined ? "" : ` (process ${runtime.pid})`;
  const line = (label: string, text: string): void => printHanging(output, label.padEnd(13), text);
  line("data_dir", printable(dataDir));
  line(
    "runtime",
    `${runtime.state}${pid}, started ${times(audit.startCount)}, ${times(audit.crashCount)} after a crash`,
  );
  const answer = ownViewText(own);
  if (answer !== undefined) line("answers", answer);
  line(
    "journal",
    `${counted(reading.segments, "segment")}, ${reading.entries} entries, ${bytesText(reading.bytes)}: ${verdictText(reading)}`,
  );
  line("snapshots", snapshotsText(snapshots, examined.zone, nowMs));
  line("next start", startText(start));
  line("replayed", replayedText(examined));
  line(
    "occurrences",
    `${tally.ran + tally.missed + tally.skipped} accounted for: ${tally.ran} became runs, ${tally.missed} missed, ${tally.skipped} skipped`,
  );
  line(
    "runs",
    `${runs.scheduled + runs.manual} (${runs.manual} by hand): ${runs.succeeded} succeeded, ${runs.dead} dead, ${runs.cancelled} cancelled, ${state.runs.size} not finished`,
  );
  line("attempts", `${runs.attempts}: ${runs.failed} failed, ${runs.timedOut} timed out, ${runs.lost} lost`);
  printPending(output, pending, examined, nowMs);
  section(output, output.toned("strong", `notes (${report.noteCount})`), findingLines(report.notes, report.noteCount));
  const problems = output.toned("bad", `problems (${report.problemCount})`);
  section(output, problems, findingLines(report.problems, report.problemCount));
  if (report.problemCount === 0) {
    output.line();
    output.line(output.toned("good", "no problems found"));
  }
}

function printPending(output: Output, pending: Pending, examined: Examined, nowMs: number): void {
  const { table, left } = pendingTable(pending, examined, nowMs);
  if (table.rows.length === 0) return;
  const counts = `${counted(pending.runCount, "run")}, ${counted(pending.dueTimerCount, "timer")} with due times`;
  section(output, output.toned("strong", `without an outcome yet (${counts})`), undefined);
  printTable(output, table, indent);
  if (left > 0) output.line(`${indent}… and ${left} more`);
}

/** A heading with lines below it; nothing when there are none of them. */
function section(output: Output, title: string, lines: readonly string[] | undefined): void {
  if (lines?.length === 0) return;
  output.line();
  output.line(title);
  for (const text of lines ?? []) printHanging(output, indent, text);
}

function startText(start: Start): string {
  if (!start.isPossible) return `NOT POSSIBLE: ${printable(start.why)}`;
  if (start.from === "journal") return "possible, from the journal alone";
  const which = start.from === "snapshot" ? "the newest snapshot" : "the older snapshot";
  return `possible, from ${which} and the journal behind entry ${start.baseIndex}`;
}

function replayedText({ audit, state, baseIndex, isSnapshotRight }: Examined): string {
  const records = sum(audit.records);
  const from = baseIndex === 0 ? "" : ` behind entry ${baseIndex}, which a snapshot holds,`;
  const agrees = isSnapshotRight === true && baseIndex !== state.appliedIndex ? "; the newest snapshot agrees" : "";
  return `${counted(records, "record")}${from} into ${counted(state.timers.size, "timer")}; ${sum(audit.refused)} had been refused in their turn${agrees}`;
}

function findingLines(findings: readonly ReportLine[], count: number): string[] {
  const lines = findings.map(({ code, index, timerId, message }) => {
    const where = [timerId === undefined ? "" : printable(timerId), index === undefined ? "" : `entry ${index}`];
    const place = where.filter((part) => part !== "").join(", ");
    return `${code}${place === "" ? "" : ` [${place}]`}: ${shortened(message, messageCharactersMax)}`;
  });
  return count > lines.length ? [...lines, `… and ${count - lines.length} more`] : lines;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function sum(counts: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

function printJson({ dataDir, output, nowMs }: CommandContext, examined: Examined, own: OwnView | undefined): void {
  const { audit, report, files, pending, reading, state, snapshots, baseIndex, isSnapshotRight, start } = examined;
  const { problems, problemCount, notes, noteCount } = report;
  output.json({
    ...{ version: jsonVersion, command: "doctor", dataDir, nowMs, verdict: problemCount > 0 ? "problems" : "ok" },
    runtime: {
      ...runtimeJson(examined),
      startCount: audit.startCount,
      crashCount: audit.crashCount,
      own: ownViewJson(own),
    },
    journal: readingJson(reading),
    snapshots: snapshotsJson(snapshots),
    start: startJson(start),
    files,
    replay: {
      ...{ timers: state.timers.size, records: state.recordCount, behindEntry: baseIndex },
      snapshotAgrees: isSnapshotRight ?? null,
      recordsByKind: Object.fromEntries(audit.records),
      refusedByKind: Object.fromEntries(audit.refused),
    },
    occurrences: audit.timers.tally,
    runs: { ...audit.runs.tally, unfinished: state.runs.size },
    pending: pendingJson(pending, examined, nowMs),
    ...{ problemCount, problems, noteCount, notes },
  });
}

function startJson(start: Start): object {
  if (!start.isPossible) return { possible: false, from: null, behindEntry: null, why: start.why };
  return { possible: true, from: start.from, behindEntry: start.baseIndex, why: null };
}

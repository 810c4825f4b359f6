/**
 * `kron doctor`: proves from the files that every acknowledged change is there and every occurrence is accounted
 * for, or says what is wrong. It reads every frame once, replays and audits on the way, and writes nothing.
 */

import { LogAudit } from "../../src/core/audit.ts";
import { checkState } from "../../src/core/invariants.ts";
import { findPending, type Pending } from "../../src/core/pending.ts";
import { State } from "../../src/core/state.ts";
import { Zones } from "../../src/core/zone.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { HistoryReader } from "../../src/snapshot/history-reader.ts";
import { defaultRetention } from "../../src/snapshot/retention.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { counted, printable, shortened } from "../printable.ts";
import { checkFiles, type FileInfo } from "./doctor-files.ts";
import { pendingJson, pendingLines } from "./doctor-pending.ts";
import { Report, type ReportLine } from "./doctor-report.ts";
import { readingJson } from "./log-verify.ts";
import { checkDirectory, checkThere, displayZone, type Offline, runtimeJson } from "./offline.ts";
import { findRuntime } from "./runtime-presence.ts";
import { bytesText, verdictText } from "./verdict-text.ts";

/** Pending occurrences that are listed; the others are counted. */
const pendingListedMax = 100;
/** Of all that a person can do with a message, reading its first lines is most. */
const messageCharactersMax = 400;

interface Examined {
  readonly offline: Offline;
  readonly audit: LogAudit;
  readonly report: Report;
  readonly files: readonly FileInfo[];
  readonly pending: Pending;
}

/** Examines the directory of `context` and prints what was found. */
export function doctor(context: CommandContext): ExitCodeValue {
  const examined = examine(context);
  if (context.output.options.isJson) printJson(context, examined);
  else print(context, examined);
  return examined.report.problemCount > 0 ? ExitCode.PROBLEMS : ExitCode.OK;
}

function examine(context: CommandContext): Examined {
  const { dataDir, nowMs } = context;
  const zones = new Zones(intlOffsetSource());
  const recurrences = new Recurrences(zones);
  const recurrenceOf: Recurrences["make"] = (...args) => recurrences.make(...args);
  const state = new State();
  const audit = new LogAudit(state, recurrenceOf);
  const report = new Report();
  checkDirectory(dataDir);
  const reading = readAndAudit(dataDir, audit, report);
  checkThere(dataDir, reading);
  const runtime = findRuntime(dataDir, state);
  const history = new HistoryReader(state, undefined, defaultRetention, { nowMs: () => nowMs });
  const offline: Offline = {
    ...{ state, history, reading, recurrences, runtime, zone: displayZone(context, zones) },
    ...{ store: undefined, snapshot: undefined, snapshotCause: undefined, close: async () => undefined },
  };
  reportJournal(offline, report);
  const files = checkFiles(dataDir, reading, report);
  report.addFindings("problems", audit.findings.problems, audit.findings.problemCount);
  report.addFindings("notes", audit.findings.notes, audit.findings.noteCount);
  const pending = findPending(state, nowMs, recurrenceOf, pendingListedMax);
  return { offline, audit, report, files, pending };
}

/** Reads and audits; an entry that cannot be replayed ends the audit, but not the reading. */
function readAndAudit(dataDir: string, audit: LogAudit, report: Report): JournalReading {
  let isReplayed = true;
  const reading = readJournal(dataDir, nodeDisk, (index, term, entry) => {
    if (!isReplayed) return;
    try {
      audit.take(index, term, entry);
    } catch (error) {
      // Whatever it is, it is what the doctor was asked for.
      isReplayed = false;
      const message = error instanceof Error ? error.message : String(error);
      report.problem("replay-failed", `Entry ${index} cannot be replayed: ${message}`);
    }
  });
  if (isReplayed) {
    audit.finish();
    for (const problem of checkState(audit.state)) report.problem("state-invariant", problem);
  }
  return reading;
}

function reportJournal({ reading, runtime }: Offline, report: Report): void {
  const { verdict, firstIndex } = reading;
  if (verdict.kind === "corrupt") report.problem("journal-damaged", verdictText(reading));
  if (verdict.kind === "torn" && runtime.state !== "running") {
    report.note(
      "torn-tail",
      `An unfinished write of ${bytesText(verdict.bytes)} ends the journal; the next start sets it aside`,
    );
  }
  if (firstIndex > 1) {
    const message = `The journal begins at entry ${firstIndex}, and nothing here holds what came before`;
    report.problem("entries-missing", message);
  }
  if (runtime.state === "ended") {
    report.note("runtime-ended", "The last runtime ended without closing the log; the next start recovers");
  }
}

function print({ dataDir, output, nowMs }: CommandContext, examined: Examined): void {
  const { offline, audit, report, pending } = examined;
  const { reading, state, runtime } = offline;
  const { tally: runs } = audit.runs;
  const { tally } = audit.timers;
  const pid = runtime.pid === undefined ? "" : ` (process ${runtime.pid})`;
  const line = (label: string, text: string): void => output.line(`${label.padEnd(13)}${text}`);
  line("data_dir", printable(dataDir));
  line(
    "runtime",
    `${runtime.state}${pid}, started ${times(audit.startCount)}, ${times(audit.crashCount)} after a crash`,
  );
  line(
    "journal",
    `${counted(reading.segments, "segment")}, ${reading.entries} entries, ${bytesText(reading.bytes)}: ${verdictText(reading)}`,
  );
  line(
    "replayed",
    `${counted(state.recordCount, "record")} into ${counted(state.timers.size, "timer")}; ${sum(audit.refused)} had been refused in their turn`,
  );
  line(
    "occurrences",
    `${tally.ran + tally.missed + tally.skipped} accounted for: ${tally.ran} became runs, ${tally.missed} missed, ${tally.skipped} skipped`,
  );
  line(
    "runs",
    `${runs.scheduled + runs.manual} (${runs.manual} by hand): ${runs.succeeded} succeeded, ${runs.dead} dead, ${runs.cancelled} cancelled, ${state.runs.size} not finished`,
  );
  line("attempts", `${runs.attempts}: ${runs.failed} failed, ${runs.timedOut} timed out, ${runs.lost} lost`);
  const waiting = pendingLines(pending, offline, nowMs, output.options.width);
  section(
    output.toned(
      "strong",
      `without an outcome yet (${counted(pending.runCount, "run")}, ${counted(pending.dueTimerCount, "timer")} with due times)`,
    ),
    waiting,
  );
  section(output.toned("strong", `notes (${report.noteCount})`), findingLines(report.notes, report.noteCount));
  section(output.toned("bad", `problems (${report.problemCount})`), findingLines(report.problems, report.problemCount));
  if (report.problemCount === 0) {
    output.line();
    output.line(output.toned("good", "no problems found"));
  }

  function section(title: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    output.line();
    output.line(title);
    for (const text of lines) output.line(`  ${text}`);
  }
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

function printJson({ dataDir, output, nowMs }: CommandContext, examined: Examined): void {
  const { offline, audit, report, files, pending } = examined;
  const { reading, state } = offline;
  const { problems, problemCount, notes, noteCount } = report;
  output.json({
    ...{ version: jsonVersion, command: "doctor", dataDir, nowMs, verdict: problemCount > 0 ? "problems" : "ok" },
    runtime: { ...runtimeJson(offline), startCount: audit.startCount, crashCount: audit.crashCount },
    journal: readingJson(reading),
    files,
    replay: {
      ...{ timers: state.timers.size, records: state.recordCount },
      recordsByKind: Object.fromEntries(audit.records),
      refusedByKind: Object.fromEntries(audit.refused),
    },
    occurrences: audit.timers.tally,
    runs: { ...audit.runs.tally, unfinished: state.runs.size },
    pending: pendingJson(pending, offline, nowMs),
    ...{ problemCount, problems, noteCount, notes },
  });
}

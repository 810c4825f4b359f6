/**
 * The examination that `kron doctor` makes: every snapshot file, then the journal from the oldest usable one on,
 * audited on the way. When the audit comes by the newest snapshot, both have to say the same.
 */

import { LogAudit } from "../../src/core/audit.ts";
import { digest } from "../../src/core/digest.ts";
import { checkState } from "../../src/core/invariants.ts";
import { findPending, type Pending } from "../../src/core/pending.ts";
import { defaultStateLimits, State } from "../../src/core/state.ts";
import { Zones } from "../../src/core/zone.ts";
import type { Base, FoundJournal } from "../../src/journal/base.ts";
import { beginJournal, countedDisk } from "../../src/journal/counted-disk.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { findJournal } from "../../src/journal/survey.ts";
import {
  type ExaminedSnapshot,
  examineSnapshots,
  loadExamined,
  newestOf,
  olderOf,
} from "../../src/snapshot/examine-snapshots.ts";
import type { SnapshotMeta } from "../../src/snapshot/meta.ts";
import type { ReadingContext } from "../../src/snapshot/read-snapshot.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { type DisplayZone, displayZone } from "../display-zone.ts";
import { bytesText } from "../numbers.ts";
import { checkFiles, type FileInfo } from "./doctor-files.ts";
import { Report } from "./doctor-report.ts";
import { reportSnapshots } from "./doctor-snapshots.ts";
import { isStale, judgeStart, type Start } from "./doctor-start.ts";
import { checkDirectory, checkThere, retriedBesideWriter } from "./offline.ts";
import { findRuntime, type RuntimePresence } from "./runtime-presence.ts";
import { verdictText } from "./verdict-text.ts";

/** Pending occurrences that are listed; the others are counted. */
const pendingListedMax = 100;

/** All that was found. */
export interface Examined {
  readonly state: State;
  readonly zone: DisplayZone;
  readonly runtime: RuntimePresence;
  readonly reading: JournalReading;
  readonly audit: LogAudit;
  /** The audit began behind this entry, at the state that a snapshot holds; 0 for the beginning of all. */
  readonly baseIndex: number;
  readonly snapshots: readonly ExaminedSnapshot[];
  /** Whether the newest snapshot holds what the entries lead to; undefined when that could not be compared. */
  readonly isSnapshotRight: boolean | undefined;
  readonly start: Start;
  readonly report: Report;
  readonly files: readonly FileInfo[];
  readonly pending: Pending;
}

/** Examines the directory of `context`. Rejects with a `CommandError` when there is nothing to examine. */
export async function examine(context: CommandContext): Promise<Examined> {
  checkDirectory(context.dataDir);
  return await retriedBesideWriter(() => examineOnce(context), isStale);
}

async function examineOnce(context: CommandContext): Promise<Examined> {
  const { dataDir: directory, nowMs, progress } = context;
  const disk = countedDisk(nodeDisk, progress);
  const zones = new Zones(intlOffsetSource());
  const recurrences = new Recurrences(zones);
  const recurrenceOf: Recurrences["make"] = (...args) => recurrences.make(...args);
  const report = new Report();
  const found = findJournal(directory, disk);
  progress.begin("verifying snapshots", "bytes");
  const readingContext = { directory, disk, clock: systemClock(), limits: defaultStateLimits };
  const snapshots = await examineSnapshots(readingContext, found);
  const begin = await beginningOf(readingContext, found, snapshots);
  const audit = new LogAudit(begin.state, recurrenceOf);
  const replayed = new Replay({ directory, disk }, audit, newestOf(snapshots), report);
  beginJournal(progress, directory, disk, begin.base);
  const reading = replayed.run(begin.base);
  if (snapshots.length === 0) checkThere(directory, reading);
  const { state } = audit;
  const runtime = findRuntime(directory, state);
  const baseIndex = begin.meta?.appliedIndex ?? 0;
  reportJournal(reading, runtime, baseIndex, report);
  const start = await judgeStart(readingContext, found, snapshots, {
    ...{ reading, baseIndex },
    failedAt: replayed.failedAt,
  });
  await reportSnapshots({ directory, found, snapshots, reading, runtime, start }, report);
  const files = checkFiles(directory, reading, runtime, report);
  report.addFindings("problems", audit.findings.problems, audit.findings.problemCount);
  report.addFindings("notes", audit.findings.notes, audit.findings.noteCount);
  const pending = findPending(state, nowMs, recurrenceOf, pendingListedMax);
  return {
    ...{ state, runtime, reading, audit, baseIndex, snapshots, start, report, files, pending },
    zone: displayZone(context, zones),
    isSnapshotRight: replayed.isSnapshotRight,
  };
}

/** Where an audit begins. */
interface Beginning {
  readonly state: State;
  readonly meta: SnapshotMeta | undefined;
  readonly base: Base | undefined;
}

/** Entry 1 while the journal holds it; else the older generation if the journal goes on from it; else the newest. */
async function beginningOf(
  context: ReadingContext,
  found: FoundJournal,
  snapshots: readonly ExaminedSnapshot[],
): Promise<Beginning> {
  const newest = newestOf(snapshots);
  const usable = newest?.digest === undefined ? undefined : newest;
  const begin = found.firstIndex > 1 || !found.hasSegments ? (olderOf(snapshots, found) ?? usable) : undefined;
  if (begin === undefined) return { state: new State(), meta: undefined, base: undefined };
  const { state, meta } = await loadExamined(begin, context, found);
  const base = meta === undefined ? undefined : { index: meta.appliedIndex, term: meta.appliedTerm, uuid: meta.uuid };
  return { state, meta, base };
}

/** Where entries are read from. */
type ReplayedFrom = Pick<ReadingContext, "directory" | "disk">;

/** Reads and audits; an entry that cannot be replayed ends the audit, but not the reading. */
class Replay {
  isSnapshotRight: boolean | undefined;
  /** The entry that could not be replayed; 0 for none. */
  failedAt = 0;
  readonly #from: ReplayedFrom;
  readonly #audit: LogAudit;
  readonly #newest: ExaminedSnapshot | undefined;
  readonly #report: Report;

  constructor(from: ReplayedFrom, audit: LogAudit, newest: ExaminedSnapshot | undefined, report: Report) {
    this.#from = from;
    this.#audit = audit;
    this.#newest = newest;
    this.#report = report;
  }

  run(base: Base | undefined): JournalReading {
    this.#compare(base?.index ?? 0);
    const take = (index: number, term: number, entry: Parameters<LogAudit["take"]>[2]): void => {
      if (this.failedAt === 0) this.#take(index, term, entry);
    };
    const reading = readJournal(this.#from.directory, this.#from.disk, take, base === undefined ? {} : { base });
    if (this.failedAt === 0) {
      this.#audit.finish();
      for (const problem of checkState(this.#audit.state)) this.#report.problem("state-invariant", problem);
    }
    return reading;
  }

  #take(index: number, term: number, entry: Parameters<LogAudit["take"]>[2]): void {
    try {
      this.#audit.take(index, term, entry);
    } catch (error) {
      // Whatever it is, it is what the doctor was asked for.
      this.failedAt = index;
      const message = error instanceof Error ? error.message : String(error);
      this.#report.problem("replay-failed", `Entry ${index} cannot be replayed: ${message}`);
      return;
    }
    this.#compare(index);
  }

  /** Compares the state as of `index` with the newest snapshot, if that is as of the same. */
  #compare(index: number): void {
    if (this.#newest?.digest === undefined || this.#newest.meta?.appliedIndex !== index) return;
    const replayed = digest(this.#audit.state);
    this.isSnapshotRight = replayed === this.#newest.digest;
    if (this.isSnapshotRight) return;
    this.#report.problem(
      "snapshot-differs",
      `The newest snapshot, as of entry ${index}, does not hold what the entries lead to: ${this.#newest.digest}, expected ${replayed}; keep the directory, and restore a backup or set the snapshot aside`,
    );
  }
}

function reportJournal(reading: JournalReading, runtime: RuntimePresence, baseIndex: number, report: Report): void {
  const { verdict, firstIndex } = reading;
  if (verdict.kind === "corrupt") report.problem("journal-damaged", verdictText(reading));
  if (verdict.kind === "torn" && runtime.state !== "running") {
    report.note(
      "torn-tail",
      `An unfinished write of ${bytesText(verdict.bytes)} ends the journal; the next start sets it aside`,
    );
  }
  const missing = Math.max(firstIndex, verdict.kind === "dropped" ? verdict.firstIndex : 0) - 1;
  if (missing > baseIndex) {
    const message = `The journal begins at entry ${missing + 1}, and nothing here that can be used holds entries ${baseIndex + 1} to ${missing}: restore a backup with \`kron restore\``;
    report.problem("entries-missing", message);
  }
  if (runtime.state === "ended") {
    report.note("runtime-ended", "The last runtime ended without closing the log; the next start recovers");
  }
}

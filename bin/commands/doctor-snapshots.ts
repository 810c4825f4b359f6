/** The part of `kron doctor` that tells of snapshots: which can be used, and what becomes of those that cannot. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { isKronError } from "../../src/core/errors.ts";
import type { FoundJournal } from "../../src/journal/base.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { JournalReading } from "../../src/journal/reader.ts";
import { connects } from "../../src/snapshot/choose-snapshot.ts";
import { type ExaminedSnapshot, newestOf } from "../../src/snapshot/examine-snapshots.ts";
import { probeLmdb } from "../../src/snapshot/lmdb-probe.ts";
import type { DisplayZone } from "../display-zone.ts";
import { bytesText } from "../numbers.ts";
import { timeInText } from "../times.ts";
import type { Report } from "./doctor-report.ts";
import type { Start } from "./doctor-start.ts";
import type { RuntimePresence } from "./runtime-presence.ts";

/** What is to be told of. */
export interface SnapshotFindings {
  readonly directory: string;
  readonly found: FoundJournal;
  readonly snapshots: readonly ExaminedSnapshot[];
  readonly reading: JournalReading;
  readonly runtime: RuntimePresence;
  readonly start: Start;
}

/** Tells `report` of every snapshot. */
export async function reportSnapshots(findings: SnapshotFindings, report: Report): Promise<void> {
  const { found, snapshots, start } = findings;
  for (const snapshot of snapshots) {
    const name = basename(snapshot.path);
    if (snapshot.error !== undefined) reportUnusable(snapshot, start, report);
    for (const problem of snapshot.verified?.problems ?? []) {
      report.problem("history-damaged", `${name}: ${problem}; ${historyWayOut(snapshot)}`);
    }
    const isApart = snapshot.generation === "older" && snapshot.meta !== undefined && !connects(snapshot.meta, found);
    if (isApart && snapshot.error === undefined) {
      const message = `${name} is as of entry ${snapshot.meta?.appliedIndex}, the journal begins at ${found.firstIndex}; \`kron log compact\` makes it anew`;
      report.note("older-snapshot-apart", message);
    }
  }
  const newest = newestOf(snapshots);
  if (newest === undefined) reportMissing(findings, report);
  else reportNewest(newest, findings, report);
  if (newest?.kind === "file" && newest.error === undefined) {
    report.note("snapshot-in-plain-file", `${basename(newest.path)} keeps the snapshot: ${await whyPlainFile()}`);
  }
}

/** The snapshots in one line. */
export function snapshotsText(snapshots: readonly ExaminedSnapshot[], zone: DisplayZone, nowMs: number): string {
  if (snapshots.length === 0) return "none";
  return snapshots
    .map(({ path, meta, fileBytes, error }) => {
      if (error !== undefined || meta === undefined) return `${basename(path)} cannot be used`;
      const when = timeInText(meta.writtenAtMs, zone, nowMs);
      return `${basename(path)} as of entry ${meta.appliedIndex}, ${bytesText(fileBytes)}, written ${when}`;
    })
    .join("; ");
}

/** The snapshots for `--json`. */
export function snapshotsJson(snapshots: readonly ExaminedSnapshot[]): object[] {
  return snapshots.map(({ path, kind, generation, fileBytes, error, meta, digest, verified }) => ({
    ...{ name: basename(path), kind, generation, bytes: fileBytes, usable: digest !== undefined },
    error: isKronError(error) ? { code: error.code, message: error.message } : null,
    appliedIndex: meta?.appliedIndex ?? null,
    writtenAtMs: meta?.writtenAtMs ?? null,
    digest: digest ?? null,
    values: verified?.values ?? null,
    historyRows: verified?.historyRows ?? null,
    historyBytes: verified?.historyBytes ?? null,
  }));
}

function reportUnusable({ path, generation, error }: ExaminedSnapshot, start: Start, report: Report): void {
  const code = isKronError(error) ? error.code : "";
  const fault = code === "KRON_SNAPSHOT_FOREIGN" ? "foreign" : code === "KRON_SNAPSHOT_VERSION" ? "version" : "damaged";
  const what = `${basename(path)} cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  const isOlder = generation === "older";
  const wayOut = isOlder ? "`kron log compact` makes it anew" : startText(start);
  report.problem(`${isOlder ? "older-snapshot" : "snapshot"}-${fault}`, `${what}; ${wayOut}`);
}

/** What the next start does about a newest snapshot that is no good. */
function startText(start: Start): string {
  if (!start.isPossible) return "no start gets by without it: put it back, or restore a backup with `kron restore`";
  const source = start.from === "older-snapshot" ? "the generation before it and the journal" : "the journal";
  return `nothing is lost: the next start goes on from ${source}, and sets aside what it cannot use`;
}

function historyWayOut({ generation }: ExaminedSnapshot): string {
  if (generation === "older") return "`kron log compact` makes it anew";
  return "timers are whole, and some of their history cannot be shown; a backup may hold it";
}

function reportMissing({ found, snapshots, start }: SnapshotFindings, report: Report): void {
  if (snapshots.length === 0) return;
  if (found.firstIndex > 1) report.problem("snapshot-missing", `There is no newest snapshot; ${startText(start)}`);
  else report.note("snapshot-missing", "There is no newest snapshot; the journal holds everything");
}

function reportNewest(newest: ExaminedSnapshot, { snapshots, reading }: SnapshotFindings, report: Report): void {
  for (const other of snapshots) {
    if (other.generation !== "newest" || other === newest || other.error !== undefined) continue;
    report.note(
      "leftover",
      `${basename(other.path)} is of before ${basename(newest.path)}; the next checkpoint removes it`,
    );
  }
  const { verdict, lastIndex } = reading;
  const appliedIndex = newest.digest === undefined ? 0 : (newest.meta?.appliedIndex ?? 0);
  if (appliedIndex <= lastIndex || verdict.kind === "corrupt" || verdict.kind === "dropped") return;
  report.problem(
    "journal-behind-snapshot",
    `The journal ends at entry ${lastIndex}, the snapshot is as of ${appliedIndex}: put the journal back that belongs to it, or restore a backup`,
  );
}

/** LMDB is tried elsewhere: in the directory that is looked at, nothing is written. */
async function whyPlainFile(): Promise<string> {
  try {
    const trouble = await tryLmdbElsewhere();
    if (trouble !== undefined) return `LMDB does not work on this machine (${trouble})`;
    return "LMDB works on this machine, so the runtime was told to use it, or LMDB did not work where it ran";
  } catch (error) {
    // Not a word on the directory itself: it is as sound without an answer.
    return `LMDB could not be tried on this machine (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function tryLmdbElsewhere(): Promise<string | undefined> {
  const elsewhere = mkdtempSync(join(tmpdir(), "kron-probe-"));
  try {
    return await probeLmdb(elsewhere, nodeDisk);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

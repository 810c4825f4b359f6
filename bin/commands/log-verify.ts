/**
 * `kron log verify`: reads every frame of every segment and every value of the snapshots, and says whether all that
 * was acknowledged is there.
 */

import { basename } from "node:path";
import { defaultStateLimits } from "../../src/core/state.ts";
import { beginJournal, countedDisk } from "../../src/journal/counted-disk.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { findJournal } from "../../src/journal/survey.ts";
import { type ExaminedSnapshot, examineSnapshots } from "../../src/snapshot/examine-snapshots.ts";
import { systemClock } from "../../src/system.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { type LabelledText, printLabelled } from "../labelled-lines.ts";
import { bytesText } from "../numbers.ts";
import { counted, printable } from "../printable.ts";
import { snapshotsJson } from "./doctor-snapshots.ts";
import { isStale, judgeStart, type Start } from "./doctor-start.ts";
import { checkDirectory, checkThere, retriedBesideWriter } from "./offline.ts";
import { verdictText } from "./verdict-text.ts";

interface Verified {
  readonly reading: JournalReading;
  readonly records: number;
  readonly snapshots: readonly ExaminedSnapshot[];
  /** Whether journal and snapshots together hold everything. */
  readonly start: Start;
}

/** Prints the verdict. */
export async function logVerify(context: CommandContext): Promise<ExitCodeValue> {
  const { dataDir, output } = context;
  checkDirectory(dataDir);
  const verified = await retriedBesideWriter(() => verify(context), isStale);
  const { reading, records, snapshots, start } = verified;
  if (snapshots.length === 0) checkThere(dataDir, reading);
  if (output.options.isJson) {
    const shown = { ...readingJson(reading), records, snapshots: snapshotsJson(snapshots) };
    output.json({ version: jsonVersion, command: "log verify", dataDir, ...shown });
  } else {
    const { entries, firstIndex, lastIndex, durableIndex, segments, bytes } = reading;
    const lines: LabelledText[] = [
      ["segments:", `${segments} (${bytesText(bytes)})`],
      ["entries:", `${entries}${entries === 0 ? "" : ` (${firstIndex} to ${lastIndex})`}, ${records} records`],
      ["synced:", `up to entry ${durableIndex} at least`],
      ...snapshots.map((snapshot): LabelledText => ["snapshot:", snapshotText(snapshot)]),
      ["verdict:", verdictText(reading)],
    ];
    if (!start.isPossible && reading.verdict.kind !== "corrupt") lines.push(["together:", printable(start.why)]);
    printLabelled(output, lines);
  }
  const isBad = reading.verdict.kind === "corrupt" || !start.isPossible || snapshots.some(hasProblem);
  return isBad ? ExitCode.PROBLEMS : ExitCode.OK;
}

/** A reading as JSON; the journal's id as hexadecimal digits. */
export function readingJson(reading: JournalReading): object {
  const { uuid, ...rest } = reading;
  return { ...rest, uuid: uuid === undefined ? null : Buffer.from(uuid).toString("hex") };
}

async function verify({ dataDir: directory, progress }: CommandContext): Promise<Verified> {
  const disk = countedDisk(nodeDisk, progress);
  const context = { directory, disk, clock: systemClock(), limits: defaultStateLimits };
  const found = findJournal(directory, disk);
  progress.begin("verifying snapshots", "bytes");
  const snapshots = await examineSnapshots(context, found);
  let records = 0;
  beginJournal(progress, directory, disk, undefined);
  const reading = readJournal(directory, disk, (_index, _term, entry) => {
    records += entry.length - 1;
  });
  const start = await judgeStart(context, found, snapshots, { reading, baseIndex: 0, failedAt: 0 });
  return { reading, records, snapshots, start };
}

function hasProblem({ error, verified }: ExaminedSnapshot): boolean {
  return error !== undefined || (verified?.problems.length ?? 0) > 0;
}

function snapshotText({ path, error, meta, verified }: ExaminedSnapshot): string {
  const name = basename(path);
  if (error !== undefined) return `${name}: BAD: ${printable(error instanceof Error ? error.message : String(error))}`;
  if (meta === undefined || verified === undefined) return `${name}: empty`;
  const [problem] = verified.problems;
  const values = `${counted(verified.values, "value")} (${bytesText(verified.bytes)})`;
  const verdict = problem === undefined ? "every checksum is good" : `BAD: ${printable(problem)}`;
  return `${name}: as of entry ${meta.appliedIndex}, ${values}, ${verdict}`;
}

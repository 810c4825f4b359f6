/**
 * `kron log compact`: writes a checkpoint and a new older generation, and drops all segments of the journal that
 * neither needs. It opens the directory as a runtime does, and runs nothing.
 */

import { apply } from "../../src/core/apply.ts";
import { isKronError, KronError } from "../../src/core/errors.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { JournalNotice } from "../../src/journal/notice.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { checkKronOptions } from "../../src/kron-options.ts";
import { type DirectorySizes, directorySizes } from "../../src/runtime/directory-sizes.ts";
import {
  type DirectorySettings,
  keepSnapshots,
  type OpenedDirectory,
  openDirectory,
} from "../../src/runtime/open-directory.ts";
import { olderSnapshotPath, snapshotPath, storeKinds } from "../../src/snapshot/choose-snapshot.ts";
import type { SnapshotNotice } from "../../src/snapshot/notice.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { type LabelledText, printLabelled } from "../labelled-lines.ts";
import { bytesText } from "../numbers.ts";
import { counted, printable } from "../printable.ts";
import { askLive } from "./live.ts";
import { checkDirectory, checkThere, everyRow } from "./offline.ts";

/** What was done, by whom, and what the directory took before and after. */
interface Compacted {
  readonly asOfEntry: number;
  readonly before: DirectorySizes;
  readonly after: DirectorySizes;
  readonly via: "socket" | "files";
}

/** A checkpoint of a million timers and their history takes seconds; a slow disk may take minutes. */
const compactMsMax = 3_600_000;

/**
 * Has the runtime compact where one is at work, else does it here; prints what that has saved. Rejects with
 * `KRON_DIR_LOCKED`, and as the start of a runtime does.
 */
export async function logCompact(context: CommandContext): Promise<ExitCodeValue> {
  const { dataDir, output, progress } = context;
  checkDirectory(dataDir);
  const compacted =
    (await askLive(context, async ({ client }) => {
      progress.begin("the runtime compacts", "");
      const answer = await client.call("log.compact", null, { deadlineMs: compactMsMax });
      return { ...(answer as Omit<Compacted, "via">), via: "socket" } as const;
    })) ?? (await compactHere(context));
  const { asOfEntry, before, after, via } = compacted;
  if (output.options.isJson) {
    output.json({ version: jsonVersion, command: "log compact", dataDir, via, asOfEntry, before, after });
    return ExitCode.OK;
  }
  const { journalBytes, snapshotBytes } = before;
  const [total, left] = [journalBytes + snapshotBytes, after.journalBytes + after.snapshotBytes];
  const lines: LabelledText[] = [
    ["snapshot:", `as of entry ${asOfEntry}, and an older generation like it`],
    ["journal:", `${journalText(before)} before, ${journalText(after)} after`],
    ["snapshots:", `${bytesText(snapshotBytes)} before, ${bytesText(after.snapshotBytes)} after`],
    ["in all:", `${bytesText(total)} before, ${bytesText(left)} after`],
  ];
  printLabelled(output, lines);
  return ExitCode.OK;
}

async function compactHere(context: CommandContext): Promise<Compacted> {
  const { dataDir } = context;
  const hasSnapshot = storeKinds.some((kind) => {
    return [snapshotPath(dataDir, kind), olderSnapshotPath(dataDir, kind)].some((path) => nodeDisk.exists(path));
  });
  // Asked for first, so that a directory without a journal is not given a lock file.
  if (!hasSnapshot)
    checkThere(
      dataDir,
      readJournal(dataDir, nodeDisk, () => undefined, { from: Number.MAX_SAFE_INTEGER }),
    );
  const before = directorySizes(dataDir, nodeDisk);
  const asOfEntry = await compact(context);
  return { asOfEntry, before, after: directorySizes(dataDir, nodeDisk), via: "files" };
}

/** Resolves with the index that the snapshot is as of. */
async function compact(context: CommandContext): Promise<number> {
  const { dataDir } = context;
  const settings = settingsOf(context);
  const opened = await open(dataDir, settings);
  const { journal, snapshot } = opened;
  const snapshots = keepSnapshots(dataDir, opened, settings);
  try {
    // Nothing is proposed: the journal is started for its segments' sake.
    journal.start({ committed: ignore, settled: ignore, refused: ignore, failed: ignore });
    await snapshots.compact();
    await snapshots.close();
    return snapshots.snapshotIndex;
  } finally {
    try {
      await snapshot.store.close();
    } finally {
      await journal.close();
    }
  }
}

async function open(directory: string, settings: DirectorySettings): Promise<OpenedDirectory> {
  try {
    return await openDirectory(directory, settings, (state) => (index, term, entry) => {
      apply(state, index, term, checkEntry(entry, `index ${index}`));
    });
  } catch (error) {
    if (!isKronError(error, "KRON_DIR_LOCKED")) throw error;
    throw new KronError(error.code, error.message, {
      hint: "A runtime compacts by itself, and when asked to on its socket, which this one does not have; or stop it first",
      cause: error,
      ...(error.details !== undefined && { details: error.details }),
    });
  }
}

/** The options of the runtime are not on record: its kind of snapshot is kept, and no history that it may want is dropped. */
function settingsOf({ dataDir, output, progress }: CommandContext): DirectorySettings {
  const isPlain = nodeDisk.exists(snapshotPath(dataDir, "file")) && !nodeDisk.exists(snapshotPath(dataDir, "lmdb"));
  return {
    ...checkKronOptions({ snapshot: isPlain ? "file" : "auto" }),
    retention: everyRow,
    progress,
    reportJournal: (notice) => output.message(`note: ${journalNoticeText(notice)}`),
    reportSnapshot: (notice) => output.message(`note: ${snapshotNoticeText(notice)}`),
  };
}

function journalNoticeText(notice: JournalNotice): string {
  switch (notice.kind) {
    case "torn-tail-cut": {
      const saved = notice.savedAs === undefined ? "" : `, set aside as ${printable(notice.savedAs)}`;
      return `an unfinished write of ${bytesText(notice.bytes)} ended the journal${saved}`;
    }
    case "sidecar-rebuilt":
      return `${printable(notice.path)} was made anew`;
    case "drop-failed":
      return `${printable(notice.file)} could not be removed: ${messageOf(notice.cause)}`;
    default:
      return `the journal says ${notice.kind}`;
  }
}

function snapshotNoticeText(notice: SnapshotNotice): string {
  switch (notice.kind) {
    case "snapshot-set-aside": {
      const source = notice.rebuiltFrom === "journal" ? "the journal" : "the older generation and the journal";
      return `the newest snapshot could not be used and is now ${printable(notice.path)}; it was made anew from ${source} (${messageOf(notice.cause)})`;
    }
    case "snapshot-in-plain-file":
      return `a plain file keeps the snapshot: ${printable(notice.reason)}`;
    default:
      return `a checkpoint failed: ${messageOf(notice.cause)}`;
  }
}

function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}

function journalText({ segments, journalBytes }: DirectorySizes): string {
  return `${counted(segments, "segment")} (${bytesText(journalBytes)})`;
}

function ignore(): void {
  // Nobody proposes anything, so there is nothing to be told.
}

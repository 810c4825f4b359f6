/**
 * `kron log compact`: writes a checkpoint and a new older generation, and drops all segments of the journal that
 * neither needs. It opens the directory as a runtime does, and runs nothing.
 */

import { join } from "node:path";
import { apply } from "../../src/core/apply.ts";
import { isKronError, KronError } from "../../src/core/errors.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import { activeName, findSealed } from "../../src/journal/files.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { JournalNotice } from "../../src/journal/notice.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { checkKronOptions } from "../../src/kron-options.ts";
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
import { counted, printable } from "../printable.ts";
import { checkDirectory, checkThere, everyRow } from "./offline.ts";
import { bytesText } from "./verdict-text.ts";

/** Bytes that a directory takes, by what they are for. */
interface Sizes {
  readonly segments: number;
  readonly journalBytes: number;
  readonly snapshotBytes: number;
}

/** Compacts, and prints what that has saved. Rejects with `KRON_DIR_LOCKED`, and as the start of a runtime does. */
export async function logCompact(context: CommandContext): Promise<ExitCodeValue> {
  const { dataDir, output } = context;
  checkDirectory(dataDir);
  const hasSnapshot = storeKinds.some((kind) => {
    return [snapshotPath(dataDir, kind), olderSnapshotPath(dataDir, kind)].some((path) => nodeDisk.exists(path));
  });
  // Asked for first, so that a directory without a journal is not given a lock file.
  if (!hasSnapshot)
    checkThere(
      dataDir,
      readJournal(dataDir, nodeDisk, () => undefined, { from: Number.MAX_SAFE_INTEGER }),
    );
  const before = sizesOf(dataDir);
  const asOfEntry = await compact(context);
  const after = sizesOf(dataDir);
  if (output.options.isJson) {
    output.json({ version: jsonVersion, command: "log compact", dataDir, asOfEntry, before, after });
    return ExitCode.OK;
  }
  const { journalBytes, snapshotBytes } = before;
  output.line(`snapshot:  as of entry ${asOfEntry}, and an older generation like it`);
  output.line(`journal:   ${journalText(before)} before, ${journalText(after)} after`);
  output.line(`snapshots: ${bytesText(snapshotBytes)} before, ${bytesText(after.snapshotBytes)} after`);
  const [total, left] = [journalBytes + snapshotBytes, after.journalBytes + after.snapshotBytes];
  output.line(`in all:    ${bytesText(total)} before, ${bytesText(left)} after`);
  return ExitCode.OK;
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
      hint: "A runtime compacts by itself; to ask it for that comes with its socket. Stop it to compact now",
      cause: error,
      ...(error.details !== undefined && { details: error.details }),
    });
  }
}

/** The options of the runtime are not on record: its kind of snapshot is kept, and no history that it may want is dropped. */
function settingsOf({ dataDir, output }: CommandContext): DirectorySettings {
  const isPlain = nodeDisk.exists(snapshotPath(dataDir, "file")) && !nodeDisk.exists(snapshotPath(dataDir, "lmdb"));
  return {
    ...checkKronOptions({ snapshot: isPlain ? "file" : "auto" }),
    retention: everyRow,
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

function sizesOf(directory: string): Sizes {
  const names = nodeDisk.list(directory);
  const sizeOf = (name: string): number => nodeDisk.stat(join(directory, name))?.bytes ?? 0;
  const segments = [...findSealed(names).map(({ name }) => name), ...names.filter((name) => name === activeName)];
  const snapshots = storeKinds
    .flatMap((kind) => [snapshotPath(directory, kind), olderSnapshotPath(directory, kind)])
    .map((path) => nodeDisk.stat(path)?.bytes ?? 0);
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  return { segments: segments.length, journalBytes: sum(segments.map(sizeOf)), snapshotBytes: sum(snapshots) };
}

function journalText({ segments, journalBytes }: Sizes): string {
  return `${counted(segments, "segment")} (${bytesText(journalBytes)})`;
}

function ignore(): void {
  // Nobody proposes anything, so there is nothing to be told.
}

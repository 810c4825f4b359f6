/**
 * Writes a backup: the snapshot of a directory with the journal behind it applied, as one plain file. A runtime may
 * be at work in the directory; nothing is asked of it, and nothing there is written.
 */

import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { digest } from "../../src/core/digest.ts";
import { isKronError, KronError } from "../../src/core/errors.ts";
import type { Retention } from "../../src/core/retention.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Progress } from "../../src/ports.ts";
import { BackupStore } from "../../src/snapshot/backup-store.ts";
import { type CheckpointCursor, writeCheckpoint } from "../../src/snapshot/checkpoint.ts";
import { nextPath } from "../../src/snapshot/snapshot-files.ts";
import { systemClock } from "../../src/system.ts";
import { CommandError, ExitCode } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { openBackup } from "./backup-check.ts";
import { checkThere } from "./offline.ts";
import { type DirectoryReading, readDirectory } from "./read-directory.ts";
import { readByOlder } from "./read-older.ts";

/** What was written, as it was read back. */
export interface WrittenBackup {
  /** The id of the directory's journal, in hexadecimal. */
  readonly source: string;
  readonly asOfEntry: number;
  readonly asOfMs: number;
  readonly timers: number;
  readonly unfinishedRuns: number;
  readonly bytes: number;
  /** Why the newest snapshot was not used; undefined when it was, or there is none. */
  readonly snapshotCause: unknown;
}

/** What was read, for comparison with what is read back. */
interface Source {
  readonly digest: string;
  readonly snapshotCause: unknown;
}

/** How often all of it is tried, as a writer may use pages again, or drop segments, that were still to be read. */
const triesMax = 10;
/** So many of them with the newest snapshot; each is several in itself. */
const triesOfNewest = 1;

/** Nothing is dropped from a backup but what the timers' own policies drop. */
const everyRow: Retention = {
  count: Number.POSITIVE_INFINITY,
  ageMs: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
};

/**
 * Writes a backup of `directory` to `path`, where it stands whole or not at all; what is there is replaced. Rejects
 * with a `CommandError`, with what keeps the directory from being read, `KRON_DISK_FULL` or `KRON_SNAPSHOT_FAILED`.
 */
export async function writeBackup(directory: string, path: string, progress: Progress): Promise<WrittenBackup> {
  // Under another name until it has been read back.
  const unfinished = `${path}.unfinished`;
  try {
    const source = await writeSettled(directory, unfinished, progress);
    const written = await readBack(unfinished, source, progress);
    nodeDisk.rename(unfinished, path);
    nodeDisk.syncDirectory(dirname(path));
    return written;
  } catch (error) {
    for (const left of [unfinished, nextPath(unfinished)]) rmSync(left, { force: true });
    throw error;
  }
}

async function writeSettled(directory: string, path: string, progress: Progress): Promise<Source> {
  for (let tries = 1; ; tries += 1) {
    try {
      const source = await writeOnce(directory, path, tries > triesOfNewest, progress);
      if (source !== undefined) return source;
    } catch (error) {
      // What could not be written would not be the next time.
      const isChanged = isKronError(error, "KRON_SNAPSHOT_FAILED") && error.details?.path !== path;
      if (tries === triesMax || !isChanged) throw error;
    }
    if (tries === triesMax) throw tooFast(directory);
  }
}

/** Undefined when it has to be tried again. */
async function writeOnce(
  directory: string,
  path: string,
  isByOlder: boolean,
  progress: Progress,
): Promise<Source | undefined> {
  const clock = systemClock();
  const reading = await (isByOlder ? readByOlder : readDirectory)(directory, nodeDisk, clock, { progress });
  if (reading === undefined) return undefined;
  try {
    requireWhole(directory, reading);
    return await write(reading, path, progress);
  } finally {
    await reading.snapshot.file?.store.close();
  }
}

function tooFast(directory: string): CommandError {
  return new CommandError(
    ExitCode.FAILURE,
    `Expected ${printable(directory)} to stay as it was for as long as it takes to read it, a runtime changed it each time`,
    "Try again, or raise the runtime's options checkpoint and segmentBytes",
  );
}

function requireWhole(directory: string, { reading, snapshot }: DirectoryReading): void {
  // A restored directory has a snapshot, and no segment before its first start.
  if (snapshot.file === undefined) checkThere(directory, reading);
  const { verdict } = reading;
  if (verdict.kind !== "corrupt") return;
  const { segment, offset, firstIndex, lastIndex, fault } = verdict;
  throw new KronError(
    "KRON_JOURNAL_CORRUPT",
    `Expected to read every acknowledged entry, ${firstIndex} to ${lastIndex} cannot be (${segment}:${offset}, ${fault}); no backup was written`,
    { hint: "Run `kron doctor`; keep a copy of the directory, then restore an older backup or repair it" },
  );
}

async function write(
  { state, snapshot, reading }: DirectoryReading,
  path: string,
  progress: Progress,
): Promise<Source> {
  const { file } = snapshot;
  const uuid = file?.meta.uuid ?? reading.uuid;
  // Entries were read, so a segment was, whose head says it.
  if (uuid === undefined) throw new CommandError(ExitCode.FAILURE, "Expected a journal that says its id");
  const cursor: CheckpointCursor = {
    serial: file?.meta.serial ?? 0,
    historyBytes: file?.meta.historyBytes ?? 0,
    sweepFrom: undefined,
  };
  const clock = systemClock();
  const store = new BackupStore(path, { disk: nodeDisk, clock, source: file?.store, progress });
  const context = { state, store, clock, uuid, retention: everyRow, synced: () => Promise.resolve(), progress };
  await writeCheckpoint(context, cursor);
  return { digest: digest(state), snapshotCause: snapshot.cause };
}

async function readBack(path: string, source: Source, progress: Progress): Promise<WrittenBackup> {
  const { store, meta, state } = await openBackup(path, progress);
  try {
    if (digest(state) !== source.digest) {
      throw new CommandError(ExitCode.FAILURE, "Expected the backup to hold the state that was read, it does not");
    }
    return {
      source: Buffer.from(meta.uuid).toString("hex"),
      ...{ asOfEntry: meta.appliedIndex, asOfMs: meta.atMs, timers: meta.timerCount, unfinishedRuns: meta.runCount },
      ...{ bytes: store.bytes, snapshotCause: source.snapshotCause },
    };
  } finally {
    await store.close();
  }
}

/**
 * Opens a data directory for writing: the lock, the snapshot, then the journal behind it, replayed into the state.
 * A runtime and `kron log compact` open alike; what runs timers comes on top of it.
 */

import { assert } from "../core/assert.ts";
import { defaultStateLimits, type State } from "../core/state.ts";
import { beginJournal, countedDisk } from "../journal/counted-disk.ts";
import { type OpenedJournal, openJournal, type Replay } from "../journal/journal.ts";
import { nodeDisk } from "../journal/node-disk.ts";
import type { JournalNotice } from "../journal/notice.ts";
import type { KronSettings } from "../kron-options.ts";
import type { Progress } from "../ports.ts";
import { olderSnapshotPath } from "../snapshot/choose-snapshot.ts";
import { CheckpointKeeper } from "../snapshot/keeper.ts";
import type { SnapshotNotice } from "../snapshot/notice.ts";
import { type OpenedSnapshot, openSnapshot } from "../snapshot/open-snapshot.ts";

/** What opening a directory goes by. */
export interface DirectorySettings
  extends Pick<
    KronSettings,
    "clock" | "random" | "durability" | "profile" | "segmentBytes" | "disk" | "snapshot" | "retention" | "checkpoint"
  > {
  /** Told of what was dealt with and a person should know; must not throw. */
  readonly reportJournal: (notice: JournalNotice) => void;
  readonly reportSnapshot: (notice: SnapshotNotice) => void;
  /** Told how far the reading, and later a checkpoint, is. */
  readonly progress?: Progress;
}

/** A directory whose lock is held. Its journal is not started yet. */
export interface OpenedDirectory {
  readonly journal: OpenedJournal;
  readonly snapshot: OpenedSnapshot;
}

/**
 * Opens `directory`. `begin` is given the state as the snapshot has it, and says how entries behind it are applied.
 * Rejects with what the journal and the snapshot reject with; the lock is then given back.
 */
export async function openDirectory(
  directory: string,
  settings: DirectorySettings,
  begin: (state: State) => Replay,
): Promise<OpenedDirectory> {
  const { clock, random, durability, profile, segmentBytes, retention, progress } = settings;
  const disk = countedDisk(settings.disk ?? nodeDisk, progress);
  let snapshot: OpenedSnapshot | undefined;
  let replay: Replay | undefined;
  try {
    const journal = await openJournal(
      {
        ...{ directory, clock, random, durability, profile, disk },
        ...(segmentBytes !== undefined && { limits: { segmentBytesMax: segmentBytes } }),
        report: settings.reportJournal,
        loadBase: async (found) => {
          progress?.begin("reading the snapshot", "bytes");
          snapshot = await openSnapshot(
            {
              ...{ directory, disk, clock },
              // LMDB goes to the disk of the machine, past a disk of the caller's own.
              wish: settings.disk === undefined || settings.snapshot !== "auto" ? settings.snapshot : "file",
              limits: { ...defaultStateLimits, history: { perTimerMax: retention.count } },
              report: settings.reportSnapshot,
            },
            found,
          );
          replay = begin(snapshot.state);
          beginJournal(progress, directory, disk, snapshot.base);
          return snapshot.base;
        },
      },
      (index, term, entry) => replay?.(index, term, entry),
    );
    assert(snapshot !== undefined, "the snapshot was asked for");
    return { journal, snapshot };
  } catch (error) {
    await snapshot?.store.close();
    throw error;
  }
}

/** Makes what writes checkpoints of an opened directory. */
export function keepSnapshots(
  directory: string,
  { journal, snapshot }: OpenedDirectory,
  { clock, retention, checkpoint, reportSnapshot, progress }: DirectorySettings,
): CheckpointKeeper {
  return new CheckpointKeeper(
    {
      ...{ state: snapshot.state, store: snapshot.store, journal },
      ...{ clock, retention, triggers: checkpoint },
      olderPath: (kind) => olderSnapshotPath(directory, kind),
      report: reportSnapshot,
      ...(progress !== undefined && { progress }),
    },
    snapshot,
  );
}

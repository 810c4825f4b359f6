/**
 * The state of a data directory by its older generation: for readers that a writer is too fast for. The newest
 * snapshot may be an LMDB file, whose pages are used again while it is read; the older one is only ever replaced as a
 * whole, and the journal holds everything behind it. Without one, the journal holds everything there is.
 */

import { apply } from "../../src/core/apply.ts";
import { defaultStateLimits, State, type StateLimits } from "../../src/core/state.ts";
import type { FoundJournal } from "../../src/journal/base.ts";
import { beginJournal, countedDisk } from "../../src/journal/counted-disk.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { findJournal } from "../../src/journal/survey.ts";
import type { Clock, Disk, SnapshotStore } from "../../src/ports.ts";
import { connects, loadState, olderSnapshotPath, storeKinds } from "../../src/snapshot/choose-snapshot.ts";
import { openForReading, type ReadSnapshot, type SnapshotFile } from "../../src/snapshot/read-snapshot.ts";
import { baseOf, type DirectoryReading, type ReadingWatch } from "./read-directory.ts";

/** A long journal may hold many rows that no snapshot holds; all of them are wanted. */
const limits: StateLimits = { ...defaultStateLimits, history: { perTimerMax: 2 ** 24, rowsMax: 2 ** 24 } };

/**
 * Reads `directory`; undefined when a writer has dropped what follows the older generation in the meantime, or what
 * is there cannot be used. Rejects with what the snapshot and the journal reject with.
 */
export async function readByOlder(
  directory: string,
  uncounted: Disk,
  clock: Clock,
  { progress }: Pick<ReadingWatch, "progress"> = {},
): Promise<DirectoryReading | undefined> {
  const disk = countedDisk(uncounted, progress);
  progress?.begin("reading the snapshot", "bytes");
  const found = findJournal(directory, disk);
  const snapshot = await openOlder(directory, disk, clock, found);
  if (snapshot === undefined) return undefined;
  try {
    const { state } = snapshot;
    // Without a snapshot the journal's own id is what tells that its beginning was dropped meanwhile.
    const beginning = found.uuid === undefined ? undefined : { index: 0, term: 0, uuid: found.uuid };
    const base = baseOf(snapshot) ?? beginning;
    beginJournal(progress, directory, disk, base);
    const reading = readJournal(
      directory,
      disk,
      (index, term, entry) => {
        apply(state, index, term, entry);
      },
      base === undefined ? {} : { base },
    );
    if (reading.verdict.kind !== "dropped") return { state, snapshot, reading };
  } catch (error) {
    await snapshot.file?.store.close();
    throw error;
  }
  await snapshot.file?.store.close();
  return undefined;
}

/** The older generation that the journal goes on from, or nothing when the journal still begins with index 1. */
async function openOlder(
  directory: string,
  disk: Disk,
  clock: Clock,
  found: FoundJournal,
): Promise<ReadSnapshot | undefined> {
  for (const kind of storeKinds) {
    const path = olderSnapshotPath(directory, kind);
    if (!disk.exists(path)) continue;
    const store = await openForReading(path, kind, { disk, clock });
    const snapshot = await loadOrClose(store, path, found);
    if (snapshot !== undefined) return snapshot;
  }
  return found.firstIndex === 1 ? { state: new State(limits), file: undefined, cause: undefined } : undefined;
}

async function loadOrClose(store: SnapshotStore, path: string, found: FoundJournal): Promise<ReadSnapshot | undefined> {
  try {
    const { state, meta } = loadState(store, limits, found);
    if (meta !== undefined && connects(meta, found)) {
      const file: SnapshotFile = { store, path, generation: "older", meta };
      return { state, file, cause: undefined };
    }
  } catch (error) {
    await store.close();
    throw error;
  }
  await store.close();
  return undefined;
}

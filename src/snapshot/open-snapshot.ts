/**
 * Finds the state to start from: the snapshot, if it can be used; else the older generation; else the journal, if
 * that still holds everything. Whatever cannot be used is set aside, never deleted, and told of. What would lose
 * acknowledged state is refused.
 */

import { join } from "node:path";
import { isKronError, KronError } from "../core/errors.ts";
import { State, type StateLimits } from "../core/state.ts";
import type { Clock, Disk, SnapshotStore } from "../ports.ts";
import type { CheckpointCursor } from "./checkpoint.ts";
import { openFileStore } from "./file-store.ts";
import { openLmdbStore } from "./lmdb-store.ts";
import { loadSnapshot, readMeta } from "./load.ts";
import type { SnapshotMeta } from "./meta.ts";
import type { ReportSnapshot } from "./notice.ts";
import { openStore, type StoreWish } from "./open-store.ts";
import { lmdbName, olderName, pagesName, setAside } from "./snapshot-files.ts";

/** What opening a snapshot works with. */
export interface SnapshotContext {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly wish: StoreWish;
  readonly limits: StateLimits;
  readonly report: ReportSnapshot;
}

/** What is known of the journal beside it. */
export interface JournalBeside {
  /** Undefined when nothing says it. */
  readonly uuid: Uint8Array | undefined;
  /** The oldest index that it holds. */
  readonly firstIndex: number;
}

/** A snapshot to go on from. */
export interface OpenedSnapshot {
  readonly store: SnapshotStore;
  /** Loaded from it; empty when there was none. */
  readonly state: State;
  /** What the journal has to go on from; undefined for its beginning. */
  readonly base: { readonly index: number; readonly term: number; readonly uuid: Uint8Array } | undefined;
  readonly cursor: CheckpointCursor;
  readonly index: number;
  readonly recordCount: number;
}

const kinds = ["lmdb", "file"] as const;

/** The path of the newest snapshot of a kind in `directory`. */
export function snapshotPath(directory: string, kind: "lmdb" | "file"): string {
  return join(directory, kind === "lmdb" ? lmdbName : pagesName);
}

/** The path of the older generation of a kind in `directory`. */
export function olderSnapshotPath(directory: string, kind: "lmdb" | "file"): string {
  return olderName(snapshotPath(directory, kind));
}

/**
 * Opens what the directory holds, whose lock the caller has. Rejects with `KRON_SNAPSHOT_CORRUPT` or
 * `KRON_SNAPSHOT_VERSION` when acknowledged state would be lost, `KRON_SNAPSHOT_FOREIGN`, and `KRON_SNAPSHOT_FAILED`.
 */
export async function openSnapshot(context: SnapshotContext, journal: JournalBeside): Promise<OpenedSnapshot> {
  try {
    return await openNewest(context, journal);
  } catch (error) {
    if (!isUnusable(error)) throw error;
    const older = await openOlder(context, journal, error);
    if (older !== undefined) return older;
    // Entries from the first on: nothing that was acknowledged is only in the snapshot.
    if (journal.firstIndex > 1) throw error;
    replace(context, error, "journal");
    return await openNewest(context, journal);
  }
}

function isUnusable(error: unknown): boolean {
  return isKronError(error, "KRON_SNAPSHOT_CORRUPT") || isKronError(error, "KRON_SNAPSHOT_VERSION");
}

async function openNewest(context: SnapshotContext, journal: JournalBeside): Promise<OpenedSnapshot> {
  const { directory, disk, clock, wish, limits } = context;
  const store = await openStore(directory, {
    ...{ disk, clock, wish },
    age: (one) => readMeta(one)?.appliedIndex ?? 0,
  });
  try {
    return loadFrom(store, limits, journal);
  } catch (error) {
    await store.close();
    throw error;
  }
}

function loadFrom(store: SnapshotStore, limits: StateLimits, journal: JournalBeside): OpenedSnapshot {
  const state = new State(limits);
  const meta = readMeta(store);
  if (meta === undefined) {
    if (journal.firstIndex > 1) throw missing(journal.firstIndex);
    const cursor = { serial: 0, historyBytes: 0, sweepFrom: undefined };
    return { store, state, base: undefined, cursor, index: 0, recordCount: 0 };
  }
  checkOwner(meta, journal);
  loadSnapshot(store, meta, state);
  const { appliedIndex: index, appliedTerm: term, uuid, serial, historyBytes, recordCount } = meta;
  const cursor = { serial, historyBytes, sweepFrom: undefined };
  return { store, state, base: { index, term, uuid }, cursor, index, recordCount };
}

/** A snapshot that cannot be read is no longer known to be of this journal: that is said first. */
function checkOwner(meta: SnapshotMeta, { uuid }: JournalBeside): void {
  if (uuid === undefined || Buffer.compare(uuid, meta.uuid) === 0) return;
  const [expected, got] = [uuid, meta.uuid].map((bytes) => Buffer.from(bytes).toString("hex"));
  throw new KronError("KRON_SNAPSHOT_FOREIGN", `Expected a snapshot of the journal ${expected}, got one of ${got}`, {
    hint: "Put the snapshot and the journal that belong together back, or restore a backup with `kron restore`",
    details: { journal: expected, snapshot: got },
  });
}

/** Puts the older generation in the place of the newest, if it can be used; undefined when it cannot. */
async function openOlder(
  context: SnapshotContext,
  journal: JournalBeside,
  cause: unknown,
): Promise<OpenedSnapshot | undefined> {
  const { directory, disk, clock, limits } = context;
  for (const kind of kinds) {
    const path = olderSnapshotPath(directory, kind);
    if (!disk.exists(path)) continue;
    try {
      const older = kind === "lmdb" ? openLmdbStore(path, { disk }) : await openFileStore(path, { disk, clock });
      try {
        const { index } = loadFrom(older, limits, journal);
        // Segments between the two would have been dropped.
        if (index + 1 < journal.firstIndex) continue;
        replace(context, cause, "older-snapshot");
        await older.copyTo(snapshotPath(directory, kind));
      } finally {
        await older.close();
      }
      return await openNewest(context, journal);
    } catch (error) {
      // Neither generation can be used: what is wrong with the newest is what has to be said.
      if (!isUnusable(error)) throw error;
    }
  }
  return undefined;
}

/** Sets aside whatever stands where the newest snapshot does. */
function replace(context: SnapshotContext, cause: unknown, rebuiltFrom: "older-snapshot" | "journal"): void {
  const { directory, disk, clock, report } = context;
  for (const kind of kinds) {
    const path = snapshotPath(directory, kind);
    if (!disk.exists(path)) continue;
    report({ kind: "snapshot-set-aside", path: setAside(disk, path, clock.nowMs()), cause, rebuiltFrom });
  }
}

function missing(firstIndex: number): KronError {
  return new KronError(
    "KRON_SNAPSHOT_CORRUPT",
    `Expected a snapshot that holds entries 1 to ${firstIndex - 1}, as the journal begins behind them; there is none`,
    {
      hint: "Put the snapshot back, or restore a backup with `kron restore`",
      details: { firstIndex: 1, lastIndex: firstIndex - 1 },
    },
  );
}

/**
 * Finds the state to start from: the snapshot, if it can be used; else the older generation; else the journal, if
 * that still holds everything. Whatever cannot be used is set aside, never deleted, and told of. What would lose
 * acknowledged state is refused.
 */

import type { State, StateLimits } from "../core/state.ts";
import type { Clock, Disk, SnapshotStore } from "../ports.ts";
import type { CheckpointCursor } from "./checkpoint.ts";
import {
  chooseGeneration,
  connects,
  type Generations,
  type JournalBeside,
  loadState,
  olderSnapshotPath,
  snapshotPath,
  storeKinds,
} from "./choose-snapshot.ts";
import { openLmdbStore } from "./lmdb-store.ts";
import { readMeta } from "./load.ts";
import type { ReportSnapshot } from "./notice.ts";
import { openPlainFile, openStore, type StoreWish } from "./open-store.ts";
import { setAside } from "./snapshot-files.ts";

/** What opening a snapshot works with. */
export interface SnapshotContext {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly wish: StoreWish;
  readonly limits: StateLimits;
  readonly report: ReportSnapshot;
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

/**
 * Opens what the directory holds, whose lock the caller has. Rejects with `KRON_SNAPSHOT_CORRUPT` or
 * `KRON_SNAPSHOT_VERSION` when acknowledged state would be lost, `KRON_SNAPSHOT_FOREIGN`, and `KRON_SNAPSHOT_FAILED`.
 */
export async function openSnapshot(context: SnapshotContext, journal: JournalBeside): Promise<OpenedSnapshot> {
  const generations: Generations<OpenedSnapshot, SnapshotStore> = {
    newest: () => openNewest(context, journal),
    older: (kind) => openOlder(context, kind, journal),
  };
  const choice = await chooseGeneration(generations, journal);
  if (choice.kind === "newest") return choice.opened;
  if (choice.kind === "journal") replace(context, choice.cause, choice.kind);
  else await putBack(context, choice.opened, choice.cause);
  return await openNewest(context, journal);
}

/** Puts the older generation in the place of the newest. */
async function putBack(context: SnapshotContext, older: SnapshotStore, cause: unknown): Promise<void> {
  try {
    replace(context, cause, "older-snapshot");
    await older.copyTo(snapshotPath(context.directory, older.kind));
  } finally {
    await older.close();
  }
}

async function openNewest(context: SnapshotContext, journal: JournalBeside): Promise<OpenedSnapshot> {
  const { directory, disk, clock, wish, limits, report } = context;
  const store = await openStore(directory, {
    ...{ disk, clock, wish },
    age: (one) => readMeta(one)?.appliedIndex ?? 0,
    onPlainFile: (reason) => report({ kind: "snapshot-in-plain-file", reason }),
  });
  if (wish === "auto" && store.bytes > 0 && store.kind === "file") {
    report({ kind: "snapshot-in-plain-file", reason: "LMDB did not work here before; it is tried again" });
  }
  try {
    return loadFrom(store, limits, journal);
  } catch (error) {
    await store.close();
    throw error;
  }
}

function loadFrom(store: SnapshotStore, limits: StateLimits, journal: JournalBeside): OpenedSnapshot {
  const { state, meta } = loadState(store, limits, journal);
  if (meta === undefined) {
    const cursor = { serial: 0, historyBytes: 0, sweepFrom: undefined };
    return { store, state, base: undefined, cursor, index: 0, recordCount: 0 };
  }
  const { appliedIndex: index, appliedTerm: term, uuid, serial, historyBytes, recordCount } = meta;
  const cursor = { serial, historyBytes, sweepFrom: undefined };
  return { store, state, base: { index, term, uuid }, cursor, index, recordCount };
}

/** The older generation, once it is known that all of it can be loaded. */
async function openOlder(
  { directory, disk, clock, limits }: SnapshotContext,
  kind: SnapshotStore["kind"],
  journal: JournalBeside,
): Promise<SnapshotStore | undefined> {
  const path = olderSnapshotPath(directory, kind);
  if (!disk.exists(path)) return undefined;
  const store = kind === "lmdb" ? openLmdbStore(path, { disk }) : await openPlainFile(path, { disk, clock });
  try {
    if (connects(loadState(store, limits, journal).meta, journal)) return store;
  } catch (error) {
    await store.close();
    throw error;
  }
  await store.close();
  return undefined;
}

/** Sets aside whatever stands where the newest snapshot does. */
function replace(context: SnapshotContext, cause: unknown, rebuiltFrom: "older-snapshot" | "journal"): void {
  const { directory, disk, clock, report } = context;
  for (const kind of storeKinds) {
    const path = snapshotPath(directory, kind);
    if (!disk.exists(path)) continue;
    report({ kind: "snapshot-set-aside", path: setAside(disk, path, clock.nowMs()), cause, rebuiltFrom });
  }
}

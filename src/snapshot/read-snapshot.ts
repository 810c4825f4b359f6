/**
 * Loads the snapshot of a directory without owning it: for the command line and backups. Nothing is written, no lock
 * is taken, and a writer may be at work. Which generation is used is decided as a start would decide it.
 */

import { isKronError } from "../core/errors.ts";
import type { State, StateLimits } from "../core/state.ts";
import type { Clock, Disk, SnapshotStore } from "../ports.ts";
import {
  chooseGeneration,
  connects,
  isUnusable,
  type JournalBeside,
  loadState,
  olderSnapshotPath,
  snapshotPath,
  storeKinds,
} from "./choose-snapshot.ts";
import { LmdbFile } from "./lmdb-file.ts";
import { openLmdbStore } from "./lmdb-store.ts";
import { readMeta } from "./load.ts";
import type { SnapshotMeta } from "./meta.ts";
import { openPlainFile } from "./open-store.ts";

/** What reading works with. */
export interface ReadingContext {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly limits: StateLimits;
}

/** An open snapshot file and what it says it is as of. */
export interface SnapshotFile {
  readonly store: SnapshotStore;
  readonly path: string;
  readonly generation: "newest" | "older";
  readonly meta: SnapshotMeta;
}

/** What was loaded. */
export interface ReadSnapshot {
  /** Empty when there was no snapshot, or none that can be used. */
  readonly state: State;
  /** Where it came from, open until whoever asked closes the store. */
  readonly file: SnapshotFile | undefined;
  /** Why the newest was not used; undefined when it was, or there is none. */
  readonly cause: unknown;
}

/** How often a file is read again that a writer has changed meanwhile. */
const triesMax = 4;

/**
 * Rejects with `KRON_SNAPSHOT_CORRUPT` or `KRON_SNAPSHOT_VERSION` when neither generation can be used and the journal
 * alone does not do, `KRON_SNAPSHOT_FOREIGN`, and `KRON_SNAPSHOT_FAILED`.
 */
export async function readSnapshot(context: ReadingContext, journal: JournalBeside): Promise<ReadSnapshot> {
  const choice = await chooseGeneration(
    {
      newest: () => readSettled(context, () => readNewest(context, journal)),
      older: (kind) => readOlder(context, kind, journal),
    },
    journal,
  );
  if (choice.kind === "newest") return { ...choice.opened, cause: undefined };
  if (choice.kind === "older-snapshot") return { ...choice.opened, cause: choice.cause };
  return { ...loaded(undefined, context, journal), cause: choice.cause };
}

/** Opens the file at `path` for reading beside a writer. Rejects as the stores do. */
export async function openForReading(
  path: string,
  kind: SnapshotStore["kind"],
  { disk, clock }: Pick<ReadingContext, "disk" | "clock">,
): Promise<SnapshotStore> {
  return kind === "lmdb" ? openLmdbStore(path, { disk, readOnly: true }) : await openPlainFile(path, { disk, clock });
}

type Loaded = Pick<ReadSnapshot, "state" | "file">;

/** Of two kinds that are there, the one with the newest content counts, as it does for a start. */
async function readNewest(context: ReadingContext, journal: JournalBeside): Promise<Loaded> {
  let newest: SnapshotFile | undefined;
  for (const kind of storeKinds) {
    const path = snapshotPath(context.directory, kind);
    if (!context.disk.exists(path)) continue;
    const file = await openFile(path, kind, "newest", context).catch(async (error: unknown) => {
      await newest?.store.close();
      throw error;
    });
    const isNewer = newest === undefined || (file?.meta.appliedIndex ?? 0) > newest.meta.appliedIndex;
    await (isNewer ? newest : file)?.store.close();
    if (isNewer) newest = file;
  }
  return await loadOrClose(newest, context, journal);
}

async function readOlder(
  context: ReadingContext,
  kind: SnapshotStore["kind"],
  journal: JournalBeside,
): Promise<Loaded | undefined> {
  const path = olderSnapshotPath(context.directory, kind);
  if (!context.disk.exists(path)) return undefined;
  const older = await loadOrClose(await openFile(path, kind, "older", context), context, journal);
  if (connects(older.file?.meta, journal)) return older;
  await older.file?.store.close();
  return undefined;
}

/** Undefined when nothing was ever written to it. */
async function openFile(
  path: string,
  kind: SnapshotStore["kind"],
  generation: SnapshotFile["generation"],
  context: ReadingContext,
): Promise<SnapshotFile | undefined> {
  const store = await openForReading(path, kind, context);
  try {
    const meta = readMeta(store);
    if (meta !== undefined) return { store, path, generation, meta };
  } catch (error) {
    await store.close();
    throw error;
  }
  await store.close();
  return undefined;
}

async function loadOrClose(
  file: SnapshotFile | undefined,
  context: ReadingContext,
  journal: JournalBeside,
): Promise<Loaded> {
  try {
    return loaded(file, context, journal);
  } catch (error) {
    await file?.store.close();
    throw error;
  }
}

function loaded(file: SnapshotFile | undefined, { limits }: ReadingContext, journal: JournalBeside): Loaded {
  return { state: loadState(file?.store, limits, journal).state, file };
}

/**
 * Reads beside a writer that may change the LMDB file at any moment: what looks wrong then is looked at again.
 * `errorIn` finds what is wrong in a result that says so instead of failing.
 */
export async function readSettled<T>(
  context: Pick<ReadingContext, "directory" | "disk">,
  read: () => Promise<T>,
  errorIn: (result: T) => unknown = () => undefined,
): Promise<T> {
  for (let tries = triesMax; ; tries -= 1) {
    const before = transactionOf(context);
    const mayHaveChanged = (error: unknown): boolean =>
      tries > 1 && isChangeOrDamage(error) && transactionOf(context) !== before;
    try {
      const result = await read();
      if (!mayHaveChanged(errorIn(result))) return result;
    } catch (error) {
      if (!mayHaveChanged(error)) throw error;
    }
  }
}

function isChangeOrDamage(error: unknown): boolean {
  return isKronError(error, "KRON_SNAPSHOT_FAILED") || isUnusable(error);
}

/** What tells one content of the LMDB file from the next; undefined when it is not there or cannot be read. */
function transactionOf({ directory, disk }: Pick<ReadingContext, "directory" | "disk">): number | undefined {
  const path = snapshotPath(directory, "lmdb");
  if (!disk.exists(path)) return undefined;
  try {
    const file = new LmdbFile(disk, path);
    const { txn } = file.meta;
    file.close();
    return txn;
  } catch (error) {
    // What is wrong with it is said by those who read it.
    if (isKronError(error)) return undefined;
    throw error;
  }
}

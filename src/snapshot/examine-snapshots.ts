/**
 * Examines every snapshot file of a directory without owning it: whether each can be used, what it holds, and which
 * one a start would take. Nothing is written.
 */

import { digest } from "../core/digest.ts";
import { isKronError } from "../core/errors.ts";
import type { State } from "../core/state.ts";
import type { SnapshotStore } from "../ports.ts";
import {
  type Choice,
  chooseGeneration,
  connects,
  isUnusable,
  type JournalBeside,
  loadState,
  olderSnapshotPath,
  snapshotPath,
  storeKinds,
} from "./choose-snapshot.ts";
import { readMeta } from "./load.ts";
import type { SnapshotMeta } from "./meta.ts";
import { openForReading, type ReadingContext, readSettled } from "./read-snapshot.ts";
import { type VerifiedSnapshot, verifySnapshot } from "./verify-snapshot.ts";

/** A snapshot file, and what is known of it. */
export interface ExaminedSnapshot {
  readonly path: string;
  readonly kind: SnapshotStore["kind"];
  readonly generation: "newest" | "older";
  /** Bytes of the file. */
  readonly fileBytes: number;
  /** What loading it failed with: `KRON_SNAPSHOT_CORRUPT`, `_VERSION` or `_FOREIGN`; undefined when it can be used. */
  readonly error: unknown;
  /** Undefined when that cannot be read, or nothing was ever written to it. */
  readonly meta: SnapshotMeta | undefined;
  /** The digest of the state that it holds; undefined when it cannot be loaded. */
  readonly digest: string | undefined;
  readonly verified: VerifiedSnapshot | undefined;
}

/** All snapshot files there are, the newest generation first, LMDB before the plain file. */
export async function examineSnapshots(context: ReadingContext, journal: JournalBeside): Promise<ExaminedSnapshot[]> {
  const found: ExaminedSnapshot[] = [];
  for (const generation of ["newest", "older"] as const) {
    for (const kind of storeKinds) {
      const path = (generation === "newest" ? snapshotPath : olderSnapshotPath)(context.directory, kind);
      if (!context.disk.exists(path)) continue;
      const examine = (): Promise<ExaminedSnapshot> => examineFile(context, journal, path, kind, generation);
      found.push(await readSettled(context, examine, ({ error }) => error));
    }
  }
  return found;
}

/** The newest snapshot: of two kinds the one with the newest content. */
export function newestOf(found: readonly ExaminedSnapshot[]): ExaminedSnapshot | undefined {
  const newest = found.filter(({ generation }) => generation === "newest");
  return newest.reduce<ExaminedSnapshot | undefined>((one, other) => (isNewer(other, one) ? other : one), undefined);
}

/** The older generation, if the journal goes on from it. */
export function olderOf(found: readonly ExaminedSnapshot[], journal: JournalBeside): ExaminedSnapshot | undefined {
  return found.find(({ generation, digest: loaded, meta }) => {
    return generation === "older" && loaded !== undefined && connects(meta, journal);
  });
}

/** What a start would choose. Rejects with what a start would be refused with. */
export function chooseExamined(
  found: readonly ExaminedSnapshot[],
  journal: JournalBeside,
  context: ReadingContext,
): Promise<Choice<ExaminedSnapshot | undefined, ExaminedSnapshot>> {
  return chooseGeneration(
    {
      newest: async () => {
        const bad = found.find(({ generation, error }) => generation === "newest" && error !== undefined);
        if (bad !== undefined) throw bad.error;
        const newest = newestOf(found);
        // What is missing is said by the one who knows when that matters.
        if (newest === undefined) loadState(undefined, context.limits, journal);
        return newest;
      },
      older: async (kind) => {
        const older = found.find((file) => file.generation === "older" && file.kind === kind);
        if (older?.error !== undefined) throw older.error;
        return older !== undefined && connects(older.meta, journal) ? older : undefined;
      },
    },
    journal,
  );
}

/** Loads a file that was examined, for those who go on from it. Rejects as loading does. */
export async function loadExamined(
  { path, kind }: ExaminedSnapshot,
  context: ReadingContext,
  journal: JournalBeside,
): Promise<{ readonly state: State; readonly meta: SnapshotMeta | undefined }> {
  const store = await openForReading(path, kind, context);
  try {
    return loadState(store, context.limits, journal);
  } finally {
    await store.close();
  }
}

function isNewer(one: ExaminedSnapshot, than: ExaminedSnapshot | undefined): boolean {
  return than === undefined || (one.meta?.appliedIndex ?? 0) > (than.meta?.appliedIndex ?? 0);
}

async function examineFile(
  context: ReadingContext,
  journal: JournalBeside,
  path: string,
  kind: SnapshotStore["kind"],
  generation: ExaminedSnapshot["generation"],
): Promise<ExaminedSnapshot> {
  const file = { path, kind, generation, fileBytes: context.disk.stat(path)?.bytes ?? 0 };
  let meta: SnapshotMeta | undefined;
  let store: SnapshotStore | undefined;
  try {
    store = await openForReading(path, kind, context);
    meta = readMeta(store);
    const { state } = loadState(store, context.limits, journal);
    if (meta === undefined) return { ...file, error: undefined, meta, digest: undefined, verified: undefined };
    return { ...file, error: undefined, meta, digest: digest(state), verified: verifySnapshot(store, meta, state) };
  } catch (error) {
    if (!isUnusable(error) && !isKronError(error, "KRON_SNAPSHOT_FOREIGN")) throw error;
    return { ...file, error, meta, digest: undefined, verified: undefined };
  } finally {
    await store?.close();
  }
}

/**
 * Which generation of a snapshot is used: the newest; when it is damaged or of an unknown format, the older one, if
 * the journal goes on from it; else the journal alone, if it still holds everything. A start and those who only
 * read choose alike.
 */

import { join } from "node:path";
import { isKronError, KronError } from "../core/errors.ts";
import { State, type StateLimits } from "../core/state.ts";
import type { SnapshotStore } from "../ports.ts";
import { loadSnapshot, readMeta } from "./load.ts";
import type { SnapshotMeta } from "./meta.ts";
import { lmdbName, olderName, pagesName } from "./snapshot-files.ts";

/** What is known of the journal beside it. */
export interface JournalBeside {
  /** Undefined when nothing says it. */
  readonly uuid: Uint8Array | undefined;
  /** The oldest index that it holds. */
  readonly firstIndex: number;
  /** Whether there is any segment: without one, entry 1 is not there either. */
  readonly hasSegments: boolean;
}

/** A state, and what the snapshot says that it was loaded from; without one the state is empty. */
export interface LoadedState {
  readonly state: State;
  readonly meta: SnapshotMeta | undefined;
}

/** What can be opened, each loaded or refused by the rules of `loadState`. */
export interface Generations<Newest, Older> {
  /** Opens the newest snapshot, or what stands for none. */
  newest(): Promise<Newest>;
  /** Opens the older generation kept in this kind of store; undefined when there is none, or the journal begins behind it. */
  older(kind: SnapshotStore["kind"]): Promise<Older | undefined>;
}

/** What was chosen, and why not the newest. */
export type Choice<Newest, Older> =
  | { readonly kind: "newest"; readonly opened: Newest }
  | { readonly kind: "older-snapshot"; readonly opened: Older; readonly cause: unknown }
  | { readonly kind: "journal"; readonly cause: unknown };

/** The kinds of stores, the preferred one first. */
export const storeKinds = ["lmdb", "file"] as const;

/** The path of the newest snapshot of a kind in `directory`. */
export function snapshotPath(directory: string, kind: SnapshotStore["kind"]): string {
  return join(directory, kind === "lmdb" ? lmdbName : pagesName);
}

/** The path of the older generation of a kind in `directory`. */
export function olderSnapshotPath(directory: string, kind: SnapshotStore["kind"]): string {
  return olderName(snapshotPath(directory, kind));
}

/** Rejects with what is wrong with the newest when nothing else holds what it held, and with what is no damage. */
export async function chooseGeneration<Newest, Older>(
  generations: Generations<Newest, Older>,
  journal: JournalBeside,
): Promise<Choice<Newest, Older>> {
  try {
    return { kind: "newest", opened: await generations.newest() };
  } catch (cause) {
    if (!isUnusable(cause)) throw cause;
    const opened = await openOlder(generations);
    if (opened !== undefined) return { kind: "older-snapshot", opened, cause };
    // Entries from the first on: nothing that was acknowledged is only in the snapshot.
    if (journal.firstIndex > 1 || !journal.hasSegments) throw cause;
    return { kind: "journal", cause };
  }
}

async function openOlder<Older>(generations: Generations<unknown, Older>): Promise<Older | undefined> {
  for (const kind of storeKinds) {
    try {
      const opened = await generations.older(kind);
      if (opened !== undefined) return opened;
    } catch (error) {
      // Neither generation can be used: what is wrong with the newest is what has to be said.
      if (!isUnusable(error)) throw error;
    }
  }
  return undefined;
}

/** Whether another generation may do where this error came up. */
export function isUnusable(error: unknown): boolean {
  return isKronError(error, "KRON_SNAPSHOT_CORRUPT") || isKronError(error, "KRON_SNAPSHOT_VERSION");
}

/**
 * Loads what `store` holds. Throws `KRON_SNAPSHOT_FOREIGN` when it is of another journal, `KRON_SNAPSHOT_CORRUPT`
 * also when it is empty and the journal no longer holds its beginning, and `KRON_SNAPSHOT_VERSION`.
 */
export function loadState(store: SnapshotStore | undefined, limits: StateLimits, journal: JournalBeside): LoadedState {
  const state = new State(limits);
  const meta = store === undefined ? undefined : readMeta(store);
  if (store === undefined || meta === undefined) {
    if (journal.firstIndex > 1) throw missing(journal.firstIndex);
    return { state, meta: undefined };
  }
  checkOwner(meta, journal);
  loadSnapshot(store, meta, state);
  return { state, meta };
}

/** Whether the journal goes on from a snapshot; segments between an older generation and it would have been dropped. */
export function connects(meta: SnapshotMeta | undefined, journal: JournalBeside): boolean {
  return (meta?.appliedIndex ?? 0) + 1 >= journal.firstIndex;
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

/**
 * Where a journal goes on from: the snapshot that holds all entries up to an index, so that the journal need not.
 * What a snapshot is made of is no business of the journal's; it is told an index, and says what does not fit.
 */

import { KronError } from "../core/errors.ts";

/** A snapshot, as the journal sees it. */
export interface Base {
  /** All entries up to here are in the snapshot; 0 for none. It was flushed only after the journal had synced them. */
  readonly index: number;
  /** The term of the entry at `index`; 0 when embedded. */
  readonly term: number;
  /** The journal that the snapshot belongs to, 16 bytes. */
  readonly uuid: Uint8Array;
}

/** What a directory is found to hold before any entry of it is read. */
export interface FoundJournal {
  /** The journal's id, from the sidecar or the head of its oldest segment; undefined when neither says it. */
  readonly uuid: Uint8Array | undefined;
  /** The oldest index that the journal holds, or would hold were it not empty: a base must reach the one before. */
  readonly firstIndex: number;
  /** How far the sidecar knows the journal to be synced; 0 without one. More may be there. */
  readonly durableIndex: number;
  /** Whether there is any segment at all. */
  readonly hasSegments: boolean;
}

/** Finds the snapshot to start from, or undefined when there is none; what it throws ends the opening. */
export type LoadBase = (found: FoundJournal) => Promise<Base | undefined> | Base | undefined;

/** The error for a snapshot of another journal. */
export function foreignError(directory: string, base: Base, uuid: Uint8Array): KronError {
  return new KronError(
    "KRON_SNAPSHOT_FOREIGN",
    `Expected a snapshot of the journal ${hex(uuid)} in ${directory}, got one of ${hex(base.uuid)}`,
    {
      hint: "Put the snapshot and the journal that belong together back, or restore a backup with `kron restore`",
      details: { journal: hex(uuid), snapshot: hex(base.uuid) },
    },
  );
}

/** The error for a journal that no longer holds its beginning, without the snapshot that does. */
export function baseMissingError(directory: string, firstIndex: number): KronError {
  return new KronError(
    "KRON_SNAPSHOT_CORRUPT",
    `Expected a snapshot that holds entries 1 to ${firstIndex - 1}, as the journal in ${directory} begins behind them; it is missing or cannot be read`,
    {
      hint: "Put the snapshot back, or restore a backup with `kron restore`",
      details: { firstIndex: 1, lastIndex: firstIndex - 1 },
    },
  );
}

function hex(uuid: Uint8Array): string {
  return Buffer.from(uuid).toString("hex");
}

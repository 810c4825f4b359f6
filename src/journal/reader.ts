/**
 * Reading a journal without owning it: for `kron log`, `kron doctor` and backups. Nothing is written, no lock
 * is taken, and a writer may be at work: a half-written last frame or a file that grows is no error, and when
 * segments are dropped that were still to be read, that is said and not taken for damage.
 */

import type { Entry } from "../core/record.ts";
import type { Disk } from "../ports.ts";
import type { Base } from "./base.ts";
import { activeName } from "./files.ts";
import { type JournalFiles, readJournalFiles } from "./journal-files.ts";
import type { Damage } from "./judge.ts";

/** Where an entry stands. */
export interface EntryWhere {
  /** File name of the segment. */
  readonly segment: string;
  readonly offset: number;
  /** Bytes of the whole frame. */
  readonly bytes: number;
}

/** What the end of the journal looks like. */
export type JournalVerdict =
  /** Everything up to the end is good. */
  | { readonly kind: "clean" }
  /** Behind the last good entry stands a write that is unfinished, or was cut short by a crash. */
  | { readonly kind: "torn"; readonly segment: string; readonly offset: number; readonly bytes: number }
  /** Acknowledged entries cannot be read. */
  | ({ readonly kind: "corrupt" } & Damage)
  /**
   * What was to be read next is no longer in the journal, which begins at `firstIndex` now: a writer has dropped it
   * behind a snapshot. What was handed on is true. Load the newest snapshot and read again; if there is none that
   * reaches `firstIndex - 1`, the directory is damaged.
   */
  | { readonly kind: "dropped"; readonly firstIndex: number }
  /** There is no journal here. */
  | { readonly kind: "missing" };

/** What a reading found. */
export interface JournalReading {
  readonly verdict: JournalVerdict;
  /** 16 bytes; undefined when nothing readable says it. */
  readonly uuid: Uint8Array | undefined;
  readonly entries: number;
  /** The first index that the journal should hold; older ones were dropped behind a snapshot. */
  readonly firstIndex: number;
  /** The last good index; `firstIndex - 1` when there is none. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The highest index known to be synced. */
  readonly durableIndex: number;
  readonly segments: number;
  /** Bytes of all segment files, preallocated space included. */
  readonly bytes: number;
}

/** What to read. */
export interface ReadOptions {
  /** The first index that is wanted: no entry before it is handed on, no segment that ends before it is read. */
  readonly from?: number;
  /**
   * The snapshot that was loaded before: what follows it is wanted, and it is an error when that does not go on
   * from it. Throws `KRON_SNAPSHOT_FOREIGN` when it is another journal's.
   */
  readonly base?: Base;
}

/** How often what looks damaged is read again, in case a writer was in the middle of it. */
const readAgain = 3;

/**
 * Reads all entries in index order, from the first that the journal holds or the first that `options` ask for, and
 * says how the journal ends. `onEntry` is called for good entries only, also when the verdict is bad. Throws
 * `KRON_JOURNAL_VERSION`, and what the disk throws.
 */
export function readJournal(
  directory: string,
  disk: Disk,
  onEntry: (index: number, term: number, entry: Entry, where: EntryWhere) => void,
  options: ReadOptions = {},
): JournalReading {
  if (!disk.exists(directory)) return emptyReading();
  let entries = 0;
  const files = readJournalFiles(
    directory,
    disk,
    (segment, index, term, entry, { offset, bytes }) => {
      entries += 1;
      onEntry(index, term, entry, { segment, offset, bytes });
    },
    { ...options, again: readAgain },
  );
  const { chain, sidecar, firstIndex, segments, bytes } = files;
  return {
    verdict: verdictOf(files),
    uuid: chain.uuid ?? sidecar?.uuid,
    entries,
    firstIndex,
    lastIndex: chain.index,
    lastTerm: chain.term,
    durableIndex: Math.max(chain.durable, sidecar?.durable ?? 0),
    segments,
    bytes,
  };
}

function verdictOf({ active, damage, droppedTo, hasSegments }: JournalFiles): JournalVerdict {
  if (damage !== undefined) return { kind: "corrupt", ...damage };
  if (droppedTo !== undefined) return { kind: "dropped", firstIndex: droppedTo };
  if (!hasSegments) return { kind: "missing" };
  if (active === undefined || (active.end.kind === "end" && !active.isBatchOpen)) return { kind: "clean" };
  const { offset } = active.end;
  return { kind: "torn", segment: activeName, offset, bytes: Math.max(0, active.bytes - offset) };
}

function emptyReading(): JournalReading {
  return {
    verdict: { kind: "missing" },
    uuid: undefined,
    entries: 0,
    firstIndex: 1,
    lastIndex: 0,
    lastTerm: 0,
    durableIndex: 0,
    segments: 0,
    bytes: 0,
  };
}

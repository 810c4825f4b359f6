/**
 * The state of a data directory without owning it: its snapshot, then the journal behind that. Nothing is written,
 * no lock is taken, and a writer may write checkpoints and drop segments meanwhile.
 */

import type { Applied } from "../../src/core/applied.ts";
import { apply } from "../../src/core/apply.ts";
import type { Entry } from "../../src/core/record.ts";
import { defaultStateLimits, type State, type StateLimits } from "../../src/core/state.ts";
import type { Base } from "../../src/journal/base.ts";
import { beginJournal, countedDisk } from "../../src/journal/counted-disk.ts";
import { sidecarName } from "../../src/journal/files.ts";
import { type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { findJournal } from "../../src/journal/survey.ts";
import type { Clock, Disk, Progress } from "../../src/ports.ts";
import { type ReadSnapshot, readSnapshot } from "../../src/snapshot/read-snapshot.ts";

/** A directory as of its last readable entry. */
export interface DirectoryReading {
  /** The snapshot with the journal behind it applied. */
  readonly state: State;
  /** Where the state began. Its store is open, until whoever asked closes it. */
  readonly snapshot: ReadSnapshot;
  /** The part of the journal behind the snapshot. */
  readonly reading: JournalReading;
}

/** Told of each entry that was applied. */
export type OnApplied = (state: State, entry: Entry, applied: Applied) => void;

/** Who is told of a reading while it goes on. */
export interface ReadingWatch {
  /** Called each time the reading begins; gives what is told of the entries behind the snapshot. */
  readonly begin?: () => OnApplied;
  readonly progress?: Progress;
}

/** How often all of it is read again because a writer has dropped what was to be read next. */
const triesMax = 4;

/**
 * What a runtime keeps of a timer's history it may have been told by an option that is not on record, so all rows
 * are held that any command shows.
 */
const limits: StateLimits = { ...defaultStateLimits, history: { perTimerMax: 100_000 } };

/**
 * Reads `directory`. Rejects with what `readSnapshot` rejects with, `KRON_JOURNAL_VERSION`, and what the disk throws.
 * Damage to the journal is said by the verdict; the state is then the one before it.
 */
export async function readDirectory(
  directory: string,
  uncounted: Disk,
  clock: Clock,
  { begin = () => () => undefined, progress }: ReadingWatch = {},
): Promise<DirectoryReading> {
  const disk = countedDisk(uncounted, progress);
  for (let tries = triesMax; ; tries -= 1) {
    const found = findJournal(directory, disk);
    progress?.begin("reading the snapshot", "bytes");
    const snapshot = await readSnapshot({ directory, disk, clock, limits }, found);
    try {
      const base = baseOf(snapshot);
      beginJournal(progress, directory, disk, base);
      const reading = replayBehind({ directory, disk, base, onApplied: begin() }, snapshot.state);
      const { verdict } = reading;
      if (verdict.kind !== "dropped") return { state: snapshot.state, snapshot, reading };
      // Nobody drops anything: the journal begins too late.
      if (tries === 1) return { state: snapshot.state, snapshot, reading: withGap(reading, verdict.firstIndex, base) };
    } catch (error) {
      await snapshot.file?.store.close();
      throw error;
    }
    await snapshot.file?.store.close();
  }
}

/** What the next start would have the journal go on from; undefined for its beginning. Rejects as `readSnapshot`. */
export async function readBase(directory: string, disk: Disk, clock: Clock): Promise<Base | undefined> {
  const context = { directory, disk, clock, limits: defaultStateLimits };
  const snapshot = await readSnapshot(context, findJournal(directory, disk));
  await snapshot.file?.store.close();
  return baseOf(snapshot);
}

/** What the journal has to go on from; undefined for its beginning. */
export function baseOf({ file }: ReadSnapshot): Base | undefined {
  if (file === undefined) return undefined;
  return { index: file.meta.appliedIndex, term: file.meta.appliedTerm, uuid: file.meta.uuid };
}

interface Replaying {
  readonly directory: string;
  readonly disk: Disk;
  readonly base: Base | undefined;
  readonly onApplied: OnApplied;
}

function replayBehind({ directory, disk, base, onApplied }: Replaying, state: State): JournalReading {
  let droppedTo: number | undefined;
  const replay = (index: number, term: number, entry: Entry): void => {
    // Without a base nothing else tells that the journal has lost its beginning meanwhile.
    if (index !== state.appliedIndex + 1) droppedTo ??= index;
    else onApplied(state, entry, apply(state, index, term, entry));
  };
  const reading = readJournal(directory, disk, replay, base === undefined ? {} : { base });
  return droppedTo === undefined ? reading : { ...reading, verdict: { kind: "dropped", firstIndex: droppedTo } };
}

/** Entries between the snapshot and the journal's beginning are damage once it is known that nobody just dropped them. */
function withGap(reading: JournalReading, journalFirst: number, base: Base | undefined): JournalReading {
  const firstIndex = (base?.index ?? 0) + 1;
  const fault = `the journal begins at ${journalFirst}, its snapshot ends at ${firstIndex - 1}`;
  const damage = { segment: sidecarName, offset: 0, firstIndex, lastIndex: journalFirst - 1, fault };
  return { ...reading, verdict: { kind: "corrupt", ...damage } };
}

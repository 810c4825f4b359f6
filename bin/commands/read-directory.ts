/**
 * The state of a data directory without owning it: its snapshot, then the journal behind that. Nothing is written,
 * no lock is taken, and a writer may write checkpoints and drop segments meanwhile.
 */

import { apply } from "../../src/core/apply.ts";
import { defaultStateLimits, type State, type StateLimits } from "../../src/core/state.ts";
import type { Base, FoundJournal } from "../../src/journal/base.ts";
import { sidecarName } from "../../src/journal/files.ts";
import { type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { findJournal } from "../../src/journal/survey.ts";
import type { Clock, Disk } from "../../src/ports.ts";
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
export async function readDirectory(directory: string, disk: Disk, clock: Clock): Promise<DirectoryReading> {
  for (let tries = triesMax; ; tries -= 1) {
    const found = findJournal(directory, disk);
    const snapshot = await readSnapshot({ directory, disk, clock, limits }, found);
    try {
      const base = baseOf(snapshot, found);
      const reading = replayBehind(directory, disk, snapshot.state, base);
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

/** What the journal has to go on from; undefined when neither snapshot nor journal says whose it is. */
export function baseOf({ file }: Pick<ReadSnapshot, "file">, { uuid }: FoundJournal): Base | undefined {
  if (file !== undefined) {
    return { index: file.meta.appliedIndex, term: file.meta.appliedTerm, uuid: file.meta.uuid };
  }
  return uuid === undefined ? undefined : { index: 0, term: 0, uuid };
}

function replayBehind(directory: string, disk: Disk, state: State, base: Base | undefined): JournalReading {
  const replay = (index: number, term: number, entry: Parameters<typeof apply>[3]): void => {
    apply(state, index, term, entry);
  };
  return readJournal(directory, disk, replay, base === undefined ? {} : { base });
}

/** Entries between the snapshot and the journal's beginning are damage once it is known that nobody just dropped them. */
function withGap(reading: JournalReading, journalFirst: number, base: Base | undefined): JournalReading {
  const firstIndex = (base?.index ?? 0) + 1;
  const fault = `the journal begins at ${journalFirst}, its snapshot ends at ${firstIndex - 1}`;
  const damage = { segment: sidecarName, offset: 0, firstIndex, lastIndex: journalFirst - 1, fault };
  return { ...reading, verdict: { kind: "corrupt", ...damage } };
}

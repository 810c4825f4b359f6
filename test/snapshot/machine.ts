/** A directory with journal, snapshots and a state, and nothing that runs timers: for tests of what survives. */

import { apply } from "../../src/core/apply.ts";
import { digest } from "../../src/core/digest.ts";
import type { Entry } from "../../src/core/record.ts";
import { defaultRetention } from "../../src/core/retention.ts";
import { State } from "../../src/core/state.ts";
import { type OpenedJournal, openJournal } from "../../src/journal/journal.ts";
import type { JournalNotice } from "../../src/journal/notice.ts";
import type { Clock, Disk, LogSink } from "../../src/ports.ts";
import { olderSnapshotPath } from "../../src/snapshot/choose-snapshot.ts";
import { HistoryReader } from "../../src/snapshot/history-reader.ts";
import { CheckpointKeeper } from "../../src/snapshot/keeper.ts";
import type { SnapshotNotice } from "../../src/snapshot/notice.ts";
import { type OpenedSnapshot, openSnapshot } from "../../src/snapshot/open-snapshot.ts";
import type { StoreWish } from "../../src/snapshot/open-store.ts";
import { testRandom } from "../journal/harness.ts";

/** Segments so small that a few entries fill one. */
export const tinySegments = { segmentBytesMin: 4_096, segmentBytesMax: 4_096, segmentBytesLeast: 1_024 };

const never = { records: 2 ** 40, bytes: 2 ** 40, everyMs: 2 ** 40 };

/** How to open a machine. */
export interface MachineOptions {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  /** Moves a clock on that does not go by itself; called while something is waited for. */
  readonly tick?: () => void;
  readonly wish?: StoreWish;
  /** Of the ids that are drawn. */
  readonly seed?: number;
  /** Locks on a simulated disk lock nothing. */
  readonly isSimulated?: boolean;
}

/** An open directory. */
export class Machine implements LogSink {
  readonly state: State;
  readonly journal: OpenedJournal;
  readonly snapshot: OpenedSnapshot;
  readonly keeper: CheckpointKeeper;
  readonly notices: readonly (JournalNotice | SnapshotNotice)[];
  /** Entries that were found behind the snapshot, by index. */
  readonly replayed: ReadonlyMap<number, Entry>;
  /** Entries that were acknowledged here, by index. */
  readonly committedEntries = new Map<number, Entry>();
  refusals = 0;
  failure: unknown;
  readonly #clock: Clock;
  readonly #tick: () => void;

  private constructor(
    options: MachineOptions,
    journal: OpenedJournal,
    snapshot: OpenedSnapshot,
    replayed: ReadonlyMap<number, Entry>,
    notices: (JournalNotice | SnapshotNotice)[],
  ) {
    this.state = snapshot.state;
    this.journal = journal;
    this.snapshot = snapshot;
    this.replayed = replayed;
    this.notices = notices;
    this.#clock = options.clock;
    this.#tick = options.tick ?? (() => undefined);
    this.keeper = new CheckpointKeeper(
      {
        ...{ state: snapshot.state, store: snapshot.store, journal, clock: options.clock },
        retention: defaultRetention,
        triggers: never,
        olderPath: (kind) => olderSnapshotPath(options.directory, kind),
        report: (notice) => notices.push(notice),
      },
      snapshot,
    );
    journal.start(this);
  }

  static async open(options: MachineOptions): Promise<Machine> {
    const { directory, disk, clock, wish = "file", isSimulated = false, seed = 1 } = options;
    const notices: (JournalNotice | SnapshotNotice)[] = [];
    const replayed = new Map<number, Entry>();
    const report = (notice: JournalNotice | SnapshotNotice): void => {
      notices.push(notice);
    };
    let snapshot: OpenedSnapshot | undefined;
    try {
      const journal = await openJournal(
        {
          ...{ directory, disk, clock, report, random: testRandom(seed), limits: tinySegments },
          ...{ durability: { kind: "always" }, profile: "standard" },
          ...(isSimulated && { acquireLock: () => ({ release: () => undefined }) }),
          loadBase: async (found) => {
            const limits = { retiredMax: 3 };
            snapshot = await openSnapshot({ directory, disk, clock, wish, limits, report }, found);
            return snapshot.base;
          },
        },
        (index, term, entry) => {
          replayed.set(index, entry);
          if (snapshot !== undefined) apply(snapshot.state, index, term, entry);
        },
      );
      if (snapshot === undefined) throw new Error("The snapshot was not asked for");
      return new Machine(options, journal, snapshot, replayed, notices);
    } catch (error) {
      await snapshot?.store.close();
      throw error;
    }
  }

  committed(index: number, term: number, entry: Entry): void {
    this.committedEntries.set(index, entry);
    apply(this.state, index, term, entry);
  }

  settled(): void {
    // Nobody waits.
  }

  refused(entries: readonly Entry[]): void {
    this.refusals += entries.length;
  }

  failed(error: unknown): void {
    this.failure = error;
  }

  get digest(): string {
    return digest(this.state);
  }

  get history(): HistoryReader {
    return new HistoryReader(this.state, this.snapshot.store, defaultRetention, this.#clock);
  }

  /** Proposes entries and waits for what becomes of them. */
  async commit(...entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) this.journal.propose(entry);
    await this.#ticking(this.journal.drain());
  }

  async close(): Promise<void> {
    await this.keeper.abandon();
    await this.snapshot.store.close();
    await this.#ticking(this.journal.close());
  }

  async #ticking(done: Promise<void>): Promise<void> {
    let isOver = false;
    const over = done.finally(() => {
      isOver = true;
    });
    // Whoever waits is told; this only looks whether it is over.
    over.catch(() => undefined);
    while (!isOver) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#tick();
    }
    await over;
  }
}

/** The state that a log leads to. */
export function stateOf(entries: Iterable<Entry>): State {
  const state = new State({ retiredMax: 3 });
  for (const entry of entries) apply(state, state.appliedIndex + 1, 0, entry);
  return state;
}

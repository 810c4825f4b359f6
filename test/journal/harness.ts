/** What the journal's tests share: a virtual clock, fixed randomness, a recording sink, and ways to wait. */

import { Buffer } from "node:buffer";
import type { KronError } from "../../src/core/errors.ts";
import type { Entry } from "../../src/core/record.ts";
import type { Base } from "../../src/journal/base.ts";
import { completeOpening, type JournalOptions, type OpenedJournal } from "../../src/journal/journal.ts";
import type { JournalNotice } from "../../src/journal/notice.ts";
import { JournalOpening } from "../../src/journal/opening.ts";
import type { CancelWait, Clock, Disk, LogSink, Random } from "../../src/ports.ts";

/** The directory of all tests on a simulated disk. */
export const directory = "/data";

/** A clock that only moves when told. */
export class TestClock implements Clock {
  #nowMs = 0;
  #waits: { atMs: number; wake: () => void }[] = [];

  nowMs(): number {
    return 1_750_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wakeAfter(delayMs: number, wake: () => void): CancelWait {
    const wait = { atMs: this.#nowMs + delayMs, wake };
    this.#waits.push(wait);
    return () => {
      this.#waits = this.#waits.filter((other) => other !== wait);
    };
  }

  /** How many waits there are. */
  get waitCount(): number {
    return this.#waits.length;
  }

  /** Moves time on, waking whoever is due on the way. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#waits.filter(({ atMs }) => atMs <= endMs).sort((one, other) => one.atMs - other.atMs)[0];
      if (due === undefined) break;
      this.#waits = this.#waits.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.wake();
    }
    this.#nowMs = endMs;
  }
}

/** Bytes that are the same in every run and differ from call to call. */
export function testRandom(seed = 1): Random {
  let state = seed;
  return {
    bytes(count) {
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; at += 1) {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        bytes[at] = state >>> 16;
      }
      return bytes;
    },
  };
}

/** A sink that keeps everything. */
export class TestSink implements LogSink {
  readonly committedEntries: [index: number, term: number, entry: Entry][] = [];
  readonly refusedEntries: Entry[] = [];
  refusals: KronError[] = [];
  failures: KronError[] = [];
  settledCount = 0;
  onSettled: (() => void) | undefined;

  committed(index: number, term: number, entry: Entry): void {
    this.committedEntries.push([index, term, entry]);
  }

  settled(): void {
    this.settledCount += 1;
    this.onSettled?.();
  }

  refused(entries: readonly Entry[], error: KronError): void {
    this.refusedEntries.push(...entries);
    this.refusals.push(error);
  }

  failed(error: KronError): void {
    this.failures.push(error);
  }
}

/** A journal on a simulated disk, with everything that was told about it. */
export interface Opened {
  readonly journal: OpenedJournal;
  readonly sink: TestSink;
  readonly clock: TestClock;
  readonly notices: JournalNotice[];
  /** What was replayed at the start. */
  readonly replayed: Entry[];
}

/** Small limits, so that a few entries make several segments. */
export const smallLimits = { segmentBytesMin: 4096, segmentBytesMax: 16384, segmentBytesLeast: 1024 } as const;

/** Opens and starts a journal, from a snapshot if one is given; all in this turn, unlike `openJournal`. */
export function open(disk: Disk, options: Partial<JournalOptions> = {}, base?: Base): Opened {
  const clock = new TestClock();
  const notices: JournalNotice[] = [];
  const replayed: Entry[] = [];
  const sink = new TestSink();
  const all: JournalOptions = {
    directory,
    disk,
    clock,
    random: testRandom(),
    durability: { kind: "always" },
    profile: "standard",
    report: (notice) => notices.push(notice),
    limits: smallLimits,
    acquireLock: () => ({ release: () => undefined }),
    ...options,
  };
  const before = base?.index ?? 0;
  const journal = completeOpening(new JournalOpening(all), all, base, (index, _term, entry) => {
    replayed.push(entry);
    if (index !== before + replayed.length) throw new Error(`index ${index} at place ${replayed.length}`);
  });
  journal.start(sink);
  return { journal, sink, clock, notices, replayed };
}

/** An entry of records that Kron does not know: the journal carries records without looking into them. */
export function looseEntry(atMs: number, ...records: readonly unknown[]): Entry {
  return [atMs, ...records] as unknown as Entry;
}

/** An entry that says its number, with `bytes` of ballast. */
export function entryOf(number: number, bytes = 0): Entry {
  return looseEntry(1_750_000_000_000 + number, [1, number, Buffer.alloc(bytes, number)]);
}

/** The numbers of entries made by `entryOf`. */
export function numbersOf(entries: readonly Entry[]): unknown[] {
  return entries.map((entry) => entry[1]?.[1]);
}

/** Lets everything that is due happen: immediates, promise callbacks and simulated syncs. */
export async function turns(count = 8): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Proposes entries and waits for their commit. */
export async function commit(opened: Opened, ...entries: readonly Entry[]): Promise<void> {
  const wanted = opened.sink.committedEntries.length + entries.length;
  for (const entry of entries) opened.journal.propose(entry);
  for (let turn = 0; turn < 1000 && opened.sink.committedEntries.length < wanted; turn += 1) await turns(1);
  if (opened.sink.committedEntries.length !== wanted) throw new Error("The entries were not committed");
}

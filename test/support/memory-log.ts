/**
 * A log in memory whose commits, refusals and failures a test decides. Entries are kept as bytes, as the journal
 * would keep them, so that what another engine replays has been through the codec.
 */

import { KronError } from "../../src/core/errors.ts";
import type { Entry } from "../../src/core/record.ts";
import { packCopy, unpackEntry } from "../../src/journal/codec.ts";
import type { Log, LogSink } from "../../src/ports.ts";
import { nextTurn } from "../../src/system.ts";

/** What survives a crash: the committed entries. Shared by the logs of one test. */
export class MemoryStore {
  readonly #bodies: Uint8Array[] = [];

  get length(): number {
    return this.#bodies.length;
  }

  append(entry: Entry): void {
    this.#bodies.push(packCopy(entry));
  }

  /** All entries as a new process would read them. */
  entries(): Entry[] {
    return this.#bodies.map((body) => unpackEntry(body, 0, body.length));
  }
}

/** One runtime's log over a store. Commits by itself a turn after each proposal, unless it is held. */
export class MemoryLog implements Log {
  /** While true nothing is committed; `commit` does it by hand. */
  isHeld = false;
  /** While true what would be committed is refused instead. */
  isFull = false;
  /** What `propose` throws, if anything. */
  obstacle: KronError | undefined;
  /** What `pendingBytes` says besides the truth. */
  extraBytes = 0;
  readonly #store: MemoryStore;
  #sink: LogSink | undefined;
  #pending: Entry[] = [];
  #isTurnAsked = false;
  #isClosed = false;
  #isDead = false;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  start(sink: LogSink): void {
    this.#sink = sink;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  get pendingBytes(): number {
    return this.#pending.length * 100 + this.extraBytes;
  }

  /** Whether nothing moves without a further call. */
  get isQuiet(): boolean {
    return this.#isDead || this.isHeld || this.#pending.length === 0;
  }

  propose(entry: Entry): void {
    if (this.#isDead) return;
    if (this.obstacle !== undefined) throw this.obstacle;
    if (this.#isClosed) throw new KronError("KRON_STOPPED", "The log is closed");
    this.#pending.push(entry);
    if (!this.isHeld) this.#commitNextTurn();
  }

  /** Commits (or refuses, when full) the first `count` entries that are pending. */
  commit(count = Number.POSITIVE_INFINITY): void {
    const sink = this.#sink;
    if (this.#isDead || sink === undefined || this.#pending.length === 0) return;
    const entries = this.#pending.splice(0, count);
    if (this.isFull) {
      sink.refused(entries, new KronError("KRON_DISK_FULL", "No space left in memory"));
      return;
    }
    for (const entry of entries) {
      this.#store.append(entry);
      sink.committed(this.#store.length, 0, entry);
    }
    sink.settled();
  }

  /** Lets go of what was held. */
  release(): void {
    this.isHeld = false;
    this.#commitNextTurn();
  }

  /** Fails for good, as after a sync that failed. */
  fail(): void {
    this.#isDead = true;
    this.#pending = [];
    this.#sink?.failed(new KronError("KRON_JOURNAL_FAILED", "The sync failed"));
  }

  /** The process is gone: nothing is taken or told any more, and what was pending is lost. */
  kill(): void {
    this.#isDead = true;
    this.#pending = [];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.isHeld = false;
    while (!this.#isDead && this.#pending.length > 0) {
      this.commit();
      await nextTurn();
    }
  }

  #commitNextTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    void nextTurn().then(() => {
      this.#isTurnAsked = false;
      if (!this.isHeld) this.commit();
    });
  }
}

/**
 * The ledger: the one writer. Proposals made in a turn of the event loop are gathered into one entry and
 * given to the log; when the log says an entry is committed, it is applied to the state and whoever asked is
 * told what became of it. Nothing takes effect before that, so nothing is ever acknowledged too early.
 */

import type { Applied, Outcome } from "../core/applied.ts";
import { apply } from "../core/apply.ts";
import { KronError } from "../core/errors.ts";
import { type Entry, Kind, type LogRecord } from "../core/record.ts";
import { checkEntry } from "../core/record-shape.ts";
import type { State } from "../core/state.ts";
import type { CancelWait, Clock, Log, LogSink } from "../ports.ts";

/**
 * Told once what became of a record: its outcome, or the error that kept it out of the log. An end of an attempt
 * proposed without one is kept and told again when the log takes it.
 */
export type Settle = (outcome: Outcome | undefined, error: KronError | undefined) => void;

/** Who acts on what the log has made true. */
export interface LedgerListener {
  /** One entry was applied. */
  applied(entry: Entry, applied: Applied): void;
  /** A batch of entries was applied: the time to start what can be started. */
  settled(): void;
  /** An entry was not written; its start proposals are void. */
  refused(entry: Entry): void;
  /** Writing is possible again, or is not (disk full). */
  writable(isWritable: boolean): void;
  /** The log has failed for good. */
  failed(error: KronError): void;
}

const recordsPerEntryMax = 4_096;
const entryWeightMax = 1 << 20;
const plainWeight = 64;
const backlogBytesMax = 64 << 20;
const retryWriteMs = 1_000;

type Batch = [atMs: number, ...records: LogRecord[]];

/** Gathers proposals, hands entries to the log, applies what it commits. */
export class Ledger implements LogSink {
  readonly state: State;
  readonly #clock: Clock;
  #listener: LedgerListener | undefined;
  #log: Log | undefined;
  #batch: Batch = [0];
  #settles: (Settle | undefined)[] = [];
  #weight = 0;
  #isFlushQueued = false;
  #inLog = new Map<Entry, (Settle | undefined)[]>();
  /** Ends of attempts that the disk refused: what happened must be told when there is space again. */
  #owed: LogRecord[] = [];
  #isWritable = true;
  #cancelRetry: CancelWait | undefined;
  #failure: KronError | undefined;

  constructor(state: State, clock: Clock) {
    this.state = state;
    this.#clock = clock;
  }

  open(log: Log, listener: LedgerListener): void {
    this.#log = log;
    this.#listener = listener;
  }

  /** Set once nothing more can be promised. */
  get failure(): KronError | undefined {
    return this.#failure;
  }

  /** False while the disk is full. */
  get isWritable(): boolean {
    return this.#isWritable;
  }

  /** Why a new change would not be taken now, or undefined when it would. */
  whyNot(): KronError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#log === undefined) return new KronError("KRON_NOT_STARTED", "The runtime is not running");
    if (this.#log.pendingBytes < backlogBytesMax) return undefined;
    return new KronError("KRON_BACKLOG_FULL", `More than ${backlogBytesMax} bytes of changes wait for the disk`, {
      hint: "Await the promises of earlier calls before making more",
    });
  }

  /** Adds a record to this turn's entry. `weight` is about the bytes it will take; matters for large ones. */
  propose(record: LogRecord, settle?: Settle, weight: number = plainWeight): void {
    if (this.#batch.length > recordsPerEntryMax || this.#weight + weight > entryWeightMax) this.#flush();
    this.#batch.push(record);
    this.#settles.push(settle);
    this.#weight += weight;
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    queueMicrotask(() => {
      this.#isFlushQueued = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#batch.length === 1) return;
    const entry = this.#batch;
    const settles = this.#settles;
    this.#batch = [0];
    this.#settles = [];
    this.#weight = 0;
    entry[0] = this.#clock.nowMs();
    // What a start would refuse to read must never be written: better to stop here than to brick the directory.
    checkEntry(entry, "a proposal of this process");
    const obstacle = this.#failure ?? this.#offer(entry);
    if (obstacle === undefined) this.#inLog.set(entry, settles);
    // Later, as whoever is told may propose again, and may be in the midst of it.
    else queueMicrotask(() => this.#refuse(entry, settles, obstacle));
  }

  #offer(entry: Entry): KronError | undefined {
    try {
      if (this.#log === undefined) return new KronError("KRON_NOT_STARTED", "The runtime is not running");
      this.#log.propose(entry);
      return undefined;
    } catch (error) {
      if (error instanceof KronError) return error;
      throw error;
    }
  }

  /** Takes an entry of an earlier runtime into the state; nobody is told. Throws `KRON_JOURNAL_CORRUPT` or `_VERSION`. */
  replay(index: number, term: number, entry: Entry): void {
    apply(this.state, index, term, checkEntry(entry, `index ${index}`));
  }

  committed(index: number, term: number, entry: Entry): void {
    const settles = this.#inLog.get(entry);
    this.#inLog.delete(entry);
    const applied = apply(this.state, index, term, entry);
    // Who asked comes first: a timer has to have its callback when the scheduler looks at it.
    if (settles !== undefined) {
      for (let i = 0; i < settles.length; i++) settles[i]?.(applied.outcomes[i], undefined);
    }
    this.#listener?.applied(entry, applied);
  }

  settled(): void {
    if (!this.#isWritable) {
      this.#isWritable = true;
      this.#listener?.writable(true);
    }
    this.#tellOwed();
    this.#listener?.settled();
  }

  refused(entries: readonly Entry[], error: KronError): void {
    const wasWritable = this.#isWritable;
    this.#isWritable = false;
    for (const entry of entries) {
      const settles = this.#inLog.get(entry) ?? [];
      this.#inLog.delete(entry);
      this.#refuse(entry, settles, error);
    }
    if (wasWritable) this.#listener?.writable(false);
    this.#retryLater();
  }

  #refuse(entry: Entry, settles: readonly (Settle | undefined)[], error: KronError): void {
    for (let i = 0; i < settles.length; i++) {
      const record = entry[i + 1] as LogRecord;
      const settle = settles[i];
      if (settle !== undefined) settle(undefined, error);
      else if (this.#failure === undefined && mustBeTold(record)) this.#owed.push(record);
    }
    this.#listener?.refused(entry);
  }

  #tellOwed(): void {
    if (this.#owed.length === 0) return;
    const owed = this.#owed;
    this.#owed = [];
    for (const record of owed) this.propose(record);
  }

  /** Offers again what is owed, once a second, until the disk takes it. A note of no weight tries the disk. */
  #retryLater(): void {
    this.#cancelRetry ??= this.#clock.wakeAfter(retryWriteMs, () => {
      this.#cancelRetry = undefined;
      if (this.#isWritable || this.#failure !== undefined) return;
      if (this.#owed.length === 0) this.propose([Kind.CLOCK_STEPPED, 0]);
      this.#tellOwed();
      this.#retryLater();
    });
  }

  failed(error: KronError): void {
    this.#failure = error;
    this.#stopRetrying();
    const inLog = this.#inLog;
    this.#inLog = new Map();
    for (const settles of inLog.values()) for (const settle of settles) settle?.(undefined, error);
    this.#listener?.failed(error);
  }

  /** No further proposal is taken; what is in the log already is settled when the log closes. */
  close(): void {
    this.#tellOwed();
    this.#flush();
    this.#stopRetrying();
    this.#failure ??= new KronError("KRON_STOPPED", "The runtime has been shut down");
  }

  #stopRetrying(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }
}

/** How an attempt ended is a fact, not a wish: it is kept until the log has it. */
function mustBeTold(record: LogRecord): boolean {
  switch (record[0]) {
    case Kind.RUN_SUCCEEDED:
    case Kind.RUN_FAILED:
    case Kind.RUN_TIMED_OUT:
    case Kind.RUN_LOST:
    case Kind.RUN_CANCELLED:
      return true;
    default:
      return false;
  }
}

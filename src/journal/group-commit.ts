/**
 * Group commit: entries proposed while a sync runs gather in a batch; when the sync is over that batch goes
 * to disk in one write and one sync of its own, and only then are the entries of the one before handed on.
 *
 *            propose            turn ends / timer           write           sync done
 *    idle ──────────▶ gathering ────────────────▶ flush ────────────▶ syncing ──────────▶ flush, commit
 *                                                   │ the disk refuses
 *                                                   ▼
 *                                            cut back, refuse, pause
 *
 * One sync of the journal is in flight at most. A failed sync ends everything: what it covered may be lost
 * although a second sync would say otherwise (the pages are marked clean), so it is never tried again.
 */

import { assert } from "../core/assert.ts";
import { KronError } from "../core/errors.ts";
import type { Entry } from "../core/record.ts";
import type { CancelWait, Clock, Disk, Durability, LogSink } from "../ports.ts";
import type { ActiveSegment } from "./active-segment.ts";
import type { Backlog } from "./backlog.ts";
import type { Batch } from "./batch.ts";
import type { DurableWaiters } from "./durable-waiters.ts";
import type { JournalLimits } from "./limits.ts";
import type { Report } from "./notice.ts";
import type { SegmentMaker } from "./segment-maker.ts";
import type { SidecarKeeper } from "./sidecar-keeper.ts";
import { atEndOfTurn } from "./turn.ts";

/** What a group commit works with. */
export interface CommitContext {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly durability: Durability;
  readonly segment: ActiveSegment;
  readonly maker: SegmentMaker;
  readonly keeper: SidecarKeeper;
  readonly backlog: Backlog;
  readonly waiters: DurableWaiters;
  readonly limits: JournalLimits;
  readonly sink: LogSink;
  readonly report: Report;
}

/** After the disk refused a write, how long until the next is tried. */
const refusedPauseMs = 100;
/** `everysec`: how long written entries wait for their sync to start, and how long that may take. */
const everysecMs = 1000;
/** The next segment is prepared once this part of the active one is used. */
const prepareAtFill = 0.25;

/** Writes, syncs and acknowledges. */
export class GroupCommit {
  readonly #context: CommitContext;
  readonly #isEverysec: boolean;
  #pendingCount = 0;
  #pendingBytes = 0;
  #cancelFlush: CancelWait | undefined;
  #cancelEverysec: CancelWait | undefined;
  #pausedUntilMs = 0;
  /** Whether the refusal that lasts has been told of. */
  #isRefusalTold = false;
  /** When the sync in flight was started; undefined when there is none. */
  #syncStartedMs: number | undefined;
  /** The last frame written: its index and header checksum. */
  #writtenIndex: number;
  #writtenCrc: number;
  #writtenBytes = 0;
  #failure: KronError | undefined;
  #onDrained: (() => void) | undefined;
  /** While entries are handed on, news of later ones waits here for its turn. */
  #later: (() => void)[] | undefined;

  constructor(context: CommitContext) {
    this.#context = context;
    this.#isEverysec = context.durability.kind === "everysec";
    this.#writtenIndex = context.backlog.stamp.index;
    this.#writtenCrc = context.backlog.stamp.prev;
  }

  get pendingCount(): number {
    return this.#pendingCount;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The index of the last entry that was written. */
  get writtenIndex(): number {
    return this.#writtenIndex;
  }

  /** Bytes written so far, padding included. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** The highest index known to be synced. */
  get durableIndex(): number {
    return this.#context.backlog.stamp.durable;
  }

  /** Why nothing more can be promised, once that is so. */
  get failure(): KronError | undefined {
    return this.#failure;
  }

  /** Queues an entry. Throws `KRON_BACKLOG_FULL` or `KRON_PAYLOAD_INVALID`, and is then as it was. */
  propose(entry: Entry): void {
    const { backlog, limits } = this.#context;
    const { pendingBytesMax } = limits;
    if (this.#pendingBytes >= pendingBytesMax) {
      throw new KronError("KRON_BACKLOG_FULL", `Expected at most ${pendingBytesMax} bytes to wait for the disk`);
    }
    this.#pendingBytes += backlog.append(entry);
    this.#pendingCount += 1;
    if (this.#cancelFlush === undefined && (this.#syncStartedMs === undefined || this.#isEverysec)) this.#flushLater();
  }

  /** Calls `done`, not before this returns, once all that was proposed has its fate and is synced. */
  drain(done: () => void): void {
    this.#onDrained = done;
    this.#cancelFlush?.();
    this.#cancelEverysec?.();
    this.#cancelEverysec = undefined;
    this.#cancelFlush = atEndOfTurn(() => {
      this.#cancelFlush = undefined;
      this.#goOn();
    });
  }

  /** Ends acknowledging for good; for syncs that failed elsewhere. Must not be called from `propose`. */
  fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    const { sink, keeper, backlog, waiters } = this.#context;
    const error = new KronError(
      "KRON_JOURNAL_FAILED",
      `A sync failed, nothing more can be promised: ${textOf(cause)}`,
      {
        cause,
        hint: "Check the disk, then start again: recovery keeps all that was acknowledged",
      },
    );
    this.#failure = error;
    this.#cancelFlush?.();
    this.#cancelEverysec?.();
    keeper.noteFailure(backlog.stamp.durable);
    waiters.end(error);
    this.#tell(() => sink.failed(error));
    // What would have gone on to the end that `drain` waits for has just been cancelled.
    if (this.#onDrained !== undefined) this.#cancelFlush = atEndOfTurn(() => this.#goOn());
  }

  /** Flushes at the end of this turn, or after the wait that the policy or a refusal asks for. */
  #flushLater(): void {
    const { clock, durability } = this.#context;
    const pauseMs = this.#pausedUntilMs === 0 ? 0 : this.#pausedUntilMs - clock.monotonicMs();
    const gatherMs = durability.kind === "group" && this.#onDrained === undefined ? durability.ms : 0;
    const waitMs = Math.max(pauseMs, gatherMs);
    const run = (): void => {
      this.#cancelFlush = undefined;
      this.#flush();
    };
    this.#cancelFlush = waitMs > 0 ? clock.wakeAfter(Math.ceil(waitMs), run) : atEndOfTurn(run);
  }

  /** Writes the oldest batch and starts its sync, if nothing stands against it. */
  #flush(): void {
    if (this.#failure !== undefined || this.#mustWaitForSync()) return;
    const batch = this.#context.backlog.first();
    if (batch === undefined || !this.#makeRoom(batch)) return;
    if (!this.#write(batch)) return;
    this.#context.backlog.removeFirst();
    this.#writtenIndex = batch.firstIndex + batch.entries.length - 1;
    this.#writtenCrc = batch.lastCrc;
    this.#writtenBytes += batch.sectorBytes;
    if (this.#isEverysec) this.#acknowledgeWritten(batch);
    else this.#sync(() => this.#commit(batch));
    this.#prepareNext();
  }

  /** With `everysec` a write may overlap a sync, but not one that has become too slow to keep its promise. */
  #mustWaitForSync(): boolean {
    if (this.#syncStartedMs === undefined) return false;
    return !this.#isEverysec || this.#isInTheWay(this.#syncStartedMs);
  }

  #isInTheWay(syncStartedMs: number): boolean {
    const { backlog, segment, clock } = this.#context;
    const batch = backlog.first();
    if (batch !== undefined && !segment.hasRoom(batch.sectorBytes)) return true;
    return clock.monotonicMs() - syncStartedMs > everysecMs;
  }

  /** Changes to the next segment if the batch does not fit. False when the batch was refused or all failed. */
  #makeRoom(batch: Batch): boolean {
    const { segment, maker, disk, backlog } = this.#context;
    if (segment.hasRoom(batch.sectorBytes)) return true;
    try {
      // Sealed means synced; only `everysec` can have something left to sync here.
      if (backlog.stamp.durable < this.#writtenIndex) disk.syncDataNow(segment.file);
    } catch (cause) {
      this.fail(cause);
      return false;
    }
    this.#noteDurable(this.#writtenIndex);
    let refusal: unknown;
    try {
      const ready = maker.take();
      refusal = this.#replaceSegment(ready, batch.firstIndex);
    } catch (cause) {
      refusal = cause;
    }
    if (this.#failure !== undefined) return false;
    if (refusal !== undefined) {
      this.#refuse(batch, refusal);
      return false;
    }
    maker.release();
    backlog.restamp(this.#writtenIndex, this.#writtenCrc, segment.salt);
    return true;
  }

  /** Why the disk would not begin to change segments, if so; a change that stopped half way is a failure. */
  #replaceSegment(ready: ReturnType<SegmentMaker["take"]>, nextIndex: number): unknown {
    try {
      return this.#context.segment.replaceBy(ready, nextIndex);
    } catch (cause) {
      this.fail(cause);
      return undefined;
    }
  }

  #write(batch: Batch): boolean {
    const { segment } = this.#context;
    try {
      segment.write(batch.bytes);
      this.#isRefusalTold = false;
      return true;
    } catch (cause) {
      try {
        segment.cutBack();
      } catch (second) {
        this.fail(second);
        return false;
      }
      this.#refuse(batch, cause);
      return false;
    }
  }

  /** Starts a sync of all that is written; `then` runs once that is durable. */
  #sync(then: () => void): void {
    const { disk, segment, clock } = this.#context;
    const covered = this.#writtenIndex;
    this.#syncStartedMs = clock.monotonicMs();
    disk.syncData(segment.file, (error) => {
      this.#syncStartedMs = undefined;
      if (error !== null) this.fail(error);
      if (this.#failure === undefined) {
        this.#noteDurable(covered);
        then();
      }
      this.#goOn();
    });
  }

  #commit(batch: Batch): void {
    this.#later = [];
    // The next write and sync start first, so that they run while these entries are applied.
    if (this.#context.durability.kind === "always" && this.#cancelFlush === undefined) this.#flush();
    this.#context.keeper.note(this.#context.backlog.stamp.durable);
    this.#handOn(batch);
    const later = this.#later;
    this.#later = undefined;
    for (const tell of later) tell();
  }

  #acknowledgeWritten(batch: Batch): void {
    const { backlog } = this.#context;
    this.#handOn(batch);
    if (this.#onDrained !== undefined) {
      this.#goOn();
      return;
    }
    if (this.#syncStartedMs === undefined) this.#syncInASecond();
    if (!backlog.isEmpty && this.#cancelFlush === undefined) this.#flushLater();
  }

  #syncInASecond(): void {
    this.#cancelEverysec ??= this.#context.clock.wakeAfter(everysecMs, () => this.#syncWritten());
  }

  #syncWritten(): void {
    this.#cancelEverysec = undefined;
    const { backlog, keeper } = this.#context;
    // A change of segments may have synced it all meanwhile.
    if (backlog.stamp.durable >= this.#writtenIndex) return;
    this.#sync(() => {
      keeper.note(backlog.stamp.durable);
      if (backlog.stamp.durable < this.#writtenIndex) this.#syncInASecond();
    });
  }

  #handOn(batch: Batch): void {
    const { backlog, sink } = this.#context;
    const { entries } = batch;
    let index = batch.firstIndex;
    this.#pendingCount -= entries.length;
    this.#pendingBytes -= batch.frameBytes;
    backlog.recycle(batch);
    const term = backlog.stamp.term;
    for (const entry of entries) {
      sink.committed(index, term, entry);
      index += 1;
    }
    sink.settled();
  }

  /** What comes after a sync or a refusal: the next batch, or the end that `drain` waits for. */
  #goOn(): void {
    if (this.#syncStartedMs !== undefined) return;
    const { backlog, keeper } = this.#context;
    if (this.#failure === undefined && !backlog.isEmpty) {
      if (this.#cancelFlush === undefined) this.#flushLater();
      return;
    }
    if (this.#onDrained === undefined) return;
    if (this.#failure === undefined && backlog.stamp.durable < this.#writtenIndex) {
      this.#sync(() => keeper.note(backlog.stamp.durable));
      return;
    }
    const done = this.#onDrained;
    this.#onDrained = undefined;
    done();
  }

  #prepareNext(): void {
    const { segment, maker, limits } = this.#context;
    if (segment.fill < prepareAtFill) return;
    maker.prepare(Math.min(limits.segmentBytesMax, segment.capacity * 2));
    // Done by the time three quarters are used, which leaves a quarter for the sync.
    maker.keepUp((segment.fill - prepareAtFill) / (0.75 - prepareAtFill));
  }

  #noteDurable(index: number): void {
    const { stamp } = this.#context.backlog;
    assert(index >= stamp.durable, "the durable index never goes back");
    stamp.durable = index;
    this.#context.waiters.reached(index);
  }

  #refuse(batch: Batch, cause: unknown): void {
    const { clock, segment, report, backlog, sink } = this.#context;
    const error = new KronError("KRON_DISK_FULL", `The disk refused ${batch.sectorBytes} bytes: ${textOf(cause)}`, {
      cause,
      hint: "Free some space; work goes on by itself once the disk accepts writes",
    });
    const { entries } = batch;
    this.#pendingCount -= entries.length;
    this.#pendingBytes -= batch.frameBytes;
    backlog.removeFirst();
    backlog.recycle(batch);
    backlog.restamp(this.#writtenIndex, this.#writtenCrc, segment.salt);
    this.#pausedUntilMs = clock.monotonicMs() + refusedPauseMs;
    this.#tell(() => {
      if (!this.#isRefusalTold) report({ kind: "write-refused", entries: entries.length, error });
      this.#isRefusalTold = true;
      sink.refused(entries, error);
      this.#goOn();
    });
  }

  #tell(news: () => void): void {
    if (this.#later === undefined) news();
    else this.#later.push(news);
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * Decides when a checkpoint is written: after so many changes, bytes of journal or minutes, when much history waits
 * in memory, when asked to, and at the end. After a checkpoint it sees to the second generation and to the
 * segments of the journal that no generation needs.
 *
 *     journal    ├── sealed ──┼── sealed ──┼── sealed ──┼── active ──▶
 *     snapshot                        ▲ older generation      ▲ newest
 *                dropped ─────────────┘
 *
 * The older generation is a copy of the snapshot with the segments after it, so that no damaged file by itself
 * costs what was acknowledged.
 */

import { assert } from "../core/assert.ts";
import { KronError } from "../core/errors.ts";
import type { Retention } from "../core/retention.ts";
import type { State } from "../core/state.ts";
import type { CancelWait, CheckpointTriggers, Clock, Progress, SnapshotStore } from "../ports.ts";
import type { CheckpointCursor } from "./checkpoint.ts";
import type { ReportSnapshot } from "./notice.ts";

/** What checkpoints need of the journal. */
export interface CheckpointedJournal {
  readonly uuid: Uint8Array;
  /** Bytes written since it was opened. */
  readonly writtenBytes: number;
  /** Bytes of sealed segments on the disk. */
  readonly sealedBytes: number;
  synced(index: number): Promise<void>;
  dropBefore(index: number): Promise<unknown>;
}

/** What keeping snapshots needs. */
export interface KeeperContext {
  readonly state: State;
  readonly store: SnapshotStore;
  readonly journal: CheckpointedJournal;
  readonly clock: Clock;
  readonly retention: Retention;
  readonly triggers: CheckpointTriggers;
  /** Where the older generation of a kind of store is kept. */
  olderPath(kind: SnapshotStore["kind"]): string;
  readonly report: ReportSnapshot;
  readonly progress?: Progress;
}

/** The snapshot that the state was loaded from; all zero without one. */
export interface CheckpointBeginning {
  readonly cursor: CheckpointCursor;
  readonly index: number;
  readonly recordCount: number;
}

/** Clocks wait no longer; a checkpoint after 24 days does no harm where one in a year was asked for. */
const waitMsMax = 2 ** 31 - 1;
const pauseMsMin = 5_000;
const pauseMsMax = 600_000;

/** Writes checkpoints, one at a time. */
export class CheckpointKeeper {
  readonly #context: KeeperContext;
  readonly #historyRowsMax: number;
  #cursor: CheckpointCursor;
  #lastIndex: number;
  #lastRecords: number;
  #lastBytes = 0;
  #running: Promise<void> | undefined;
  #cancelWake: CancelWait | undefined;
  #failures = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(context: KeeperContext, begin: CheckpointBeginning) {
    this.#context = context;
    this.#cursor = begin.cursor;
    this.#lastIndex = begin.index;
    this.#lastRecords = begin.recordCount;
    this.#historyRowsMax = Math.ceil(context.state.history.limits.rowsMax / 2);
  }

  /** Whether a checkpoint is being written. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** The index that the newest snapshot is as of; 0 for none. */
  get snapshotIndex(): number {
    return this.#lastIndex;
  }

  /** To be called after each batch of entries; costs next to nothing. */
  note(): void {
    const { state, clock, triggers } = this.#context;
    if (this.#isClosed || this.#running !== undefined || state.appliedIndex === this.#lastIndex) return;
    if (this.#isDue()) {
      if (clock.monotonicMs() >= this.#notBeforeMs) this.#runInBackground();
    } else {
      this.#cancelWake ??= clock.wakeAfter(Math.min(triggers.everyMs, waitMsMax), () => this.#onWake(), false);
    }
  }

  /** Writes a checkpoint that holds at least everything applied by now. Rejects with what kept it from being written. */
  async checkpoint(): Promise<void> {
    const wanted = this.#context.state.appliedIndex;
    // One that is under way may have begun before the latest change.
    await this.#runWhenIdle(false, () => this.#lastIndex < wanted);
  }

  /** A checkpoint and a new older generation, so that all the segments before can go. Rejects as `checkpoint` does. */
  async compact(): Promise<void> {
    await this.#runWhenIdle(true, () => true);
  }

  /** Writes what is left to write; a failure is reported. No checkpoint comes after this. */
  async close(): Promise<void> {
    this.#stop();
    await this.#running?.catch(() => undefined);
    if (this.#context.state.appliedIndex > this.#lastIndex) await this.#runReported(false);
  }

  /** Gives up without a last checkpoint: the journal has failed. */
  async abandon(): Promise<void> {
    this.#stop();
    await this.#running?.catch(() => undefined);
  }

  /** Whoever waits longest goes on first; the others find another one running and wait again. */
  async #runWhenIdle(isCompacting: boolean, isWanted: () => boolean): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    if (this.#isClosed) throw new KronError("KRON_STOPPED", "The runtime has been shut down");
    if (isWanted()) await this.#run(isCompacting);
  }

  #stop(): void {
    this.#isClosed = true;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
  }

  #isDue(): boolean {
    const { state, journal, triggers } = this.#context;
    return (
      state.recordCount - this.#lastRecords >= triggers.records ||
      journal.writtenBytes - this.#lastBytes >= triggers.bytes ||
      state.history.rowCount >= this.#historyRowsMax
    );
  }

  #onWake(): void {
    this.#cancelWake = undefined;
    if (this.#running === undefined && this.#context.clock.monotonicMs() >= this.#notBeforeMs) this.#runInBackground();
  }

  #runInBackground(): void {
    void this.#runReported(false);
  }

  async #runReported(isCompacting: boolean): Promise<void> {
    try {
      await this.#run(isCompacting);
    } catch (cause) {
      const { clock, report } = this.#context;
      this.#notBeforeMs = clock.monotonicMs() + Math.min(pauseMsMax, pauseMsMin * 2 ** this.#failures);
      this.#failures += 1;
      if (this.#failures === 1) report({ kind: "checkpoint-failed", cause });
    }
  }

  #run(isCompacting: boolean): Promise<void> {
    assert(this.#running === undefined, "one checkpoint runs at a time");
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const running = this.#write(isCompacting).finally(() => {
      this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #write(isCompacting: boolean): Promise<void> {
    const { state, store, journal, clock, retention, triggers, progress } = this.#context;
    const bytes = journal.writtenBytes;
    const context = {
      ...{ state, store, clock, retention, uuid: journal.uuid },
      synced: (index: number) => journal.synced(index),
      ...(progress !== undefined && { progress }),
    };
    // Loaded by the first checkpoint, as a start should not have to wait for it.
    const { writeCheckpoint } = await import("./checkpoint.ts");
    const { meta, next } = await writeCheckpoint(context, this.#cursor);
    this.#cursor = next;
    this.#lastIndex = meta.appliedIndex;
    this.#lastRecords = meta.recordCount;
    this.#lastBytes = bytes;
    this.#failures = 0;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    // A copy is worth its writes once it frees as much as it takes.
    if (!isCompacting && journal.sealedBytes < Math.max(triggers.bytes, store.bytes)) return;
    progress?.begin("copying the snapshot", "bytes");
    await store.copyTo(this.#context.olderPath(store.kind));
    await journal.dropBefore(meta.appliedIndex + 1);
  }
}

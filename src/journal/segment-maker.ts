/**
 * Makes segments ready for writing: a head, then zeros to the full size, synced, under the name
 * `kron.aof.next`. A sync into space that is already allocated costs half of one that makes a file grow.
 *
 * The work is done ahead of time, in slices with pauses between them, so that writers are never held up for
 * longer than one slice. If a segment is wanted before it is ready it is taken as long as it is by then.
 */

import { join } from "node:path";
import type { CancelWait, Clock, Disk, FileHandle, Random } from "../ports.ts";
import { nextName, quietly, roundToSectors, writeFully } from "./files.ts";
import type { JournalLimits } from "./limits.ts";
import type { Report } from "./notice.ts";
import { newSegmentHead, packSegmentHead } from "./segment-head.ts";

const sliceBytes = 256 * 1024;
const pauseMs = 1;
/** After a failure nothing is prepared for so long: a full disk is not asked again with every batch. */
const failedPauseMs = 1_000;
/** Zeros are synced bit by bit: one sync of them all would stand in the way of the journal's own. */
const syncEveryBytes = 4 * 1024 * 1024;
const zeros = new Uint8Array(sliceBytes);

/** A segment that can take the place of the active one. */
export interface ReadySegment {
  readonly file: FileHandle;
  readonly salt: number;
  /** Bytes that are allocated. */
  readonly capacity: number;
}

/** What making segments needs. */
export interface MakerContext {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly uuid: Uint8Array;
  readonly limits: JournalLimits;
  readonly report: Report;
  /** A sync of a segment that is in use already has failed. */
  readonly onSyncFailed: (cause: Error) => void;
}

interface Making {
  readonly file: FileHandle;
  readonly salt: number;
  filled: number;
  /** Bytes covered by syncs that have begun. */
  synced: number;
  /** Bytes wanted. */
  capacity: number;
  isSyncing: boolean;
  isReady: boolean;
}

/** Prepares one segment at a time. */
export class SegmentMaker {
  readonly #context: MakerContext;
  readonly #path: string;
  #making: Making | undefined;
  #cancel: CancelWait | undefined;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether the failure that lasts has been told of. */
  #isFailureTold = false;

  constructor(context: MakerContext) {
    this.#context = context;
    this.#path = join(context.directory, nextName);
  }

  /**
   * Begins to make a segment of `capacity` bytes in the background, unless one is ready or on its way. A failure
   * is reported, not thrown.
   */
  prepare(capacity: number): void {
    if (this.#making !== undefined) return;
    if (this.#context.clock.monotonicMs() - this.#failedAtMs < failedPauseMs) return;
    try {
      this.#making = this.#create(capacity);
    } catch (cause) {
      this.#noteFailure(cause);
      return;
    }
    this.#continueLater();
  }

  /**
   * Makes sure that the part `share` (0 to 1) is written by now: called as the active segment fills up, so that
   * however fast that goes the next one is ready in time.
   */
  keepUp(share: number): void {
    const making = this.#making;
    if (making === undefined || making.isReady) return;
    const wanted = Math.min(1, share) * making.capacity;
    while (this.#making === making && making.filled < wanted) if (!this.#advance(making)) return;
  }

  /**
   * The segment, synced, and never smaller than worthwhile. Makes it now if there is none. Throws what the
   * disk threw, leaving nothing behind. It stays in hand until `release`.
   */
  take(): ReadySegment {
    this.#cancel?.();
    this.#making ??= this.#create(this.#context.limits.segmentBytesMin);
    const making = this.#making;
    if (making.isReady) return making;
    try {
      making.capacity = Math.min(making.capacity, Math.max(making.filled, this.#context.limits.segmentBytesMin));
      while (making.filled < making.capacity) this.#fillSlice(making);
      this.#context.disk.syncDataNow(making.file);
    } catch (cause) {
      this.discard();
      throw cause;
    }
    making.isReady = true;
    return making;
  }

  /** The taken segment is in use now, under another name. */
  release(): void {
    this.#making = undefined;
    this.#isFailureTold = false;
  }

  /** Removes what was prepared. Failures are of no interest: the next start removes it as well. */
  discard(): void {
    this.#cancel?.();
    const making = this.#making;
    this.#making = undefined;
    if (making === undefined) return;
    quietly(() => this.#context.disk.close(making.file));
    quietly(() => this.#context.disk.remove(this.#path));
  }

  #create(capacity: number): Making {
    const { disk, random, clock, uuid } = this.#context;
    const head = newSegmentHead(uuid, random, clock.nowMs());
    const file = disk.openWrite(this.#path, { create: true });
    try {
      disk.truncate(file, 0);
      const sector = packSegmentHead(head);
      writeFully(disk, file, sector, 0);
      return {
        file,
        salt: head.salt,
        filled: sector.length,
        synced: 0,
        capacity: roundToSectors(capacity),
        isSyncing: false,
        isReady: false,
      };
    } catch (cause) {
      quietly(() => disk.close(file));
      quietly(() => disk.remove(this.#path));
      throw cause;
    }
  }

  /** Writes the next zeros. When the disk is full the segment gets smaller, down to what is worthwhile. */
  #fillSlice(making: Making): void {
    const { disk } = this.#context;
    const bytes = Math.min(sliceBytes, making.capacity - making.filled);
    try {
      writeFully(disk, making.file, zeros.subarray(0, bytes), making.filled);
      making.filled += bytes;
    } catch (cause) {
      // Half of what it took is given back, so that the last bytes of a full disk are not spent on zeros.
      const half = roundToSectors(disk.size(making.file) / 2);
      if (half < this.#context.limits.segmentBytesLeast) throw cause;
      making.capacity = half;
      making.filled = half;
      disk.truncate(making.file, making.capacity);
    }
  }

  #continueLater(): void {
    this.#cancel = this.#context.clock.wakeAfter(pauseMs, () => this.#continue(), false);
  }

  #continue(): void {
    const making = this.#making;
    if (making !== undefined && making.filled < making.capacity && this.#advance(making)) this.#continueLater();
  }

  /** One slice further. False when there is no more to write, or it failed and was given up. */
  #advance(making: Making): boolean {
    try {
      this.#fillSlice(making);
    } catch (cause) {
      this.#giveUp(cause);
      return false;
    }
    this.#syncSome(making);
    return making.filled < making.capacity;
  }

  #syncSome(making: Making): void {
    const isFull = making.filled === making.capacity;
    if (making.isSyncing || (!isFull && making.filled - making.synced < syncEveryBytes)) return;
    making.isSyncing = true;
    making.synced = making.filled;
    this.#context.disk.syncData(making.file, (error) => this.#onSynced(making, error));
  }

  #onSynced(making: Making, error: Error | null): void {
    making.isSyncing = false;
    if (this.#making !== making || making.isReady) {
      // It was taken (or given up) meanwhile; in use, a failed sync of it is as final as any.
      if (error !== null && making.isReady) this.#context.onSyncFailed(error);
    } else if (error !== null) this.#giveUp(error);
    else if (making.synced === making.capacity) making.isReady = true;
    else this.#syncSome(making);
  }

  #giveUp(cause: unknown): void {
    this.discard();
    this.#noteFailure(cause);
  }

  #noteFailure(cause: unknown): void {
    this.#failedAtMs = this.#context.clock.monotonicMs();
    if (!this.#isFailureTold) this.#context.report({ kind: "next-segment-failed", cause });
    this.#isFailureTold = true;
  }
}

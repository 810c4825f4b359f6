/** Batches on their way to the disk, oldest first; new entries join the last one. */

import type { Entry } from "../core/record.ts";
import { Batch, type Stamp } from "./batch.ts";

/** Empty batches kept for use again: one gathers while one is being synced. */
const spareMax = 2;

/** The queue in front of the disk. */
export class Backlog {
  /** What the next frame is stamped with. */
  readonly stamp: Stamp;
  readonly #queue: Batch[] = [];
  readonly #spare: Batch[] = [];
  readonly #batchBytesMax: number;

  constructor(stamp: Stamp, batchBytesMax: number) {
    this.stamp = stamp;
    this.#batchBytesMax = batchBytesMax;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Adds an entry and returns its frame's bytes. Throws `KRON_PAYLOAD_INVALID` and changes nothing. */
  append(entry: Entry): number {
    const last = this.#queue.at(-1);
    if (last !== undefined && !last.isClosed && last.frameBytes < this.#batchBytesMax) {
      return last.append(entry, this.stamp);
    }
    // Only an entry that can be packed may open a batch, so that none is ever empty. The old one must be
    // closed before, as the new frame chains on to its last; closed too early it is merely a little short.
    if (last !== undefined && !last.isClosed) last.close(this.stamp);
    const batch = this.#spare.pop() ?? new Batch();
    try {
      const bytes = batch.append(entry, this.stamp);
      this.#queue.push(batch);
      return bytes;
    } catch (error) {
      this.#spare.push(batch);
      throw error;
    }
  }

  /** The oldest batch, closed; undefined when there is none. */
  first(): Batch | undefined {
    const batch = this.#queue[0];
    if (batch !== undefined && !batch.isClosed) batch.close(this.stamp);
    return batch;
  }

  /** Takes the oldest batch out; give it to `recycle` when it is done with. */
  removeFirst(): void {
    this.#queue.shift();
  }

  /** Keeps an emptied batch for use again. */
  recycle(batch: Batch): void {
    batch.reset(2 * this.#batchBytesMax);
    if (this.#spare.length < spareMax) this.#spare.push(batch);
  }

  /** Stamps all that waits anew, to follow the frame with this index and header checksum. */
  restamp(index: number, prev: number, salt: number): void {
    this.stamp.index = index;
    this.stamp.prev = prev;
    this.stamp.salt = salt;
    for (const batch of this.#queue) batch.restamp(this.stamp);
  }
}

/**
 * Who has nothing to run it and may still get it: every such timer for a while after the start, and a timer whose
 * runner went away for as long from then on. Until its grace is over a timer is not orphaned.
 */

import { DueQueue } from "../core/due-queue.ts";

/** The graces of timers, by slot, on the monotonic clock. */
export class Graces {
  readonly #ends = new DueQueue();
  #isStarting = true;

  /** Whether a timer without anything to run it may still get it. */
  has(slot: number): boolean {
    return this.#isStarting || this.#ends.has(slot);
  }

  /** Gives one timer a grace of its own, anew if it has one. */
  begin(slot: number, endsMonotonicMs: number): void {
    this.#ends.set(slot, endsMonotonicMs);
  }

  /** Ends the grace of one timer: it needs none any more. */
  end(slot: number): void {
    this.#ends.remove(slot);
  }

  /** Ends the grace that all timers had from the start. */
  endStart(): void {
    this.#isStarting = false;
  }

  /** When the next grace of a single timer is over; Infinity when there is none. */
  nextEndMs(): number {
    return this.#ends.peekDueMs();
  }

  /** A timer whose own grace is over at `monotonicMs`, taken out; -1 when there is none. */
  takeEnded(monotonicMs: number): number {
    return this.#ends.peekDueMs() <= monotonicMs ? this.#ends.pop() : -1;
  }
}

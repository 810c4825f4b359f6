/** How many attempts of a module go to a thread at a time: one while it is new or slow, many while it is quick. */

import { batchMax } from "./module-protocol.ts";

/** What a batch should take at most. */
const batchMs = 5;
/** A module whose attempts take longer than this is sent one at a time. */
const quickMs = 1;
const weight = 0.3;

/** The recent durations of a module's attempts. */
export class ModulePace {
  #meanMs: number | undefined;
  #sizeMax = 1;

  /** Whether attempts are so short that a thread may be given a second batch before it is done with the first. */
  get isQuick(): boolean {
    return this.#sizeMax >= 8;
  }

  /** Attempts that the next batch may have. */
  get size(): number {
    return this.#sizeMax;
  }

  /** Notes that a batch of `count` attempts has taken `tookMs` in all. */
  note(count: number, tookMs: number): void {
    if (count === 0) return;
    const meanMs = tookMs / count;
    this.#meanMs = this.#meanMs === undefined ? meanMs : this.#meanMs + (meanMs - this.#meanMs) * weight;
    const fitting = this.#meanMs > quickMs ? 1 : Math.floor(batchMs / Math.max(this.#meanMs, batchMs / batchMax));
    // Grows step by step, as one short attempt does not say much about the next; shrinks at once.
    this.#sizeMax = Math.max(1, Math.min(fitting, this.#sizeMax * 2));
  }

  /** Notes that an attempt is still under way after `tookMs`, so that what waits behind it was taken back. */
  noteSlow(tookMs: number): void {
    this.#meanMs = Math.max(this.#meanMs ?? 0, tookMs);
    this.#sizeMax = 1;
  }
}

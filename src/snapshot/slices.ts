/** Long work in short slices, so that the event loop is never held up for long. */

import { atEndOfTurn } from "../journal/turn.ts";
import type { Clock } from "../ports.ts";

/** A slice takes about so long; what cannot be interrupted comes on top. */
const sliceMs = 2;

/** Counts the time of the slice under way. */
export class Slices {
  readonly #clock: Clock;
  #startedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  /** Whether it is time for a turn of the event loop: `if (slices.isOver) await slices.next()`. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() - this.#startedMs >= sliceMs;
  }

  /** Resolves in the next turn, where a new slice begins. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      atEndOfTurn(resolve);
    });
    this.#startedMs = this.#clock.monotonicMs();
  }
}

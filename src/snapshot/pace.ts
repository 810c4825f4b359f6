/** Long work in slices that leave the event loop free between them. */

import { atEndOfTurn } from "../journal/turn.ts";
import type { Clock } from "../ports.ts";

const sliceMs = 2;
const sliceBytesMax = 1024 * 1024;

/** Counts what a slice has used up; a slice ends after 2 ms, or 1 MiB where the clock is a virtual one. */
export class Pace {
  readonly #clock: Clock;
  #startMs: number;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
  }

  /** Notes work on `bytes`; true when the slice is over and `nextTurn` is due. */
  spend(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes >= sliceBytesMax || this.#clock.monotonicMs() - this.#startMs >= sliceMs;
  }

  /** Lets everything else run, then begins a new slice. */
  async nextTurn(): Promise<void> {
    await new Promise<void>((resolve) => {
      atEndOfTurn(resolve);
    });
    this.#startMs = this.#clock.monotonicMs();
    this.#bytes = 0;
  }
}

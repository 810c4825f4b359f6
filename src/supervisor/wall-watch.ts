/** Notices when the wall clock and the monotonic clock disagree: the clock was set, or the machine slept. */

import type { Clock } from "../ports.ts";

/** Smaller disagreements are how clocks are kept right, and are followed in silence. */
export const stepMsMin = 1_000;

/** Compares the two clocks each time it is asked. */
export class WallWatch {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.nowMs() - clock.monotonicMs();
  }

  /** Milliseconds the wall clock moved against the monotonic one since last asked; 0 when less than a second. */
  stepMs(): number {
    const offsetMs = this.#clock.nowMs() - this.#clock.monotonicMs();
    const stepMs = Math.round(offsetMs - this.#offsetMs);
    this.#offsetMs = offsetMs;
    return Math.abs(stepMs) >= stepMsMin ? stepMs : 0;
  }
}

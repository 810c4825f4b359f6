/**
 * A module that could not be loaded is not tried again for a while: its attempts fail at once, without a thread being
 * touched. It is tried again when the time is over, and at once when its file has changed.
 */

import type { KronError } from "../core/errors.ts";

const delayMsMin = 1_000;
const delayMsMax = 300_000;

/** Whether one module may be tried. Times are monotonic. */
export class Quarantine {
  #error: KronError | undefined;
  #untilMs = 0;
  #failures = 0;
  #version = "";

  /** Why attempts fail now, or undefined when the module may be tried. `version` is asked for only when it matters. */
  refusal(nowMs: number, version: () => string): KronError | undefined {
    if (this.#error === undefined || nowMs >= this.#untilMs) return undefined;
    if (version() !== this.#version) {
      this.loaded();
      return undefined;
    }
    return this.#error;
  }

  /** Milliseconds until the module is tried again, 0 when it may be now. */
  waitMs(nowMs: number): number {
    return this.#error === undefined ? 0 : Math.max(0, this.#untilMs - nowMs);
  }

  /** The module of this version could not be loaded: 1 s of quiet, twice as long with each failure, 5 minutes at most. */
  failed(error: KronError, nowMs: number, version: string): void {
    if (version !== this.#version) this.#failures = 0;
    this.#version = version;
    this.#error = error;
    this.#untilMs = nowMs + Math.min(delayMsMax, delayMsMin * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
  }

  /** The module works, or is another one now. */
  loaded(): void {
    this.#error = undefined;
    this.#failures = 0;
  }
}

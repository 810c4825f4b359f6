/**
 * One thing that is asked for again and again while it is wanted. One request is under way at a time; what is wanted
 * meanwhile is asked for next. Between two requests the runtime has a pause of many times what one has cost it.
 */

import type { CancelWait, Clock } from "../ports.ts";

/** How it is asked for. `ask` resolves with what it has cost the runtime, in milliseconds. */
export interface PollOptions<Want> {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly ask: (want: Want, signal: AbortSignal) => Promise<number>;
}

/** A pause is so many times as long as the work: 5 % of the runtime's time at most. */
const pauseShare = 20;
const pauseMsMin = 50;

/** A poll. */
export class Poll<Want> {
  readonly #options: PollOptions<Want>;
  #want: Want | undefined;
  #key = "";
  /** The key that is being asked for. */
  #askedKey = "";
  #controller: AbortController | undefined;
  #cancelWait: CancelWait | undefined;
  #freeAtMs = Number.NEGATIVE_INFINITY;
  #costMs = 0;

  constructor(options: PollOptions<Want>) {
    this.#options = options;
  }

  /** From now on this is wanted; undefined: nothing. */
  want(want: Want | undefined): void {
    const key = want === undefined ? "" : JSON.stringify(want);
    this.#want = want;
    if (key === this.#key) return;
    this.#key = key;
    if (want === undefined) {
      this.stop();
      return;
    }
    this.#askAfter(this.#freeAtMs);
  }

  /** Ask now, as something may have changed. */
  hurry(): void {
    if (this.#want !== undefined) this.#askAfter(this.#freeAtMs);
  }

  /** Asks no more, and forgets what was wanted. */
  stop(): void {
    this.#controller?.abort();
    this.#controller = undefined;
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    this.#want = undefined;
    this.#key = "";
  }

  #askAfter(atMs: number): void {
    if (this.#controller !== undefined) return;
    this.#cancelWait?.();
    const { clock } = this.#options;
    const delayMs = Math.max(0, atMs - clock.monotonicMs());
    this.#cancelWait = clock.wakeAfter(delayMs, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const want = this.#want;
    if (want === undefined) return;
    const { clock, everyMs, ask } = this.#options;
    const controller = new AbortController();
    this.#controller = controller;
    this.#askedKey = this.#key;
    const startMs = clock.monotonicMs();
    this.#costMs = await ask(want, controller.signal);
    if (this.#controller !== controller) return;
    this.#controller = undefined;
    const endMs = clock.monotonicMs();
    this.#freeAtMs = endMs + Math.max(pauseMsMin, this.#costMs * pauseShare);
    this.#askAfter(this.#key === this.#askedKey ? Math.max(this.#freeAtMs, startMs + everyMs) : this.#freeAtMs);
  }
}

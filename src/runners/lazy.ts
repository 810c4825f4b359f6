/**
 * A runner that is loaded with its first attempt, so that nobody pays for threads, processes or requests who has
 * no timer that needs them. Attempts that come while it loads wait for it.
 */

import type { AttemptEnd, AttemptHandle, AttemptOrder, Clock, TargetRunner } from "../ports.ts";

/** Begins with `load`'s runner once there is one. When it cannot be loaded, attempts fail with the reason. */
export class LazyRunner implements TargetRunner {
  readonly #load: () => Promise<TargetRunner>;
  readonly #clock: Clock;
  #loading: Promise<TargetRunner> | undefined;
  #runner: TargetRunner | undefined;

  constructor(load: () => Promise<TargetRunner>, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    if (this.#runner !== undefined) return this.#runner.start(order, done);
    const waiting = new WaitingAttempt(done, this.#clock);
    this.#loading ??= this.#loadOnce();
    this.#loading.then(
      (runner) => waiting.begin((end) => runner.start(order, end)),
      (error: unknown) => waiting.fail(error),
    );
    return waiting;
  }

  async close(): Promise<void> {
    if (this.#loading === undefined) return;
    // What could not be loaded has nothing to close; its attempts have been told.
    const runner = await this.#loading.catch(() => undefined);
    await runner?.close();
  }

  async #loadOnce(): Promise<TargetRunner> {
    try {
      this.#runner = await this.#load();
      return this.#runner;
    } catch (error) {
      // The next attempt tries again: memory or file handles may have been short.
      this.#loading = undefined;
      throw error;
    }
  }
}

/** An attempt whose runner is being loaded. */
class WaitingAttempt implements AttemptHandle {
  readonly #done: (end: AttemptEnd) => void;
  readonly #clock: Clock;
  #handle: AttemptHandle | undefined;
  #beganAtMs = 0;
  #isOver = false;

  constructor(done: (end: AttemptEnd) => void, clock: Clock) {
    this.#done = done;
    this.#clock = clock;
  }

  begin(start: (done: (end: AttemptEnd) => void) => AttemptHandle): void {
    if (this.#isOver) return;
    this.#beganAtMs = this.#clock.monotonicMs();
    this.#handle = start(this.#done);
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done({ kind: "failed", error });
  }

  abort(reason: Error): void {
    if (this.#handle === undefined) this.fail(reason);
    else this.#handle.abort(reason);
  }

  terminate(): void {
    this.#handle?.terminate?.();
  }

  executingMs(): number | undefined {
    if (this.#handle === undefined) return undefined;
    if (this.#handle.executingMs !== undefined) return this.#handle.executingMs();
    return this.#clock.monotonicMs() - this.#beganAtMs;
  }
}

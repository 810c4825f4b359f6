/**
 * A runner that is loaded with its first attempt, so that nobody pays for threads, processes or requests who has
 * no timer that needs them. Attempts that come while it loads wait for it.
 */

import type { AttemptEnd, AttemptHandle, AttemptOrder, TargetRunner } from "../ports.ts";

/** Begins with `load`'s runner once there is one. When it cannot be loaded, attempts fail with the reason. */
export class LazyRunner implements TargetRunner {
  readonly #load: () => Promise<TargetRunner>;
  #loading: Promise<TargetRunner> | undefined;
  #runner: TargetRunner | undefined;

  constructor(load: () => Promise<TargetRunner>) {
    this.#load = load;
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    if (this.#runner !== undefined) return this.#runner.start(order, done);
    const waiting = new WaitingAttempt(done);
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
  #handle: AttemptHandle | undefined;
  #isOver = false;

  constructor(done: (end: AttemptEnd) => void) {
    this.#done = done;
  }

  begin(start: (done: (end: AttemptEnd) => void) => AttemptHandle): void {
    if (!this.#isOver) this.#handle = start(this.#done);
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
}

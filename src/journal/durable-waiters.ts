/** Those who wait until entries up to some index are synced, which with `everysec` comes later than their commit. */

import type { KronError } from "../core/errors.ts";

interface Waiter {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: KronError) => void;
}

/** Waits by index. */
export class DurableWaiters {
  #waiters: Waiter[] = [];
  #end: KronError | undefined;

  /** Resolves once `reached` is told `index` or more; rejects with what `end` is told, also when it was before. */
  wait(index: number): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#waiters.push({ index, resolve, reject }));
  }

  /** Everything up to `durable` is synced. */
  reached(durable: number): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ index }) => index > durable);
    for (const { index, resolve } of waiters) if (index <= durable) resolve();
  }

  /** Nothing more will be synced; what counts is the first reason. */
  end(error: KronError): void {
    this.#end ??= error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(this.#end);
  }
}

/** The callbacks of a rig, as if some of them were in processes that go away and come back. */

import type { AttemptEnd, AttemptHandle, AttemptOrder, Runner } from "../../src/ports.ts";

const lost: AttemptEnd = { kind: "lost", error: new Error("The process with the callback is gone") };

/** Passes attempts on to another runner, as long as the process with the callback is there. */
export class RigCallbacks implements Runner {
  readonly #inner: Runner;
  /** Slots whose callback is in a process that is gone. */
  readonly #gone = new Set<number>();
  /** How attempts under way are ended, by slot. */
  readonly #ends = new Map<number, Set<() => void>>();

  constructor(inner: Runner) {
    this.#inner = inner;
  }

  canRun(slot: number): boolean {
    return this.#inner.canRun(slot) && !this.#gone.has(slot);
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { slot } = order;
    if (this.#gone.has(slot)) {
      done(lost);
      return { abort: () => undefined };
    }
    const ends = this.#ends.get(slot) ?? new Set();
    this.#ends.set(slot, ends);
    // What the callback still does when its process is gone, nobody hears of.
    let isOver = false;
    const end = (how: AttemptEnd): void => {
      if (isOver) return;
      isOver = true;
      ends.delete(lose);
      done(how);
    };
    const lose = (): void => end(lost);
    ends.add(lose);
    return this.#inner.start(order, end);
  }

  /** The process goes away, without telling the engine yet. */
  leave(slot: number): void {
    this.#gone.add(slot);
  }

  /** Ends what the process had under way. */
  lose(slot: number): void {
    for (const lose of [...(this.#ends.get(slot) ?? [])]) lose();
  }

  /** The process, or another one with the callback, is there. */
  comeBack(slot: number): void {
    this.#gone.delete(slot);
  }
}

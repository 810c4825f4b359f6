/** Things that are due at a time, each once: a due queue for objects rather than timer slots. */

import { DueQueue } from "./due-queue.ts";

/** Objects by due time. The number from `add` removes one again. */
export class TimedSet<T> {
  readonly #queue = new DueQueue();
  readonly #items: (T | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#queue.size;
  }

  /** The earliest due time; Infinity when nothing is held. */
  peekDueMs(): number {
    return this.#queue.peekDueMs();
  }

  /** Holds `item` until `dueMs`; returns the handle for `remove`. */
  add(item: T, dueMs: number): number {
    const handle = this.#free.pop() ?? this.#items.length;
    this.#items[handle] = item;
    this.#queue.set(handle, dueMs);
    return handle;
  }

  /** Lets go of what a handle stands for; nothing when it is gone already. */
  remove(handle: number): void {
    if (!this.#queue.remove(handle)) return;
    this.#items[handle] = undefined;
    this.#free.push(handle);
  }

  /** Takes the earliest item out if it is due at `nowMs`. */
  takeDue(nowMs: number): T | undefined {
    if (this.#queue.size === 0 || this.#queue.peekDueMs() > nowMs) return undefined;
    const handle = this.#queue.pop();
    const item = this.#items[handle];
    this.#items[handle] = undefined;
    this.#free.push(handle);
    return item;
  }
}

/** Live runs by id, and by the timer they belong to; most timers have one at a time, which costs no list. */

import type { Run } from "./run.ts";

const none: readonly Run[] = Object.freeze([]);

/** Live runs. Changed by `apply` alone. */
export class RunTable {
  readonly #byId = new Map<number, Run>();
  readonly #bySlot = new Map<number, Run | Run[]>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: number): Run | undefined {
    return this.#byId.get(id);
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  /** All runs, in the order in which they were made. */
  values(): IterableIterator<Run> {
    return this.#byId.values();
  }

  keys(): IterableIterator<number> {
    return this.#byId.keys();
  }

  /** The runs of one timer, in the order in which they were made; stays as it is when the table changes. */
  ofSlot(slot: number): readonly Run[] {
    const held = this.#bySlot.get(slot);
    if (held === undefined) return none;
    return Array.isArray(held) ? [...held] : [held];
  }

  add(run: Run): void {
    this.#byId.set(run.id, run);
    const held = this.#bySlot.get(run.slot);
    if (held === undefined) this.#bySlot.set(run.slot, run);
    else if (Array.isArray(held)) held.push(run);
    else this.#bySlot.set(run.slot, [held, run]);
  }

  remove(run: Run): void {
    this.#byId.delete(run.id);
    const held = this.#bySlot.get(run.slot);
    if (held === run) this.#bySlot.delete(run.slot);
    else if (Array.isArray(held)) this.#removeFrom(held, run);
  }

  #removeFrom(runs: Run[], run: Run): void {
    const at = runs.indexOf(run);
    if (at >= 0) runs.splice(at, 1);
    if (runs.length === 0) this.#bySlot.delete(run.slot);
  }
}

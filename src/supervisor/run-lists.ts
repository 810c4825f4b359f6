/**
 * Runs that may not begin their attempt yet because of other runs of their timer: those that wait for the first
 * attempt, and those whose next attempt is due. When nothing of their own timer stands in their way any more
 * they become ready, and then only need a slot.
 */

import type { Run } from "../core/run.ts";

/** Held-up runs by timer slot, and the ready ones in the order in which they became so. */
export class RunLists {
  readonly #mayStart: (run: Run) => boolean;
  readonly #waiting = new Map<number, Set<Run>>();
  readonly #parked = new Map<number, Set<Run>>();
  readonly #ready = new Set<Run>();

  /** `mayStart` says whether a run may begin as far as its timer is concerned. */
  constructor(mayStart: (run: Run) => boolean) {
    this.#mayStart = mayStart;
  }

  /** Takes a run that waits for its first attempt. */
  addWaiting(run: Run): void {
    add(this.#waiting, run);
    this.promote(run.slot);
  }

  /** Takes a run whose next attempt is due. */
  addParked(run: Run): void {
    add(this.#parked, run);
  }

  /** Lets go of a run that has begun, ended, or has to wait for the time of its next attempt. */
  drop(run: Run): void {
    this.#ready.delete(run);
    remove(this.#waiting, run);
    remove(this.#parked, run);
  }

  /** Makes the timer's first run that may start now ready; those between two attempts go first. */
  promote(slot: number): void {
    if (!this.#promoteFirst(this.#parked.get(slot))) this.#promoteFirst(this.#waiting.get(slot));
  }

  /** The first ready run that still may start, or undefined. */
  takeReady(): Run | undefined {
    for (const run of this.#ready) {
      // It stays in its list until it has begun, so that it becomes ready again if it does not.
      this.#ready.delete(run);
      if (this.#mayStart(run)) return run;
    }
    return undefined;
  }

  #promoteFirst(runs: Set<Run> | undefined): boolean {
    if (runs === undefined) return false;
    for (const run of runs) {
      const mayStart = this.#mayStart(run);
      if (mayStart) this.#ready.add(run);
      return mayStart;
    }
    return false;
  }
}

function add(lists: Map<number, Set<Run>>, run: Run): void {
  const runs = lists.get(run.slot);
  if (runs === undefined) lists.set(run.slot, new Set([run]));
  else runs.add(run);
}

function remove(lists: Map<number, Set<Run>>, run: Run): void {
  const runs = lists.get(run.slot);
  if (runs?.delete(run) && runs.size === 0) lists.delete(run.slot);
}

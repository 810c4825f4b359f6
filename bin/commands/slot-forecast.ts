/** Which references timers will get that are created one after another, while nothing else is changed. */

import type { TimerTable } from "../../src/core/timer-table.ts";

/** Foresees references, so that a timer can be created and paused in one entry. */
export class SlotForecast {
  readonly #timers: TimerTable;
  /** Empty slots, the one that is given out next last. */
  readonly #free: number[];
  #slotCount: number;

  /** From the table as it is now. */
  constructor(timers: TimerTable) {
    this.#timers = timers;
    this.#free = [...timers.freeSlots];
    this.#slotCount = timers.slotCount;
  }

  /** The reference of the next timer with a new id. */
  takeReference(): number {
    const free = this.#free.pop();
    if (free !== undefined) return this.#timers.reference(free);
    this.#slotCount += 1;
    return this.#timers.reference(this.#slotCount - 1);
  }
}

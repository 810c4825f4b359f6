/** Timers by the names that people type. */

import { quote } from "../../core/describe.ts";
import { KronError } from "../../core/errors.ts";
import type { State } from "../../core/state.ts";
import { didYouMean } from "../../core/suggest.ts";

/** With more timers than this nobody looks for a similar name: it would take longer than a timer may be late. */
const comparedMax = 1_000;

/** The slot of the timer. Throws `KRON_TIMER_NOT_FOUND`, which names the nearest id there is. */
export function findTimer(state: State, id: string): number {
  const slot = state.timers.slotOf(id);
  if (slot !== undefined) return slot;
  const meant = state.timers.size <= comparedMax ? didYouMean(id, idsOf(state), quote) : undefined;
  throw new KronError("KRON_TIMER_NOT_FOUND", `Timer ${quote(id)} is not known`, {
    hint: meant ?? "`kron job list` shows the ids there are",
  });
}

function* idsOf({ timers }: State): Generator<string> {
  for (let slot = 0; slot < timers.slotCount; slot++) {
    const id = timers.idOf(slot);
    if (id !== undefined) yield id;
  }
}

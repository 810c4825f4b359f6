/** What becomes of timers that are done: they are remembered for a while, in order, and then forgotten. */

import type { Applied } from "./applied.ts";
import { isDone } from "./outcome.ts";
import type { State } from "./state.ts";

/**
 * To be called when a timer has become done or has lost a run: if it is done and has no live run left it joins
 * the retired ones as the newest, and the one retired longest is forgotten when there are too many.
 */
export function retireIfDone(state: State, slot: number, applied: Applied): void {
  const { timers, retired } = state;
  if (!isDone(timers.status.get(slot)) || timers.liveRuns.get(slot) > 0) return;
  retired.delete(slot);
  retired.set(slot, state.recordCount);
  for (const oldest of retired.keys()) {
    if (retired.size <= state.limits.retiredMax) return;
    forget(state, oldest);
    applied.forgotten.push(oldest);
  }
}

function forget(state: State, slot: number): void {
  const { timers } = state;
  state.changes.touch(slot);
  if (timers.payload(slot) !== undefined) state.changes.touchPayload(slot);
  state.retired.delete(slot);
  state.history.forget(slot, timers.reference(slot), timers.historyCount.get(slot));
  state.definitions.dropUser(timers.definition.get(slot));
  timers.remove(slot);
}

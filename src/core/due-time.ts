/** The part of `apply` that sees to it that an interval never comes to a halt. */

import { durationMsMax } from "./duration.ts";
import { Status } from "./outcome.ts";
import type { State } from "./state.ts";

/**
 * Gives an `every` timer that has no due time, and no live run whose finish would set one, the due time one
 * period from now. Records normally name it; this is for the one that was proposed just before an update or
 * a failure changed who decides, after which nobody would.
 */
export function keepGoing(state: State, slot: number, atMs: number): void {
  const { timers, definitions } = state;
  if (timers.nextAtMs.get(slot) !== 0 || timers.liveRuns.get(slot) > 0) return;
  if (timers.status.get(slot) === Status.CANCELLED) return;
  const { schedule } = definitions.get(timers.definition.get(slot));
  if (schedule.kind !== "every") return;
  const fromMs = Math.max(atMs, timers.lastScheduledAtMs.get(slot));
  timers.nextAtMs.set(slot, fromMs + Math.min(schedule.everyMs, durationMsMax));
}

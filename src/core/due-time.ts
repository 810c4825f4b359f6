/** The part of `apply` that sees to it that an interval never comes to a halt. */

import { durationMsMax } from "./duration.ts";
import type { State } from "./state.ts";

/**
 * Gives an `every` timer (not a cancelled one) the due time one period from now, when it has none and no live
 * run whose finish would set one. Records normally name it; this is for the one that was proposed just before
 * an update or a failure changed who decides, after which nobody would.
 */
export function keepGoing(state: State, slot: number, atMs: number): void {
  const { timers, definitions } = state;
  if (timers.nextAtMs.get(slot) !== 0 || timers.liveRuns.get(slot) > 0) return;
  const { schedule } = definitions.get(timers.definition.get(slot));
  if (schedule.kind !== "every") return;
  const fromMs = Math.max(atMs, timers.lastScheduledAtMs.get(slot));
  timers.nextAtMs.set(slot, fromMs + Math.min(schedule.everyMs, durationMsMax));
}

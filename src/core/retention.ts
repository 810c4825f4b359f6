/**
 * Which history is kept. A row is dropped when its timer has `count` newer ones, when it is older than `ageMs`,
 * and, the oldest of all timers first, when all of it together takes more than `bytes`. Chunks are dropped
 * whole, so a little more than that may be on the disk; what readers are shown is exact by count and age.
 */

import type { State } from "./state.ts";

/** Retention of a runtime. A timer may have its own `count` and `ageMs`, and `bytes` of its own besides. */
export interface Retention {
  readonly count: number;
  readonly ageMs: number;
  readonly bytes: number;
}

const mebi = 2 ** 20;

/** The last 100 rows of each timer, for 30 days, in 256 MiB. */
export const defaultRetention: Retention = { count: 100, ageMs: 30 * 86_400_000, bytes: 256 * mebi };

/** Rows of the timer in `slot` up to this number are no longer kept, by count. */
export function lastDroppedRow(state: State, slot: number, retention: Retention): number {
  const { timers, definitions } = state;
  const { history } = definitions.get(timers.definition.get(slot));
  return timers.historyCount.get(slot) - (history?.count ?? retention.count);
}

/** Rows of the timer in `slot` that finished before this instant are no longer kept. */
export function keptSinceMs(state: State, slot: number, retention: Retention, nowMs: number): number {
  const { history } = state.definitions.get(state.timers.definition.get(slot));
  return nowMs - (history?.ageMs ?? retention.ageMs);
}

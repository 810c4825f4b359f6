/** How much history a timer keeps, and the one way in which rows are added. */

import type { HistoryRow } from "./history.ts";
import type { State } from "./state.ts";

/** Retention of one timer's history; what is undefined is as the runtime has it. */
export interface HistoryPolicy {
  /** Finished occurrences kept, from 1. */
  readonly count?: number;
  /** Milliseconds after which a row is dropped. */
  readonly ageMs?: number;
  /** Bytes that the rows of the timer may take, as they are stored. */
  readonly bytes?: number;
}

/** Records how an occurrence of the timer in `slot`, which was touched, ended. */
export function addHistory(state: State, slot: number, row: HistoryRow): void {
  const { timers } = state;
  const { history } = state.definitions.get(timers.definition.get(slot));
  timers.historyCount.add(slot, 1);
  if (row.detail?.failures !== undefined) timers.errorRow.set(slot, timers.historyCount.get(slot));
  else if (row.outcome === "SUCCEEDED") timers.errorRow.set(slot, 0);
  state.history.add(slot, row, history?.count);
}

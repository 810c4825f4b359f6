/** The invariants of finished occurrences; see `invariants.ts`. */

import type { HistoryRow } from "./history.ts";
import type { State } from "./state.ts";

/** Checks the rows of every timer and adds what is wrong to `problems`. */
export function checkHistory(state: State, problems: string[]): void {
  const { history, timers } = state;
  let rows = 0;
  for (let slot = 0; slot < timers.slotCount; slot++) rows += checkRows(state, slot, problems);
  if (rows !== history.rowCount) problems.push(`history counts ${history.rowCount} rows and has ${rows}`);
  if (rows > history.limits.rowsMax) problems.push(`history has ${rows} rows, at most ${history.limits.rowsMax}`);
}

function checkRows(state: State, slot: number, problems: string[]): number {
  const { history } = state;
  const name = `the history of slot ${slot}`;
  const length = history.lengthOf(slot);
  const runs = new Set<number>();
  let rows = 0;
  history.visit(slot, (row) => {
    rows += 1;
    checkRow(state, row, name, problems);
    if (row.run !== 0 && runs.has(row.run)) problems.push(`${name} has run ${row.run} twice`);
    runs.add(row.run);
    // A list that runs in a circle is found out by its length.
    return rows <= length;
  });
  if (rows !== length) problems.push(`${name} counts ${length} rows and has ${rows}`);
  const added = state.timers.historyCount.get(slot);
  if (length > added) problems.push(`${name} has ${length} rows, ${added} were ever added`);
  return rows;
}

function checkRow(state: State, row: HistoryRow, name: string, problems: string[]): void {
  const isRun = row.outcome !== "MISSED" && row.outcome !== "SKIPPED_OVERLAP";
  if (isRun !== row.run > 0) problems.push(`${name} has a ${row.outcome} of run ${row.run}`);
  if (row.run > state.recordCount) problems.push(`${name} has run ${row.run}, which no record made`);
  if (state.runs.has(row.run)) problems.push(`${name} has run ${row.run}, which is live`);
  if (isRun && row.count !== 1) problems.push(`${name} has a run for ${row.count} occurrences`);
  if (row.count < 1 || row.lastScheduledAtMs < row.scheduledAtMs) problems.push(`${name} has a row for no occurrence`);
}

/** The list of timers: which part of it is wanted, and how one moves about in it. */

import type { TimerFacts, TimerSort, TimerStateName, TimersQuery, TimersWindow } from "../facts.ts";
import { type Model, type TimersPane, timerRows } from "./model.ts";

/** The orders there are, and the one each begins with. */
export const timerSorts: readonly TimerSort[] = ["id", "next", "last", "duration", "state"];
/** The states that the list can be narrowed to, after all of them. */
export const filterStates: readonly (TimerStateName | undefined)[] = [
  ...[undefined, "running" as const, "retrying" as const, "waiting" as const, "dead" as const],
  ...["paused" as const, "orphaned" as const, "scheduled" as const, "completed" as const, "cancelled" as const],
];
const windowRowsMax = 200;

/** What is to be asked for: some three screens, of which the middle one is shown. */
export function timersQuery(model: Model): TimersQuery {
  const { sort, descending, filter, state, anchor, shift } = model.timers;
  const limit = Math.min(windowRowsMax, 3 * timerRows(model));
  return { sort, descending, match: filter, state, anchor, shift, limit };
}

/** Whether two queries ask for the same. */
export function isSameQuery(a: TimersQuery, b: TimersQuery): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The rows that are on the screen. */
export function shownTimers(model: Model): readonly TimerFacts[] {
  const { rows, top } = model.timers;
  return rows.slice(top, top + timerRows(model));
}

/** The list with the rows that came; the selected timer stays on its line as far as it can. */
export function withWindow(model: Model, { rows, places, position, total }: TimersWindow): TimersPane {
  const pane = model.timers;
  const line = pane.cursor - pane.top;
  const found = rows.findIndex(({ id }) => id === pane.selectedId);
  const isAtStart = pane.anchor === undefined && pane.position + pane.top === 0;
  const oldAt = pane.position + pane.cursor - position;
  const cursor = clamp(found >= 0 ? found : pane.anchor === "end" ? rows.length - 1 : oldAt, 0, rows.length - 1);
  const visible = timerRows(model);
  const top = isAtStart && cursor < visible ? 0 : clamp(cursor - line, 0, rows.length - visible);
  return settled({ ...pane, rows, places, position, total, cursor, top, isLoaded: true }, visible);
}

/** The list with the cursor `by` rows further; beyond what is here, more is asked for. */
export function moved(model: Model, by: number): TimersPane {
  const pane = model.timers;
  const visible = timerRows(model);
  const cursor = clamp(pane.cursor + by, 0, pane.rows.length - 1);
  const top = clamp(pane.top, cursor - visible + 1, cursor);
  return centred(settled({ ...pane, cursor, top }, visible), visible);
}

/** The list from its start, or at its end. */
export function jumped(model: Model, to: "start" | "end"): TimersPane {
  const pane = model.timers;
  const isHere = to === "start" ? pane.position === 0 : pane.position + pane.rows.length >= pane.total;
  const cursor = to === "start" ? 0 : pane.rows.length - 1;
  const visible = timerRows(model);
  const shift = to === "start" ? 0 : -3 * visible;
  const anchor = to === "start" ? undefined : "end";
  const there = { ...pane, anchor, shift } as const;
  if (!isHere) {
    const position = to === "start" ? 0 : pane.position;
    return { ...there, position, selectedId: undefined, cursor, top: Math.max(0, cursor - visible + 1) };
  }
  return settled({ ...there, cursor, top: Math.max(0, cursor - visible + 1) }, visible);
}

/** The list asked for anew in another order or narrowed, from its start. */
export function reordered(pane: TimersPane, change: Partial<TimersPane>): TimersPane {
  return {
    ...{ ...pane, ...change },
    ...{ anchor: undefined, shift: 0, top: 0, cursor: 0, position: 0, selectedId: undefined, isLoaded: false },
  };
}

/** Has the cursor on a row that is there, and that row on the screen. */
function settled(pane: TimersPane, visible: number): TimersPane {
  const cursor = clamp(pane.cursor, 0, pane.rows.length - 1);
  const lowest = Math.max(0, pane.rows.length - visible);
  const top = clamp(clamp(pane.top, cursor - visible + 1, cursor), 0, lowest);
  return { ...pane, cursor, top, selectedId: pane.rows[cursor]?.id };
}

/** When the screen comes near an end of what is here and there is more, the window is moved with it. */
function centred(pane: TimersPane, visible: number): TimersPane {
  const { top, rows, position, total, places } = pane;
  const hasMoreAbove = position > 0 && top < visible / 2;
  const hasMoreBelow = position + rows.length < total && rows.length - top - visible < visible / 2;
  const place = places[top];
  if ((!hasMoreAbove && !hasMoreBelow) || place === undefined) return pane;
  // The start has no anchor, so that what becomes the first is seen.
  if (position + top <= visible) return { ...pane, anchor: undefined, shift: 0 };
  return { ...pane, anchor: place, shift: -visible };
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(value, Math.max(min, max)));
}

/** Going from one view to another. */

import type { Model, ViewName } from "./model.ts";

/** The views that have a tab, in order. */
export const tabs: readonly (readonly [view: ViewName, title: string])[] = [
  ["overview", "Overview"],
  ["timers", "Timers"],
  ["timeline", "Timeline"],
  ["runs", "Runs"],
  ["apps", "Apps"],
  ["events", "Events"],
];

/** The model with another view. */
export function viewChanged(model: Model, view: ViewName): Model {
  return { ...model, view, overlay: { kind: "none" } };
}

/** The model with the detail of a timer. */
export function opened(model: Model, id: string): Model {
  const from = model.view === "detail" ? (model.detail?.from ?? "timers") : model.view;
  const detail = { id, facts: undefined, trouble: undefined, log: [], scroll: 0, from };
  return { ...viewChanged(model, "detail"), detail };
}

/** The tab so many further, round in a circle. */
export function tabAfter(view: ViewName, by: number): ViewName {
  const at = Math.max(
    0,
    tabs.findIndex(([name]) => name === (view === "detail" ? "timers" : view)),
  );
  return tabs[(at + by + tabs.length) % tabs.length]?.[0] ?? "overview";
}

/** What the screen wants to be told at present: what it does not show is not asked for. */

import type { TimersQuery } from "../facts.ts";
import type { EventsQuery } from "../source.ts";
import { horizonsMs, type Model } from "./model.ts";
import { shownTimers, timersQuery } from "./timers-pane.ts";

/** Everything is optional: what is not there is not wanted. The figures are always wanted. */
export interface Wants {
  readonly timers?: TimersQuery;
  readonly strips?: readonly string[];
  readonly timeline?: { readonly horizonMs: number; readonly buckets: number };
  readonly runs?: true;
  readonly detail?: string;
  readonly events?: EventsQuery;
}

/** Outcomes of a timer that are shown beside it. */
export const stripLength = 20;
const logTypes = [
  ...["LOG", "PROGRESS", "RUN_DUE", "RUN_STARTED", "RUN_SUCCEEDED", "RUN_FAILED", "RUN_TIMED_OUT", "RUN_LOST"],
  ...["RUN_RETRYING", "RUN_DEAD", "RUN_CANCELLED", "RUN_MISSED", "RUN_SKIPPED_OVERLAP"],
];

/** What is wanted for what is shown. */
export function wantsOf(model: Model): Wants {
  switch (model.view) {
    case "timers": {
      const ids = shownTimers(model).map(({ id }) => id);
      return { timers: timersQuery(model), ...(ids.length > 0 && { strips: ids }) };
    }
    case "timeline":
      return {
        timeline: { horizonMs: horizonsMs[model.horizon] ?? 3_600_000, buckets: timelineBuckets(model.columns) },
      };
    case "runs":
      return { runs: true, events: { timerId: undefined, types: ["PROGRESS"] } };
    case "detail": {
      const { detail } = model;
      return detail === undefined ? {} : { detail: detail.id, events: { timerId: detail.id, types: logTypes } };
    }
    case "events":
      return model.events.isPaused ? {} : { events: { timerId: undefined, types: undefined } };
    default:
      return {};
  }
}

/** Columns of the chart, each of which stands for the same time. */
export function timelineBuckets(columns: number): number {
  return Math.max(10, Math.min(400, columns - 10));
}

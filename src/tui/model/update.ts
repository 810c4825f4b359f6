/** What each event makes of the model: a pure function, so that all that the screen does is tested without one. */

import { unreachable } from "../../core/assert.ts";
import type { EventFacts, StatsFacts, TimersQuery, TimersWindow } from "../facts.ts";
import { noticed } from "./commands.ts";
import type { Hit, TuiEvent } from "./event.ts";
import { eventsKept, type Model, type RunsPane, type Step, secondsKept } from "./model.ts";
import { pressed } from "./press.ts";
import { isSameQuery, timersQuery, withWindow } from "./timers-pane.ts";
import { opened, viewChanged } from "./views.ts";

const logKept = 200;
const progressKept = 1_000;
/** A gap between figures that is longer than this is no second of work, but one in which nobody could look. */
const gapMsMax = 3_000;

/** The step that an event makes. */
export function update(model: Model, event: TuiEvent): Step {
  switch (event.kind) {
    case "key":
      return pressed(model, event.key);
    case "hit":
      return hit(model, event.hit);
    case "done":
      return noticed(model, event.text, false);
    case "failed":
      return noticed(model, event.text, true);
    default:
      return { model: told(model, event), effects: [] };
  }
}

type News = Exclude<TuiEvent, { readonly kind: "key" | "hit" | "done" | "failed" }>;

function told(model: Model, event: News): Model {
  switch (event.kind) {
    case "resize":
      return resized(model, event.columns, event.rows);
    case "tick":
      return ticked(model, event.nowMs);
    case "connected":
      return { ...model, link: { kind: "live" } };
    case "lost":
      return lost(model, event.why);
    case "stats":
      return withStats(model, event.stats);
    case "timers":
      return withTimers(model, event.query, event.window);
    case "strips": {
      const strips = new Map(event.ids.map((id, at) => [id, event.strips[at] ?? ""]));
      return { ...model, timers: { ...model.timers, strips } };
    }
    case "timeline":
      return { ...model, timeline: event.timeline };
    case "runs":
      return withRuns(model, event);
    case "detail": {
      const { detail } = model;
      if (detail?.id !== event.id) return model;
      return { ...model, detail: { ...detail, facts: event.facts, trouble: undefined } };
    }
    case "noDetail": {
      const { detail } = model;
      return detail?.id === event.id ? { ...model, detail: { ...detail, trouble: event.why } } : model;
    }
    case "events":
      return withEvents(model, event.timerId, event.items);
    default:
      return unreachable(event);
  }
}

function hit(model: Model, { ...place }: Hit): Step {
  switch (place.kind) {
    case "view":
      return { model: viewChanged(model, place.view), effects: [] };
    case "key":
      return pressed(model, place.key);
    default:
      return { model: clicked(model, place.index), effects: [] };
  }
}

/** A click selects; one on what is selected opens it. */
function clicked(model: Model, index: number): Model {
  if (model.view === "runs") {
    const { runs } = model;
    const run = runs.items[index];
    if (run === undefined) return model;
    return runs.cursor === index ? opened(model, run.timerId) : { ...model, runs: { ...runs, cursor: index } };
  }
  const { timers } = model;
  const timer = timers.rows[index];
  if (model.view !== "timers" || timer === undefined) return model;
  if (timers.cursor === index) return opened(model, timer.id);
  return { ...model, timers: { ...timers, cursor: index, selectedId: timer.id } };
}

function resized(model: Model, columns: number, rows: number): Model {
  const { timers } = model;
  const resized = { ...model, columns, rows };
  const { rows: all, places, position, total } = timers;
  return {
    ...resized,
    timers: timers.isLoaded ? withWindow(resized, { rows: all, places, position, total, walkMs: 0 }) : timers,
  };
}

function ticked(model: Model, nowMs: number): Model {
  const { notice } = model;
  const isOver = notice !== undefined && nowMs >= notice.untilMs;
  return { ...model, nowMs, ...(isOver && { notice: undefined }) };
}

function lost(model: Model, why: string): Model {
  // It is lost once, however often it cannot be found again.
  if (model.link.kind === "lost") return { ...model, link: { ...model.link, why } };
  return { ...model, link: { kind: "lost", sinceMs: model.nowMs, why } };
}

function withStats(model: Model, stats: StatsFacts): Model {
  const before = model.stats;
  const isSame = before !== undefined && before.status.pid === stats.status.pid;
  const ms = isSame ? stats.monotonicMs - before.monotonicMs : 0;
  const next: Model = { ...model, stats, link: { kind: "live" } };
  // After a new start, or when others began to count anew, the totals begin at nothing.
  if (!isSame || ms <= 0 || ms > gapMsMax || stats.totals.started < before.totals.started) return next;
  const perSecond = (count: number): number => (Math.max(0, count) * 1_000) / ms;
  const series = (values: readonly number[], value: number): number[] => [...values, value].slice(-secondsKept);
  const { started, failed } = stats.totals;
  return {
    ...next,
    runsPerSecond: series(model.runsPerSecond, perSecond(started - before.totals.started)),
    failuresPerSecond: series(model.failuresPerSecond, perSecond(failed - before.totals.failed)),
  };
}

function withTimers(model: Model, query: TimersQuery, window: TimersWindow): Model {
  // What was asked for has changed meanwhile; an answer to that is on its way.
  if (!isSameQuery(query, timersQuery(model))) return model;
  return { ...model, timers: withWindow(model, window) };
}

function withRuns(model: Model, { runs: items, isPart }: Extract<TuiEvent, { kind: "runs" }>): Model {
  const { runs } = model;
  const selected = runs.items[runs.cursor]?.runId;
  const found = items.findIndex(({ runId }) => runId === selected);
  const cursor = Math.max(0, found >= 0 ? found : Math.min(runs.cursor, items.length - 1));
  const live = new Set(items.map(({ runId }) => runId));
  const progress = new Map([...runs.progress].filter(([runId]) => live.has(runId)));
  return { ...model, runs: { items, cursor, isPart, isLoaded: true, progress } };
}

function withEvents(model: Model, timerId: string | undefined, items: readonly EventFacts[]): Model {
  const next = { ...model, runs: withProgress(model.runs, items) };
  if (timerId !== undefined) {
    const { detail } = model;
    if (detail?.id !== timerId) return next;
    const log = [...detail.log, ...items.filter(({ type }) => type !== "PROGRESS")].slice(-logKept);
    return { ...next, detail: { ...detail, log } };
  }
  if (model.view !== "events") return next;
  const { events } = model;
  if (events.isPaused) return { ...next, events: { ...events, unseen: events.unseen + items.length } };
  return { ...next, events: { ...events, items: [...events.items, ...items].slice(-eventsKept) } };
}

function withProgress(runs: RunsPane, items: readonly EventFacts[]): RunsPane {
  const told = items.filter(({ fraction, runId }) => fraction !== undefined && runId !== undefined);
  if (told.length === 0) return runs;
  const progress = new Map(runs.progress);
  for (const { runId, fraction } of told) progress.set(runId ?? "", fraction ?? 0);
  return { ...runs, progress: new Map([...progress].slice(-progressKept)) };
}

/** What keys do. */

import { acting, actOnTimer, asked, cancelRun, noticed, paletteMatches, selectedTimer } from "./commands.ts";
import { bodyRows, eventsKept, horizonsMs, type Model, type Step } from "./model.ts";
import { filterStates, jumped, moved, reordered, timerSorts } from "./timers-pane.ts";
import { opened, tabAfter, tabs, viewChanged } from "./views.ts";

const filterLengthMax = 100;

/** The step that a key makes. */
export function pressed(model: Model, key: string): Step {
  if (key === "ctrl-c") return { model, effects: [{ kind: "quit" }] };
  if (key === "ctrl-z") return { model, effects: [{ kind: "suspend" }] };
  switch (model.overlay.kind) {
    case "help":
      return only({ ...model, overlay: { kind: "none" } });
    case "confirm":
      return answered(model, key);
    case "filter":
      return only(typedFilter(model, key));
    case "palette":
      return typedCommand(model, key);
    default:
      return anywhere(model, key) ?? inView(model, key);
  }
}

function only(model: Model): Step {
  return { model, effects: [] };
}

function answered(model: Model, key: string): Step {
  const { overlay } = model;
  if (overlay.kind !== "confirm") return only(model);
  if (key === "y" || key === "Y") return acting(model, overlay.action);
  // Whatever else was pressed was not a yes.
  return noticed({ ...model, overlay: { kind: "none" } }, "Nothing was done", false);
}

function typedFilter(model: Model, key: string): Model {
  const { filter } = model.timers;
  const before = model.overlay.kind === "filter" ? model.overlay.before : "";
  if (key === "enter" || key === "down") return { ...model, overlay: { kind: "none" } };
  if (key === "escape") return { ...filtered(model, before), overlay: { kind: "none" } };
  const text = typed(filter, key);
  return text === filter ? model : filtered(model, text);
}

function filtered(model: Model, filter: string): Model {
  return { ...model, timers: reordered(model.timers, { filter }) };
}

function typedCommand(model: Model, key: string): Step {
  const { overlay } = model;
  if (overlay.kind !== "palette") return only(model);
  const matches = paletteMatches(model, overlay.text);
  const closed: Model = { ...model, overlay: { kind: "none" } };
  if (key === "escape") return only(closed);
  if (key === "enter") {
    const entry = matches[overlay.chosen];
    return entry === undefined ? noticed(closed, `There is no command "${overlay.text}"`, true) : entry.run(closed);
  }
  const by = key === "up" || key === "shift-tab" ? -1 : key === "down" || key === "tab" ? 1 : 0;
  if (by !== 0) {
    const chosen = Math.max(0, Math.min(matches.length - 1, overlay.chosen + by));
    return only({ ...model, overlay: { ...overlay, chosen } });
  }
  if (key === "backspace" && overlay.text === "") return only(closed);
  return only({ ...model, overlay: { kind: "palette", text: typed(overlay.text, key), chosen: 0 } });
}

/** A text with a key typed into it. */
function typed(text: string, key: string): string {
  if (key === "backspace") return [...text].slice(0, -1).join("");
  if (key === "ctrl-u") return "";
  if ([...key].length !== 1 || text.length >= filterLengthMax) return text;
  return text + key;
}

function anywhere(model: Model, key: string): Step | undefined {
  const tab = /^[1-6]$/.test(key) ? tabs[Number(key) - 1] : undefined;
  if (tab !== undefined) return only(viewChanged(model, tab[0]));
  switch (key) {
    case "q":
      return { model, effects: [{ kind: "quit" }] };
    case "?":
    case "f1":
      return only({ ...model, overlay: { kind: "help" } });
    case ":":
      return only({ ...model, overlay: { kind: "palette", text: "", chosen: 0 } });
    case "tab":
    case "right":
      return only(viewChanged(model, tabAfter(model.view, 1)));
    case "shift-tab":
    case "left":
      return only(viewChanged(model, tabAfter(model.view, -1)));
    case "/":
      return only({
        ...viewChanged(model, "timers"),
        overlay: { kind: "filter", before: model.timers.filter },
      });
    case "C":
      return asked(model, { kind: "compact" });
    case "L":
      return asked(model, { kind: "reload" });
    default:
      return undefined;
  }
}

function inView(model: Model, key: string): Step {
  const by = distance(model, key);
  switch (model.view) {
    case "timers":
      return inTimers(model, key, by);
    case "detail":
      return inDetail(model, key, by);
    case "timeline":
      return only(inTimeline(model, key, by));
    case "runs":
      return inRuns(model, key, by);
    case "events":
      return only(inEvents(model, key, by));
    default:
      return only(model);
  }
}

/** How far a key moves in a list; without end for those that go to an end. */
function distance(model: Model, key: string): number {
  const page = Math.max(1, bodyRows(model) - 3);
  switch (key) {
    case "up":
    case "k":
      return -1;
    case "down":
    case "j":
      return 1;
    case "pageup":
    case "ctrl-b":
      return -page;
    case "pagedown":
    case "ctrl-f":
      return page;
    case "wheelup":
      return -3;
    case "wheeldown":
      return 3;
    case "home":
    case "g":
      return Number.NEGATIVE_INFINITY;
    case "end":
    case "G":
      return Number.POSITIVE_INFINITY;
    default:
      return 0;
  }
}

function inTimers(model: Model, key: string, by: number): Step {
  const { timers } = model;
  if (by === Number.NEGATIVE_INFINITY) return only({ ...model, timers: jumped(model, "start") });
  if (by === Number.POSITIVE_INFINITY) return only({ ...model, timers: jumped(model, "end") });
  if (by !== 0) return only({ ...model, timers: moved(model, by) });
  switch (key) {
    case "enter": {
      const timer = selectedTimer(model);
      return only(timer === undefined ? model : opened(model, timer.id));
    }
    case "escape":
      return only({ ...model, timers: reordered(timers, { filter: "", state: undefined }) });
    case "s": {
      const sort = timerSorts[(timerSorts.indexOf(timers.sort) + 1) % timerSorts.length] ?? "id";
      // What ended last and what took longest is looked for first.
      return only({
        ...model,
        timers: reordered(timers, { sort, descending: sort === "last" || sort === "duration" }),
      });
    }
    case "S":
      return only({ ...model, timers: reordered(timers, { descending: !timers.descending }) });
    case "f": {
      const state = filterStates[(filterStates.indexOf(timers.state) + 1) % filterStates.length];
      return only({ ...model, timers: reordered(timers, { state }) });
    }
    default:
      return onTimer(model, key);
  }
}

function onTimer(model: Model, key: string): Step {
  switch (key) {
    case "t":
      return actOnTimer(model, "trigger");
    case "p":
      return actOnTimer(model, "pause");
    case "R":
      return actOnTimer(model, "retry");
    case "X":
      return actOnTimer(model, "cancelTimer");
    default:
      return only(model);
  }
}

function inDetail(model: Model, key: string, by: number): Step {
  const { detail } = model;
  if (detail === undefined) return only(viewChanged(model, "timers"));
  if (key === "escape" || key === "backspace") return only(viewChanged(model, detail.from));
  if (key === "x") return cancelRun(model);
  if (by === 0) return onTimer(model, key);
  const rowsMax = detailRowsMax(model);
  return only({ ...model, detail: { ...detail, scroll: Math.max(0, Math.min(rowsMax, detail.scroll + by)) } });
}

/** No more than there can be to scroll through: what is kept of history and log, and the rest. */
function detailRowsMax({ detail }: Model): number {
  const entries = detail?.facts?.history ?? [];
  return entries.reduce((sum, { failures }) => sum + 1 + failures.length, 0);
}

function inTimeline(model: Model, key: string, by: number): Model {
  const step = key === "+" || key === "=" || by < 0 ? -1 : key === "-" || by > 0 ? 1 : 0;
  const horizon = Math.max(0, Math.min(horizonsMs.length - 1, model.horizon + step));
  return horizon === model.horizon ? model : { ...model, horizon, timeline: undefined };
}

function inRuns(model: Model, key: string, by: number): Step {
  const { runs } = model;
  if (by !== 0) {
    const cursor = Math.max(0, Math.min(runs.items.length - 1, runs.cursor + by));
    return only({ ...model, runs: { ...runs, cursor } });
  }
  const run = runs.items[runs.cursor];
  if (key === "enter" && run !== undefined) return only(opened(model, run.timerId));
  return key === "x" ? cancelRun(model) : only(model);
}

function inEvents(model: Model, key: string, by: number): Model {
  const { events } = model;
  if (key === " ") return { ...model, events: { ...events, isPaused: !events.isPaused, unseen: 0, back: 0 } };
  if (by === 0) return model;
  const back = Math.max(0, Math.min(eventsKept, events.items.length - 1, events.back - by));
  // Lines that are read must not move away.
  return { ...model, events: { ...events, back, isPaused: events.isPaused || back > 0 } };
}

/** What can be done: by a key, in the palette, and to what. What hurts is asked about first. */

import { unreachable } from "../../core/assert.ts";
import type { TimerFacts, TimerSort } from "../facts.ts";
import type { Action } from "../source.ts";
import type { Effect, Model, Step, ViewName } from "./model.ts";
import { reordered, timerSorts } from "./timers-pane.ts";
import { opened, viewChanged } from "./views.ts";

/** Something the palette offers. */
export interface PaletteEntry {
  readonly name: string;
  readonly what: string;
  readonly run: (model: Model) => Step;
}

const nothing: readonly Effect[] = [];

/** The timer that an action would be about. */
export function selectedTimer(model: Model): TimerFacts | undefined {
  if (model.view === "detail") return model.detail?.facts?.timer;
  if (model.view !== "timers") return undefined;
  const { rows, cursor, isLoaded } = model.timers;
  return isLoaded ? rows[cursor] : undefined;
}

/** The run that an action would be about. */
export function selectedRunId(model: Model): string | undefined {
  if (model.view === "runs") return model.runs.items[model.runs.cursor]?.runId;
  return model.view === "detail" ? model.detail?.facts?.runs[0]?.runId : undefined;
}

/** Triggers, pauses … the selected timer. */
export function actOnTimer(model: Model, kind: "trigger" | "pause" | "cancelTimer" | "retry"): Step {
  const timer = selectedTimer(model);
  if (timer === undefined) return noticed(model, "Select a timer first: 2 shows them", true);
  if (kind === "pause")
    return acting(model, { kind: timer.state === "paused" ? "resume" : "pause", timerId: timer.id });
  return asked(model, { kind, timerId: timer.id });
}

/** Cancels the selected run. */
export function cancelRun(model: Model): Step {
  const runId = selectedRunId(model);
  if (runId === undefined) return noticed(model, "Select a run first: 4 shows those in flight", true);
  return asked(model, { kind: "cancelRun", runId });
}

/** Asks whether it is meant. */
export function asked(model: Model, action: Action): Step {
  if (model.link.kind !== "live") return noticed(model, "There is no runtime to ask", true);
  return { model: { ...model, overlay: { kind: "confirm", question: questionOf(action), action } }, effects: nothing };
}

/** Has it done. */
export function acting(model: Model, action: Action): Step {
  if (model.link.kind !== "live") return noticed(model, "There is no runtime to ask", true);
  return { model: { ...model, overlay: { kind: "none" } }, effects: [{ kind: "act", action }] };
}

/** The model with a line for the user, for some seconds. */
export function noticed(model: Model, text: string, isBad: boolean): Step {
  return { model: { ...model, notice: { text, isBad, untilMs: model.nowMs + noticeMs } }, effects: nothing };
}

const noticeMs = 6_000;

function questionOf(action: Action): string {
  switch (action.kind) {
    case "trigger":
      return `Run ${action.timerId} now?`;
    case "pause":
      return `Pause ${action.timerId}?`;
    case "resume":
      return `Resume ${action.timerId}?`;
    case "retry":
      return `Try the last run of ${action.timerId} again?`;
    case "cancelTimer":
      return `Cancel ${action.timerId}? It makes no runs any more.`;
    case "cancelRun":
      return `Cancel ${action.runId}? Its attempt is asked to stop.`;
    case "compact":
      return "Write a checkpoint, and drop what the journal need not hold?";
    case "reload":
      return "Replace the app by a new process?";
    default:
      return unreachable(action);
  }
}

const goTo = (name: string, view: ViewName, what: string): PaletteEntry => ({
  ...{ name, what },
  run: (model) => ({ model: viewChanged(model, view), effects: nothing }),
});
const sortBy = (sort: TimerSort): PaletteEntry => ({
  ...{ name: `sort ${sort}`, what: `timers by ${sort}` },
  run: (model) => ({
    model: { ...viewChanged(model, "timers"), timers: reordered(model.timers, { sort }) },
    effects: nothing,
  }),
});

/** Everything the palette offers. */
export const palette: readonly PaletteEntry[] = [
  goTo("overview", "overview", "how the runtime is doing"),
  goTo("timers", "timers", "all timers"),
  goTo("timeline", "timeline", "what is due when"),
  goTo("runs", "runs", "runs in flight"),
  goTo("apps", "apps", "applications and hosts"),
  goTo("events", "events", "what happens"),
  { name: "trigger", what: "run the selected timer now", run: (model) => actOnTimer(model, "trigger") },
  { name: "pause", what: "pause or resume the selected timer", run: (model) => actOnTimer(model, "pause") },
  { name: "retry", what: "try the last run again", run: (model) => actOnTimer(model, "retry") },
  { name: "cancel timer", what: "end the selected timer", run: (model) => actOnTimer(model, "cancelTimer") },
  { name: "cancel run", what: "end the selected run", run: cancelRun },
  { name: "compact", what: "checkpoint, and drop journal segments", run: (model) => asked(model, { kind: "compact" }) },
  { name: "reload", what: "replace a supervised app", run: (model) => asked(model, { kind: "reload" }) },
  ...timerSorts.map(sortBy),
  {
    name: "help",
    what: "keys",
    run: (model) => ({ model: { ...model, overlay: { kind: "help" } }, effects: nothing }),
  },
  { name: "quit", what: "leave", run: (model) => ({ model, effects: [{ kind: "quit" }] }) },
];

/** What the palette offers for what was typed: names that begin with it first, then those that contain it, then timers. */
export function paletteMatches(model: Model, text: string): readonly PaletteEntry[] {
  const word = text.trim().toLowerCase();
  const begin = palette.filter(({ name }) => name.startsWith(word));
  const contain = palette.filter(({ name }) => !name.startsWith(word) && name.includes(word));
  const timers = model.timers.rows.filter(({ id }) => word !== "" && id.toLowerCase().includes(word)).slice(0, 5);
  const found = timers.map(
    ({ id }): PaletteEntry => ({
      ...{ name: id, what: "this timer" },
      run: (now) => ({ model: opened(now, id), effects: nothing }),
    }),
  );
  return [...begin, ...contain, ...found];
}

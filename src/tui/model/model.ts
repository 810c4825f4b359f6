/** All that the screen is made from: one value, replaced by `update`, shown by `layout`. */

import type { Zone } from "../../core/zone.ts";
import type {
  DetailFacts,
  EventFacts,
  Place,
  RunFacts,
  StatsFacts,
  TimelineFacts,
  TimerFacts,
  TimerSort,
  TimerStateName,
} from "../facts.ts";
import type { Action } from "../source.ts";

/** The views, in the order of their tabs; `detail` is reached from a timer. */
export type ViewName = "overview" | "timers" | "timeline" | "runs" | "apps" | "events" | "detail";

/** How it stands with the runtime. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "lost"; readonly sinceMs: number; readonly why: string };

/** The list of timers: a window of it, of which some rows are on the screen. */
export interface TimersPane {
  readonly sort: TimerSort;
  readonly descending: boolean;
  readonly filter: string;
  readonly state: TimerStateName | undefined;
  readonly anchor: Place | "end" | undefined;
  readonly shift: number;
  readonly rows: readonly TimerFacts[];
  readonly places: readonly Place[];
  /** How many timers come before the first of the rows, and how many there are. */
  readonly position: number;
  readonly total: number;
  /** The first row that is shown, and the one that is selected. */
  readonly top: number;
  readonly cursor: number;
  readonly selectedId: string | undefined;
  readonly isLoaded: boolean;
  /** The last outcomes by timer, a letter each. */
  readonly strips: ReadonlyMap<string, string>;
}

/** A list of which all is here. */
export interface ListPane<Item> {
  readonly items: readonly Item[];
  readonly cursor: number;
}

/** The runs that have not ended. */
export interface RunsPane extends ListPane<RunFacts> {
  readonly isPart: boolean;
  readonly isLoaded: boolean;
  /** How far runs say they are, by run. */
  readonly progress: ReadonlyMap<string, number>;
}

/** What happens, the newest last. */
export interface EventsPane {
  readonly items: readonly EventFacts[];
  readonly isPaused: boolean;
  /** While it is paused: how many came meanwhile. */
  readonly unseen: number;
  /** Lines that the view is scrolled up. */
  readonly back: number;
}

/** One timer. */
export interface DetailPane {
  readonly id: string;
  readonly facts: DetailFacts | undefined;
  /** Why there is nothing. */
  readonly trouble: string | undefined;
  readonly log: readonly EventFacts[];
  readonly scroll: number;
  readonly from: ViewName;
}

/** What lies over the view. */
export type Overlay =
  | { readonly kind: "none" }
  | { readonly kind: "help" }
  | { readonly kind: "filter"; readonly before: string }
  | { readonly kind: "palette"; readonly text: string; readonly chosen: number }
  | { readonly kind: "confirm"; readonly question: string; readonly action: Action };

/** The model. */
export interface Model {
  readonly columns: number;
  readonly rows: number;
  readonly zone: Zone;
  readonly nowMs: number;
  readonly link: Link;
  readonly stats: StatsFacts | undefined;
  /** Runs that began and attempts that failed, by second, the newest last. */
  readonly runsPerSecond: readonly number[];
  readonly failuresPerSecond: readonly number[];
  readonly view: ViewName;
  readonly timers: TimersPane;
  readonly horizon: number;
  readonly timeline: TimelineFacts | undefined;
  readonly runs: RunsPane;
  readonly apps: { readonly cursor: number };
  readonly events: EventsPane;
  readonly detail: DetailPane | undefined;
  readonly overlay: Overlay;
  readonly notice: { readonly text: string; readonly isBad: boolean; readonly untilMs: number } | undefined;
}

/** What is to be done because of an event. */
export type Effect =
  | { readonly kind: "quit" }
  | { readonly kind: "suspend" }
  | { readonly kind: "act"; readonly action: Action };

/** A model and what is to be done. */
export interface Step {
  readonly model: Model;
  readonly effects: readonly Effect[];
}

/** How far the timeline looks ahead. */
export const horizonsMs: readonly number[] = [10 * 60_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000, 7 * 86_400_000];

/** Seconds for which figures are kept. */
export const secondsKept = 600;
/** Events that are kept. */
export const eventsKept = 500;
/** Lines of head and foot around the view. */
export const frameRows = 4;

/** The model before anything is known. */
export function initialModel(zone: Zone, nowMs: number, columns: number, rows: number): Model {
  return {
    ...{ columns, rows, zone, nowMs, link: { kind: "connecting" }, stats: undefined },
    ...{ runsPerSecond: [], failuresPerSecond: [], view: "overview" },
    timers: {
      ...{ sort: "id", descending: false, filter: "", state: undefined, anchor: undefined, shift: 0 },
      ...{ rows: [], places: [], position: 0, total: 0, top: 0, cursor: 0, selectedId: undefined, isLoaded: false },
      strips: new Map(),
    },
    ...{ horizon: 1, timeline: undefined },
    runs: { items: [], cursor: 0, isPart: false, isLoaded: false, progress: new Map() },
    apps: { cursor: 0 },
    events: { items: [], isPaused: false, unseen: 0, back: 0 },
    ...{ detail: undefined, overlay: { kind: "none" }, notice: undefined },
  };
}

/** Lines that a view has. */
export function bodyRows({ rows }: Pick<Model, "rows">): number {
  return Math.max(1, rows - frameRows);
}

/** Timers that are on the screen at a time. */
export function timerRows(model: Pick<Model, "rows">): number {
  return Math.max(1, bodyRows(model) - 2);
}

/** The golden screens: what each shows, in which sizes, and where it is kept. */

import { layout } from "../../src/tui/layout/layout.ts";
import { type Row, textOf } from "../../src/tui/layout/row.ts";
import type { TuiEvent } from "../../src/tui/model/event.ts";
import type { Model } from "../../src/tui/model/model.ts";
import { timelineBuckets } from "../../src/tui/model/wants.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import {
  after,
  detail,
  events,
  keys,
  modelOf,
  nowMs,
  progress,
  runs,
  timelineOf,
  timersTold,
  twoMinutes,
} from "./example.ts";

/** The sizes in which each is kept. */
export const sizes: readonly (readonly [columns: number, rows: number])[] = [
  [80, 24],
  [160, 50],
];

type Make = (columns: number, rows: number) => Model;

const live: Make = (columns, rows) => modelOf(columns, rows, ...twoMinutes);
const told =
  (...more: readonly TuiEvent[]): Make =>
  (columns, rows) =>
    after(live(columns, rows), ...more);
const timersLive: Make = (columns, rows) => {
  const model = after(live(columns, rows), ...keys("2"));
  return after(model, ...timersTold(model));
};
const detailLive: Make = (columns, rows) =>
  after(
    timersLive(columns, rows),
    ...keys("down", "down", "down", "down", "enter"),
    { kind: "detail", id: "rates-ecb", facts: detail },
    { kind: "events", timerId: "rates-ecb", items: events.filter(({ timerId }) => timerId === "rates-ecb") },
  );

/** Every screen by its name. */
export const screens: Readonly<Record<string, Make>> = {
  overview: live,
  "overview-connecting": (columns, rows) => modelOf(columns, rows),
  "overview-lost": told({ kind: "lost", why: "The connection was closed" }, { kind: "tick", nowMs: nowMs + 65_000 }),
  timers: timersLive,
  "timers-filter": (columns, rows) => {
    const model = after(live(columns, rows), ...keys("/", ..."tenant-00"));
    const rowsFound = timersTold(model);
    return after(model, ...rowsFound);
  },
  "timers-confirm": (columns, rows) => after(timersLive(columns, rows), ...keys("t")),
  timeline: (columns, rows) =>
    after(live(columns, rows), ...keys("3"), { kind: "timeline", timeline: timelineOf(timelineBuckets(columns)) }),
  runs: (columns, rows) => after(live(columns, rows), ...keys("4"), { kind: "runs", runs, isPart: false }, progress),
  apps: told(...keys("5")),
  events: told(...keys("6"), { kind: "events", timerId: undefined, items: events }),
  detail: detailLive,
  help: told(...keys("?")),
  palette: told(...keys(":", "c", "a")),
};

/** Where a screen is kept. */
export function goldenPath(name: string, columns: number, rows: number): string {
  return repositoryPath(`test/golden/tui/${name}-${columns}x${rows}.txt`);
}

/** The rows of a screen, with their tones. */
export function screenRows(name: string, columns: number, rows: number): readonly Row[] {
  const make = screens[name];
  if (make === undefined) throw new Error(`Expected a screen, got ${name}`);
  return layout(make(columns, rows), columns, rows);
}

/** The screen as text, without the spaces at the ends of lines. */
export function screenText(name: string, columns: number, rows: number): string {
  const lines = screenRows(name, columns, rows).map((row) => textOf(row).trimEnd());
  return `${lines.join("\n")}\n`;
}

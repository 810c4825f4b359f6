/** How the runtime is doing, at a glance. */

import { toneOf } from "../../core/palette.ts";
import type { StatsFacts, TimerStateName } from "../facts.ts";
import type { Model } from "../model/model.ts";
import { beside, cell, heading, type Row, row, type Span } from "./row.ts";
import { bar, bytes, clockTime, gathered, number, rate, span, sparkline, took } from "./words.ts";

const stateNames: readonly TimerStateName[] = [
  ...(["scheduled", "running", "retrying", "waiting", "paused"] as const),
  ...(["orphaned", "completed", "dead", "cancelled"] as const),
];
const labelWidth = 12;

/** The view. */
export function overviewRows(model: Model, columns: number, height: number): Row[] {
  const { stats } = model;
  if (stats === undefined) return [row(), row(["  Nothing is known yet.", "dim"])];
  const left = Math.floor(columns * 0.34);
  const right = columns - left - 2;
  const upper = beside(statesPart(stats, left), left, figuresPart(model, stats, right));
  // What is left over goes to the charts, one line each at least.
  const chartRows = Math.max(1, Math.min(14, Math.floor((height - upper.length - 3) / 2)));
  return [
    ...upper,
    row(),
    ...chart("runs/s", model.runsPerSecond, columns, chartRows, "good"),
    ...chart("failures/s", model.failuresPerSecond, columns, chartRows, "bad"),
  ];
}

function statesPart({ states, status, isWhole }: StatsFacts, width: number): Row[] {
  const total = Math.max(1, status.timers);
  const lines = stateNames.map((name): Row => {
    const count = states[name];
    const barWidth = Math.max(0, width - labelWidth - 11);
    const shown = count === 0 ? "" : bar(count / total, barWidth).replaceAll("░", " ");
    return row([cell(name, labelWidth), count === 0 ? "dim" : toneOf(name)], cell(number(count), 9, "right"), "  ", [
      shown,
      toneOf(name),
    ]);
  });
  return [heading(isWhole ? "Timers" : "Timers, being counted", width, number(status.timers)), ...lines];
}

function figuresPart(model: Model, stats: StatsFacts, width: number): Row[] {
  const { status, lateness, sizes, freeBytes, clock, totals } = stats;
  const line = (label: string, ...spans: readonly (Span | string)[]): Row =>
    row([cell(label, labelWidth), "dim"], ...spans);
  const perSecond = model.runsPerSecond.at(-1);
  const inFlight = bar(status.running / Math.max(1, status.concurrency), Math.min(20, Math.max(4, width - 44)));
  return [
    heading("Runs", width, `${status.mode} ${status.version}`),
    line("in flight", `${number(status.running)} of ${number(status.concurrency)}  `, [inFlight, "good"]),
    line("queued", `${number(status.waiting)} waiting, ${number(status.due)} due`, ...abandoned(status.abandoned)),
    line(
      "rate",
      perSecond === undefined ? "-" : `${rate(perSecond)}/s`,
      [`   since attached: ${number(totals.succeeded)} ok, `, "dim"],
      [`${number(totals.dead)} dead`, totals.dead > 0 ? "bad" : "dim"],
    ),
    line("lateness", ...latenessSpans(lateness)),
    line("missed", `${number(totals.missed)} missed, ${number(totals.skipped)} skipped`),
    line(
      "journal",
      `${bytes(sizes.journalBytes)} in ${number(sizes.segments)} segments, entry ${number(status.lastIndex)}`,
    ),
    line("snapshot", bytes(sizes.snapshotBytes), ...freeSpans(freeBytes)),
    line("memory", bytes(status.rssBytes), ...(status.isWritable ? [] : [["   the disk is full", "bad"] as const])),
    line("clock", ...clockSpans(model, clock)),
  ];
}

function abandoned(count: number): Span[] {
  return count === 0 ? [] : [[`, ${number(count)} given up`, "warn"]];
}

function latenessSpans({ count, p50Ms, p99Ms }: StatsFacts["lateness"]): Span[] {
  if (p50Ms === null || p99Ms === null) return [["no runs in the last minute", "dim"]];
  const tone = p99Ms >= 1_000 ? "bad" : p99Ms >= 100 ? "warn" : "good";
  return [
    [`p50 ${ms(p50Ms)}  p99 `, "plain"],
    [ms(p99Ms), tone],
    [`   of ${number(count)} in a minute`, "dim"],
  ];
}

function ms(value: number): string {
  return value < 1_000 ? `${value}ms` : took(value);
}

function freeSpans(freeBytes: number | null): Span[] {
  if (freeBytes === null) return [];
  return [[`, ${bytes(freeBytes)} free on the disk`, freeBytes < 256 * 1024 * 1024 ? "bad" : "dim"]];
}

function clockSpans({ zone }: Model, { count, lastAtMs, lastDeltaMs }: StatsFacts["clock"]): Span[] {
  if (count === 0 || lastAtMs === null || lastDeltaMs === null) return [["steady", "dim"]];
  const by = `${lastDeltaMs < 0 ? "-" : "+"}${ms(Math.abs(lastDeltaMs))}`;
  return [
    [`stepped ${by} at ${clockTime(lastAtMs, zone)}`, "warn"],
    [`, ${number(count)} in all`, "dim"],
  ];
}

/** A chart of `rows` lines over the whole width; each column stands for as many seconds as make it fit. */
function chart(title: string, values: readonly number[], columns: number, rows: number, tone: Span[1]): Row[] {
  const width = columns - 2;
  const secondsEach = Math.max(1, Math.ceil(values.length / width));
  const points = gathered(values, secondsEach);
  const max = Math.max(0, ...points);
  const over = `${span(values.length * 1_000)}, at most ${rate(max)}`;
  const lines = Array.from({ length: rows }, (_, at) => {
    // The topmost line shows what is above the share of all lines below it.
    const floor = ((rows - 1 - at) / rows) * max;
    const part = points.map((value) => Math.min(max / rows, value - floor));
    return row(" ", [sparkline(part, width, max / rows), tone]);
  });
  return [heading(title, columns, over), ...lines];
}

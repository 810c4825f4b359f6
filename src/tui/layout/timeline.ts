/** What is due when: a chart of the time ahead, and the seconds in which most timers are due at once. */

import { horizonsMs, type Model } from "../model/model.ts";
import { cell, heading, type Row, row, type Span } from "./row.ts";
import { clockTime, countdown, dayTime, number, span, sparkline } from "./words.ts";

const axisWidth = 8;
/** Timers due in one second from which on it is worth a warning. */
const stampede = 100;

/** The view. */
export function timelineRows(model: Model, columns: number, height: number): Row[] {
  const { timeline, horizon } = model;
  const title = `Due in the next ${span(horizonsMs[horizon] ?? 0)}`;
  if (timeline === undefined) return [heading(title, columns), row(["  …", "dim"])];
  const { counts, overdue, bucketMs } = timeline;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const more = `${number(total)} runs${overdue > 0 ? `, ${number(overdue)} overdue` : ""}, ${bucketMs < 1_000 ? `${Math.round(bucketMs)}ms` : span(bucketMs)} a column`;
  const chartRows = Math.max(3, Math.min(12, Math.floor(height * 0.4)));
  return [
    heading(title, columns, more),
    ...chartOf(model, chartRows),
    ...axis(model),
    row(),
    ...peakRows(model, columns, height - chartRows - 5),
  ];
}

function chartOf({ timeline }: Model, rows: number): Row[] {
  const counts = timeline?.counts ?? [];
  const max = Math.max(1, ...counts);
  return Array.from({ length: rows }, (_, at) => {
    const floor = ((rows - 1 - at) / rows) * max;
    const part = counts.map((count) => Math.min(max / rows, count - floor));
    const label = at === 0 ? number(max) : at === rows - 1 ? "0" : "";
    return row(
      [`${cell(label, axisWidth - 2, "right")} │`, "dim"],
      [sparkline(part, counts.length, max / rows), "info"],
    );
  });
}

/** Times under the chart, as many as have room. */
function axis({ timeline, zone }: Model): Row[] {
  if (timeline === undefined) return [];
  const { counts, fromMs, bucketMs } = timeline;
  const isDays = counts.length * bucketMs > 86_400_000;
  const width = isDays ? 15 : 10;
  let text = "";
  for (let at = 0; at + width <= counts.length + 2; at += 2 * width) {
    const atMs = fromMs + at * bucketMs;
    const label = isDays ? dayTime(atMs, zone).slice(0, 11) : clockTime(atMs, zone);
    text = cell(text, at) + cell(label, width);
  }
  return [
    row([`${" ".repeat(axisWidth - 1)}└${"─".repeat(counts.length)}`, "dim"]),
    row([`${" ".repeat(axisWidth)}${text}`, "dim"]),
  ];
}

function peakRows(model: Model, columns: number, room: number): Row[] {
  const { timeline, zone, nowMs } = model;
  const peaks = timeline?.peaks ?? [];
  const lines: Row[] = [heading("Most at once", columns)];
  if (peaks.length === 0) return [...lines, row(["  No two timers are due in the same second", "dim"])];
  const most = Math.max(...peaks.map(({ count }) => count));
  // When not all have room, those with fewest go.
  const least = [...peaks].sort((a, b) => b.count - a.count)[Math.max(0, room - 1)]?.count ?? 0;
  const shown = peaks.filter(({ count }) => count >= least).slice(0, Math.max(1, room));
  const barWidth = Math.max(5, Math.floor(columns * 0.25));
  for (const { atMs, count, ids } of shown) {
    const tone: Span[1] = count >= stampede ? "bad" : "plain";
    const bar = "█".repeat(Math.max(1, Math.round((count / most) * barWidth)));
    const rest = count - ids.length;
    lines.push(
      row(
        `  ${dayTime(atMs, zone)}  `,
        [cell(countdown(atMs, nowMs), 12), "dim"],
        [cell(number(count), 8, "right"), tone],
        [` ${cell(bar, barWidth)}  `, tone === "bad" ? "bad" : "info"],
        [`${ids.join(", ")}${rest > 0 ? ` and ${number(rest)} more` : ""}`, "dim"],
      ),
    );
  }
  return lines;
}

/** The list of timers. */

import { toneOf } from "../../core/palette.ts";
import type { TimerFacts } from "../facts.ts";
import { type Model, timerRows } from "../model/model.ts";
import { stripLength } from "../model/wants.ts";
import { cell, type Row, row, type Span } from "./row.ts";
import { clockTime, countdown, number, span, stripSign, took } from "./words.ts";

interface Widths {
  readonly id: number;
  readonly state: number;
  readonly schedule: number;
  readonly next: number;
  readonly last: number;
  readonly took: number;
  readonly strip: number;
}

const sortTitles: Readonly<Record<Model["timers"]["sort"], string>> = {
  ...{ id: "by id", next: "by next run", last: "by last end", duration: "by duration", state: "by state" },
};

/** The view. */
export function timersRows(model: Model, columns: number, height: number): Row[] {
  const { timers } = model;
  const { rows, top, cursor, isLoaded, total } = timers;
  const widths = widthsFor(columns);
  const visible = Math.max(1, Math.min(timerRows(model), height - 2));
  const shown = rows.slice(top, top + visible);
  const lines = shown.map((timer, at) => timerRow(model, timer, top + at, widths, top + at === cursor));
  if (!isLoaded) lines.splice(0, lines.length, row(["  …", "dim"]));
  else if (total === 0) lines.push(row([emptyText(model), "dim"]));
  return [titleRow(model, columns), headings(widths), ...lines];
}

function emptyText({ timers }: Model): string {
  const isNarrowed = timers.filter !== "" || timers.state !== undefined;
  return isNarrowed ? "  No timer matches; Esc shows all" : "  There is no timer yet";
}

function titleRow({ timers, stats }: Model, columns: number): Row {
  const { filter, state, sort, descending, position, top, cursor, total, rows } = timers;
  const all = stats?.status.timers ?? total;
  const at = rows.length === 0 ? 0 : position + cursor + 1;
  const left: Span[] = [[` ${number(at)} of ${number(total)}`, "strong"]];
  if (total !== all) left.push([` (${number(all)} in all)`, "dim"]);
  left.push([`  ${sortTitles[sort]}${descending ? ", the other way round" : ""}`, "dim"]);
  if (filter !== "") left.push(["  /", "dim"], [filter, "accent"]);
  if (state !== undefined) left.push(["  only ", "dim"], [state, toneOf(state)]);
  const share = total <= rows.length ? "" : `${Math.round(((position + top) / Math.max(1, total)) * 100)} %`;
  const text = left.map(([part]) => part).join("");
  return row(...left, [cell(share, Math.max(0, columns - text.length - 1), "right"), "dim"]);
}

/** Columns that have no room are left out, the least telling first. */
function widthsFor(columns: number): Widths {
  const strip = columns >= 100 ? stripLength : columns >= 72 ? 10 : 0;
  const last = columns >= 120 ? 26 : 0;
  const fixed = { state: 9, next: columns >= 120 ? 22 : 12, last, took: columns >= 60 ? 7 : 0, strip };
  const used = Object.values(fixed).reduce((sum, width) => sum + (width === 0 ? 0 : width + 1), 2);
  const rest = Math.max(8, columns - used);
  const schedule = rest < 24 ? 0 : Math.min(34, Math.floor(rest * 0.42));
  return { ...fixed, schedule, id: rest - (schedule === 0 ? 0 : schedule + 1) };
}

function headings(widths: Widths): Row {
  const names = [
    cell("TIMER", widths.id),
    ...(widths.schedule > 0 ? [cell("SCHEDULE", widths.schedule)] : []),
    cell("STATE", widths.state),
    cell("NEXT", widths.next),
    ...(widths.last > 0 ? [cell("LAST", widths.last)] : []),
    ...(widths.took > 0 ? [cell("TOOK", widths.took, "right")] : []),
    ...(widths.strip > 0 ? [cell(widths.strip < 15 ? "OUTCOMES" : "LAST OUTCOMES", widths.strip, "right")] : []),
  ];
  return row([`  ${names.join(" ")}`, "dim"]);
}

function timerRow(model: Model, timer: TimerFacts, index: number, widths: Widths, isSelected: boolean): Row {
  const spans: Span[] = [
    [isSelected ? "› " : "  ", "accent"],
    [cell(timer.id, widths.id), "plain"],
  ];
  const add = (text: string, width: number, tone: Span[1], align: "left" | "right" = "left"): void => {
    if (width > 0) spans.push([` ${cell(text, width, align)}`, tone]);
  };
  add(timer.schedule, widths.schedule, "dim");
  add(timer.state, widths.state, toneOf(timer.state));
  add(nextText(model, timer, widths.next), widths.next, timer.retryAtMs === undefined ? "plain" : "warn");
  add(lastText(model, timer), widths.last, toneOf(timer.lastOutcome ?? ""));
  add(
    timer.lastTookMs === undefined ? "" : took(timer.lastTookMs),
    widths.took,
    widths.last > 0 ? "plain" : toneOf(timer.lastOutcome ?? ""),
    "right",
  );
  spans.push(...stripSpans(model.timers.strips.get(timer.id) ?? "", widths.strip));
  const line: Row = { spans, hits: [[0, Number.POSITIVE_INFINITY, { kind: "row", index }]] };
  return isSelected ? { ...line, look: "selected" } : line;
}

function nextText({ zone, nowMs }: Model, { nextAtMs, retryAtMs, state }: TimerFacts, width: number): string {
  const atMs = retryAtMs ?? nextAtMs;
  if (atMs === undefined || state === "paused") return "-";
  const text = countdown(atMs, nowMs);
  return width > 15 ? `${clockTime(atMs, zone)} ${text}` : text;
}

function lastText({ nowMs }: Model, { lastAtMs, lastOutcome }: TimerFacts): string {
  if (lastAtMs === undefined || lastOutcome === undefined) return "";
  return `${lastOutcome} ${span(nowMs - lastAtMs)} ago`;
}

function stripSpans(letters: string, width: number): Span[] {
  if (width === 0) return [];
  const shown = letters.slice(-width);
  const spans: Span[] = [[" ".repeat(1 + width - shown.length), "plain"]];
  for (const letter of shown) spans.push([stripSign(letter), toneOf(letter)]);
  return spans;
}

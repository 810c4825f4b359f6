/** One timer: what it is, when it runs next, how it ran before with each failed attempt, and what its runs say. */

import { toneOf } from "../../core/palette.ts";
import type { DetailFacts, EventFacts, HistoryFacts } from "../facts.ts";
import type { Model } from "../model/model.ts";
import { eventRow } from "./events.ts";
import { beside, cell, heading, type Row, row, type Span } from "./row.ts";
import { countdown, dayTime, number, took } from "./words.ts";

/** The view. */
export function detailRows(model: Model, columns: number, height: number): Row[] {
  const { detail } = model;
  if (detail === undefined) return [];
  const { facts, trouble, log, id } = detail;
  if (facts === undefined)
    return [heading(id, columns), row([`  ${trouble ?? "…"}`, trouble === undefined ? "dim" : "bad"])];
  const right = Math.min(34, Math.floor(columns * 0.36));
  const left = columns - right - 2;
  const upperRows = Math.max(6, Math.floor(height * 0.5));
  const upper = beside(definitionPart(model, facts, left), left, nextPart(model, facts, right)).slice(0, upperRows);
  const lower = [...outputPart(facts, columns, height), ...logPart(model, log, columns, height)];
  const historyRows = Math.max(2, height - upper.length - lower.length);
  const history = historyPart(model, facts, columns, historyRows);
  while (history.length < historyRows && lower.length > 0) history.push(row());
  return [...upper, ...history, ...lower];
}

/** The end of what the newest run has printed. */
function outputPart({ output }: DetailFacts, columns: number, height: number): Row[] {
  if (output === undefined || output.lines.length === 0) return [];
  const room = Math.max(2, Math.floor(height * 0.2));
  const lines = output.lines.slice(-room).map((line) => row(`  ${line}`));
  return [heading("Output", columns, output.runId), ...lines];
}

/** What happens to it while one looks. */
function logPart({ zone }: Model, log: readonly EventFacts[], columns: number, height: number): Row[] {
  if (log.length === 0) return [];
  const room = Math.max(2, Math.floor(height * 0.2));
  // Every line is about this timer: its runs are told apart instead.
  const lines = log.slice(-room).map((item) => eventRow({ ...item, timerId: item.runId }, zone, columns));
  return [heading("Live", columns), ...lines];
}

function definitionPart({ runs: { progress } }: Model, { timer, lines, runs }: DetailFacts, width: number): Row[] {
  const state: Row = row([cell("state", 11), "dim"], [timer.state, toneOf(timer.state)], ...liveSpans(runs, progress));
  const rest = lines.map(([name, value]) => row([cell(name, 11), "dim"], value));
  return [heading(timer.id, width), state, ...rest];
}

function liveSpans(runs: DetailFacts["runs"], progress: ReadonlyMap<string, number>): Span[] {
  const [first] = runs;
  if (first === undefined) return [];
  const fraction = progress.get(first.runId);
  const far = fraction === undefined ? "" : `, ${Math.round(fraction * 100)} %`;
  const others = runs.length > 1 ? `, ${number(runs.length - 1)} more` : "";
  return [[`  ${first.runId} attempt ${first.attempt} of ${first.maxAttempts}${far}${others}`, "dim"]];
}

function nextPart({ zone, nowMs }: Model, { nextRunsMs, isFixedDelay, timer }: DetailFacts, width: number): Row[] {
  const lines = nextRunsMs.map((atMs) => row(dayTime(atMs, zone), [`  ${countdown(atMs, nowMs)}`, "dim"]));
  if (timer.state === "paused") lines.unshift(row(["paused; otherwise it would be", "info"]));
  if (lines.length === 0) lines.push(row(["none", "dim"]));
  if (isFixedDelay && nextRunsMs.length > 0) lines.push(row(["then, counted from its end", "dim"]));
  return [heading("Next", width), ...lines];
}

function historyPart(model: Model, { history }: DetailFacts, columns: number, room: number): Row[] {
  const lines = history.flatMap((entry) => entryRows(model, entry));
  const scroll = Math.min(model.detail?.scroll ?? 0, Math.max(0, lines.length - room + 1));
  const more = lines.length > room - 1 ? `line ${number(scroll + 1)} of ${number(lines.length)}` : "";
  if (lines.length === 0) lines.push(row(["  It has not run yet", "dim"]));
  return [heading("History", columns, more), ...lines.slice(scroll, scroll + room - 1)];
}

function entryRows({ zone }: Model, entry: HistoryFacts): Row[] {
  const { outcome, finishedAtMs, tookMs, attempts, failures, note, isManual, count } = entry;
  const many = count > 1 ? `${number(count)} times` : attempts > 1 ? `${attempts} attempts` : "";
  const first = row(
    [`  ${dayTime(finishedAtMs, zone)} `, "dim"],
    [cell(outcome, 16), toneOf(outcome)],
    cell(tookMs === undefined ? "" : took(tookMs), 8, "right"),
    [` ${cell(isManual ? "by hand" : "", 7)} ${cell(many, 11)} `, "dim"],
    [note, outcome === "DEAD" ? "bad" : "dim"],
  );
  const others = failures.map((failure) =>
    row(
      [`${" ".repeat(17)}└ ${cell(`attempt ${failure.attempt}`, 11)}`, "dim"],
      [cell(failure.outcome, 10), toneOf(failure.outcome)],
      [`${cell(took(failure.tookMs), 8, "right")}  ${failure.error}`, "dim"],
    ),
  );
  return [first, ...others];
}

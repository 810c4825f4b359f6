/** The runs that have not ended. */

import { toneOf } from "../../core/palette.ts";
import type { RunFacts } from "../facts.ts";
import type { Model } from "../model/model.ts";
import { cell, type Row, row, type Span } from "./row.ts";
import { bar, countdown, number, span } from "./words.ts";

/** The view. */
export function runsRows(model: Model, columns: number, height: number): Row[] {
  const { runs, stats } = model;
  const { items, cursor, isPart, isLoaded } = runs;
  const visible = Math.max(1, height - 2);
  const top = Math.max(0, Math.min(cursor - Math.floor(visible / 2), items.length - visible));
  const widths = widthsFor(columns);
  const all = stats === undefined || !isPart ? items.length : Math.max(items.length, stats.liveRuns);
  const title = ` ${number(items.length === 0 ? 0 : cursor + 1)} of ${number(all)} in flight`;
  const note = isPart ? `, of which the first ${number(items.length)} are shown` : "";
  const lines = items.slice(top, top + visible).map((run, at) => runRow(model, run, top + at, widths));
  if (!isLoaded) lines.push(row(["  …", "dim"]));
  else if (items.length === 0) lines.push(row(["  Nothing runs, and nothing waits to", "dim"]));
  return [row([title, "strong"], [note, "dim"]), headings(widths), ...lines];
}

interface Widths {
  readonly timer: number;
  readonly runId: number;
  readonly runner: number;
  readonly progress: number;
}

function widthsFor(columns: number): Widths {
  const progress = columns >= 100 ? 24 : 14;
  const runner = columns >= 90 ? 9 : 8;
  const runId = columns >= 96 ? 14 : 0;
  const used = 2 + 1 + 9 + 1 + 8 + 1 + 11 + 1 + runner + 1 + progress + (runId === 0 ? 0 : runId + 1);
  return { progress, runner, runId, timer: Math.max(8, columns - used) };
}

function headings({ timer, runId, runner, progress }: Widths): Row {
  const names = [cell("TIMER", timer), ...(runId === 0 ? [] : [cell("RUN", runId)])];
  names.push(cell("STATE", 9), cell("ATTEMPT", 8));
  return row([`  ${[...names, cell("AGE", 11), cell("RUNNER", runner), cell("PROGRESS", progress)].join(" ")}`, "dim"]);
}

function runRow(model: Model, run: RunFacts, index: number, widths: Widths): Row {
  const { runs } = model;
  const isSelected = index === runs.cursor;
  const fraction = runs.progress.get(run.runId);
  const percent = fraction === undefined ? "" : `${Math.round(fraction * 100)} %`;
  const spans: Span[] = [
    [isSelected ? "› " : "  ", "accent"],
    [cell(run.timerId, widths.timer), "plain"],
    [widths.runId === 0 ? "" : ` ${cell(run.runId, widths.runId)}`, "dim"],
    [` ${cell(run.state, 9)}`, toneOf(run.state)],
    [` ${cell(`${run.attempt} of ${run.maxAttempts}`, 8)}`, run.attempt > 1 ? "warn" : "plain"],
    [` ${cell(ageText(model, run), 11)}`, "plain"],
    [` ${cell(run.isManual ? `${run.target}*` : run.target, widths.runner)} `, "dim"],
    [fraction === undefined ? "" : bar(fraction, widths.progress - 6), "good"],
    [cell(percent, 6, "right"), "plain"],
  ];
  const line: Row = { spans, hits: [[0, Number.POSITIVE_INFINITY, { kind: "row", index }]] };
  return isSelected ? { ...line, look: "selected" } : line;
}

/** How long the attempt has been under way, or when there will be one. */
function ageText({ nowMs }: Model, { state, startedAtMs, dueAtMs, retryAtMs }: RunFacts): string {
  if (state === "retrying" && retryAtMs !== undefined) return countdown(retryAtMs, nowMs);
  return span(nowMs - (state === "running" && startedAtMs !== undefined ? startedAtMs : dueAtMs));
}

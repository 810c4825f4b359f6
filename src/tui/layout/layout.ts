/** The screen as rows of text, made from the model alone. */

import { unreachable } from "../../core/assert.ts";
import { displayWidth } from "../../core/display-width.ts";
import type { Hit } from "../model/event.ts";
import { frameRows, type Model } from "../model/model.ts";
import { tabs } from "../model/views.ts";
import { appsRows } from "./apps.ts";
import { detailRows } from "./detail.ts";
import { eventsRows } from "./events.ts";
import { keysOf } from "./keys.ts";
import { overlayRows } from "./overlays.ts";
import { overviewRows } from "./overview.ts";
import { filled, type Row, row, type Span, textOf } from "./row.ts";
import { runsRows } from "./runs.ts";
import { timelineRows } from "./timeline.ts";
import { timersRows } from "./timers.ts";
import { clockTime, span } from "./words.ts";

/** Exactly `rows` rows of exactly `columns` columns. */
export function layout(model: Model, columns: number, rows: number): Row[] {
  const height = Math.max(1, rows - frameRows);
  const body = bodyOf(model, columns, height).slice(0, height);
  while (body.length < height) body.push(row());
  const screen = [
    header(model, columns),
    tabRow(model),
    ...overlayRows(model, body, columns),
    messageRow(model),
    footer(model),
  ];
  return screen.slice(0, rows).map((line) => filled(line, columns));
}

function bodyOf(model: Model, columns: number, height: number): Row[] {
  switch (model.view) {
    case "overview":
      return overviewRows(model, columns, height);
    case "timers":
      return timersRows(model, columns, height);
    case "timeline":
      return timelineRows(model, columns, height);
    case "runs":
      return runsRows(model, columns, height);
    case "apps":
      return appsRows(model, columns);
    case "events":
      return eventsRows(model, columns, height);
    case "detail":
      return detailRows(model, columns, height);
    default:
      return unreachable(model.view);
  }
}

function header(model: Model, columns: number): Row {
  const { stats, nowMs, zone } = model;
  const status = stats?.status;
  const left: Span[] = [[" kron ", "strong"]];
  if (status !== undefined) {
    left.push(
      [status.dataDir, "plain"],
      [`  pid ${status.pid}  ${status.mode}  up ${span(nowMs - status.startedAtMs)}`, "dim"],
    );
  }
  const state: Span = linkSpan(model);
  const right: Span[] = [[` ${clockTime(nowMs, zone)} `, "plain"], state, [" ", "plain"]];
  const width = columns - displayWidth(textOf({ spans: right }));
  const spans = [...filled({ spans: left }, Math.max(0, width)).spans, ...right];
  return { spans, look: "bar" };
}

function linkSpan({ link, stats }: Model): Span {
  if (link.kind === "connecting") return ["◌ connecting", "info"];
  if (link.kind === "lost") return ["✗ no runtime", "bad"];
  if (stats?.status.isWritable === false) return ["✗ disk full", "bad"];
  const state = stats?.status.state ?? "running";
  return state === "running" ? ["● live", "good"] : [`● ${state}`, "warn"];
}

function tabRow(model: Model): Row {
  const spans: Span[] = [];
  const hits: (readonly [number, number, Hit])[] = [];
  let at = 0;
  const add = (text: string, tone: Span[1], hit?: Hit): void => {
    if (hit !== undefined) hits.push([at, at + displayWidth(text), hit]);
    spans.push([text, tone]);
    at += displayWidth(text);
  };
  for (const [number, [view, title]] of tabs.entries()) {
    const isHere = model.view === view;
    add(isHere ? `[${number + 1} ${title}]` : ` ${number + 1} ${title} `, isHere ? "title" : "dim", {
      kind: "view",
      view,
    });
  }
  if (model.view === "detail") add(`[${model.detail?.id ?? ""}]`, "title");
  return { spans, hits };
}

/** What was done, what is asked for, or what is shown while there is no runtime. */
function messageRow(model: Model): Row {
  const { overlay, link, notice, zone, nowMs, timers } = model;
  if (overlay.kind === "filter") return row(["/", "accent"], [`${timers.filter}▏`, "strong"]);
  if (link.kind === "lost") {
    const since = `since ${clockTime(link.sinceMs, zone)} (${span(nowMs - link.sinceMs)})`;
    const shown = model.stats === undefined ? "" : "this is what it last said; ";
    return row([` No runtime ${since}: ${shown}trying again. ${link.why}`, "bad"]);
  }
  if (notice !== undefined) return row([` ${notice.text}`, notice.isBad ? "bad" : "good"]);
  if (link.kind === "connecting") return row([" Looking for the runtime…", "info"]);
  return row();
}

function footer(model: Model): Row {
  const spans: Span[] = [[" ", "plain"]];
  const hits: (readonly [number, number, Hit])[] = [];
  let at = 1;
  for (const [key, what] of keysOf(model)) {
    const width = displayWidth(key) + 1 + displayWidth(what);
    hits.push([at, at + width, { kind: "key", key: keyNames.get(key) ?? key }]);
    spans.push([key, "accent"], [` ${what}  `, "dim"]);
    at += width + 2;
  }
  return { spans, hits };
}

const keyNames: ReadonlyMap<string, string> = new Map([
  ["↵", "enter"],
  ["Esc", "escape"],
  ["Space", " "],
]);

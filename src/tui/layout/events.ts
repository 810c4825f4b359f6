/** What happens, line by line. */

import type { Tone } from "../../core/palette.ts";
import type { Zone } from "../../core/zone.ts";
import type { EventFacts } from "../facts.ts";
import type { Model } from "../model/model.ts";
import { cell, type Row, row } from "./row.ts";
import { clockTime, number } from "./words.ts";

/** The view: the newest last, at the lower end. */
export function eventsRows(model: Model, columns: number, height: number): Row[] {
  const { items, isPaused, unseen, back } = model.events;
  const visible = Math.max(1, height - 1);
  const end = Math.max(Math.min(visible, items.length), items.length - back);
  const lines = items.slice(Math.max(0, end - visible), end).map((item) => eventRow(item, model.zone, columns));
  if (items.length === 0)
    lines.push(row([isPaused ? "  Nothing was told" : "  Waiting for something to happen…", "dim"]));
  const more = unseen > 0 ? `, ${number(unseen)} more meanwhile` : "";
  const title = isPaused ? row([" Paused", "warn"], [`${more}; Space goes on`, "dim"]) : row([" Live", "good"]);
  return [title, ...lines];
}

/** One event as a line. */
export function eventRow({ type, atMs, timerId, text }: EventFacts, zone: Zone, columns: number): Row {
  if (type === "DROPPED") return row([`  … ${text}`, "dim"]);
  const idWidth = Math.max(10, Math.min(30, Math.floor(columns * 0.22)));
  return row(
    [` ${cell(atMs === undefined ? "" : clockTime(atMs, zone), 8)} `, "dim"],
    [cell(type, 20), eventTone(type)],
    ` ${cell(timerId ?? "", idWidth)} `,
    [text, "dim"],
  );
}

function eventTone(type: string): Tone {
  if (/FAILED|DEAD|LOST|TIMED_OUT|ERROR/.test(type)) return "bad";
  if (/RETRYING|MISSED|SKIPPED|WARNING|CLOCK/.test(type)) return "warn";
  if (type === "RUN_SUCCEEDED") return "good";
  return type.startsWith("TIMER") ? "accent" : "info";
}

/** What lies over the view: help, the palette, a question. */

import { displayWidth } from "../../core/display-width.ts";
import { paletteMatches } from "../model/commands.ts";
import type { Model } from "../model/model.ts";
import { allKeys } from "./keys.ts";
import { cell, filled, type Row, row, type Span, textOf } from "./row.ts";

/** The rows of the view with what lies over them. */
export function overlayRows(model: Model, body: readonly Row[], columns: number): Row[] {
  switch (model.overlay.kind) {
    case "help":
      return boxed(body, helpRows(columns), columns, "Keys");
    case "palette":
      return boxed(body, paletteRows(model, body.length), columns, "Commands");
    case "confirm":
      return boxed(
        body,
        [row([model.overlay.question, "strong"]), row(), row(["y", "accent"], " yes   ", ["n", "accent"], " no")],
        columns,
        "Sure?",
      );
    default:
      return [...body];
  }
}

function helpRows(columns: number): Row[] {
  const columnWidth = Math.max(20, Math.min(38, Math.floor((columns - 6) / 2)));
  const [left = [], right = []] = allKeys.map(([about, keys]) => [
    row([about, "title"]),
    ...keys.map(([key, what]) => row([cell(key, 15), "accent"], [what, "plain"])),
  ]);
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => ({
    spans: [...filled(left[at] ?? row(), columnWidth).spans, ...filled(right[at] ?? row(), columnWidth).spans],
  }));
}

function paletteRows(model: Model, height: number): Row[] {
  const { overlay } = model;
  if (overlay.kind !== "palette") return [];
  const matches = paletteMatches(model, overlay.text);
  const room = Math.max(1, height - 4);
  const top = Math.max(0, Math.min(overlay.chosen - Math.floor(room / 2), matches.length - room));
  const lines = matches.slice(top, top + room).map(({ name, what }, at): Row => {
    const isChosen = top + at === overlay.chosen;
    const line = row([isChosen ? "› " : "  ", "accent"], cell(name, 22), [cell(what, 38), "dim"]);
    return isChosen ? { ...line, look: "selected" } : line;
  });
  if (matches.length === 0) lines.push(row([cell("  There is no such command", 62), "dim"]));
  return [row([":", "accent"], [cell(`${overlay.text}▏`, 61), "strong"]), ...lines];
}

/** `content` in a frame in the middle of `body`. */
function boxed(body: readonly Row[], content: readonly Row[], columns: number, title: string): Row[] {
  const inner = Math.min(
    Math.max(0, columns - 4),
    Math.max(displayWidth(title) + 4, ...content.map((line) => displayWidth(textOf(line)))),
  );
  const top: Span = [`┌ ${title} ${"─".repeat(Math.max(0, inner - displayWidth(title)))}┐`, "accent"];
  const framed: Row[] = [
    row(top),
    ...content.map((line): Row => {
      const spans: Span[] = [["│ ", "accent"], ...filled(line, inner).spans, [" │", "accent"]];
      return line.look === undefined ? { spans } : { spans, look: line.look };
    }),
    row([`└${"─".repeat(inner + 2)}┘`, "accent"]),
  ].slice(0, body.length);
  const left = Math.max(0, Math.floor((columns - inner - 4) / 2));
  const first = Math.max(0, Math.floor((body.length - framed.length) / 2));
  return body.map((line, at) => {
    const over = framed[at - first];
    if (over === undefined) return { spans: line.spans };
    return {
      spans: [...filled({ spans: line.spans }, left, true).spans, ...over.spans],
      ...(over.look !== undefined && { look: over.look }),
    };
  });
}

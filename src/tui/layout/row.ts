/** Rows of the screen: pieces of text with a tone each. No escape codes; what a tone looks like the painter knows. */

import { displayWidth, fitted } from "../../core/display-width.ts";
import type { Tone } from "../../core/palette.ts";
import type { Hit } from "../model/event.ts";

/** A piece of text. */
export type Span = readonly [text: string, tone: Tone];

/** A row; `bar`: it stands out as a whole, `selected`: so it does as the one of many. */
export interface Row {
  readonly spans: readonly Span[];
  readonly look?: "bar" | "selected";
  /** What a click between two columns, the second left out, means. */
  readonly hits?: readonly (readonly [from: number, to: number, hit: Hit])[];
}

// Whatever a terminal would act on must not reach it, wherever it came from.
const unsafe = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** A row of these pieces. */
export function row(...spans: readonly (Span | string)[]): Row {
  return { spans: spans.map((span): Span => (typeof span === "string" ? [span, "plain"] : span)) };
}

/** Text that fills exactly `width` columns, cut with an ellipsis where it is longer. */
export function cell(text: string, width: number, align: "left" | "right" = "left"): string {
  if (width <= 0) return "";
  const clean = text.replace(unsafe, "·");
  const short = fitted(clean, width);
  const padding = " ".repeat(Math.max(0, width - displayWidth(short)));
  return align === "right" ? padding + short : short + padding;
}

/** The row cut or filled to exactly `width` columns; `isCovered`: what is cut off lies behind something else. */
export function filled(line: Row, width: number, isCovered = false): Row {
  const spans: Span[] = [];
  let left = width;
  for (const [text, tone] of line.spans) {
    if (left === 0) break;
    const clean = text.replace(unsafe, "·");
    const part = displayWidth(clean) <= left ? clean : isCovered ? covered(clean, left) : cell(clean, left);
    if (part !== "") spans.push([part, tone]);
    left -= displayWidth(part);
  }
  if (left > 0) spans.push([" ".repeat(left), "plain"]);
  return { ...line, spans };
}

/** The start of a text that is too long, without a sign that it goes on. */
function covered(text: string, width: number): string {
  const short = fitted(text, width + 1).slice(0, -1);
  return short + " ".repeat(Math.max(0, width - displayWidth(short)));
}

/** The text of a row. */
export function textOf({ spans }: Row): string {
  return spans.map(([text]) => text).join("");
}

/** A heading over a part of a view, with a line to the right end. */
export function heading(title: string, width: number, more = ""): Row {
  const rest = width - displayWidth(title) - displayWidth(more) - (more === "" ? 4 : 6);
  const line = "─".repeat(Math.max(0, rest));
  return row(["─ ", "dim"], [title, "title"], [` ${line}`, "dim"], more === "" ? "" : [` ${more} `, "dim"], [
    "─",
    "dim",
  ]);
}

/** Two lists of rows side by side; the left one is `width` columns wide. */
export function beside(left: readonly Row[], width: number, right: readonly Row[]): Row[] {
  const count = Math.max(left.length, right.length);
  return Array.from({ length: count }, (_, at) => {
    const one = filled(left[at] ?? row(), width);
    return { spans: [...one.spans, ["  ", "plain"], ...(right[at]?.spans ?? [])] };
  });
}

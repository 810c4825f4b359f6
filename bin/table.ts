/**
 * Tables of text. On a terminal a line never takes more than its width: columns that may shrink do, then the least
 * important are left out. Elsewhere everything is printed, so that a pipe or a file loses nothing.
 */

import { displayWidth, fitted } from "../src/core/display-width.ts";
import type { Tone } from "../src/core/palette.ts";
import type { Output } from "./output.ts";
import { printable } from "./printable.ts";

/** A column: its heading, and what happens to it when room is short. */
export interface Column {
  readonly heading: string;
  /** Columns of text it may shrink to while others are still to be left out; those without one do not shrink until then. */
  readonly widthMin?: number;
  /** Columns with the highest are left out first; without one, or with 0, a column stays. */
  readonly priority?: number;
  readonly align?: "left" | "right";
}

/** Text of any kind, with a tone where it has one. */
export type Cell = string | readonly [text: string, tone: Tone];

/** What is to be shown. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Writes text in a tone. */
export type Paint = (tone: Tone, text: string) => string;

const gap = "  ";

/** Prints the table as wide as the terminal is, the headings first. Throws `OutputClosed`. */
export function printTable(output: Output, table: Table, indent = ""): void {
  const { width } = output.options;
  const room = width === undefined ? undefined : Math.max(1, width - indent.length);
  const paint: Paint = (tone, text) => output.toned(tone, text);
  for (const line of tableLines(table, room, paint)) output.line(indent + line);
}

/** The lines of a table, none wider than `width` columns; nothing is cut when that is undefined. */
export function tableLines({ columns, rows }: Table, width: number | undefined, paint: Paint = plain): string[] {
  const headings = columns.map(({ heading }): Cell => [heading, "strong"]);
  const lines = [headings, ...rows].map((row) => columns.map((_, at) => readCell(row[at])));
  const natural = columns.map(() => 0);
  for (const line of lines) {
    for (const [at, [text]] of line.entries()) natural[at] = Math.max(natural[at] ?? 0, displayWidth(text));
  }
  const widths = width === undefined ? natural : fittingWidths(columns, natural, width);
  return lines.map((line) => lineOf(columns, widths, line, paint));
}

/** The width of each column, 0 for those that are left out. */
function fittingWidths(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const least = (at: number): number => columns[at]?.widthMin ?? natural[at] ?? 0;
  const kept = new Set(columns.keys());
  const widths = (): number[] => natural.map((own, at) => (kept.has(at) ? own : 0));
  for (;;) {
    const shrunk = shrink(widths(), width, least);
    if (shrunk !== undefined) return shrunk;
    const next = leastImportant(columns, kept);
    if (next === undefined) break;
    kept.delete(next);
  }
  for (;;) {
    const shrunk = shrink(widths(), width, () => 1);
    if (shrunk !== undefined) return shrunk;
    // Not even one letter of each has room: the first columns say most.
    kept.delete(Math.max(...kept));
  }
}

/** Makes the widest narrower until all of them have room; undefined when nothing is left to give. */
function shrink(widths: number[], width: number, least: (at: number) => number): number[] | undefined {
  const shown = widths.filter((own) => own > 0);
  let over = shown.reduce((sum, own) => sum + own, gap.length * (shown.length - 1)) - width;
  while (over > 0) {
    let widest = -1;
    for (const [at, own] of widths.entries()) {
      if (own > least(at) && (widest < 0 || own > (widths[widest] ?? 0))) widest = at;
    }
    if (widest < 0) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

/** Of several that are as little important, the last. */
function leastImportant(columns: readonly Column[], kept: ReadonlySet<number>): number | undefined {
  let found: number | undefined;
  let highest = 1;
  for (const at of kept) {
    const priority = columns[at]?.priority ?? 0;
    if (priority < highest) continue;
    found = at;
    highest = priority;
  }
  return found;
}

function lineOf(
  columns: readonly Column[],
  widths: readonly number[],
  line: readonly (readonly [text: string, tone: Tone])[],
  paint: Paint,
): string {
  let shown = "";
  // Spaces are held back until something follows them.
  let spaces = "";
  for (const [at, [text, tone]] of line.entries()) {
    const width = widths[at] ?? 0;
    if (width === 0) continue;
    const cut = fitted(text, width);
    const padding = " ".repeat(width - displayWidth(cut));
    const isRight = columns[at]?.align === "right";
    if (isRight) spaces += padding;
    if (cut !== "") {
      shown += spaces + (tone === "plain" ? cut : paint(tone, cut));
      spaces = "";
    }
    spaces += isRight ? gap : padding + gap;
  }
  return shown;
}

function readCell(cell: Cell = ""): readonly [text: string, tone: Tone] {
  return typeof cell === "string" ? [printable(cell), "plain"] : [printable(cell[0]), cell[1]];
}

function plain(_tone: Tone, text: string): string {
  return text;
}

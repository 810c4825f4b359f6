/** Tables of text: columns as wide as what is in them, cut to the terminal's width where there is one. */

import { displayWidth, fitted } from "../src/core/display-width.ts";

/** A column: its heading, and what happens to it when room is short. */
export interface Column {
  readonly heading: string;
  /** Columns of text it may shrink to; those without one never shrink. */
  readonly widthMin?: number;
  readonly align?: "left" | "right";
}

const gap = "  ";

/**
 * Lines of a table, the headings first. Cells must be printable. Nothing is cut when `width` is undefined;
 * otherwise the columns that may shrink do, the widest first, until the lines fit or nothing is left to give.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string[] {
  const widths = columns.map((column) => displayWidth(column.heading));
  for (const row of rows) {
    for (let at = 0; at < columns.length; at++) {
      widths[at] = Math.max(widths[at] ?? 0, displayWidth(row[at] ?? ""));
    }
  }
  if (width !== undefined) shrink(columns, widths, width);
  const headings = columns.map(({ heading }) => heading);
  return [headings, ...rows].map((row) => line(columns, widths, row));
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  let over = widths.reduce((sum, one) => sum + one, gap.length * (columns.length - 1)) - width;
  while (over > 0) {
    let widest = -1;
    for (let at = 0; at < columns.length; at++) {
      const least = columns[at]?.widthMin;
      const own = widths[at] ?? 0;
      if (least !== undefined && own > least && (widest < 0 || own > (widths[widest] ?? 0))) widest = at;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
}

function line(columns: readonly Column[], widths: readonly number[], row: readonly string[]): string {
  const cells = columns.map((column, at) => {
    const width = widths[at] ?? 0;
    const text = fitted(row[at] ?? "", width);
    const padding = " ".repeat(Math.max(0, width - displayWidth(text)));
    return column.align === "right" ? padding + text : text + padding;
  });
  return cells.join(gap).trimEnd();
}

/** Screens of the live view as SVG, for documents: what a terminal of all colours shows, cell by cell. */

import { displayWidth } from "../../src/core/display-width.ts";
import type { Tone } from "../../src/core/palette.ts";
import type { Row } from "../../src/tui/layout/row.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { screenRows } from "./screens.ts";

/** The pictures that documents show: which screen, of which size, and the file. */
export const pictures: readonly {
  readonly screen: string;
  readonly columns: number;
  readonly rows: number;
  readonly path: string;
}[] = [
  { screen: "overview", columns: 80, rows: 24, path: "docs/images/top-overview.svg" },
  { screen: "timers", columns: 80, rows: 24, path: "docs/images/top-timers.svg" },
];

const cellWidth = 8.4;
const cellHeight = 18;
const margin = 12;
const fontSize = 14;

// The tones as the painter shows them where there are all colours, on a dark ground.
const colours: Readonly<Record<Tone, string>> = {
  plain: "#d7dae0",
  strong: "#ffffff",
  dim: "#8a8f98",
  title: "#56c8d8",
  good: "#7ece8a",
  warn: "#ebcb6e",
  bad: "#f06464",
  info: "#56c8d8",
  accent: "#d68cdc",
};
const boldTones: ReadonlySet<Tone> = new Set(["strong", "title"]);
const looks = { bar: "#262a34", selected: "#343e54" } as const;
// Blocks are drawn, as fonts leave gaps between them.
const eighths = "▁▂▃▄▅▆▇█";

/** The picture of a screen by its name in `screens`. */
export function pictureOf(screen: string, columns: number, rows: number): string {
  const width = round(columns * cellWidth + 2 * margin);
  const height = rows * cellHeight + 2 * margin;
  const lines = screenRows(screen, columns, rows).flatMap((row, at) => drawRow(row, at, columns));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>kron top: ${screen}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#14161b"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${fontSize}" xml:space="preserve">`,
    ...lines,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** Where a picture is kept. */
export function picturePath(path: string): string {
  return repositoryPath(path);
}

function drawRow({ spans, look }: Row, at: number, columns: number): string[] {
  const y = margin + at * cellHeight;
  const drawn: string[] = [];
  if (look !== undefined) {
    drawn.push(
      `<rect x="${margin}" y="${y}" width="${round(columns * cellWidth)}" height="${cellHeight}" fill="${looks[look]}"/>`,
    );
  }
  let column = 0;
  for (const [text, tone] of spans) {
    for (const part of text.match(/[▁-█]+|[^▁-█]+/g) ?? []) {
      const isBlocks = eighths.includes(part[0] ?? "");
      drawn.push(...(isBlocks ? drawBlocks(part, column, y, tone) : drawText(part, column, y, tone)));
      column += displayWidth(part);
    }
  }
  return drawn;
}

/** Words with their place and width, so that columns stay columns in any font. */
function drawText(text: string, column: number, y: number, tone: Tone): string[] {
  const weight = boldTones.has(tone) ? ' font-weight="bold"' : "";
  return [...text.matchAll(/\S+(?: \S+)*/g)].map((words) => {
    const [shown] = words;
    const before = displayWidth(text.slice(0, words.index));
    const place = `x="${xOf(column + before)}" y="${y + 13}" textLength="${round(displayWidth(shown) * cellWidth)}"`;
    return `<text ${place} fill="${colours[tone]}"${weight}>${escaped(shown)}</text>`;
  });
}

function drawBlocks(text: string, column: number, y: number, tone: Tone): string[] {
  // Equal blocks beside each other are one.
  let from = 0;
  return (text.match(/(.)\1*/gu) ?? []).map((run) => {
    const height = round((cellHeight * (eighths.indexOf(run[0] ?? "") + 1)) / 8);
    const x = xOf(column + from);
    from += run.length;
    const size = `width="${round(run.length * cellWidth)}" height="${height}"`;
    return `<rect x="${x}" y="${round(y + cellHeight - height)}" ${size} fill="${colours[tone]}" shape-rendering="crispEdges"/>`;
  });
}

function xOf(column: number): number {
  return round(margin + column * cellWidth);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

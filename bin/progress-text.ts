/** How far long work is, as one line: what is done, its share with a bar, how much, how fast, and how long it takes yet. */

import { displayWidth, fitted } from "../src/core/display-width.ts";
import { groupedNumber } from "../src/core/grouped-number.ts";
import { bytesText } from "./numbers.ts";
import { duration } from "./times.ts";

/** Work under way. */
export interface WorkDone {
  /** What is being done: `reading the journal`. */
  readonly what: string;
  readonly unit: string;
  readonly done: number;
  /** Undefined when nobody can say. */
  readonly total: number | undefined;
  readonly elapsedMs: number;
}

const gap = "  ";
const barWidthMin = 10;
const barWidthMax = 40;

/** The line, at most `width` columns wide: how much is done gives way first, then the bar, then the rate. */
export function progressLine(work: WorkDone, width: number, isUnicode: boolean): string {
  const start = [work.what, shareText(work)].filter((part) => part !== "");
  const [amount, rate, left] = [amountText(work), rateText(work), leftText(work)];
  const ends = [[amount, rate, left], [rate, left], [left], []].map((parts) => parts.filter((part) => part !== ""));
  const fraction = fractionOf(work);
  if (fraction !== undefined) {
    for (const end of ends.slice(0, 2)) {
      const room = width - displayWidth([...start, "", ...end].join(gap));
      if (room >= barWidthMin)
        return [...start, bar(fraction, Math.min(barWidthMax, room), isUnicode), ...end].join(gap);
    }
  }
  for (const end of ends) {
    const line = [...start, ...end].join(gap);
    if (displayWidth(line) <= width) return line;
  }
  return fitted(start.join(gap), width);
}

function fractionOf({ done, total }: WorkDone): number | undefined {
  return total === undefined || total <= 0 ? undefined : Math.min(1, done / total);
}

/** Never 100 % before it is all done. */
function shareText(work: WorkDone): string {
  const fraction = fractionOf(work);
  return fraction === undefined ? "" : `${String(Math.floor(fraction * 100)).padStart(3)} %`;
}

function amountText({ done, total, unit }: WorkDone): string {
  if (unit === "") return "";
  if (unit === "bytes") return total === undefined ? bytesText(done) : `${bytesText(done)} of ${bytesText(total)}`;
  return total === undefined
    ? `${groupedNumber(done)} ${unit}`
    : `${groupedNumber(done)} of ${groupedNumber(total)} ${unit}`;
}

function rateText({ done, unit, elapsedMs }: WorkDone): string {
  if (done === 0 || elapsedMs <= 0) return "";
  const perSecond = Math.round((done * 1_000) / elapsedMs);
  return unit === "bytes" ? `${bytesText(perSecond)}/s` : `${groupedNumber(perSecond)}/s`;
}

function leftText(work: WorkDone): string {
  const fraction = fractionOf(work);
  if (fraction === undefined) return duration(work.elapsedMs);
  if (fraction === 0) return "";
  return `${duration(Math.max(1_000, (work.elapsedMs * (1 - fraction)) / fraction))} left`;
}

function bar(fraction: number, width: number, isUnicode: boolean): string {
  const filled = Math.floor(fraction * width);
  const [full, empty] = isUnicode ? ["█", "░"] : ["#", "."];
  return full.repeat(filled) + empty.repeat(width - filled);
}

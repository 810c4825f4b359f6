/** Figures and times as they stand on the screen, in few columns. */

import { groupedNumber } from "../../core/grouped-number.ts";
import { formatInstant } from "../../core/instant.ts";
import type { Zone } from "../../core/zone.ts";

const units: readonly (readonly [name: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** `12:03:04`, as the clocks of the zone show it. */
export function clockTime(ms: number, zone: Zone): string {
  return local(ms, zone).slice(11, 19);
}

/** `11-24 12:03:04`. */
export function dayTime(ms: number, zone: Zone): string {
  return local(ms, zone).slice(5, 19).replace("T", " ");
}

/** `2026-11-24 12:03:04`. */
export function fullTime(ms: number, zone: Zone): string {
  return local(ms, zone).slice(0, 19).replace("T", " ");
}

function local(ms: number, zone: Zone): string {
  const whole = Math.round(ms);
  return formatInstant(whole + zone.offsetMs(whole));
}

/** The two largest units of a duration: `2d 4h`, `3m 02s`, `45s`. */
export function span(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1_000)) * 1_000;
  const first = units.findIndex(([, unitMs]) => rest >= unitMs);
  if (first < 0) return "0s";
  const parts = units.slice(first, first + 2).map(([name, unitMs], at) => {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    return `${at === 1 ? String(count).padStart(2, "0") : count}${name}`;
  });
  return parts.join(" ");
}

/** How long until then: `in 3m 02s`, `now`, `4s late`. */
export function countdown(ms: number, nowMs: number): string {
  const left = ms - nowMs;
  if (left >= 1_000) return `in ${span(left)}`;
  return left > -2_000 ? "now" : `${span(-left)} late`;
}

/** How long something took: `0.8ms`, `25ms`, `3.2s`, `2m 05s`. */
export function took(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)}ms`;
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)}s` : span(ms);
}

/** `512 B`, `3.4 MiB`. */
export function bytes(count: number): string {
  let value = count;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < 1_024)
      return unit === "B" || value >= 100 ? `${Math.round(value)} ${unit}` : `${value.toFixed(1)} ${unit}`;
    value /= 1_024;
  }
  return `${value.toFixed(1)} TiB`;
}

/** `12,345`. */
export function number(count: number): string {
  return groupedNumber(Math.round(count));
}

/** A rate in few digits: `0`, `0.4`, `12.3`, `9,876`. */
export function rate(perSecond: number): string {
  return perSecond === 0 || perSecond >= 100 ? number(perSecond) : perSecond.toFixed(1);
}

const bars = "▁▂▃▄▅▆▇█";

/** A row of small bars, one for each of the last `width` values; nothing at all is a space, anything above it a bar. */
export function sparkline(values: readonly number[], width: number, max = Math.max(...values.slice(-width))): string {
  const shown = values.slice(-width).map((value) => {
    if (!(value > 0) || !(max > 0)) return " ";
    return bars[Math.min(bars.length - 1, Math.floor((value / max) * (bars.length - 0.01)))] ?? " ";
  });
  return shown.join("").padStart(width, " ");
}

/** A bar of `width` columns, filled as far as `fraction` says. */
export function bar(fraction: number, width: number): string {
  const done = Math.round(Math.max(0, Math.min(1, fraction)) * width);
  return "█".repeat(done) + "░".repeat(width - done);
}

/** The mean of each `size` of `values`, the last of them whole; the first may stand for fewer. */
export function gathered(values: readonly number[], size: number): number[] {
  const means: number[] = [];
  for (let end = values.length; end > 0; end -= size) {
    const part = values.slice(Math.max(0, end - size), end);
    means.unshift(part.reduce((sum, value) => sum + value, 0) / part.length);
  }
  return means;
}

/** The sign for an outcome in a strip of them. */
export function stripSign(letter: string): string {
  return signs.get(letter) ?? "?";
}

const signs: ReadonlyMap<string, string> = new Map([
  ["S", "●"],
  ["D", "✗"],
  ["C", "◌"],
  ["M", "·"],
  ["O", "○"],
]);

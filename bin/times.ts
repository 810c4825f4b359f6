/** Instants as people read them, everywhere alike: local time, what it is called there, and how far away it is. */

import { formatInstant } from "../src/core/instant.ts";
import type { Zone } from "../src/core/zone.ts";
import type { DisplayZone } from "./display-zone.ts";

const units: readonly (readonly [name: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** `2026-11-24 07:00:00 CET`, with milliseconds when there are any and `precise` is asked for. */
export function localTime(ms: number, zone: DisplayZone, precise = false): string {
  return `${clockTime(ms, zone, precise)} ${zone.label(ms)}`;
}

/** `2026-11-24 07:00:00 +01:00`: the same for programs, which are better off with the offset. */
export function localTimeJson(ms: number, zone: Zone, precise = false): string {
  return `${clockTime(ms, zone, precise)} ${offsetText(zone.offsetMs(ms))}`;
}

function clockTime(ms: number, zone: Zone, precise: boolean): string {
  const text = formatInstant(ms + zone.offsetMs(ms));
  const fraction = precise && ms % 1_000 !== 0 ? text.slice(19, 23) : "";
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction}`;
}

/** `+01:00`; seconds only for offsets of long ago that have some. */
export function offsetText(offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  if (seconds % 60 !== 0) parts.push(seconds % 60);
  return (offsetMs < 0 ? "-" : "+") + parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** `in 3h 12m`, `5m ago`, `now`: the two largest units of the distance between two instants. */
export function relativeTime(ms: number, nowMs: number): string {
  const distance = duration(Math.abs(ms - nowMs));
  if (distance === "0s") return "now";
  return ms > nowMs ? `in ${distance}` : `${distance} ago`;
}

/** A duration in its two largest units, whole seconds at least: `2d 4h`, `45s`. */
export function duration(ms: number): string {
  let rest = Math.floor(ms / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [name, unitMs] of units) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) parts.push(`${count}${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0s";
}

/** How long an attempt took: `0.8ms`, `25ms`, `3.2s`, `2m 5s`. */
export function tookText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)}ms`;
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)}s`;
  return duration(ms);
}

/** Local time and distance together: `2026-11-24 07:00:00 CET  in 3h 12m`. */
export function fullTime(ms: number, zone: DisplayZone, nowMs: number, precise = false): string {
  return `${localTime(ms, zone, precise)}  ${relativeTime(ms, nowMs)}`;
}

/** The same in the midst of a sentence: `2026-11-24 07:00:00 CET (in 3h 12m)`. */
export function timeInText(ms: number, zone: DisplayZone, nowMs: number): string {
  return `${localTime(ms, zone)} (${relativeTime(ms, nowMs)})`;
}

/**
 * Cron by brute force, to check the real one against: looks at every minute of a stretch of local time, finds
 * the instants that show it by asking the zone's offset, and applies the daylight-saving policy by its words.
 */

import type { DstPolicy } from "../../src/core/cron.ts";
import type { Zone } from "../../src/core/zone.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** What a local minute is, for a test to say whether it is due. */
export interface LocalMinute {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

/** Due instants in [fromMs, untilMs), sorted; offsets of the zone must be whole minutes there. */
export function dueByBruteForce(
  isDue: (local: LocalMinute) => boolean,
  zone: Zone,
  policy: Exclude<DstPolicy, "vixie">,
  fromMs: number,
  untilMs: number,
): number[] {
  const due = new Set<number>();
  for (let localMs = fromMs - 2 * dayMs; localMs < untilMs + 2 * dayMs; localMs += minuteMs) {
    if (!isDue(localMinute(localMs))) continue;
    const shownAt = instantsShowing(localMs, zone);
    if (shownAt.length === 0 && policy === "fixed") due.add(endOfGap(localMs, zone));
    if (policy === "wildcard") for (const instant of shownAt) due.add(instant);
    else if (shownAt[0] !== undefined) due.add(shownAt[0]);
  }
  return [...due].filter((instant) => instant >= fromMs && instant < untilMs).sort((a, b) => a - b);
}

function localMinute(localMs: number): LocalMinute {
  const date = new Date(localMs);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}

function instantsShowing(localMs: number, zone: Zone): number[] {
  const offsets = new Set([zone.offsetMs(localMs - 1.5 * dayMs), zone.offsetMs(localMs + 1.5 * dayMs)]);
  // Where two transitions are near each other, the offset between them counts too.
  for (let hours = -30; hours <= 30; hours += 6) offsets.add(zone.offsetMs(localMs + hours * 3_600_000));
  const instants = [...offsets].map((offset) => localMs - offset).filter((at) => at + zone.offsetMs(at) === localMs);
  return instants.sort((a, b) => a - b);
}

/** The first instant whose local time is past a local time that no clock shows. */
function endOfGap(localMs: number, zone: Zone): number {
  let before = localMs - 2 * dayMs;
  let after = localMs + 2 * dayMs;
  while (after - before > 1000) {
    const middle = Math.floor((before + after) / 2000) * 1000;
    if (middle + zone.offsetMs(middle) < localMs) before = middle;
    else after = middle;
  }
  return after;
}

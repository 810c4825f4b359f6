/**
 * A cron expression in a time zone: which instants are due, under a stated daylight-saving rule.
 *
 * The search walks the zone's spans of constant offset. Within a span wall time and UTC run together, so the
 * question is one for `CronClock`; what is left is what happens between two spans:
 *
 *     gap      clocks jump ahead: local seconds [reached, start + offset) are never shown
 *     overlap  clocks go back:    local seconds [start + offset, reached) are shown a second time
 *
 * A rule answers both: whether due times of a gap are made up, once, at its end; and whether an overlap is
 * due again. Everything is in whole seconds; nothing here allocates.
 */

import { assert } from "./assert.ts";
import { secondsPerDay } from "./civil.ts";
import type { CronClock } from "./cron-clock.ts";
import type { Zone } from "./zone.ts";
import type { ZoneSpan } from "./zone-table.ts";

/** What becomes of due times when clocks change. */
export interface DstRule {
  /** Due times inside a gap are made up once, at its end. */
  readonly makesUp: boolean;
  /** Due times inside an overlap come in both of its passes; otherwise in the first only. */
  readonly repeats: boolean;
}

// Instants are cut to these, so that no zone is asked about years it has no rules for.
const secondMin = -62_135_596_800; // 0001-01-01T00:00Z
const secondMax = 253_402_300_800; // 10000-01-01T00:00Z
/** Further than any two clocks on Earth differ, so a jump by local time cannot pass over an instant. */
const clockSpread = 2 * secondsPerDay;

/** The first due second at or after `from`, or undefined when there is none before the year 10000. */
export function nextDue(clock: CronClock, zone: Zone, rule: DstRule, from: number): number | undefined {
  if (from > secondMax) return undefined;
  const first = Math.max(from, secondMin);
  let span = zone.spanAt(first);
  let low = first + span.offset;
  for (;;) {
    if (rule.makesUp && span.start >= first && missesDue(clock, span)) return span.start;
    const due = clock.next(rule.repeats ? low : Math.max(low, span.reached));
    if (due < span.end + span.offset) return due - span.offset;
    // Near `first` an overlap may show again what lies before it, so no span is passed over. Further on, an
    // overlap only repeats local seconds that this search has seen, and the way to `due` is known to be empty.
    const near = span.start < first + clockSpread;
    if (!near && due === Number.POSITIVE_INFINITY) return undefined;
    span = zone.spanAt(near ? span.end : Math.max(span.end, due - clockSpread));
    low = span.start + span.offset;
  }
}

/** The last due second at or before `from`, or undefined when there is none since 1970. */
export function prevDue(clock: CronClock, zone: Zone, rule: DstRule, from: number): number | undefined {
  if (from < secondMin) return undefined;
  const last = Math.min(from, secondMax);
  let span = zone.spanAt(last);
  let high = last + span.offset;
  for (;;) {
    const due = clock.prev(high);
    const shown = span.start + span.offset;
    if (due >= (rule.repeats ? shown : Math.max(shown, span.reached))) return due - span.offset;
    if (rule.makesUp && missesDue(clock, span)) return span.start;
    const near = span.end > last - clockSpread;
    if (!near && due === Number.NEGATIVE_INFINITY) return undefined;
    span = zone.spanAt(near ? span.start - 1 : Math.min(span.start - 1, due + clockSpread));
    high = span.end - 1 + span.offset;
  }
}

/** How many due seconds lie in [from, until). */
export function countDue(clock: CronClock, zone: Zone, rule: DstRule, from: number, until: number): number {
  const last = Math.min(until, secondMax);
  let count = 0;
  let at = Math.max(from, secondMin);
  while (at < last) {
    const span = zone.spanAt(at);
    const end = Math.min(span.end, last);
    const low = at + span.offset;
    count += clock.count(rule.repeats ? low : Math.max(low, span.reached), end + span.offset);
    // A make-up that falls on an ordinary due time is the same occurrence.
    const madeUp = rule.makesUp && span.start === at && missesDue(clock, span) && !clock.isDue(low);
    if (madeUp) count += 1;
    assert(end > at, "a span ends after any second it holds");
    at = end;
  }
  return count;
}

/** Whether the gap before a span, if there is one, holds a due time. */
function missesDue(clock: CronClock, span: ZoneSpan): boolean {
  const shown = span.start + span.offset;
  return span.reached < shown && clock.next(span.reached) < shown;
}

/** What the next changes of a zone's clocks do to a cron schedule. */

import type { Cron, DstPolicy } from "../src/core/cron.ts";
import type { Zone } from "../src/core/zone.ts";

/** A change of clocks that touches due times. */
export interface ClockChange {
  /** `gap`: local times that no clock shows. `overlap`: local times that are shown twice. */
  readonly kind: "gap" | "overlap";
  readonly atMs: number;
  readonly offsetBeforeMs: number;
  readonly offsetAfterMs: number;
  /** How many due times lie in the gap or the overlap, and the first of them, as local milliseconds. */
  readonly count: number;
  readonly firstLocalMs: number;
  readonly effect: "made up" | "left out" | "run twice" | "run once";
}

const changesMax = 100;

/**
 * The changes of `zone` in (fromMs, untilMs] in which due times lie. `local` is the same expression in UTC, in
 * which it gives wall-clock times; `isWildcard` says what the policy `vixie` takes it for.
 */
export function findClockChanges(
  local: Cron,
  zone: Zone,
  policy: DstPolicy,
  isWildcard: boolean,
  fromMs: number,
  untilMs: number,
): ClockChange[] {
  const changes: ClockChange[] = [];
  const rule = policy === "vixie" ? (isWildcard ? "wildcard" : "fixed") : policy;
  let span = zone.spanAt(Math.floor(fromMs / 1_000));
  for (let steps = 0; steps < changesMax && span.end * 1_000 <= untilMs; steps++) {
    const before = span;
    span = zone.spanAt(before.end);
    const shown = span.start + span.offset;
    const { reached } = span;
    // Spans are also cut where nothing changes.
    if (reached === shown) continue;
    const isGap = reached < shown;
    const fromLocalMs = Math.min(reached, shown) * 1_000;
    const toLocalMs = Math.max(reached, shown) * 1_000;
    const count = local.count(fromLocalMs - 1, toLocalMs - 1);
    const firstLocalMs = local.next(fromLocalMs - 1);
    if (count === 0 || firstLocalMs === undefined) continue;
    changes.push({
      kind: isGap ? "gap" : "overlap",
      atMs: span.start * 1_000,
      offsetBeforeMs: before.offset * 1_000,
      offsetAfterMs: span.offset * 1_000,
      count,
      firstLocalMs,
      effect: isGap ? (rule === "fixed" ? "made up" : "left out") : rule === "wildcard" ? "run twice" : "run once",
    });
  }
  return changes;
}

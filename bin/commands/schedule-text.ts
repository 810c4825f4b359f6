/** A timer's rule in one short line, and in words. */

import type { TimerDefinition } from "../../src/core/definition.ts";
import { formatDuration } from "../../src/core/duration.ts";
import type { DisplayZone } from "../display-zone.ts";
import { printable } from "../printable.ts";
import { localTime } from "../times.ts";

/** `0 9 * * MON-FRI Europe/Rome`, `every 10s`, `after 1h`, `at 2026-11-24 07:00:00 CET`. */
export function scheduleText({ schedule }: TimerDefinition, anchorMs: number, zone: DisplayZone): string {
  switch (schedule.kind) {
    case "cron":
      return printable(schedule.zone === "UTC" ? schedule.expression : `${schedule.expression} ${schedule.zone}`);
    case "every":
      return `every ${formatDuration(schedule.everyMs)}`;
    case "after":
      return `after ${formatDuration(schedule.afterMs)}`;
    default:
      return `at ${localTime(anchorMs, zone, true)}`;
  }
}

/** The policies of a timer in one line. */
export function policyText(definition: TimerDefinition): string {
  const { overlap, misfire, retry, timeoutMs, jitterMs, concurrency } = definition;
  const parts = [
    `overlap ${overlap}`,
    `misfire ${misfire.mode} within ${formatDuration(misfire.withinMs)}`,
    `${retry.maxAttempts} attempts, ${retry.backoff} from ${formatDuration(retry.baseMs)}`,
  ];
  if (timeoutMs > 0) parts.push(`timeout ${formatDuration(timeoutMs)}`);
  if (jitterMs > 0) parts.push(`jitter ${formatDuration(jitterMs)}`);
  if (concurrency > 0) parts.push(`concurrency ${concurrency}`);
  return parts.join("; ");
}

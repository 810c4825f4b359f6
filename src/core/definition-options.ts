/**
 * A definition as the options that `schedule` would have been given for it, nothing left to a default: for whoever
 * writes definitions down for other programs and later versions to read.
 */

import { unreachable } from "./assert.ts";
import type { TimerDefinition } from "./definition.ts";
import { formatInstant } from "./instant.ts";
import type { MisfireOptions, ScheduleOptions } from "./options.ts";
import type { TargetSpec } from "./target.ts";
import type { TargetOptions } from "./target-options.ts";

/**
 * Options that `parseScheduleOptions` reads back as an equal definition. Durations are whole milliseconds; the instant
 * of `at`, which is kept beside the definition, is `anchorMs`. The payload is not among them.
 */
export function scheduleOptionsOf(definition: TimerDefinition, anchorMs: number): ScheduleOptions {
  const { overlap, retry, timeoutMs, graceMs, jitterMs, jitterMode, concurrency, history } = definition;
  const { maxAttempts, backoff, baseMs, capMs, jitter } = retry;
  return {
    ...ruleOf(definition, anchorMs),
    ...targetOptionsOf(definition.target),
    overlap,
    retry: { maxAttempts, backoff, base: baseMs, cap: capMs, jitter },
    misfire: misfireOf(definition),
    timeout: timeoutMs,
    grace: graceMs,
    ...(jitterMs > 0 && { jitter: { max: jitterMs, mode: jitterMode } }),
    ...(concurrency > 0 && { concurrency }),
    ...(history !== undefined && { history: historyOf(history) }),
  };
}

function ruleOf({ schedule }: TimerDefinition, anchorMs: number): ScheduleOptions {
  switch (schedule.kind) {
    case "cron": {
      const { expression, zone, dst, dayMatch } = schedule;
      return { cron: expression, timezone: zone, dst, dayMatch };
    }
    case "every":
      return { every: schedule.everyMs };
    case "after":
      return { after: schedule.afterMs };
    case "at":
      return { at: formatInstant(anchorMs) };
    /* c8 ignore next 2 */
    default:
      return unreachable(schedule);
  }
}

/** Only what its mode makes use of, as the others are refused with it. */
function misfireOf({ misfire: { mode, withinMs, max } }: TimerDefinition): MisfireOptions {
  return { mode, ...(mode !== "skip" && { within: withinMs }), ...(mode === "all" && { max }) };
}

function historyOf({
  count,
  ageMs,
  bytes,
}: NonNullable<TimerDefinition["history"]>): NonNullable<ScheduleOptions["history"]> {
  return {
    ...(count !== undefined && { count }),
    ...(ageMs !== undefined && { age: ageMs }),
    ...(bytes !== undefined && { bytes }),
  };
}

function targetOptionsOf(target: TargetSpec): TargetOptions {
  switch (target.kind) {
    case "callback":
      return {};
    case "module": {
      const { path, exportName, isolate, heapMbMax, runsPerWorkerMax, memoryBytesMax } = target;
      return {
        ...{ module: path, export: exportName, isolate },
        ...(heapMbMax > 0 && { resourceLimits: { maxOldGenerationSizeMb: heapMbMax } }),
        ...(runsPerWorkerMax > 0 && { maxRunsPerWorker: runsPerWorkerMax }),
        ...(memoryBytesMax > 0 && { maxMemory: memoryBytesMax }),
      };
    }
    case "command": {
      const { argv, cwd, env, shell } = target;
      const command = shell ? argv.join(" ") : argv;
      return { command, ...(cwd !== undefined && { cwd }), ...(Object.keys(env).length > 0 && { env }), shell };
    }
    case "http": {
      const { method, url, headers, body, success } = target;
      const ranges = success.map(([from, to]) => `${from}-${to}`);
      const more = { headers: Object.fromEntries(headers), success: ranges, ...(body !== undefined && { body }) };
      return { http: { method, url, ...more } };
    }
    /* c8 ignore next 2 */
    default:
      return unreachable(target);
  }
}

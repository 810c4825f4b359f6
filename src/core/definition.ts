/**
 * What a timer is, once its options have been read: the part that is stored, compared and shared. Thousands of
 * timers may have equal definitions, so what differs between them (id, due time of `at`, payload) is not in it.
 *
 * In the log a definition is an array of numbers and short texts. Its first field is the number of its layout,
 * so that a later layout can be told apart; choices are stored by their place in the lists below, which
 * therefore only ever grow at the end.
 */

import { unreachable } from "./assert.ts";
import type { DayMatch, DstPolicy } from "./cron.ts";
import { asArray, asChoice, asCount, asText, asTuple } from "./definition-fields.ts";
import { KronError } from "./errors.ts";
import type { HistoryPolicy } from "./history-policy.ts";
import { defaultRetry, type RetryPolicy } from "./retry.ts";
import { decodeTarget, encodeTarget, type TargetSpec, targetKey } from "./target.ts";

/** The rule that gives due times. The instant of `at` is kept beside the definition. */
export type ScheduleSpec =
  | {
      readonly kind: "cron";
      readonly expression: string;
      readonly zone: string;
      readonly dst: DstPolicy;
      readonly dayMatch: DayMatch;
    }
  | { readonly kind: "every"; readonly everyMs: number }
  | { readonly kind: "after"; readonly afterMs: number }
  | { readonly kind: "at" };

/** What happens when an occurrence is due while an earlier run of the timer has not finished. */
export type OverlapPolicy = "delay" | "skip" | "allow" | "queue" | "replace";

/** What happens to occurrences that passed while nothing could run them. */
export interface MisfirePolicy {
  /** Run none of them, one for all of them, or each. */
  readonly mode: "skip" | "once" | "all";
  /** Occurrences older than this many milliseconds are missed in any case. */
  readonly withinMs: number;
  /** With `all`, at most this many are run; the oldest are missed. */
  readonly max: number;
}

/** Whether jitter is the same at every occurrence of a timer or drawn anew. */
export type JitterMode = "stable" | "random";

/** A timer's definition: everything about it that is not its own alone. */
export interface TimerDefinition {
  readonly schedule: ScheduleSpec;
  readonly target: TargetSpec;
  readonly overlap: OverlapPolicy;
  readonly retry: RetryPolicy;
  readonly misfire: MisfirePolicy;
  /** The longest an attempt may take, in milliseconds; 0 is no limit. */
  readonly timeoutMs: number;
  /** Milliseconds between asking an attempt to stop and giving it up. */
  readonly graceMs: number;
  /** Due times are put off by up to this many milliseconds; 0 is none. */
  readonly jitterMs: number;
  readonly jitterMode: JitterMode;
  /** Runs of the timer at one time; 0 is no limit of its own. */
  readonly concurrency: number;
  /** How much history is kept; undefined as the runtime has it. */
  readonly history?: HistoryPolicy;
}

/** Every `DstPolicy`, in the order of their numbers in the log. */
export const dstPolicies: readonly DstPolicy[] = ["vixie", "fixed", "wildcard", "skip"];
/** Every `DayMatch`, in the order of their numbers in the log. */
export const dayMatches: readonly DayMatch[] = ["or", "and"];
/** Every `OverlapPolicy`, in the order of their numbers in the log. */
export const overlapPolicies: readonly OverlapPolicy[] = ["delay", "skip", "allow", "queue", "replace"];
/** Every backoff, in the order of their numbers in the log. */
export const backoffs: readonly RetryPolicy["backoff"][] = ["fixed", "linear", "exponential"];
/** Every misfire mode, in the order of their numbers in the log. */
export const misfireModes: readonly MisfirePolicy["mode"][] = ["skip", "once", "all"];
/** Every `JitterMode`, in the order of their numbers in the log. */
export const jitterModes: readonly JitterMode[] = ["stable", "random"];
const scheduleKinds: readonly ScheduleSpec["kind"][] = ["cron", "every", "after", "at"];

/**
 * Fields of layout 1. Layout 2 has the history policy behind them, and is only written where there is one. Layout 3
 * is layout 2 with any target, and null for a history policy that is not there.
 */
const fieldCount = 14;

/** One run for all missed occurrences of the last day. */
export const defaultMisfire: MisfirePolicy = Object.freeze({ mode: "once", withinMs: 86_400_000, max: 1_000 });

/** A text that is equal for two definitions exactly when they are equal; for interning, not for storing. */
export function definitionKey(definition: TimerDefinition): string {
  const { schedule, target, overlap, retry, misfire, timeoutMs, graceMs, jitterMs, concurrency } = definition;
  const timing = `${timeoutMs},${graceMs},${jitterMs} ${definition.jitterMode},${concurrency}`;
  // Free texts come last, as JSON where there are several, so that nothing in them can be taken for another field.
  return `${target.kind},${overlap},${retryKey(retry)},${misfireKey(misfire)},${timing},${historyKey(definition.history)},${targetKey(target)}${scheduleKey(schedule)}`;
}

/** What nearly all timers have is left out: keys are built and looked up with every call of `schedule`. */
function retryKey(retry: RetryPolicy): string {
  const { maxAttempts, backoff, baseMs, capMs, jitter } = retry;
  const isDefault =
    maxAttempts === defaultRetry.maxAttempts &&
    backoff === defaultRetry.backoff &&
    baseMs === defaultRetry.baseMs &&
    capMs === defaultRetry.capMs &&
    jitter === defaultRetry.jitter;
  return isDefault ? "" : `${maxAttempts} ${backoff} ${baseMs} ${capMs} ${jitter}`;
}

function misfireKey({ mode, withinMs, max }: MisfirePolicy): string {
  const isDefault = mode === defaultMisfire.mode && withinMs === defaultMisfire.withinMs && max === defaultMisfire.max;
  return isDefault ? "" : `${mode} ${withinMs} ${max}`;
}

function historyKey(history: HistoryPolicy | undefined): string {
  return history === undefined ? "" : `${history.count} ${history.ageMs} ${history.bytes}`;
}

function scheduleKey(schedule: ScheduleSpec): string {
  switch (schedule.kind) {
    case "cron":
      return `cron,${schedule.dst},${schedule.dayMatch},${schedule.zone},${schedule.expression}`;
    case "every":
      return `every,${schedule.everyMs}`;
    case "after":
      return `after,${schedule.afterMs}`;
    default:
      return schedule.kind;
  }
}

/**
 * A definition as it stands in the log, for msgpack:
 * `[layout, schedule, target, overlap, maxAttempts, backoff, baseMs, capMs, jittered (0 or 1), [misfire mode,
 * withinMs, max], timeoutMs, graceMs, [jitterMs, jitterMode], concurrency]`.
 *
 * Layout 2 ends in `[count, ageMs, bytes]` of the history, each null where the runtime decides; layout 3 too, or in null.
 * The schedule is `[0, expression, zone, dst, dayMatch]`, `[1, everyMs]`, `[2, afterMs]` or `[3]`, the target `[0]` or,
 * with layout 3, as `encodeTarget` says.
 */
export function encodeDefinition(definition: TimerDefinition): unknown {
  const { schedule, target, overlap, retry, misfire, history } = definition;
  const fields: unknown[] = [
    target.kind !== "callback" ? 3 : history === undefined ? 1 : 2,
    encodeSchedule(schedule),
    encodeTarget(target),
    overlapPolicies.indexOf(overlap),
    retry.maxAttempts,
    backoffs.indexOf(retry.backoff),
    retry.baseMs,
    retry.capMs,
    retry.jitter ? 1 : 0,
    [misfireModes.indexOf(misfire.mode), misfire.withinMs, misfire.max],
    definition.timeoutMs,
    definition.graceMs,
    [definition.jitterMs, jitterModes.indexOf(definition.jitterMode)],
    definition.concurrency,
  ];
  if (history !== undefined) fields.push([history.count ?? null, history.ageMs ?? null, history.bytes ?? null]);
  else if (target.kind !== "callback") fields.push(null);
  return fields;
}

/**
 * The definition that `encodeDefinition` wrote.
 *
 * Throws `KRON_JOURNAL_VERSION` when the layout is newer than this version of Kron knows, and
 * `KRON_JOURNAL_CORRUPT` when the value has not exactly the shape of its layout.
 */
export function decodeDefinition(value: unknown): TimerDefinition {
  const fields = asArray(value, "definition");
  const found = asCount(fields[0], "layout");
  if (found > 3) {
    throw new KronError("KRON_JOURNAL_VERSION", `Expected timer definitions of layout 1 to 3, got layout ${found}`, {
      hint: "Use the version of Kron that wrote this journal, or a later one",
    });
  }
  asTuple(fields, found === 0 ? 0 : found === 1 ? fieldCount : fieldCount + 1, "definition");
  const misfire = asTuple(fields[9], 3, "misfire");
  const jitter = asTuple(fields[12], 2, "jitter");
  return {
    schedule: decodeSchedule(fields[1]),
    target: decodeTarget(fields[2], found === 3),
    overlap: asChoice(fields[3], overlapPolicies, "overlap"),
    retry: {
      maxAttempts: asCount(fields[4], "maxAttempts", 1),
      backoff: asChoice(fields[5], backoffs, "backoff"),
      baseMs: asCount(fields[6], "baseMs"),
      capMs: asCount(fields[7], "capMs"),
      jitter: asChoice(fields[8], [false, true], "retry jitter"),
    },
    misfire: {
      mode: asChoice(misfire[0], misfireModes, "misfire mode"),
      withinMs: asCount(misfire[1], "withinMs"),
      max: asCount(misfire[2], "misfire max", 1),
    },
    timeoutMs: asCount(fields[10], "timeoutMs"),
    graceMs: asCount(fields[11], "graceMs"),
    jitterMs: asCount(jitter[0], "jitterMs"),
    jitterMode: asChoice(jitter[1], jitterModes, "jitter mode"),
    concurrency: asCount(fields[13], "concurrency"),
    ...(found > 1 && !(found === 3 && fields[14] === null) && { history: decodeHistory(fields[14]) }),
  };
}

function decodeHistory(value: unknown): HistoryPolicy {
  const [count, ageMs, bytes] = asTuple(value, 3, "history");
  return {
    ...(count !== null && { count: asCount(count, "history count", 1) }),
    ...(ageMs !== null && { ageMs: asCount(ageMs, "history age", 1) }),
    ...(bytes !== null && { bytes: asCount(bytes, "history bytes", 1) }),
  };
}

function encodeSchedule(schedule: ScheduleSpec): unknown[] {
  const kind = scheduleKinds.indexOf(schedule.kind);
  switch (schedule.kind) {
    case "cron": {
      const { expression, zone, dst, dayMatch } = schedule;
      return [kind, expression, zone, dstPolicies.indexOf(dst), dayMatches.indexOf(dayMatch)];
    }
    case "every":
      return [kind, schedule.everyMs];
    case "after":
      return [kind, schedule.afterMs];
    case "at":
      return [kind];
    default:
      return unreachable(schedule);
  }
}

function decodeSchedule(value: unknown): ScheduleSpec {
  const fields = asArray(value, "schedule");
  const kind = asChoice(fields[0], scheduleKinds, "schedule");
  switch (kind) {
    case "cron":
      asTuple(fields, 5, "cron schedule");
      return {
        kind,
        expression: asText(fields[1], "expression"),
        zone: asText(fields[2], "zone"),
        dst: asChoice(fields[3], dstPolicies, "dst"),
        dayMatch: asChoice(fields[4], dayMatches, "dayMatch"),
      };
    case "every":
      return { kind, everyMs: asCount(asTuple(fields, 2, "every schedule")[1], "everyMs", 1) };
    case "after":
      return { kind, afterMs: asCount(asTuple(fields, 2, "after schedule")[1], "afterMs") };
    case "at":
      asTuple(fields, 1, "at schedule");
      return { kind };
    /* c8 ignore next 2 */
    default:
      return unreachable(kind);
  }
}

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
import { describe } from "./describe.ts";
import { KronError } from "./errors.ts";
import type { HistoryPolicy } from "./history-policy.ts";
import { defaultRetry, type RetryPolicy } from "./retry.ts";

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

/** What a run executes; further kinds (module, command, task, http) come with their runners. */
export type TargetSpec = { readonly kind: "callback" };

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
const targetKinds: readonly TargetSpec["kind"][] = ["callback"];

/** Fields of layout 1. Layout 2 has the history policy behind them, and is only written where there is one. */
const fieldCount = 14;

/** One run for all missed occurrences of the last day. */
export const defaultMisfire: MisfirePolicy = Object.freeze({ mode: "once", withinMs: 86_400_000, max: 1_000 });

/** A text that is equal for two definitions exactly when they are equal; for interning, not for storing. */
export function definitionKey(definition: TimerDefinition): string {
  const { schedule, target, overlap, retry, misfire, timeoutMs, graceMs, jitterMs, concurrency } = definition;
  const timing = `${timeoutMs},${graceMs},${jitterMs} ${definition.jitterMode},${concurrency}`;
  // The only free text comes last, so that nothing in it can be taken for another field.
  return `${target.kind},${overlap},${retryKey(retry)},${misfireKey(misfire)},${timing},${historyKey(definition.history)},${scheduleKey(schedule)}`;
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
 * Layout 2 ends in `[count, ageMs, bytes]` of the history, each null where the runtime decides.
 * The schedule is `[0, expression, zone, dst, dayMatch]`, `[1, everyMs]`, `[2, afterMs]` or `[3]`, the target `[0]`.
 */
export function encodeDefinition(definition: TimerDefinition): unknown {
  const { schedule, target, overlap, retry, misfire, history } = definition;
  const fields = [
    history === undefined ? 1 : 2,
    encodeSchedule(schedule),
    [targetKinds.indexOf(target.kind)],
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
  if (found > 2) {
    throw new KronError("KRON_JOURNAL_VERSION", `Expected timer definitions of layout 1 or 2, got layout ${found}`, {
      hint: "Use the version of Kron that wrote this journal, or a later one",
    });
  }
  asTuple(fields, found === 0 ? 0 : fieldCount + found - 1, "definition");
  const misfire = asTuple(fields[9], 3, "misfire");
  const jitter = asTuple(fields[12], 2, "jitter");
  return {
    schedule: decodeSchedule(fields[1]),
    target: { kind: asChoice(asTuple(fields[2], 1, "target")[0], targetKinds, "target") },
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
    ...(found === 2 && { history: decodeHistory(fields[14]) }),
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

function asArray(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw corrupt(what, "an array", value);
  return value;
}

function asTuple(value: unknown, length: number, what: string): readonly unknown[] {
  const fields = asArray(value, what);
  if (fields.length !== length) throw corrupt(what, `${length} fields`, fields.length);
  return fields;
}

function asText(value: unknown, what: string): string {
  if (typeof value !== "string" || value === "") throw corrupt(what, "a text", value);
  return value;
}

function asCount(value: unknown, what: string, min = 0): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min)
    throw corrupt(what, `a whole number from ${min}`, value);
  return value;
}

function asChoice<Choice>(value: unknown, choices: readonly Choice[], what: string): Choice {
  const index = asCount(value, what);
  const choice = choices[index];
  if (choice === undefined) throw corrupt(what, `a number below ${choices.length}`, index);
  return choice;
}

function corrupt(what: string, expected: string, got: unknown): KronError {
  return new KronError(
    "KRON_JOURNAL_CORRUPT",
    `Expected ${what} of a timer definition to be ${expected}, got ${describe(got)}`,
    { hint: "Run `kron doctor`" },
  );
}

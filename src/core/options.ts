/**
 * The options of a timer, read once at the edge. Whatever a caller can get wrong is refused here, with the name
 * of the option, what was expected and what came; behind it nothing is checked again.
 */

import { unreachable } from "./assert.ts";
import type { DayMatch, DstPolicy } from "./cron.ts";
import {
  backoffs,
  dayMatches,
  defaultMisfire,
  dstPolicies,
  type JitterMode,
  jitterModes,
  type MisfirePolicy,
  misfireModes,
  type OverlapPolicy,
  overlapPolicies,
  type ScheduleSpec,
  type TimerDefinition,
} from "./definition.ts";
import { describe } from "./describe.ts";
import { type DurationLimits, formatDuration, parseDuration } from "./duration.ts";
import { type HistoryOptions, readHistory } from "./history-options.ts";
import { formatInstant, parseInstant } from "./instant.ts";
import {
  isPlainObject,
  optionError,
  type RawOptions,
  readChoice,
  readCount,
  readFlag,
  readOptions,
  readText,
} from "./option-reader.ts";
import { checkPayload } from "./payload.ts";
import { defaultRetry, noRetry, type RetryPolicy } from "./retry.ts";
import { readTarget, type TargetOptions, targetOptionNames } from "./target-options.ts";
import { parseTimerId } from "./timer-id.ts";

/** A duration: text such as `"30s"`, `"1h30m"` or `"PT1H30M"`, or whole milliseconds. */
export type DurationInput = string | number;
/** An instant: RFC 3339 text with an offset, milliseconds since 1970, or a `Date`. */
export type InstantInput = string | number | { getTime(): number };

/** How failed attempts are tried again. */
export interface RetryOptions {
  /** Attempts in all, the first included, from 1; default 3. */
  readonly maxAttempts?: number | undefined;
  /** Default `"exponential"`. */
  readonly backoff?: RetryPolicy["backoff"] | undefined;
  /** Delay before the second attempt; default 30 s, or `cap` if that is less. */
  readonly base?: DurationInput | undefined;
  /** The longest delay; default one hour, or `base` if that is more. */
  readonly cap?: DurationInput | undefined;
  /** Draw each delay between 0 and its length; default false. */
  readonly jitter?: boolean | undefined;
}

/** What becomes of occurrences that passed while nothing could run them. */
export interface MisfireOptions {
  /** Default `"once"`. */
  readonly mode?: MisfirePolicy["mode"] | undefined;
  /** Older occurrences are missed; default one day. Not with `"skip"`. */
  readonly within?: DurationInput | undefined;
  /** At most so many are run, from 1 to 1,000 (the default). Only with `"all"`. */
  readonly max?: number | undefined;
}

/** How far due times are put off, so that timers of one time spread. */
export interface JitterOptions {
  /** The longest delay. */
  readonly max: DurationInput;
  /** The same delay at every occurrence (the default), or a new one each time. */
  readonly mode?: JitterMode | undefined;
}

/**
 * What `schedule(id, options)` takes: exactly one of `cron`, `every`, `after`, `at`, and any of the rest. What is
 * executed is the callback given along, or else one of `module`, `command` and `http`.
 */
export interface ScheduleOptions<Payload = unknown> extends TargetOptions {
  /** A cron expression, for instance `"0 9 * * 1-5"`. */
  readonly cron?: string | undefined;
  /** A fixed interval of 10 ms or more. */
  readonly every?: DurationInput | undefined;
  /** Once, so long from now. */
  readonly after?: DurationInput | undefined;
  /** Once, at this instant. */
  readonly at?: InstantInput | undefined;
  /** IANA name of the zone in which `cron` is read; default `"UTC"`. Only with `cron`. */
  readonly timezone?: string | undefined;
  /** Behaviour at clock changes; default `"vixie"`. Only with `cron`. */
  readonly dst?: DstPolicy | undefined;
  /** How restricted days of month and of week combine; default `"or"`. Only with `cron`. */
  readonly dayMatch?: DayMatch | undefined;
  /** What happens when an occurrence is due during a run; default `"delay"`. */
  readonly overlap?: OverlapPolicy | undefined;
  /** Default three attempts; `false` for one. */
  readonly retry?: false | RetryOptions | undefined;
  /** Default `"once"` within a day. */
  readonly misfire?: MisfirePolicy["mode"] | MisfireOptions | undefined;
  /** The longest an attempt may take; default (and 0) no limit. */
  readonly timeout?: DurationInput | undefined;
  /** Time between asking an attempt to stop and giving it up; default 5 s. */
  readonly grace?: DurationInput | undefined;
  /** Default none; no longer than `every`. */
  readonly jitter?: DurationInput | JitterOptions | undefined;
  /** Runs of this timer at one time; more than 1 only with `overlap: "allow"`, where the default is no limit. */
  readonly concurrency?: number | undefined;
  /** How much history is kept of this timer. */
  readonly history?: HistoryOptions | undefined;
  /** Handed to every run: plain data as `checkPayload` takes it, up to 256 KiB. */
  readonly payload?: Payload | undefined;
}

/** A timer as its caller asked for it. */
export interface TimerRequest {
  readonly id: string;
  readonly definition: TimerDefinition;
  /** The instant of `at`; undefined for every other schedule. */
  readonly atMs: number | undefined;
  /** The caller's own object, not a copy; undefined when there is none. */
  readonly payload: unknown;
  /** What the payload takes as msgpack; 0 when there is none. */
  readonly payloadBytes: number;
}

/** The shortest interval of `every`. */
export const everyMsMin = 10;
/** The largest `retry.maxAttempts`. */
export const maxAttemptsMax = 1_000_000;
/** The largest `concurrency`. */
export const concurrencyMax = 100_000;
const defaultGraceMs = 5_000;
const cronLengthMax = 1_000;
const zoneLengthMax = 100;

const atSchedule = Object.freeze({ kind: "at" });

const selectors = ["cron", "every", "after", "at"] as const;
const cronOnly = ["timezone", "dst", "dayMatch"] as const;
const scheduleNames: ReadonlySet<string> = new Set([
  ...selectors,
  ...cronOnly,
  ...["overlap", "retry", "misfire", "timeout", "grace", "jitter", "concurrency", "history", "payload"],
  ...targetOptionNames,
]);
const retryNames: ReadonlySet<string> = new Set(["maxAttempts", "backoff", "base", "cap", "jitter"]);
const misfireNames: ReadonlySet<string> = new Set(["mode", "within", "max"]);
const jitterNames: ReadonlySet<string> = new Set(["max", "mode"]);
/** Names of other schedulers, in lower case, with ours. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ["tz", "timezone"],
  ["zone", "timezone"],
  ["interval", "every"],
  ["delay", "after"],
  ["in", "after"],
  ["date", "at"],
  ["when", "at"],
  ["pattern", "cron"],
  ["expression", "cron"],
  ["schedule", "cron"],
  ["attempts", "retry"],
  ["backoff", "retry"],
  ["data", "payload"],
  ["args", "payload"],
]);

/**
 * Reads what a caller gave to `schedule`.
 *
 * `check` is called with the schedule and throws what is wrong with a cron expression or a zone
 * (`KRON_CRON_INVALID`, `KRON_ZONE_INVALID`). Throws `KRON_ID_INVALID`, `KRON_OPTION_INVALID`,
 * `KRON_DURATION_INVALID` or `KRON_PAYLOAD_INVALID`. Options that are `undefined` count as absent. The payload is
 * checked, not copied: encode it before the caller can change it.
 */
export function parseScheduleOptions(
  id: unknown,
  options: unknown,
  check: (schedule: ScheduleSpec) => void,
): TimerRequest {
  const timerId = parseTimerId(id);
  const raw = readOptions(options, "the options", "", scheduleNames, otherNames);
  const atMs = raw.at === undefined ? undefined : readInstant(raw.at);
  const schedule = readSchedule(raw);
  const overlap = raw.overlap === undefined ? "delay" : readChoice(raw.overlap, "overlap", overlapPolicies);
  const jitter = readJitter(raw.jitter, schedule);
  const definition: TimerDefinition = {
    schedule,
    target: readTarget(raw),
    overlap,
    retry: readRetry(raw.retry),
    misfire: readMisfire(raw.misfire),
    timeoutMs: readDuration(raw.timeout, "timeout", 0),
    graceMs: readDuration(raw.grace, "grace", defaultGraceMs),
    jitterMs: jitter.ms,
    jitterMode: jitter.mode,
    concurrency: readConcurrency(raw.concurrency, overlap),
    ...(raw.history !== undefined && { history: readHistory(raw.history) }),
  };
  const payload = raw.payload;
  const payloadBytes = payload === undefined ? 0 : checkPayload(payload, "payload");
  check(schedule);
  return { id: timerId, definition, atMs, payload, payloadBytes };
}

function readSchedule(raw: RawOptions): ScheduleSpec {
  const given = selectors.filter((name) => raw[name] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    const got = kind === undefined ? "none" : given.join(" and ");
    throw optionError("cron", `Expected exactly one of cron, every, after and at, got ${got}`);
  }
  if (kind === "cron") return readCron(raw);
  const misplaced = cronOnly.find((name) => raw[name] !== undefined);
  if (misplaced !== undefined)
    throw optionError(misplaced, `Expected ${misplaced} only together with cron, got it with ${kind}`);
  switch (kind) {
    case "every":
      return { kind, everyMs: readDuration(raw.every, kind, 0, { minMs: everyMsMin }) };
    case "after":
      return { kind, afterMs: readDuration(raw.after, kind, 0) };
    case "at":
      return atSchedule;
    /* c8 ignore next 2 */
    default:
      return unreachable(kind);
  }
}

function readCron(raw: RawOptions): ScheduleSpec {
  const { cron, timezone, dst, dayMatch } = raw;
  return {
    kind: "cron",
    // Equal schedules should be equal texts, so that they are compiled and stored once.
    expression: readText(cron, "cron", cronLengthMax).replace(/\s+/g, " "),
    zone: timezone === undefined ? "UTC" : readText(timezone, "timezone", zoneLengthMax),
    dst: dst === undefined ? "vixie" : readChoice(dst, "dst", dstPolicies),
    dayMatch: dayMatch === undefined ? "or" : readChoice(dayMatch, "dayMatch", dayMatches),
  };
}

function readRetry(value: unknown): RetryPolicy {
  if (value === undefined) return defaultRetry;
  if (value === false) return noRetry;
  if (!isPlainObject(value))
    throw optionError(
      "retry",
      `Expected retry to be false or an object, got ${describe(value)}`,
      "Write retry: { maxAttempts: 5 }, or leave it out for the default",
    );
  const { maxAttempts, backoff, base, cap, jitter } = readOptions(value, "retry", "retry.", retryNames);
  const baseMs = readDuration(base, "retry.base", defaultRetry.baseMs);
  const capMs = readDuration(cap, "retry.cap", Math.max(defaultRetry.capMs, baseMs));
  if (base !== undefined && baseMs > capMs)
    throw optionError(
      "retry.cap",
      `Expected retry.cap to be at least retry.base, which is ${formatDuration(baseMs)}, got ${formatDuration(capMs)}`,
    );
  return {
    maxAttempts:
      maxAttempts === undefined
        ? defaultRetry.maxAttempts
        : readCount(maxAttempts, "retry.maxAttempts", 1, maxAttemptsMax),
    backoff: backoff === undefined ? defaultRetry.backoff : readChoice(backoff, "retry.backoff", backoffs),
    baseMs: Math.min(baseMs, capMs),
    capMs,
    jitter: jitter === undefined ? defaultRetry.jitter : readFlag(jitter, "retry.jitter"),
  };
}

function readMisfire(value: unknown): MisfirePolicy {
  if (value === undefined) return defaultMisfire;
  const given = isPlainObject(value) ? readOptions(value, "misfire", "misfire.", misfireNames) : undefined;
  if (given === undefined) return { ...defaultMisfire, mode: readChoice(value, "misfire", misfireModes) };
  const { mode = defaultMisfire.mode, within, max } = given;
  const policy = readChoice(mode, "misfire.mode", misfireModes);
  if (within !== undefined && policy === "skip")
    throw optionError("misfire.within", 'Expected misfire.within only with mode "once" or "all", got it with "skip"');
  if (max !== undefined && policy !== "all")
    throw optionError("misfire.max", `Expected misfire.max only with mode "all", got it with "${policy}"`);
  return {
    mode: policy,
    withinMs: readDuration(within, "misfire.within", defaultMisfire.withinMs),
    max: max === undefined ? defaultMisfire.max : readCount(max, "misfire.max", 1, defaultMisfire.max),
  };
}

function readJitter(value: unknown, schedule: ScheduleSpec): { ms: number; mode: JitterMode } {
  const given = isPlainObject(value) ? readOptions(value, "jitter", "jitter.", jitterNames) : undefined;
  if (given !== undefined && given.max === undefined)
    throw optionError("jitter.max", "Expected jitter.max to be a duration, got undefined");
  const what = given === undefined ? "jitter" : "jitter.max";
  const ms = readDuration(given === undefined ? value : given.max, what, 0);
  const mode = given?.mode === undefined ? "stable" : readChoice(given.mode, "jitter.mode", jitterModes);
  if (schedule.kind === "every" && ms > schedule.everyMs)
    throw optionError(
      what,
      `Expected ${what} to be at most every, which is ${formatDuration(schedule.everyMs)}, got ${formatDuration(ms)}`,
      "Occurrences put off by more than the interval would overtake each other",
    );
  // Without jitter the mode means nothing, and equal behaviour should be an equal definition.
  return { ms, mode: ms === 0 ? "stable" : mode };
}

function readConcurrency(value: unknown, overlap: OverlapPolicy): number {
  if (value === undefined) return 0;
  const concurrency = readCount(value, "concurrency", 1, concurrencyMax);
  if (concurrency > 1 && overlap !== "allow")
    throw optionError(
      "concurrency",
      `Expected concurrency over 1 only with overlap "allow", got ${concurrency} with "${overlap}"`,
    );
  return concurrency;
}

/** `parseDuration` takes any value, and refuses what is neither text nor number. */
function readDuration(value: unknown, what: string, otherwiseMs: number, limits?: DurationLimits): number {
  return value === undefined ? otherwiseMs : parseDuration(value as string, what, limits);
}

/** `parseInstant` takes any value, and refuses what is neither text nor number nor a date. */
function readInstant(value: unknown): number {
  const atMs = parseInstant(value as string, "at");
  // The log keeps instants as whole numbers from 1, and 0 means "none".
  if (atMs > 0) return atMs;
  throw optionError("at", `Expected at to be after 1970-01-01T00:00:00Z, got ${formatInstant(atMs)}`);
}

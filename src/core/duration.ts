/**
 * Durations as people write them. The compact form is numbers with units, the largest unit first, each unit
 * once, a fraction only in the last part: `500ms`, `30s`, `1h30m`, `1.5h`, `2d 12h`, `1w`. The ISO 8601 form
 * is `P2W`, `P1DT12H`, `PT1H30M`. Years and months are refused in both, as they have no fixed length.
 */

import { describe, quote } from "./describe.ts";
import { KronError } from "./errors.ts";

/** The longest duration that is accepted unless a limit says otherwise: 36,525 days, a hundred years. */
export const durationMsMax = 36_525 * 86_400_000;

/** What a duration may be, both ends included. */
export interface DurationLimits {
  /** Default 0. */
  readonly minMs?: number;
  /** Default `durationMsMax`. */
  readonly maxMs?: number;
}

interface Unit {
  readonly ms: number;
  /** 0 is the largest; parts of a duration come in rising rank. */
  readonly rank: number;
}

const compactUnits: ReadonlyMap<string, Unit> = new Map([
  ["w", { ms: 604_800_000, rank: 0 }],
  ["d", { ms: 86_400_000, rank: 1 }],
  ["h", { ms: 3_600_000, rank: 2 }],
  ["m", { ms: 60_000, rank: 3 }],
  ["s", { ms: 1_000, rank: 4 }],
  ["ms", { ms: 1, rank: 5 }],
]);
const isoDateUnits: ReadonlyMap<string, Unit> = new Map([
  ["W", { ms: 604_800_000, rank: 0 }],
  ["D", { ms: 86_400_000, rank: 1 }],
]);
const isoTimeUnits: ReadonlyMap<string, Unit> = new Map([
  ["H", { ms: 3_600_000, rank: 2 }],
  ["M", { ms: 60_000, rank: 3 }],
  ["S", { ms: 1_000, rank: 4 }],
]);

const textLengthMax = 100;
// Six digits keep `fraction * unit` exact: 999,999 weeks in milliseconds are below 2^53.
const fractionDigitsMax = 6;

/**
 * Whole milliseconds of a duration given as a number of milliseconds or as text (see the head of this file).
 *
 * `what` names the option in the message. Throws `KRON_DURATION_INVALID` when the value cannot be read, is
 * not a whole number of milliseconds, or lies outside `limits`.
 */
export function parseDuration(value: string | number, what: string, limits: DurationLimits = {}): number {
  const ms = typeof value === "number" ? checkNumber(value, what) : parseText(value, what);
  const { minMs = 0, maxMs = durationMsMax } = limits;
  if (ms < minMs) throw outOfRange(value, what, `at least ${formatDuration(minMs)}`);
  if (ms > maxMs) throw outOfRange(value, what, `at most ${formatDuration(maxMs)}`);
  return ms;
}

/**
 * `ms` in the compact form, the largest unit being days: `1h 30m`, `45d`, `0ms`. Fractions of a millisecond
 * are rounded; a negative duration has a minus sign in front. `parseDuration` reads what is not negative.
 */
export function formatDuration(ms: number): string {
  let rest = Math.round(Math.abs(ms));
  if (rest === 0) return "0ms";
  const parts: string[] = [];
  for (const [name, unit] of compactUnits) {
    if (unit.rank === 0 || rest < unit.ms) continue;
    parts.push(`${Math.floor(rest / unit.ms)}${name}`);
    rest %= unit.ms;
  }
  return (ms < 0 ? "-" : "") + parts.join(" ");
}

function checkNumber(value: number, what: string): number {
  if (!Number.isSafeInteger(value)) throw invalid(value, what, "a number must be a whole count of milliseconds");
  if (value < 0) throw invalid(value, what, "it must not be negative");
  return value;
}

function parseText(value: unknown, what: string): number {
  if (typeof value !== "string") throw invalid(value, what, "it must be a text or a number");
  if (value.length > textLengthMax) throw invalid(value, what, `it is longer than ${textLengthMax} characters`);
  const text = value.trim();
  if (text === "") throw invalid(value, what, "it is empty");
  if (text.startsWith("-")) throw invalid(value, what, "it must not be negative");
  return text.startsWith("P") ? parseIso(text, what) : sumParts(text, text, compactUnits, -1, what).ms;
}

function parseIso(text: string, what: string): number {
  const timeAt = text.indexOf("T");
  const date = text.slice(1, timeAt < 0 ? undefined : timeAt);
  const time = timeAt < 0 ? undefined : text.slice(timeAt + 1);
  if (/\s/.test(text)) throw invalid(text, what, "ISO 8601 durations have no spaces");
  if (date === "" && time === undefined) throw invalid(text, what, "nothing follows the P");
  if (time === "") throw invalid(text, what, "nothing follows the T");
  const days = date === "" ? { ms: 0, hasFraction: false } : sumParts(date, text, isoDateUnits, -1, what);
  if (time === undefined) return days.ms;
  if (days.hasFraction) throw invalid(text, what, "only the last part may have a fraction");
  return days.ms + sumParts(time, text, isoTimeUnits, 1, what).ms;
}

/** Adds up `part`, whose units come from `units`, must rank below `rank`, and must rise in rank. */
function sumParts(
  part: string,
  whole: string,
  units: ReadonlyMap<string, Unit>,
  rank: number,
  what: string,
): { ms: number; hasFraction: boolean } {
  const pattern = /(\d+)(?:[.,](\d+))?\s*([A-Za-z]*)\s*/y;
  let ms = 0;
  let lastRank = rank;
  let hasFraction = false;
  while (pattern.lastIndex < part.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(part);
    if (match === null) throw invalid(whole, what, `no number at ${quote(part.slice(at, at + 10))}`);
    const [, digits = "", fraction = "", name = ""] = match;
    const unit = units.get(name);
    if (unit === undefined) throw invalid(whole, what, whyNoUnit(name, digits, units));
    if (unit.rank <= lastRank) throw invalid(whole, what, `"${name}" is out of order or comes twice`);
    if (hasFraction) throw invalid(whole, what, "only the last part may have a fraction");
    lastRank = unit.rank;
    hasFraction = fraction !== "";
    ms += Number(digits) * unit.ms + fractionMs(fraction, unit, whole, what);
  }
  // Whatever is too large to be exact is far over every limit, and is refused as that by the caller.
  return { ms, hasFraction };
}

function fractionMs(fraction: string, unit: Unit, whole: string, what: string): number {
  if (fraction === "") return 0;
  if (fraction.length > fractionDigitsMax)
    throw invalid(whole, what, `a fraction has at most ${fractionDigitsMax} digits`);
  const scale = Number(`1e${fraction.length}`);
  const scaled = Number(fraction) * unit.ms;
  if (scaled % scale !== 0) throw invalid(whole, what, "it is not a whole number of milliseconds");
  return scaled / scale;
}

function whyNoUnit(name: string, digits: string, units: ReadonlyMap<string, Unit>): string {
  const known = [...units.keys()].join(", ");
  if (name === "") return `no unit after ${quote(digits)}; units are ${known}`;
  if (units === isoDateUnits && "HS".includes(name)) return `"${name}" needs a T before the hours, minutes and seconds`;
  if (units !== isoTimeUnits && /^(y|Y|M|mo|years?|months?)$/.test(name))
    return "years and months have no fixed length; use days or weeks, or a cron schedule";
  return `unknown unit ${quote(name)}; units are ${known}`;
}

function invalid(value: unknown, what: string, why: string): KronError {
  return new KronError(
    "KRON_DURATION_INVALID",
    `Expected ${what} to be a duration such as "30s" or "1h30m", got ${describe(value)}: ${why}`,
    {
      hint: 'Write units (ms, s, m, h, d, w) as in "500ms" or "1h30m", ISO 8601 as in "PT1H30M", or a number of milliseconds',
      details: { option: what },
    },
  );
}

function outOfRange(value: unknown, what: string, range: string): KronError {
  return new KronError("KRON_DURATION_INVALID", `Expected ${what} to be ${range}, got ${describe(value)}`, {
    details: { option: what },
  });
}

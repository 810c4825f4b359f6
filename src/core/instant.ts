/**
 * Instants: points on the time line, kept as whole milliseconds since 1970-01-01T00:00Z.
 *
 * As text they are RFC 3339 (a profile of ISO 8601) with an explicit offset. A text without one would mean
 * another instant on another machine, so it is refused. No `Date` is involved, whose parser guesses.
 */

import { assert } from "./assert.ts";
import { dateOfDay, dayOfDate, daysInMonth } from "./civil.ts";
import { describe } from "./describe.ts";
import { KronError } from "./errors.ts";

/** 0000-01-01T00:00:00.000Z, the earliest instant that is accepted. */
export const instantMsMin = -62_167_219_200_000;
/** 9999-12-31T23:59:59.999Z, the latest instant that is accepted. */
export const instantMsMax = 253_402_300_799_999;

const dayMs = 86_400_000;
/** How far `Date` reaches, and with it `formatInstant`. */
const formattedMsMax = 100_000_000 * dayMs;

const instantPattern =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d{2})(?::?(\d{2}))?)?$/;

/**
 * Milliseconds since 1970-01-01T00:00Z of `value`: such a number, an RFC 3339 text, or a `Date` (anything
 * with `getTime`).
 *
 * A text may leave out the seconds and may give the offset as `Z`, `+02:00`, `+0200` or `+02`; digits beyond
 * the milliseconds are cut off. `what` names the option in the message. Throws `KRON_OPTION_INVALID` for
 * anything else: no offset, impossible dates and times, leap seconds, years outside 0 to 9999 in UTC.
 */
export function parseInstant(value: string | number | { getTime(): number }, what: string): number {
  if (typeof value === "string") return checkRange(parseText(value, what), value, what);
  if (typeof value === "number") return checkNumber(value, value, what);
  return checkNumber(timeOf(value, what), value, what);
}

/**
 * An instant in UTC with milliseconds, as `Date.prototype.toISOString` gives it: `2026-03-29T01:00:00.000Z`;
 * years outside 0 to 9999 have a sign and six digits.
 *
 * `ms` is whole and within ±8.64e15, about 270,000 years.
 */
export function formatInstant(ms: number): string {
  assert(Number.isInteger(ms) && Math.abs(ms) <= formattedMsMax, "an instant is whole and within the range of Date");
  const days = Math.floor(ms / dayMs);
  const time = ms - days * dayMs;
  const { year, month, day } = dateOfDay(days);
  const date = `${yearText(year)}-${padded(month, 2)}-${padded(day, 2)}`;
  const hour = Math.floor(time / 3_600_000);
  const minute = Math.floor(time / 60_000) % 60;
  const second = Math.floor(time / 1_000) % 60;
  return `${date}T${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}.${padded(time % 1_000, 3)}Z`;
}

function timeOf(value: unknown, what: string): unknown {
  if (typeof value === "object" && value !== null && "getTime" in value && typeof value.getTime === "function")
    return value.getTime();
  throw invalid(value, what, "it must be a text, a number or a Date");
}

function checkNumber(ms: unknown, value: unknown, what: string): number {
  if (typeof ms !== "number" || Number.isNaN(ms)) throw invalid(value, what, "it holds no time");
  // Infinities are whole neither, and are told apart by the range.
  if (Number.isFinite(ms) && !Number.isInteger(ms)) throw invalid(value, what, "milliseconds must be whole");
  return checkRange(ms, value, what);
}

function checkRange(ms: number, value: unknown, what: string): number {
  if (ms < instantMsMin || ms > instantMsMax) throw invalid(value, what, "it lies outside the years 0 to 9999");
  // Turns -0 into 0, which no one expects in a time.
  return ms + 0;
}

function parseText(text: string, what: string): number {
  const match = instantPattern.exec(text);
  if (match === null) throw invalid(text, what, whyUnread(text));
  const field = (index: number): number => Number(match[index] ?? 0);
  const year = field(1);
  const month = field(2);
  const day = field(3);
  if (month < 1 || month > 12) throw invalid(text, what, `there is no month ${month}`);
  if (day < 1 || day > daysInMonth(year, month)) throw invalid(text, what, `${year}-${month} has no day ${day}`);
  const hour = field(4);
  const minute = field(5);
  const second = field(6);
  if (hour > 23) throw invalid(text, what, "hours go from 00 to 23");
  if (minute > 59) throw invalid(text, what, "minutes go from 00 to 59");
  if (second > 59) throw invalid(text, what, "seconds go from 00 to 59; leap seconds have no place on this scale");
  if (match[8] === undefined && match[9] === undefined) throw invalid(text, what, "it has no offset");
  const offsetHour = field(10);
  const offsetMinute = field(11);
  if (offsetHour > 23 || offsetMinute > 59) throw invalid(text, what, "offsets go from -23:59 to +23:59");
  const offsetMinutes = (match[9] === "-" ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  const milliseconds = Number((match[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const minutes = hour * 60 + minute - offsetMinutes;
  return dayOfDate(year, month, day) * dayMs + minutes * 60_000 + second * 1_000 + milliseconds;
}

/** The likeliest reason why a text does not have the form; none of these can be read by guessing. */
function whyUnread(text: string): string {
  if (text.endsWith("]")) return "a zone in brackets is not read; give the offset alone";
  if (/^[+-]\d{6}-/.test(text)) return "it lies outside the years 0 to 9999";
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return "a date alone is not an instant";
  if (/^\d+$/.test(text)) return "milliseconds must be given as a number, not as a text";
  return "it does not have this form";
}

function invalid(value: unknown, what: string, why: string): KronError {
  return new KronError(
    "KRON_OPTION_INVALID",
    `Expected ${what} to be an instant such as "2026-03-29T09:30:00+02:00", got ${describe(value)}: ${why}`,
    {
      hint: 'Write date, time and offset, as in "2026-03-29T07:30:00Z", or pass a Date or milliseconds since 1970',
      details: { option: what },
    },
  );
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return padded(year, 4);
  return (year < 0 ? "-" : "+") + padded(Math.abs(year), 6);
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/**
 * What a cron expression says once it is read: sets of numbers and the special rules of the day fields.
 *
 * Nothing here knows a time zone or a daylight-saving rule.
 */

import type { BitSet } from "./bit-set.ts";

/** The fields of a cron expression, in the order of a seven-field one. */
export type CronFieldName = "second" | "minute" | "hour" | "dayOfMonth" | "month" | "dayOfWeek" | "year";

/** The first and last year that a schedule can name or reach. */
export const yearMin = 1970;
export const yearMax = 9999;

/** The day-of-month field. A day that a month does not have matches nothing in it. */
export interface MonthDays {
  /** 1 to 31. */
  readonly days: BitSet;
  /** `L-n` as n, `L` as 0: days counted back from the last one. */
  readonly fromLast: BitSet;
  /** `nW` as n, 1 to 31: the weekday (Monday to Friday) nearest to day n, in the same month. */
  readonly nearWeekdays: BitSet;
  /** `LW`: the last weekday (Monday to Friday) of the month. */
  readonly lastWeekday: boolean;
  /** The field began with `*` or `?`, so it does not count as restricted. */
  readonly star: boolean;
}

/** The day-of-week field; 0 is Sunday. */
export interface WeekDays {
  readonly days: BitSet;
  /** `d#n` as n * 7 + d, n from 1 to 5: the n-th such day of the month. */
  readonly nth: BitSet;
  /** `dL`, `d#L`: the last such day of the month. */
  readonly last: BitSet;
  readonly star: boolean;
  /** `+` before the field: both day fields must match. */
  readonly plus: boolean;
}

/** One stretch of the year field: `from`, `from + step`, … up to `to`. */
export interface YearRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** A cron expression, read. */
export interface CronFields {
  readonly seconds: BitSet;
  readonly minutes: BitSet;
  readonly hours: BitSet;
  readonly monthDays: MonthDays;
  /** 1 to 12. */
  readonly months: BitSet;
  readonly weekDays: WeekDays;
  /** Sorted by nothing in particular; may overlap. */
  readonly years: readonly YearRange[];
  /** The minute or hour field began with `*`: the job is one of pace, not of a fixed time of day. */
  readonly wildcard: boolean;
}

/** A text that is equal for two expressions only when they mean the same, `H` resolved. */
export function fieldsKey(fields: CronFields): string {
  const { monthDays, weekDays } = fields;
  const flags = [fields.wildcard, monthDays.lastWeekday, monthDays.star, weekDays.star, weekDays.plus];
  const sets = [fields.seconds, fields.minutes, fields.hours, fields.months, monthDays.days, monthDays.fromLast];
  sets.push(monthDays.nearWeekdays, weekDays.days, weekDays.nth, weekDays.last);
  const years = fields.years.map((range) => `${range.from}-${range.to}/${range.step}`);
  return [...sets.map((set) => set.key()), flags.map(Number).join(""), ...years].join(" ");
}

/** The first named year at or after `year`, or Infinity. */
export function nextYear(years: readonly YearRange[], year: number): number {
  let found = Number.POSITIVE_INFINITY;
  for (const { from, to, step } of years) {
    const candidate = year <= from ? from : from + Math.ceil((year - from) / step) * step;
    if (candidate <= to && candidate < found) found = candidate;
  }
  return found;
}

/** The last named year at or before `year`, or -Infinity. */
export function prevYear(years: readonly YearRange[], year: number): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const { from, to, step } of years) {
    const candidate = from + Math.floor((Math.min(year, to) - from) / step) * step;
    if (candidate >= from && candidate > found) found = candidate;
  }
  return found;
}

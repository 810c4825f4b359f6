/**
 * Which days of a month a cron expression names, as a 31-bit mask: bit 0 is the first of the month.
 *
 * The two day fields combine as in Vixie cron: when both are restricted, either may match; when one of them
 * starts with `*` (or is `?`), or both are asked for (`+`, `dayMatch: "and"`), a day must match both.
 */

import { dayOfDate, daysInMonth, weekdayOfDay } from "./civil.ts";
import { type CronFields, type MonthDays, nextYear, type WeekDays, yearMax, yearMin } from "./cron-fields.ts";

const sunday = 0;
const saturday = 6;
/** The Gregorian calendar repeats itself, weekdays included, after this many years. */
const yearsOfCalendar = 400;

/** The days of a month on which a schedule may be due; `maskOf` allocates nothing. */
export class DayRule {
  readonly #monthDays: MonthDays;
  readonly #needsBoth: boolean;
  readonly #plainMonthDays: number;
  readonly #weekDays: WeekDays;
  readonly #hasNearWeekdays: boolean;
  readonly #hasFromLast: boolean;
  /** Mask of the plain and n-th weekdays, by the weekday of the first of the month. */
  readonly #byFirstWeekday: Int32Array;

  constructor(fields: CronFields, dayMatch: "or" | "and") {
    this.#monthDays = fields.monthDays;
    this.#weekDays = fields.weekDays;
    this.#needsBoth = needsBothDays(fields, dayMatch);
    this.#plainMonthDays = fields.monthDays.days.values().reduce((mask, day) => mask | (1 << (day - 1)), 0);
    this.#hasNearWeekdays = fields.monthDays.nearWeekdays.size > 0 || fields.monthDays.lastWeekday;
    this.#hasFromLast = fields.monthDays.fromLast.size > 0;
    this.#byFirstWeekday = Int32Array.from({ length: 7 }, (_, first) => weekdayMask(fields.weekDays, first));
  }

  /** Mask of the matching days of a month with `length` days whose first is the given weekday. */
  maskOf(firstWeekday: number, length: number): number {
    const byMonthDay = this.#monthDayMask(firstWeekday, length);
    const byWeekday = this.#weekdayMask(firstWeekday, length);
    const mask = this.#needsBoth ? byMonthDay & byWeekday : byMonthDay | byWeekday;
    return mask & (0x7fffffff >>> (31 - length));
  }

  #monthDayMask(firstWeekday: number, length: number): number {
    let mask = this.#plainMonthDays;
    if (this.#hasFromLast) {
      const { fromLast } = this.#monthDays;
      for (let back = fromLast.next(0); back >= 0 && back < length; back = fromLast.next(back + 1)) {
        mask |= 1 << (length - 1 - back);
      }
    }
    if (this.#hasNearWeekdays) {
      const { nearWeekdays, lastWeekday } = this.#monthDays;
      for (let day = nearWeekdays.next(1); day >= 0 && day <= length; day = nearWeekdays.next(day + 1)) {
        mask |= 1 << (nearestWeekday(day, firstWeekday, length) - 1);
      }
      if (lastWeekday) mask |= 1 << (nearestWeekday(length, firstWeekday, length) - 1);
    }
    return mask;
  }

  #weekdayMask(firstWeekday: number, length: number): number {
    // The table has an entry for each of the seven weekdays.
    let mask = this.#byFirstWeekday[firstWeekday] as number;
    const { last } = this.#weekDays;
    for (let weekday = last.next(0); weekday >= 0; weekday = last.next(weekday + 1)) {
      const back = (firstWeekday + length - 1 - weekday + 7) % 7;
      mask |= 1 << (length - 1 - back);
    }
    return mask;
  }
}

/** Whether a day must match both day fields, rather than either. */
export function needsBothDays(fields: CronFields, dayMatch: "or" | "and"): boolean {
  return dayMatch === "and" || fields.weekDays.plus || fields.monthDays.star || fields.weekDays.star;
}

/** Whether any date from 1970 to 9999 matches. */
export function hasAnyDay(fields: CronFields, rule: DayRule): boolean {
  const consecutive = fields.years.length === 1 && fields.years[0]?.step === 1;
  const yearsToTry = consecutive ? yearsOfCalendar : yearMax - yearMin + 1;
  let year = nextYear(fields.years, yearMin);
  for (let tried = 0; tried < yearsToTry && Number.isFinite(year); tried += 1) {
    for (let month = fields.months.next(1); month >= 0; month = fields.months.next(month + 1)) {
      if (rule.maskOf(weekdayOfDay(dayOfDate(year, month, 1)), daysInMonth(year, month)) !== 0) return true;
    }
    year = nextYear(fields.years, year + 1);
  }
  return false;
}

/** The Monday to Friday nearest to a day, in the same month (Quartz's `W`). */
function nearestWeekday(day: number, firstWeekday: number, length: number): number {
  const weekday = (firstWeekday + day - 1) % 7;
  if (weekday === saturday) return day > 1 ? day - 1 : day + 2;
  if (weekday === sunday) return day < length ? day + 1 : day - 2;
  return day;
}

/** The plain and n-th weekdays of a month whose first is the given weekday, as if it had 31 days. */
function weekdayMask(weekDays: WeekDays, firstWeekday: number): number {
  let mask = 0;
  for (let day = 1; day <= 31; day += 1) {
    const weekday = (firstWeekday + day - 1) % 7;
    const nth = Math.ceil(day / 7);
    if (weekDays.days.has(weekday) || weekDays.nth.has(nth * 7 + weekday)) mask |= 1 << (day - 1);
  }
  return mask;
}

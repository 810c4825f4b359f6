/**
 * A cron expression against a wall clock that never changes: next, previous and count in local seconds.
 *
 * All answers are in local seconds (see `civil.ts`). Time zones come on top of this in `cron-search.ts`. The
 * month looked at last is remembered, because nearly every question is about the same month as the one before.
 */

import { bitCount, lowestBit } from "./bit-set.ts";
import { firstDayOfMonth, monthOfDay, secondsPerDay, weekdayOfDay } from "./civil.ts";
import type { DayRule } from "./cron-days.ts";
import { type CronFields, nextYear, prevYear } from "./cron-fields.ts";

/** The due times of one expression on a wall clock. Apart from its memory of one month it is immutable. */
export class CronClock {
  readonly #fields: CronFields;
  readonly #rule: DayRule;
  readonly #firstTime: number;
  readonly #lastTime: number;
  readonly #timesPerDay: number;
  // The remembered month: its first day, the first day after it, and the mask of its matching days.
  #monthStart = 0;
  #monthEnd = 0;
  #monthMask = 0;

  /** `fields` must name at least one date (`hasAnyDay`), and `rule` must be made from them. */
  constructor(fields: CronFields, rule: DayRule) {
    const { seconds, minutes, hours } = fields;
    this.#fields = fields;
    this.#rule = rule;
    this.#firstTime = hours.next(0) * 3600 + minutes.next(0) * 60 + seconds.next(0);
    this.#lastTime = hours.prev(23) * 3600 + minutes.prev(59) * 60 + seconds.prev(59);
    this.#timesPerDay = hours.size * minutes.size * seconds.size;
  }

  /** The first due time at or after a local second; Infinity when there is none before the year 10000. */
  next(from: number): number {
    const day = Math.floor(from / secondsPerDay);
    if (this.#isDue(day)) {
      const time = this.#nextTime(from - day * secondsPerDay);
      if (time >= 0) return day * secondsPerDay + time;
    }
    return this.#nextDay(day + 1) * secondsPerDay + this.#firstTime;
  }

  /** The last due time at or before a local second; -Infinity when there is none since 1970. */
  prev(from: number): number {
    const day = Math.floor(from / secondsPerDay);
    if (this.#isDue(day)) {
      const time = this.#prevTime(from - day * secondsPerDay);
      if (time >= 0) return day * secondsPerDay + time;
    }
    return this.#prevDay(day - 1) * secondsPerDay + this.#lastTime;
  }

  /** How many due times lie in [from, until); the work grows with the months between, not with the answer. */
  count(from: number, until: number): number {
    if (from >= until) return 0;
    const firstDay = Math.floor(from / secondsPerDay);
    const lastDay = Math.floor(until / secondsPerDay);
    const beforeFirst = this.#isDue(firstDay) ? this.#timesBefore(from - firstDay * secondsPerDay) : 0;
    const onLast = this.#isDue(lastDay) ? this.#timesBefore(until - lastDay * secondsPerDay) : 0;
    return this.#dueDays(firstDay, lastDay) * this.#timesPerDay - beforeFirst + onLast;
  }

  /** Whether the local second is a due time. */
  isDue(second: number): boolean {
    return this.next(second) === second;
  }

  #isDue(day: number): boolean {
    if (day < this.#monthStart || day >= this.#monthEnd) this.#enterMonth(monthOfDay(day));
    return ((this.#monthMask >>> (day - this.#monthStart)) & 1) === 1;
  }

  /** Remembers a month, and gives the mask of its matching days. */
  #enterMonth(month: number): number {
    const year = Math.floor(month / 12);
    this.#monthStart = firstDayOfMonth(month);
    this.#monthEnd = firstDayOfMonth(month + 1);
    const named = this.#fields.months.has(month - year * 12 + 1) && nextYear(this.#fields.years, year) === year;
    this.#monthMask = named ? this.#rule.maskOf(weekdayOfDay(this.#monthStart), this.#monthEnd - this.#monthStart) : 0;
    return this.#monthMask;
  }

  #nextDay(from: number): number {
    if (from < this.#monthStart || from >= this.#monthEnd) this.#enterMonth(monthOfDay(from));
    let mask = this.#monthMask & (-1 << (from - this.#monthStart));
    let month = mask === 0 ? monthOfDay(this.#monthStart) : 0;
    while (mask === 0) {
      month = this.#nextMonth(month + 1);
      if (month === Number.POSITIVE_INFINITY) return month;
      mask = this.#enterMonth(month);
    }
    return this.#monthStart + lowestBit(mask);
  }

  #prevDay(from: number): number {
    if (from < this.#monthStart || from >= this.#monthEnd) this.#enterMonth(monthOfDay(from));
    let mask = this.#monthMask & (-1 >>> (31 - (from - this.#monthStart)));
    let month = mask === 0 ? monthOfDay(this.#monthStart) : 0;
    while (mask === 0) {
      month = this.#prevMonth(month - 1);
      if (month === Number.NEGATIVE_INFINITY) return month;
      mask = this.#enterMonth(month);
    }
    return this.#monthStart + 31 - Math.clz32(mask);
  }

  /** The first named month number at or after `month`, or Infinity. */
  #nextMonth(month: number): number {
    const year = Math.floor(month / 12);
    const named = nextYear(this.#fields.years, year);
    const inYear = this.#fields.months.next(named === year ? month - year * 12 + 1 : 1);
    if (inYear >= 0) return named * 12 + inYear - 1;
    return nextYear(this.#fields.years, year + 1) * 12 + this.#fields.months.next(1) - 1;
  }

  /** The last named month number at or before `month`, or -Infinity. */
  #prevMonth(month: number): number {
    const year = Math.floor(month / 12);
    const named = prevYear(this.#fields.years, year);
    const inYear = this.#fields.months.prev(named === year ? month - year * 12 + 1 : 12);
    if (inYear >= 0) return named * 12 + inYear - 1;
    return prevYear(this.#fields.years, year - 1) * 12 + this.#fields.months.prev(12) - 1;
  }

  #nextTime(second: number): number {
    const { seconds, minutes, hours } = this.#fields;
    const hour = Math.floor(second / 3600);
    const minute = Math.floor(second / 60) - hour * 60;
    if (hours.has(hour)) {
      if (minutes.has(minute)) {
        const found = seconds.next(second % 60);
        if (found >= 0) return second - (second % 60) + found;
      }
      const found = minutes.next(minute + 1);
      if (found >= 0) return hour * 3600 + found * 60 + seconds.next(0);
    }
    const found = hours.next(hour + 1);
    return found < 0 ? -1 : found * 3600 + minutes.next(0) * 60 + seconds.next(0);
  }

  #prevTime(second: number): number {
    const { seconds, minutes, hours } = this.#fields;
    const hour = Math.floor(second / 3600);
    const minute = Math.floor(second / 60) - hour * 60;
    if (hours.has(hour)) {
      if (minutes.has(minute)) {
        const found = seconds.prev(second % 60);
        if (found >= 0) return second - (second % 60) + found;
      }
      const found = minutes.prev(minute - 1);
      if (found >= 0) return hour * 3600 + found * 60 + seconds.prev(59);
    }
    const found = hours.prev(hour - 1);
    return found < 0 ? -1 : found * 3600 + minutes.prev(59) * 60 + seconds.prev(59);
  }

  /** Due times of a matching day before the given second of it. */
  #timesBefore(second: number): number {
    const { seconds, minutes, hours } = this.#fields;
    const hour = Math.floor(second / 3600);
    const minute = Math.floor(second / 60) - hour * 60;
    let count = hours.countBelow(hour) * minutes.size * seconds.size;
    if (!hours.has(hour)) return count;
    count += minutes.countBelow(minute) * seconds.size;
    return minutes.has(minute) ? count + seconds.countBelow(second % 60) : count;
  }

  /** Matching days in [from, until). */
  #dueDays(from: number, until: number): number {
    let count = 0;
    let day = this.#nextDay(from);
    while (day < until) {
      const mask = this.#monthMask & (-1 << (day - this.#monthStart));
      const end = this.#monthEnd;
      count += bitCount(end <= until ? mask : mask & ~(-1 << (until - this.#monthStart)));
      if (end >= until) break;
      day = this.#nextDay(end);
    }
    return count;
  }
}

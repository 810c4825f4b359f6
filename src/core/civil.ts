/**
 * Civil (calendar) arithmetic of the proleptic Gregorian calendar, in whole numbers and without `Date`.
 *
 * A *day* is the count of days since 1970-01-01, negative before it. A *month number* is `year * 12 + month - 1`,
 * so that months can be stepped through without carrying. A *local second* counts the seconds that a wall
 * clock shows since it would have shown 1970-01-01T00:00:00; it says nothing about a time zone.
 *
 * Method: count years from March, so that the leap day ends the year, and use that 400 years are 146,097 days.
 */

/** Seconds in a civil day; civil days know no leap seconds. */
export const secondsPerDay = 86_400;

/** A date of the proleptic Gregorian calendar. */
export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

const daysPer400Years = 146_097;
/** Days from 0000-03-01 to 1970-01-01. */
const daysToEpoch = 719_468;

/** Days from 1970-01-01 to the given date, for any year; `dayOfMonth` may lie outside its month. */
export function dayOfDate(year: number, month: number, dayOfMonth: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const monthFromMarch = month > 2 ? month - 3 : month + 9;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + dayOfMonth - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * daysPer400Years + dayOfEra - daysToEpoch;
}

/** The date of a day. */
export function dateOfDay(day: number): CivilDate {
  const month = monthOfDay(day);
  return { year: Math.floor(month / 12), month: (((month % 12) + 12) % 12) + 1, day: day - firstDayOfMonth(month) + 1 };
}

/** The month number (`year * 12 + month - 1`) that holds a day; allocates nothing. */
export function monthOfDay(day: number): number {
  const shifted = day + daysToEpoch;
  const era = Math.floor(shifted / daysPer400Years);
  const dayOfEra = shifted - era * daysPer400Years;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  // March of year y is month number y * 12 + 2.
  return (era * 400 + yearOfEra) * 12 + 2 + monthFromMarch;
}

/** The first day of a month number. */
export function firstDayOfMonth(month: number): number {
  const year = Math.floor(month / 12);
  return dayOfDate(year, month - year * 12 + 1, 1);
}

/** Days in a month, `month` from 1 to 12. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Whether a year of the proleptic Gregorian calendar has a 29 February. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Day of the week, 0 for Sunday to 6 for Saturday. */
export function weekdayOfDay(day: number): number {
  // 1970-01-01 was a Thursday.
  return (((day + 4) % 7) + 7) % 7;
}

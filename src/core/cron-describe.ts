/** Cron schedules in plain English, for `kron explain`. */

import type { BitSet } from "./bit-set.ts";
import { needsBothDays } from "./cron-days.ts";
import { type CronFields, type MonthDays, type WeekDays, type YearRange, yearMax, yearMin } from "./cron-fields.ts";
import type { DstRule } from "./cron-search.ts";

/** Up to so many times of day are listed one by one. */
const timesListedMax = 4;
/** Up to so many numbers are listed before a run of them is shortened to its ends. */
const runListedMax = 3;

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = ["January", "February", "March", "April", "May", "June", "July"].concat([
  "August",
  "September",
  "October",
  "November",
  "December",
]);
const everyDay = "every day";
const ordinals = ["first", "second", "third", "fourth", "fifth"];

/** One or two sentences: when, in which zone, how the day fields combine, what happens when clocks change. */
export function describeFields(fields: CronFields, zone: string, rule: DstRule, dayMatch: "or" | "and"): string {
  const parts = [times(fields), days(fields, dayMatch), monthsAndYears(fields)].filter((part) => part !== "");
  const sentence = `${capital(parts.join(" "))}, in time zone ${zone}.`;
  return zone === "UTC" ? sentence : `${sentence} ${clockChanges(rule)}`;
}

function times({ seconds, minutes, hours }: CronFields): string {
  if (seconds.size * minutes.size * hours.size <= timesListedMax) {
    const withSeconds = seconds.size > 1 || !seconds.has(0);
    const listed = hours
      .values()
      .flatMap((hour) =>
        minutes
          .values()
          .flatMap((minute) =>
            seconds.values().map((second) => clock(withSeconds ? [hour, minute, second] : [hour, minute])),
          ),
      );
    return `at ${inWords(listed, "and")}`;
  }
  const units: string[] = [];
  if (seconds.size > 1 || !seconds.has(0)) units.push(pace(seconds, 60, "second"));
  if (units[0] !== "every second" || minutes.size < 60) units.push(pace(minutes, 60, "minute"));
  if (hours.size < 24) units.push(pace(hours, 24, "hour"));
  else if (units.at(-1)?.startsWith("every") !== true) units.push("every hour");
  const text = units.join(" of ");
  return text.startsWith("every") ? text : `at ${text}`;
}

/** `every minute`, `every 5 minutes`, or the numbers. */
function pace(set: BitSet, size: number, unit: string): string {
  if (set.size === size) return `every ${unit}`;
  const step = size / set.size;
  const isEven = set.size > 1 && set.values().every((value, index) => value === index * step);
  return isEven ? `every ${step} ${unit}s` : `${unit}${set.size === 1 ? "" : "s"} ${numbers(set)}`;
}

function days(fields: CronFields, dayMatch: "or" | "and"): string {
  const { monthDays, weekDays } = fields;
  const allMonthDays = monthDays.days.size === 31;
  const allWeekDays = weekDays.days.size === 7;
  const both = needsBothDays(fields, dayMatch);
  if (allMonthDays && allWeekDays) return everyDay;
  if (!both && (allMonthDays || allWeekDays)) return everyDay;
  if (allMonthDays) return `on ${weekDayWords(weekDays)}`;
  if (allWeekDays) return `on ${monthDayWords(monthDays)}`;
  if (both)
    return `on ${monthDayWords(monthDays)}, but only if that is ${weekDayWords(weekDays)} (both day fields must match)`;
  return `on ${monthDayWords(monthDays)}, and also on ${weekDayWords(weekDays)} (either day field may match)`;
}

function monthDayWords({ days, fromLast, nearWeekdays, lastWeekday }: MonthDays): string {
  const words = days.size === 0 ? [] : [`day${days.size === 1 ? "" : "s"} ${numbers(days)} of the month`];
  for (const back of fromLast.values()) words.push(back === 0 ? "the last day of the month" : daysBefore(back));
  for (const day of nearWeekdays.values()) words.push(`the weekday nearest to day ${day} of the month`);
  if (lastWeekday) words.push("the last weekday of the month");
  return inWords(words, "or");
}

function daysBefore(back: number): string {
  return `${back === 1 ? "one day" : `${back} days`} before the last day of the month`;
}

function weekDayWords({ days, nth, last }: WeekDays): string {
  const words = weekdays.filter((_, day) => days.has(day));
  for (const value of nth.values()) {
    words.push(`the ${ordinals[Math.floor(value / 7) - 1]} ${weekdays[value % 7]} of the month`);
  }
  for (const day of last.values()) words.push(`the last ${weekdays[day]} of the month`);
  return inWords(words, "or");
}

function monthsAndYears(fields: CronFields): string {
  const words: string[] = [];
  const named = months.filter((_, index) => fields.months.has(index + 1));
  if (named.length < 12) words.push(`in ${inWords(named, "and")}`);
  const everyYear = fields.years.some(({ from, to, step }) => from === yearMin && to === yearMax && step === 1);
  if (!everyYear) words.push(`in ${inWords(fields.years.map(yearWords), "and")}`);
  return words.join(" ");
}

function yearWords({ from, to, step }: YearRange): string {
  if (from === to) return `${from}`;
  return step === 1 ? `${from} to ${to}` : `every ${step} years from ${from} to ${to}`;
}

function clockChanges({ makesUp, repeats }: DstRule): string {
  const gap = makesUp ? "times that they skip run once, right after" : "times that they skip are left out";
  const overlap = repeats ? "times that they repeat run both times" : "times that they repeat run the first time only";
  return `When clocks change, ${gap}, and ${overlap}.`;
}

/** `1, 2 and 15`; runs of four or more as `1 to 5`. */
function numbers(set: BitSet): string {
  const words: string[] = [];
  for (let first = set.next(0); first >= 0; ) {
    let end = first;
    while (set.has(end + 1)) end += 1;
    if (end - first >= runListedMax) words.push(`${first} to ${end}`);
    else for (let value = first; value <= end; value += 1) words.push(`${value}`);
    first = set.next(end + 1);
  }
  return inWords(words, "and");
}

function inWords(words: readonly string[], joint: "and" | "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${joint} ${words.at(-1)}`;
}

function clock(parts: readonly number[]): string {
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

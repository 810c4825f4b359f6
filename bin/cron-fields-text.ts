/** The resolved fields of a cron expression, as short text. */

import type { BitSet } from "../src/core/bit-set.ts";
import { type CronFields, yearMax, yearMin } from "../src/core/cron-fields.ts";

const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Each field's name with the values it stands for, in the order of a seven-field expression. */
export function cronFieldTexts(fields: CronFields): Readonly<Record<string, string>> {
  const { monthDays, weekDays } = fields;
  const days = [
    rangesText(monthDays.days, 31, 1),
    ...monthDays.fromLast.values().map((back) => (back === 0 ? "L" : `L-${back}`)),
    ...monthDays.nearWeekdays.values().map((day) => `${day}W`),
    ...(monthDays.lastWeekday ? ["LW"] : []),
  ];
  const name = (day: number): string => weekdays[day] ?? String(day);
  const week = [
    rangesText(weekDays.days, 7, 0, name),
    ...weekDays.nth.values().map((value) => `${name(value % 7)}#${Math.floor(value / 7)}`),
    ...weekDays.last.values().map((day) => `${name(day)}L`),
  ];
  const years = fields.years.map(({ from, to, step }) => {
    if (from === yearMin && to === yearMax && step === 1) return "every";
    return from === to ? `${from}` : `${from}-${to}${step === 1 ? "" : `/${step}`}`;
  });
  return {
    second: rangesText(fields.seconds, 60, 0),
    minute: rangesText(fields.minutes, 60, 0),
    hour: rangesText(fields.hours, 24, 0),
    "day of month": joined(days),
    month: rangesText(fields.months, 12, 1),
    "day of week": joined(week),
    year: joined(years),
  };
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(",");
}

/** `every`, or numbers and stretches of them: `0,15,30,45`, `9-17`. */
function rangesText(set: BitSet, size: number, min: number, name: (value: number) => string = String): string {
  if (set.size === size) return "every";
  const parts: string[] = [];
  for (let first = set.next(min); first >= 0; ) {
    let end = first;
    while (set.has(end + 1)) end += 1;
    if (end > first + 1) parts.push(`${name(first)}-${name(end)}`);
    else for (let value = first; value <= end; value += 1) parts.push(name(value));
    first = set.next(end + 1);
  }
  return parts.join(",");
}

/** The two day fields of a cron expression, with their marks `?`, `L`, `W`, `#` and `+`. */

import { BitSet } from "./bit-set.ts";
import type { MonthDays, WeekDays } from "./cron-fields.ts";
import { nextItem, numbersOf, readStretch } from "./cron-items.ts";
import type { FieldReader } from "./cron-reader.ts";

/** `L-30` is the first day of the longest months; more would never match. */
const fromLastMax = 30;
const weeksPerMonthMax = 5;
const lastWeekdayHint = "Write 5L or FRI#L for the last Friday, 6 or SAT for Saturday";

/** Reads the day-of-month field. */
export function parseMonthDays(reader: FieldReader, hashSeed: number): MonthDays {
  const star = reader.peek() === "*" || reader.peek() === "?";
  const days: number[] = [];
  const fromLast: number[] = [];
  const nearWeekdays: number[] = [];
  let lastWeekday = false;
  if (takeOnlyQuestion(reader)) days.push(...allOf(reader));
  else {
    do {
      if (reader.takeWord("LW")) lastWeekday = true;
      else if (reader.takeWord("L")) {
        fromLast.push(reader.take("-") ? reader.number(1, fromLastMax, "days before the last") : 0);
      } else {
        const start = reader.position;
        const stretch = readStretch(reader, hashSeed);
        if (!reader.takeWord("W")) days.push(...numbersOf(stretch, reader.grammar));
        else if (stretch.isSingle) nearWeekdays.push(stretch.from);
        else throw reader.expected("one day before W", start);
      }
    } while (nextItem(reader));
  }
  return {
    days: BitSet.of(days),
    fromLast: BitSet.of(fromLast),
    nearWeekdays: BitSet.of(nearWeekdays),
    lastWeekday,
    star,
  };
}

/** Reads the day-of-week field. */
export function parseWeekDays(reader: FieldReader, hashSeed: number): WeekDays {
  const plus = reader.take("+");
  const star = reader.peek() === "*" || reader.peek() === "?";
  const days: number[] = [];
  const nth: number[] = [];
  const last: number[] = [];
  if (takeOnlyQuestion(reader)) days.push(...allOf(reader));
  else {
    do {
      const start = reader.position;
      if (reader.takeWord("L")) throw reader.expected("a day-of-week before L", start, lastWeekdayHint);
      const stretch = readStretch(reader, hashSeed);
      const week = readWeek(reader);
      if (week !== undefined && !stretch.isSingle) throw reader.expected("one day-of-week before L or #", start);
      if (week === undefined) days.push(...numbersOf(stretch, reader.grammar));
      else if (week === "last") last.push(stretch.from % 7);
      else nth.push(week * 7 + (stretch.from % 7));
    } while (nextItem(reader));
  }
  return { days: BitSet.of(days), nth: BitSet.of(nth), last: BitSet.of(last), star, plus };
}

/** What may follow a weekday: `L`, `#L` or `#n`. */
function readWeek(reader: FieldReader): number | "last" | undefined {
  if (reader.takeWord("L")) return "last";
  if (!reader.take("#")) return undefined;
  return reader.takeWord("L") ? "last" : reader.number(1, weeksPerMonthMax, "L or a week");
}

/** Steps over a `?` that is the whole field; before anything else it is left to be refused. */
function takeOnlyQuestion(reader: FieldReader): boolean {
  return reader.isAtLast && reader.take("?");
}

function allOf(reader: FieldReader): number[] {
  const { grammar } = reader;
  return numbersOf({ from: grammar.min, to: grammar.max, step: 1, isSingle: false }, grammar);
}

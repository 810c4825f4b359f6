/** Items of a cron field: stars, numbers, names, ranges, steps and `H`, as stretches of numbers. */

import { yearMax, yearMin } from "./cron-fields.ts";
import type { FieldGrammar, FieldReader } from "./cron-reader.ts";
import { stableHash } from "./hash.ts";

/** Numbers from `from` to `to` in steps; when `from` is greater the stretch wraps around the field's end. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** Written as one number or name, so that a mark such as `W` or `#` may follow. */
  readonly isSingle: boolean;
}

const weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/** The seven fields. Weekday 7 is read, and means 0. */
export const grammars = {
  second: { name: "second", title: "second", min: 0, max: 59, names: [] },
  minute: { name: "minute", title: "minute", min: 0, max: 59, names: [] },
  hour: { name: "hour", title: "hour", min: 0, max: 23, names: [] },
  dayOfMonth: { name: "dayOfMonth", title: "day-of-month", min: 1, max: 31, names: [] },
  month: { name: "month", title: "month", min: 1, max: 12, names: monthNames },
  dayOfWeek: { name: "dayOfWeek", title: "day-of-week", min: 0, max: 7, names: weekdayNames },
  year: { name: "year", title: "year", min: yearMin, max: yearMax, names: [] },
} as const satisfies Record<string, FieldGrammar>;

/** Reads the comma-separated items of a field that has nothing but stretches. */
export function readStretches(reader: FieldReader, hashSeed: number): Stretch[] {
  const stretches: Stretch[] = [];
  do stretches.push(readStretch(reader, hashSeed));
  while (nextItem(reader));
  return stretches;
}

/** Steps over the comma before another item; false at the end of the field; an error for anything else. */
export function nextItem(reader: FieldReader): boolean {
  if (reader.isAtEnd) return false;
  if (reader.take(",")) return true;
  throw reader.expected("a comma or the end of the field");
}

/** Reads one stretch. */
export function readStretch(reader: FieldReader, hashSeed: number): Stretch {
  const { min } = reader.grammar;
  const last = lastNumber(reader.grammar);
  if (reader.take("*")) return { from: min, to: last, step: readStep(reader) ?? 1, isSingle: false };
  if (reader.takeWord("H")) return readHash(reader, hashSeed);
  const start = reader.position;
  const from = reader.value();
  if (reader.take("-")) {
    const to = reader.value();
    if (reader.grammar.name === "year" && to < from) throw reader.expected("a range of years that goes up", start);
    return { from, to, step: readStep(reader) ?? 1, isSingle: false };
  }
  const step = readStep(reader);
  return step === undefined
    ? { from, to: from, step: 1, isSingle: true }
    : { from, to: Math.max(from, last), step, isSingle: false };
}

/** The numbers of a stretch, wrapped around the end of the field where it wraps. */
export function numbersOf(stretch: Stretch, grammar: FieldGrammar): number[] {
  const size = lastNumber(grammar) - grammar.min + 1;
  const to = stretch.to < stretch.from ? stretch.to + size : stretch.to;
  const numbers: number[] = [];
  for (let number = stretch.from; number <= to; number += stretch.step) {
    numbers.push(grammar.min + ((number - grammar.min) % size));
  }
  return numbers;
}

/** The greatest number of a field that is not another name for a smaller one. */
function lastNumber(grammar: FieldGrammar): number {
  return grammar.name === "dayOfWeek" ? 6 : grammar.max;
}

function readStep(reader: FieldReader): number | undefined {
  if (!reader.take("/")) return undefined;
  return reader.number(1, lastNumber(reader.grammar) - reader.grammar.min + 1, "a step");
}

/** `H`, `H(0-29)`, `H/15`, `H(0-29)/10`: a number, or the phase of a step, fixed by the seed. */
function readHash(reader: FieldReader, hashSeed: number): Stretch {
  const { grammar } = reader;
  const start = reader.position - 1;
  if (grammar.name === "year") throw reader.expected("a year, as H would leave it to chance", start);
  let from: number = grammar.min;
  // Every month has a day 28.
  let to = grammar.name === "dayOfMonth" ? 28 : lastNumber(grammar);
  if (reader.take("(")) {
    const rangeStart = reader.position;
    from = reader.value();
    if (!reader.take("-")) throw reader.expected('"-"');
    to = reader.value();
    if (to < from) throw reader.expected("a range that goes up", rangeStart);
    if (!reader.take(")")) throw reader.expected('")"');
  }
  const hash = stableHash(grammar.name, hashSeed);
  const step = readStep(reader);
  if (step !== undefined) return { from: from + (hash % Math.min(step, to - from + 1)), to, step, isSingle: false };
  const number = from + (hash % (to - from + 1));
  return { from: number, to: number, step: 1, isSingle: false };
}

/**
 * The cron grammar; `docs/cron.md` describes it for users.
 *
 *     expression = nickname | [second] minute hour day-of-month month day-of-week [year]
 *     field      = item { "," item }
 *     item       = ( "*" | value | value "-" value | "H" [ "(" value "-" value ")" ] ) [ "/" step ]
 *     value      = digits | name
 *     day-of-month item also = "?" | "L" [ "-" digits ] | "LW" | digits "W"
 *     day-of-week item also  = "?" | value "L" | value "#" ( "1".."5" | "L" ), the field may start with "+"
 *
 * One pass over a text of bounded length, no regular expressions, no backtracking.
 */

import { BitSet } from "./bit-set.ts";
import { parseMonthDays, parseWeekDays } from "./cron-day-fields.ts";
import type { CronFields } from "./cron-fields.ts";
import { grammars, numbersOf, readStretches } from "./cron-items.ts";
import { type CronPlace, cronError, type FieldGrammar, FieldReader, quoted } from "./cron-reader.ts";
import { didYouMean } from "./suggest.ts";

/** Longer expressions are refused; listing every minute, second and hour takes 500. */
const expressionCharactersMax = 1000;

const nicknames: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
  ["@every_minute", "* * * * *"],
]);

/** What reading an expression gives: its fields, or that it is `@reboot`, which has no due times. */
export type ParsedCron =
  | { readonly kind: "reboot" }
  /** `dates` is where the expression names its dates: from the day of the month to the end. */
  | { readonly kind: "fields"; readonly fields: CronFields; readonly dates: CronPlace };

/**
 * Reads a cron expression. `hashSeed` decides what `H` stands for.
 *
 * Throws KRON_CRON_INVALID with `details: { field, offset, length }`. Does not check that any date matches.
 */
export function parseCron(expression: string, hashSeed: number): ParsedCron {
  const { length } = expression;
  if (length > expressionCharactersMax) {
    const place = { offset: expressionCharactersMax, length: length - expressionCharactersMax };
    throw cronError(expression, place, `Expected at most ${expressionCharactersMax} characters, got ${length}`);
  }
  const words = splitWords(expression);
  const nickname = words[0];
  if (nickname?.text.startsWith("@") !== true) {
    return parseFields(expression, words, hashSeed);
  }
  const place = { offset: nickname.offset, length: nickname.text.length };
  if (words.length > 1) {
    throw cronError(expression, place, `Expected ${quoted(nickname.text)} alone, got ${words.length} words`);
  }
  if (nickname.text === "@reboot") return { kind: "reboot" };
  const meaning = nicknames.get(nickname.text);
  if (meaning === undefined) throw unknownNickname(expression, nickname.text, place);
  return parseFields(meaning, splitWords(meaning), hashSeed);
}

interface Word {
  readonly text: string;
  readonly offset: number;
}

function splitWords(expression: string): Word[] {
  const words: Word[] = [];
  let start = -1;
  for (let at = 0; at <= expression.length; at += 1) {
    const letter = expression.charAt(at);
    const isSpace = letter === " " || letter === "\t" || letter === "";
    if (isSpace && start >= 0) words.push({ text: expression.slice(start, at), offset: start });
    if (isSpace) start = -1;
    else if (start < 0) start = at;
  }
  return words;
}

function unknownNickname(expression: string, nickname: string, place: CronPlace): Error {
  const names = [...nicknames.keys(), "@reboot"];
  const hint = didYouMean(nickname, names) ?? `Known: ${names.join(", ")}`;
  return cronError(expression, place, `Expected a nickname such as @daily, got ${quoted(nickname)}`, hint);
}

function parseFields(expression: string, words: readonly Word[], hashSeed: number): ParsedCron {
  if (words.length < 5 || words.length > 7) {
    const place = { offset: 0, length: Math.max(expression.length, 1) };
    const hint = "Fields are: [second] minute hour day-of-month month day-of-week [year]";
    throw cronError(expression, place, `Expected 5, 6 or 7 fields, got ${words.length}`, hint);
  }
  const absent: Word = { text: "0", offset: 0 };
  const [second = absent, minute = absent, hour = absent, monthDay = absent, month = absent, weekDay = absent] =
    words.length === 5 ? [absent, ...words] : words;
  const year = words[6] ?? { text: "*", offset: 0 };
  const reader = (word: Word, grammar: FieldGrammar): FieldReader =>
    new FieldReader(expression, word.text, word.offset, grammar);
  const plain = (word: Word, grammar: FieldGrammar): BitSet => {
    const stretches = readStretches(reader(word, grammar), hashSeed);
    return BitSet.of(stretches.flatMap((stretch) => numbersOf(stretch, grammar)));
  };
  const fields: CronFields = {
    seconds: plain(second, grammars.second),
    minutes: plain(minute, grammars.minute),
    hours: plain(hour, grammars.hour),
    monthDays: parseMonthDays(reader(monthDay, grammars.dayOfMonth), hashSeed),
    months: plain(month, grammars.month),
    weekDays: parseWeekDays(reader(weekDay, grammars.dayOfWeek), hashSeed),
    years: readStretches(reader(year, grammars.year), hashSeed),
    wildcard: minute.text.startsWith("*") || hour.text.startsWith("*"),
  };
  const { offset } = monthDay;
  return { kind: "fields", fields, dates: { field: "dayOfMonth", offset, length: expression.length - offset } };
}

/** Reading one field of a cron expression letter by letter, with errors that point at the place. */

import type { CronFieldName } from "./cron-fields.ts";
import { KronError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

/** What a field is called in messages, which numbers it takes, and which names stand for some of them. */
export interface FieldGrammar {
  readonly name: CronFieldName;
  readonly title: string;
  readonly min: number;
  readonly max: number;
  /** Names for `min`, `min + 1`, …, in capitals. */
  readonly names: readonly string[];
}

const numberDigitsMax = 4;
const fragmentCharactersMax = 80;

/** A part of an expression, in UTF-16 code units. */
export interface CronPlace {
  /** The field it belongs to; absent when it is the expression as a whole. */
  readonly field?: CronFieldName;
  readonly offset: number;
  readonly length: number;
}

/** The error for an expression that does not follow the grammar; `place` marks the part that is wrong. */
export function cronError(expression: string, place: CronPlace, message: string, hint?: string): KronError {
  return new KronError("KRON_CRON_INVALID", `${message} in cron expression ${quoted(expression)}`, {
    ...(hint === undefined ? {} : { hint }),
    details: { ...place },
  });
}

/** Text in quotes, cut when long, with all but plain ASCII escaped: it may end up in a terminal. */
export function quoted(text: string): string {
  const cut = text.length > fragmentCharactersMax ? `${text.slice(0, fragmentCharactersMax)}...` : text;
  return JSON.stringify(cut).replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A cursor over one field. `offset` is where the field starts in the whole expression. */
export class FieldReader {
  readonly grammar: FieldGrammar;
  readonly #expression: string;
  readonly #text: string;
  readonly #offset: number;
  #at = 0;

  constructor(expression: string, text: string, offset: number, grammar: FieldGrammar) {
    this.#expression = expression;
    this.#text = text;
    this.#offset = offset;
    this.grammar = grammar;
  }

  /** How far the cursor is in the field. */
  get position(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Whether one letter is left. */
  get isAtLast(): boolean {
    return this.#at === this.#text.length - 1;
  }

  /** The letter under the cursor in capitals; empty at the end. */
  peek(): string {
    return this.#text.charAt(this.#at).toUpperCase();
  }

  /** Steps over `wanted` (one capital letter or sign) if it is next. */
  take(wanted: string): boolean {
    if (this.peek() !== wanted) return false;
    this.#at += 1;
    return true;
  }

  /** Whether the letters from the cursor up to the next sign are exactly `word` (in capitals); steps over them. */
  takeWord(word: string): boolean {
    if (this.#wordAt(this.#at) !== word) return false;
    this.#at += word.length;
    return true;
  }

  /** A plain number of at most four digits, from `min` to `max`. */
  number(min: number, max: number, what: string): number {
    const start = this.#at;
    while (isDigit(this.peek())) this.#at += 1;
    const digits = this.#text.slice(start, this.#at);
    const value = Number(digits);
    const good = digits.length > 0 && digits.length <= numberDigitsMax && value >= min && value <= max;
    if (!good) throw this.expected(`${what} from ${min} to ${max}`, start);
    return value;
  }

  /** A number or a name of the field. */
  value(): number {
    const { min, max, names, title } = this.grammar;
    const word = this.#wordAt(this.#at);
    if (word.length === 0) return this.number(min, max, title);
    const start = this.#at;
    const index = names.indexOf(word.slice(0, 3));
    const rest = word.slice(3);
    // A last-weekday mark may follow a name without a sign between: FRIL.
    if (index >= 0 && (rest === "" || (rest === "L" && this.grammar.name === "dayOfWeek"))) {
      this.#at += 3;
      return min + index;
    }
    throw this.expected(this.#wanted(), start, didYouMean(word, names) ?? didYouMean(word.slice(0, 3), names));
  }

  /** The error that says what was expected at `start`, quoting what is there up to the next comma. */
  expected(what: string, start = this.#at, hint?: string): KronError {
    const comma = this.#text.indexOf(",", start);
    const end = comma < 0 ? this.#text.length : comma;
    const got =
      end > start
        ? `got ${quoted(this.#text.slice(start, end))}`
        : start < this.#text.length
          ? 'got ","'
          : "got nothing";
    return this.error(`expected ${what}, ${got}`, start, Math.max(end - start, 1), hint);
  }

  /** An error about a part of the field. */
  error(message: string, start: number, length: number, hint?: string): KronError {
    const { name, title } = this.grammar;
    const left = Math.max(this.#text.length - start, 1);
    const place = { field: name, offset: this.#offset + start, length: Math.min(length, left) };
    return cronError(this.#expression, place, `Bad ${title} field: ${message}`, hint);
  }

  #wanted(): string {
    const { title, min, max, names } = this.grammar;
    const named = names.length === 0 ? "" : ` or ${names[0]} to ${names.at(-1)}`;
    return `${title} from ${min} to ${max}${named}`;
  }

  #wordAt(start: number): string {
    let end = start;
    while (isLetter(this.#text.charAt(end))) end += 1;
    return this.#text.slice(start, end).toUpperCase();
  }
}

function isDigit(letter: string): boolean {
  return letter >= "0" && letter <= "9";
}

function isLetter(letter: string): boolean {
  return (letter >= "a" && letter <= "z") || (letter >= "A" && letter <= "Z");
}

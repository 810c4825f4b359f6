/**
 * The grammar of a crontab, line by line, as Debian's cron reads it (crontab(5)): comments, blank lines, variables
 * and entries. What a variable or an entry means for Kron is in `crontab-timers.ts`.
 *
 *     line     = blank | "#" … | variable | entry
 *     variable = name "=" value                 quotes around either are taken off
 *     entry    = ( five fields | "@" nickname ) [ user ] command
 *
 * A variable holds for the entries below it. Nothing is expanded in values.
 */

/** What is wrong with a line; both numbers count from 1, columns in UTF-16 units. */
export interface CrontabProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

/** A line that sets a variable. */
export interface CrontabVariable {
  readonly line: number;
  readonly name: string;
  readonly value: string;
}

/** A line that runs a command. */
export interface CrontabEntry {
  readonly line: number;
  /** The five fields as they stand there, or a nickname. */
  readonly expression: string;
  /** Where the expression begins, from 1. */
  readonly column: number;
  /** Who runs it; only in the system's crontab. */
  readonly user: string | undefined;
  /** Where the user stands, from 1; 0 without one. */
  readonly userColumn: number;
  /** The rest of the line as it stands there, `%` included. */
  readonly command: string;
  /** The variables above it, the last one of a name counting. */
  readonly variables: ReadonlyMap<string, string>;
}

/** A crontab that has been read. */
export interface Crontab {
  readonly entries: readonly CrontabEntry[];
  readonly variables: readonly CrontabVariable[];
  readonly problems: readonly CrontabProblem[];
  /** Lines that ended in a carriage return, which was taken off. */
  readonly returnLines: readonly number[];
}

interface Head {
  readonly expression: string;
  readonly column: number;
  readonly rest: string;
  readonly restColumn: number;
}

/** Longer lines are refused, as an argument of a command is no longer either. */
export const lineCharactersMax = 64 * 1024;
const fieldCount = 5;
const variablePattern = /^[ \t]*(?:"([^"]*)"|'([^']*)'|([^\s"'=]+))[ \t]*=[ \t]*(.*)$/;
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads a whole crontab; with `isSystem` a user stands before each command. All that is wrong is gathered. */
export function readCrontab(text: string, isSystem: boolean): Crontab {
  const reader = new CrontabReader(isSystem);
  const lines = text.split("\n");
  // What follows the last line feed is a line only when there is something in it.
  if (lines.at(-1) === "") lines.pop();
  lines.forEach((line, index) => {
    reader.take(line, index + 1);
  });
  return reader;
}

class CrontabReader implements Crontab {
  readonly entries: CrontabEntry[] = [];
  readonly variables: CrontabVariable[] = [];
  readonly problems: CrontabProblem[] = [];
  readonly returnLines: number[] = [];
  readonly #isSystem: boolean;
  #inForce: ReadonlyMap<string, string> = new Map();

  constructor(isSystem: boolean) {
    this.#isSystem = isSystem;
  }

  take(raw: string, line: number): void {
    const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (text !== raw) this.returnLines.push(line);
    const start = text.search(/[^ \t]/);
    if (start < 0 || text[start] === "#") return;
    if (text.length > lineCharactersMax) {
      this.#problem(line, lineCharactersMax + 1, `Expected at most ${lineCharactersMax} characters in a line`);
    } else if (text.includes("\0")) {
      this.#problem(line, text.indexOf("\0") + 1, "Expected a text, got NUL in it");
    } else if (!this.#takeVariable(text, line)) {
      this.#takeEntry(text, start, line);
    }
  }

  #takeVariable(text: string, line: number): boolean {
    const [, doubleQuoted, singleQuoted, bare, rest = ""] = variablePattern.exec(text) ?? [];
    const name = doubleQuoted ?? singleQuoted ?? bare;
    // A field of an entry may hold no "=", so that "5 * * * * A=b c" is an entry.
    if (name === undefined) return false;
    if (!namePattern.test(name)) {
      this.#problem(line, text.search(/[^ \t]/) + 1, `Expected the name of a variable before "=", got "${name}"`);
      return true;
    }
    const value = unquoted(rest);
    this.variables.push({ line, name, value });
    this.#inForce = new Map(this.#inForce).set(name, value);
    return true;
  }

  #takeEntry(text: string, start: number, line: number): void {
    const head = this.#head(text, start, line);
    if (head === undefined) return;
    const { expression, column } = head;
    const words = this.#isSystem ? splitWord(head.rest) : undefined;
    const command = words === undefined ? head.rest : words.rest;
    if (command.trim() === "") {
      const expected = this.#isSystem && (words?.word ?? "") === "" ? "a user and a command" : "a command";
      this.#problem(line, text.length + 1, `Expected ${expected} after ${expression}, got nothing`);
      return;
    }
    const user = words?.word;
    const userColumn = user === undefined ? 0 : head.restColumn;
    this.entries.push({ line, expression, column, user, userColumn, command, variables: this.#inForce });
  }

  #head(text: string, start: number, line: number): Head | undefined {
    const wanted = text[start] === "@" ? 1 : fieldCount;
    let at = start;
    let end = start;
    for (let count = 0; count < wanted; count++) {
      if (at >= text.length) {
        const got = `${count} ${count === 1 ? "field" : "fields"}`;
        const hint = "Fields are: minute hour day-of-month month day-of-week";
        this.#problem(line, text.length + 1, `Expected ${wanted} fields and a command, got ${got}`, hint);
        return undefined;
      }
      end = endOfWord(text, at);
      at = startOfWord(text, end);
    }
    return { expression: text.slice(start, end), column: start + 1, rest: text.slice(at), restColumn: at + 1 };
  }

  #problem(line: number, column: number, message: string, hint?: string): void {
    this.problems.push({ line, column, message, ...(hint !== undefined && { hint }) });
  }
}

/** A value without the white space around it, and without the quotes around all of it. */
function unquoted(text: string): string {
  const value = text.trim();
  const quote = value[0];
  const isQuoted = value.length >= 2 && (quote === '"' || quote === "'") && value.at(-1) === quote;
  return isQuoted ? value.slice(1, -1) : value;
}

function splitWord(text: string): { readonly word: string; readonly rest: string } {
  const end = endOfWord(text, 0);
  return { word: text.slice(0, end), rest: text.slice(startOfWord(text, end)) };
}

function endOfWord(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isBlank(text[at])) at += 1;
  return at;
}

function startOfWord(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text[at])) at += 1;
  return at;
}

function isBlank(letter: string | undefined): boolean {
  return letter === " " || letter === "\t";
}

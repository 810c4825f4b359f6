/**
 * The shapes of records as data: what each field is called and what may stand in it. Entries that come from
 * a file or a peer are checked against it before `apply` sees them, and `kron log dump` prints its names.
 */

import { unreachable } from "./assert.ts";
import { decodeDefinition } from "./definition.ts";
import { describe } from "./describe.ts";
import { isKronError, KronError } from "./errors.ts";
import { instantMsMax } from "./instant.ts";
import { isLoggedDetails } from "./logged-error.ts";
import { isEnding } from "./outcome.ts";
import { type Entry, Kind, kindName, type LogRecord } from "./record.ts";

/**
 * What may stand in a field. `count` is a whole number from 0, `time` one up to the end of the year 9999,
 * `keepable` a time or -1; `definition` is the number of a definition or an encoded one, `value` any plain data.
 */
export type FieldType =
  | "count"
  | "time"
  | "keepable"
  | "delta"
  | "text"
  | "flag"
  | "definition"
  | "value"
  | "error"
  | "note"
  | "ending";

/** One field of a record: its name, what may stand in it, and whether it may be left out; such fields come last. */
export type Field = readonly [name: string, type: FieldType, isOptional?: true];

const started: readonly Field[] = [["boot", "text"]];
const timerOnly: readonly Field[] = [["timer", "count"]];
const failure: readonly Field[] = [
  ["run", "count"],
  ["token", "count"],
  ["tookUs", "count"],
  ["retryAtMs", "time"],
  ["nextAtMs", "time"],
  ["error", "error"],
  ["ending", "ending", true],
];
const passedBy: readonly Field[] = [
  ["timer", "count"],
  ["firstAtMs", "time"],
  ["lastAtMs", "time"],
  ["count", "count"],
  ["nextAtMs", "time"],
];

const shapes: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [Kind.RUNTIME_STARTED, started],
  [Kind.RUNTIME_STOPPED, []],
  [Kind.CLOCK_STEPPED, [["deltaMs", "delta"]]],
  [
    Kind.TIMER_CREATED,
    [
      ["id", "text"],
      ["definition", "definition"],
      ["anchorMs", "time"],
      ["nextAtMs", "time"],
      ["payload", "value"],
    ],
  ],
  [
    Kind.TIMER_UPDATED,
    [
      ["timer", "count"],
      ["definition", "definition"],
      ["anchorMs", "time"],
      ["nextAtMs", "keepable"],
      ["payload", "value"],
    ],
  ],
  [Kind.TIMER_PAUSED, timerOnly],
  [Kind.TIMER_RESUMED, timerOnly],
  [Kind.TIMER_CANCELLED, timerOnly],
  [
    Kind.RUN_DUE,
    [
      ["timer", "count"],
      ["scheduledAtMs", "time"],
      ["nextAtMs", "time"],
      ["missedCount", "count"],
      ["start", "flag"],
    ],
  ],
  [
    Kind.RUN_TRIGGERED,
    [
      ["timer", "count"],
      ["start", "flag"],
      ["payload", "value"],
    ],
  ],
  [
    Kind.RUN_STARTED,
    [
      ["run", "count"],
      ["attempt", "count"],
    ],
  ],
  [
    Kind.RUN_SUCCEEDED,
    [
      ["run", "count"],
      ["token", "count"],
      ["tookUs", "count"],
      ["nextAtMs", "time"],
      ["result", "value"],
      ["resultNote", "note"],
    ],
  ],
  [Kind.RUN_FAILED, failure],
  [Kind.RUN_TIMED_OUT, failure],
  [Kind.RUN_LOST, failure],
  [
    Kind.RUN_CANCELLED,
    [
      ["run", "count"],
      ["reason", "text"],
      ["nextAtMs", "time"],
      ["ending", "ending", true],
    ],
  ],
  [Kind.RUN_MISSED, [...passedBy, ["reason", "text"]]],
  [Kind.RUN_SKIPPED_OVERLAP, passedBy],
]);

/** The fields of a record kind in order, or undefined for a number that is no kind. */
export function recordFields(kind: number): readonly Field[] | undefined {
  return shapes.get(kind);
}

/**
 * Gives decoded data back as an entry, or throws `KRON_JOURNAL_CORRUPT` saying which field of which record
 * is wrong. `where` names the place it came from, for the message.
 */
export function checkEntry(data: unknown, where: string): Entry {
  if (!Array.isArray(data) || !isTime(data[0])) throw corrupt(where, "expected [atMs, record, …]");
  for (let i = 1; i < data.length; i++) checkRecord(data[i], where, i - 1);
  // Every element was checked just above.
  return data as unknown as Entry;
}

function checkRecord(data: unknown, where: string, position: number): asserts data is LogRecord {
  if (!Array.isArray(data)) throw corrupt(where, `record ${position} is not a tuple`);
  const fields = shapes.get(data[0] as number);
  if (fields === undefined) throw unknownKind(where, position, data[0]);
  const count = data.length - 1;
  if (count !== fields.length && !(count === fields.length - 1 && fields[count]?.[2] === true)) {
    throw corrupt(where, `record ${position} has ${count} fields, expected ${fields.length}`);
  }
  for (let i = 0; i < count; i++) {
    const field = fields[i] as Field;
    if (!fits(data[i + 1], field[1])) {
      const name = `record ${position} (${kindName(data[0] as number)})`;
      throw corrupt(where, `${name} has a bad ${field[0]}: ${expectations[field[1]]}, got ${describe(data[i + 1])}`);
    }
  }
}

const expectations: Readonly<Record<FieldType, string>> = {
  count: "expected a whole number from 0",
  time: "expected milliseconds from 1970 to 9999",
  keepable: "expected milliseconds from 1970 to 9999, or -1",
  delta: "expected a whole number",
  text: "expected a text",
  flag: "expected 0 or 1",
  definition: "expected a timer definition or the number of one",
  value: "expected any value",
  error: "expected [name, message, stack, code] and perhaps details",
  note: "expected a text or null",
  ending: "expected how an attempt was ended by force",
};

function fits(value: unknown, type: FieldType): boolean {
  switch (type) {
    case "count":
      return isWhole(value);
    case "time":
      return isTime(value);
    case "keepable":
      return value === -1 || isTime(value);
    case "delta":
      return Number.isSafeInteger(value);
    case "flag":
      return value === 0 || value === 1;
    case "text":
      return typeof value === "string";
    case "note":
      return value === null || typeof value === "string";
    case "error":
      return isLoggedError(value);
    case "ending":
      return isEndingOrLater(value);
    case "definition":
      return isWhole(value) || isDefinition(value);
    case "value":
      return true;
    /* c8 ignore next 2 */
    default:
      return unreachable(type);
  }
}

function isTime(value: unknown): boolean {
  return isWhole(value) && (value as number) <= instantMsMax;
}

/** False, or the error itself when the definition is of a later version: that is not damage. */
function isDefinition(value: unknown): boolean {
  try {
    decodeDefinition(value);
    return true;
  } catch (error) {
    if (isKronError(error, "KRON_JOURNAL_CORRUPT")) return false;
    throw error;
  }
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isLoggedError(value: unknown): boolean {
  if (!Array.isArray(value) || value.length < 4 || value.length > 5) return false;
  const [name, message, stack, code, details] = value as unknown[];
  const isError = typeof name === "string" && typeof message === "string" && fits(stack, "note") && fits(code, "note");
  return isError && (value.length === 4 || isLoggedDetails(details));
}

/** One that this version does not know was written by a later one: that is not damage. */
function isEndingOrLater(value: unknown): boolean {
  if (typeof value !== "string" || isEnding(value)) return typeof value === "string";
  throw new KronError("KRON_JOURNAL_VERSION", `Expected an ending that this version knows, got ${describe(value)}`, {
    hint: "The journal was written by a newer Kron; use that version or a newer one",
  });
}

function unknownKind(where: string, position: number, kind: unknown): KronError {
  return new KronError("KRON_JOURNAL_VERSION", `Record ${position} at ${where} is of unknown kind ${describe(kind)}`, {
    hint: "The journal was written by a newer Kron; use that version or a newer one",
  });
}

function corrupt(where: string, what: string): KronError {
  return new KronError("KRON_JOURNAL_CORRUPT", `Bad entry at ${where}: ${what}`, { hint: "Run `kron doctor`" });
}

/** The lines of an export, each judged as strictly as the options of `schedule` are; all that is wrong is gathered. */

import { definitionKey, type TimerDefinition } from "../../src/core/definition.ts";
import { isKronError, KronError } from "../../src/core/errors.ts";
import { instantMsMax } from "../../src/core/instant.ts";
import { isPlainObject, optionError, type RawOptions, readCount, readOptions } from "../../src/core/option-reader.ts";
import { parseScheduleOptions } from "../../src/core/options.ts";
import { redactedPlaces, redactedText } from "../../src/core/redact.ts";
import type { Recurrences } from "../../src/supervisor/recurrences.ts";
import { untaggedPayload } from "../payload-json.ts";
import { exportFormat, statusNames } from "./export-format.ts";
import type { NumberedLine } from "./import-lines.ts";

/** A timer to be created. */
export interface ImportedTimer {
  readonly id: string;
  readonly definition: TimerDefinition;
  /** The definition's `definitionKey`. */
  readonly key: string;
  /** The instant from which `after` counts, or the one that `at` names; undefined when the line does not say it. */
  readonly anchorMs: number | undefined;
  /** When it was due next; undefined when the line does not say it, or it was not due. */
  readonly nextAtMs: number | undefined;
  readonly isPaused: boolean;
  readonly payload: unknown;
  readonly payloadBytes: number;
}

/** Something that is wrong with a line. */
export interface LineProblem {
  readonly line: number;
  readonly message: string;
}

const problemsKept = 20;

const headNames: ReadonlySet<string> = new Set([
  ...["kind", "version", "format", "source", "asOfEntry", "asOfMs", "exportedAtMs", "timers", "history"],
]);
const timerNames: ReadonlySet<string> = new Set([
  ...["kind", "id", "status", "options", "anchorMs", "nextAtMs", "createdAtMs", "unfinishedRuns", "redacted"],
]);

/** Takes the lines of an export, one after another. */
export class ImportReader {
  readonly timers: ImportedTimer[] = [];
  readonly problems: LineProblem[] = [];
  problemCount = 0;
  /** Lines of history, which are passed over. */
  historyLines = 0;
  /** Timers that were completed, dead or cancelled, which have nothing left to do. */
  finishedTimers = 0;
  /** The stamp of the last entry that the export knew; undefined when it does not say. */
  asOfMs: number | undefined;
  readonly #recurrences: Recurrences;
  readonly #lineOfId = new Map<string, number>();
  readonly #definitions = new Map<string, TimerDefinition>();
  #hasHead = false;
  #timersExpected: number | undefined;

  constructor(recurrences: Recurrences) {
    this.#recurrences = recurrences;
  }

  take({ number, text }: NumberedLine): void {
    try {
      this.#take(parseLine(text), number);
    } catch (error) {
      if (!isKronError(error)) throw error;
      this.#addProblem(number, error.hint === undefined ? error.message : `${error.message} (${error.hint})`);
    }
  }

  /** To be called once, after the last line. */
  finish(): void {
    if (!this.#hasHead && this.problemCount === 0) {
      this.#addProblem(1, 'Expected a first line of kind "export", got nothing');
    }
    const expected = this.#timersExpected;
    if (expected === undefined || expected === this.#lineOfId.size || this.problemCount > 0) return;
    this.#addProblem(
      1,
      `Expected ${expected} timers, as this line says, got ${this.#lineOfId.size}: the rest is missing`,
    );
  }

  #addProblem(line: number, message: string): void {
    this.problemCount += 1;
    if (this.problems.length < problemsKept) this.problems.push({ line, message });
  }

  #take(line: RawOptions, number: number): void {
    const { kind } = line;
    if (!this.#hasHead) {
      this.#hasHead = true;
      if (kind !== "export") throw wrongKind('"export" in the first line', kind);
      this.#takeHead(readOptions(line, "the first line", "", headNames));
    } else if (kind === "timer") this.#takeTimer(readOptions(line, "a timer's line", "", timerNames), number);
    else if (kind === "history") this.historyLines += 1;
    else throw wrongKind('"timer" or "history"', kind);
  }

  #takeHead({ format, timers, asOfMs }: RawOptions): void {
    if (format !== exportFormat) {
      throw new KronError("KRON_OPTION_INVALID", `Expected an export of format ${exportFormat}, got another`, {
        hint: "Use the version of Kron that wrote it, or a later one",
      });
    }
    if (timers !== undefined) this.#timersExpected = readCount(timers, "timers", 0, Number.MAX_SAFE_INTEGER);
    this.asOfMs = readTime(asOfMs, "asOfMs");
  }

  #takeTimer(line: RawOptions, number: number): void {
    const { options, status, createdAtMs, unfinishedRuns } = line;
    if (!isPlainObject(options)) throw optionError("options", "Expected options to be an object");
    const payload = untaggedPayload(options.payload);
    const request = parseScheduleOptions(line.id, { ...options, payload: payload ?? undefined }, (schedule) => {
      if (schedule.kind === "cron") this.#recurrences.compile(line.id as string, schedule);
    });
    const { id, definition, atMs, payloadBytes } = request;
    refuseRedacted(definition);
    const before = this.#lineOfId.get(id);
    if (before !== undefined) throw optionError("id", `Expected each timer once, line ${before} has the same id`);
    this.#lineOfId.set(id, number);
    readTime(createdAtMs, "createdAtMs");
    if (unfinishedRuns !== undefined) readCount(unfinishedRuns, "unfinishedRuns", 0, Number.MAX_SAFE_INTEGER);
    const anchorMs = readTime(line.anchorMs, "anchorMs");
    const nextAtMs = readTime(line.nextAtMs, "nextAtMs", 1);
    checkTimes(definition, atMs, anchorMs, nextAtMs);
    if (readStatus(status) === "finished") {
      this.finishedTimers += 1;
      return;
    }
    const key = definitionKey(definition);
    const shared = this.#definitions.get(key) ?? definition;
    this.#definitions.set(key, shared);
    this.timers.push({
      ...{ id, definition: shared, key, anchorMs: atMs ?? anchorMs, nextAtMs },
      ...{ isPaused: status === "paused", payload, payloadBytes },
    });
  }
}

/** A placeholder in the place of a secret would be taken for the secret itself, and the timer would fail each time. */
function refuseRedacted({ target }: TimerDefinition): void {
  const [place] = redactedPlaces(target);
  if (place === undefined) return;
  throw optionError(
    place,
    `Expected the secret of ${place}, got ${redactedText} in its place`,
    "Fill it in, or export with --secrets",
  );
}

function parseLine(text: string): RawOptions {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new KronError("KRON_OPTION_INVALID", `Expected JSON: ${(error as Error).message}`);
  }
  if (isPlainObject(value)) return value;
  throw new KronError("KRON_OPTION_INVALID", "Expected an object of JSON");
}

/** What the rule itself says cannot be said otherwise, and all due times are instants that the log can hold. */
function checkTimes(
  { schedule }: TimerDefinition,
  atMs: number | undefined,
  anchorMs: number | undefined,
  nextAtMs: number | undefined,
): void {
  if (atMs !== undefined && anchorMs !== undefined && anchorMs !== atMs) {
    throw optionError("anchorMs", `Expected anchorMs to be the instant of at, ${atMs}, got ${anchorMs}`);
  }
  const periodMs = schedule.kind === "every" ? schedule.everyMs : schedule.kind === "after" ? schedule.afterMs : 0;
  if (anchorMs !== undefined && anchorMs + periodMs > instantMsMax) {
    throw optionError("anchorMs", `Expected anchorMs to be at most ${instantMsMax - periodMs}, got ${anchorMs}`);
  }
  if (nextAtMs === undefined) return;
  const onceMs = atMs ?? (schedule.kind === "after" && anchorMs !== undefined ? anchorMs + schedule.afterMs : nextAtMs);
  if (onceMs !== nextAtMs) {
    throw optionError("nextAtMs", `Expected nextAtMs to be the one due time, ${onceMs}, got ${nextAtMs}`);
  }
  if (nextAtMs < periodMs) {
    throw optionError("nextAtMs", `Expected nextAtMs to be at least ${periodMs}, got ${nextAtMs}`);
  }
}

/** Milliseconds since 1970; null is how an export says that there is none. */
function readTime(value: unknown, what: string, min = 0): number | undefined {
  return value === undefined || value === null ? undefined : readCount(value, what, min, instantMsMax);
}

function readStatus(value: unknown): "active" | "finished" {
  if (value === undefined || value === "active" || value === "paused") return "active";
  if (statusNames.some(([, name]) => name === value)) return "finished";
  const names = statusNames.map(([, name]) => `"${name}"`).join(", ");
  throw optionError("status", `Expected status to be one of ${names}`);
}

function wrongKind(expected: string, got: unknown): KronError {
  const shown = typeof got === "string" ? `"${got.slice(0, 40)}"` : "none";
  return optionError("kind", `Expected kind to be ${expected}, got ${shown}`);
}

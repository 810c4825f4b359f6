/**
 * Cron schedules: an expression, a zone and a daylight-saving policy compiled into next, previous and count.
 *
 * `docs/cron.md` is the reference for the grammar and for what happens when clocks change. The parts, from the
 * text to the answer: `cron-parse` (grammar), `cron-fields` (bit sets), `cron-days` (which days of a month),
 * `cron-clock` (a wall clock without changes), `cron-search` (a zone's gaps and overlaps).
 */

import { CronClock } from "./cron-clock.ts";
import { DayRule, hasAnyDay } from "./cron-days.ts";
import { describeFields } from "./cron-describe.ts";
import { type CronFields, yearMax, yearMin } from "./cron-fields.ts";
import { type ParsedCron, parseCron } from "./cron-parse.ts";
import { cronError } from "./cron-reader.ts";
import { countDue, type DstRule, nextDue, prevDue } from "./cron-search.ts";
import type { Zone } from "./zone.ts";

/**
 * What becomes of due times when clocks change.
 *
 * - `vixie`: a job with `*` in minute or hour is a wildcard job, any other a fixed one, each as below.
 * - `fixed`: due times in a gap are made up once, at its end; in an overlap only the first pass is due.
 * - `wildcard`: due times in a gap are left out; in an overlap both passes are due.
 * - `skip`: due times in a gap are left out; in an overlap only the first pass is due.
 */
export type DstPolicy = "vixie" | "fixed" | "wildcard" | "skip";

/** Whether a day must match either day field, when both are restricted, or always both. */
export type DayMatch = "or" | "and";

/** How an expression is to be understood. */
export interface CronOptions {
  readonly zone: Zone;
  /** Default `vixie`. */
  readonly dst?: DstPolicy;
  /** Default `or`. */
  readonly dayMatch?: DayMatch;
  /** Decides what `H` stands for, for instance `stableHash(timerId)`; default 0. */
  readonly hashSeed?: number;
}

/** A compiled schedule. Safe to share between timers. Instants are milliseconds since 1970-01-01T00:00Z. */
export interface Cron {
  /** The expression as given. */
  readonly expression: string;
  /** Whether this is `@reboot`, which is due when Kron starts and at no instant. */
  readonly isReboot: boolean;
  /** The first due time strictly after an instant; undefined when there is none before the year 10000. */
  next(afterMs: number): number | undefined;
  /** The last due time strictly before an instant; undefined when there is none since 1970. */
  prev(beforeMs: number): number | undefined;
  /** How many due times lie in (afterMs, untilMs]; quick for years of `* * * * * *`. */
  count(afterMs: number, untilMs: number): number;
  /** Whether an instant is a due time. */
  matches(atMs: number): boolean;
  /** The schedule in plain English, with the rule for the day fields and for clock changes where they matter. */
  describe(): string;
}

const rules: Record<Exclude<DstPolicy, "vixie">, DstRule> = {
  fixed: { makesUp: true, repeats: false },
  wildcard: { makesUp: false, repeats: true },
  skip: { makesUp: false, repeats: false },
};

/**
 * Compiles a cron expression.
 *
 * Throws KRON_CRON_INVALID, with `details: { field, offset, length }` that point into the expression, when it
 * does not follow the grammar or names no date that exists.
 */
export function compileCron(expression: string, options: CronOptions): Cron {
  const parsed = parseCron(expression, options.hashSeed ?? 0);
  if (parsed.kind === "reboot") return new RebootCron(expression);
  return new FieldsCron(expression, parsed, options);
}

type ParsedFields = Extract<ParsedCron, { kind: "fields" }>;

class RebootCron implements Cron {
  readonly expression: string;
  readonly isReboot = true;

  constructor(expression: string) {
    this.expression = expression;
  }

  next(): undefined {
    return undefined;
  }

  prev(): undefined {
    return undefined;
  }

  count(): number {
    return 0;
  }

  matches(): boolean {
    return false;
  }

  describe(): string {
    return "Once each time Kron starts.";
  }
}

class FieldsCron implements Cron {
  readonly expression: string;
  readonly isReboot = false;
  readonly #fields: CronFields;
  readonly #clock: CronClock;
  readonly #zone: Zone;
  readonly #rule: DstRule;
  readonly #dayMatch: DayMatch;

  constructor(expression: string, { fields, dates }: ParsedFields, options: CronOptions) {
    const { zone, dst = "vixie", dayMatch = "or" } = options;
    const days = new DayRule(fields, dayMatch);
    if (!hasAnyDay(fields, days)) {
      const hint = "Check the day against the months, weekdays and years: 30 February never comes";
      throw cronError(expression, dates, `Expected a date that exists, got none from ${yearMin} to ${yearMax}`, hint);
    }
    this.expression = expression;
    this.#fields = fields;
    this.#clock = new CronClock(fields, days);
    this.#zone = zone;
    this.#rule = ruleFor(dst, fields);
    this.#dayMatch = dayMatch;
  }

  next(afterMs: number): number | undefined {
    const due = nextDue(this.#clock, this.#zone, this.#rule, Math.floor(afterMs / 1000) + 1);
    return due === undefined ? undefined : due * 1000;
  }

  prev(beforeMs: number): number | undefined {
    const due = prevDue(this.#clock, this.#zone, this.#rule, Math.ceil(beforeMs / 1000) - 1);
    return due === undefined ? undefined : due * 1000;
  }

  count(afterMs: number, untilMs: number): number {
    const from = Math.floor(afterMs / 1000) + 1;
    return countDue(this.#clock, this.#zone, this.#rule, from, Math.floor(untilMs / 1000) + 1);
  }

  matches(atMs: number): boolean {
    return this.next(atMs - 1) === atMs;
  }

  describe(): string {
    return describeFields(this.#fields, this.#zone.name, this.#rule, this.#dayMatch);
  }
}

function ruleFor(dst: DstPolicy, fields: CronFields): DstRule {
  if (dst !== "vixie") return rules[dst];
  return fields.wildcard ? rules.wildcard : rules.fixed;
}

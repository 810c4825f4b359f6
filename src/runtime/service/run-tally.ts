/**
 * What is counted of a runtime while somebody looks on: how many runs began and how they ended, and how late they began.
 * It is told of records, not of events, so that nothing has to be made for it: some tens of nanoseconds a record.
 */

import type { Outcome } from "../../core/applied.ts";
import { Kind, type LogRecord } from "../../core/record.ts";
import { jitterMs } from "../../core/recurrence.ts";
import type { Run } from "../../core/run.ts";
import type { State } from "../../core/state.ts";

/** How often each thing has happened since the counting began. Clients take the difference of two of them. */
export interface RunTotals {
  /** First attempts that began. */
  readonly started: number;
  readonly succeeded: number;
  /** Attempts that failed, timed out or were lost. */
  readonly failed: number;
  /** Runs that failed for good. */
  readonly dead: number;
  readonly cancelled: number;
  /** Occurrences that did not run. */
  readonly missed: number;
  readonly skipped: number;
}

/** How late runs began over the last minute. The percentiles are rounded up by at most a fifth; null without runs. */
export interface Lateness {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Steps of the clock since the counting began. */
export interface ClockSteps {
  readonly count: number;
  readonly lastAtMs: number | null;
  readonly lastDeltaMs: number | null;
}

/** Whole milliseconds have a bucket each up to here, then there are four to an octave. */
const exactMs = 16;
const bucketCount = exactMs + 4 * 28;
/** The minute is made of so many parts, of which the oldest is forgotten. */
const partCount = 12;
const partMs = 5_000;

/** Counts from when it was made. */
export class RunTally {
  readonly #state: State;
  readonly #totals = { started: 0, succeeded: 0, failed: 0, dead: 0, cancelled: 0, missed: 0, skipped: 0 };
  readonly #parts = Array.from({ length: partCount }, () => new Uint32Array(bucketCount));
  #part = 0;
  #partEndsMs: number;
  #steps: ClockSteps = { count: 0, lastAtMs: null, lastDeltaMs: null };

  constructor(state: State, monotonicMs: number) {
    this.#state = state;
    this.#partEndsMs = monotonicMs + partMs;
  }

  get totals(): RunTotals {
    return { ...this.#totals };
  }

  get clockSteps(): ClockSteps {
    return this.#steps;
  }

  /** Takes a record that was applied. */
  take(atMs: number, record: LogRecord, outcome: Outcome): void {
    switch (record[0]) {
      case Kind.RUN_DUE:
      case Kind.RUN_STARTED:
        if (outcome.kind === "run" && outcome.attempt === 1) this.#began(outcome, atMs);
        break;
      case Kind.RUN_TRIGGERED:
        if (outcome.kind === "run" && outcome.attempt === 1) this.#totals.started += 1;
        break;
      case Kind.RUN_SUCCEEDED:
        if (outcome.kind === "run") this.#totals.succeeded += 1;
        break;
      case Kind.RUN_FAILED:
      case Kind.RUN_TIMED_OUT:
      case Kind.RUN_LOST:
        if (outcome.kind !== "run") break;
        this.#totals.failed += 1;
        if (outcome.state === "finished") this.#totals.dead += 1;
        break;
      case Kind.RUN_CANCELLED:
        if (outcome.kind === "run") this.#totals.cancelled += 1;
        break;
      case Kind.RUN_MISSED:
        if (outcome.kind === "timer") this.#totals.missed += record[4];
        break;
      case Kind.RUN_SKIPPED_OVERLAP:
        if (outcome.kind === "timer") this.#totals.skipped += record[4];
        break;
      case Kind.CLOCK_STEPPED:
        if (record[1] !== 0) {
          this.#steps = { count: this.#steps.count + 1, lastAtMs: atMs, lastDeltaMs: record[1] };
        }
        break;
      default:
    }
  }

  /** How late runs began in the minute before `monotonicMs`. */
  lateness(monotonicMs: number): Lateness {
    this.#turn(monotonicMs);
    const sums = new Float64Array(bucketCount);
    let count = 0;
    for (const part of this.#parts) {
      for (let at = 0; at < bucketCount; at++) {
        const here = part[at] ?? 0;
        sums[at] = (sums[at] ?? 0) + here;
        count += here;
      }
    }
    return { count, p50Ms: percentile(sums, count, 0.5), p99Ms: percentile(sums, count, 0.99) };
  }

  #began(run: Run, atMs: number): void {
    this.#totals.started += 1;
    if (run.isManual) return;
    const { timers, definitions } = this.#state;
    const definition = definitions.get(timers.definition.get(run.slot));
    const jitter = definition.jitterMs === 0 ? 0 : jitterMs(definition, timers.idOf(run.slot) ?? "", run.scheduledAtMs);
    const part = this.#parts[this.#part];
    const at = bucketOf(atMs - run.scheduledAtMs - jitter);
    if (part !== undefined) part[at] = (part[at] ?? 0) + 1;
  }

  #turn(monotonicMs: number): void {
    for (let turns = 0; monotonicMs >= this.#partEndsMs && turns < partCount; turns++) {
      this.#part = (this.#part + 1) % partCount;
      this.#parts[this.#part]?.fill(0);
      this.#partEndsMs += partMs;
    }
    if (monotonicMs >= this.#partEndsMs) this.#partEndsMs = monotonicMs + partMs;
  }
}

/** The bucket of a lateness; what is early counts as on time. */
function bucketOf(ms: number): number {
  if (!(ms >= 1)) return 0;
  if (ms < exactMs) return Math.floor(ms);
  return Math.min(bucketCount - 1, exactMs + Math.floor(4 * Math.log2(ms / exactMs)));
}

/** The largest lateness that falls into a bucket, in whole milliseconds. */
function bucketEndMs(at: number): number {
  return at < exactMs ? at : Math.ceil(exactMs * 2 ** ((at - exactMs + 1) / 4)) - 1;
}

function percentile(sums: Float64Array, count: number, share: number): number | null {
  if (count === 0) return null;
  let left = Math.ceil(count * share);
  for (let at = 0; at < bucketCount; at++) {
    left -= sums[at] ?? 0;
    if (left <= 0) return bucketEndMs(at);
  }
  return bucketEndMs(bucketCount - 1);
}

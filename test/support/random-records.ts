/** Random records for model tests of the state machine: sensible ones that are mostly taken, and hostile ones. */

import { encodeDefinition, overlapPolicies, type ScheduleSpec } from "../../src/core/definition.ts";
import { instantMsMax } from "../../src/core/instant.ts";
import type { Ending } from "../../src/core/outcome.ts";
import { Kind, type LogRecord } from "../../src/core/record.ts";
import { recordFields } from "../../src/core/record-shape.ts";
import { defaultRetry } from "../../src/core/retry.ts";
import type { Run } from "../../src/core/run.ts";
import type { State } from "../../src/core/state.ts";
import { boom, boomWith, definitionOf } from "./state-lab.ts";

const kinds = Object.values(Kind);
const cron = { kind: "cron", zone: "UTC", dst: "vixie", dayMatch: "or" } as const;
const schedules: readonly ScheduleSpec[] = [
  { kind: "every", everyMs: 10 },
  { kind: "every", everyMs: 10 },
  { ...cron, expression: "* * * * *" },
  { ...cron, expression: "@reboot" },
  { kind: "after", afterMs: 10 },
  { kind: "at" },
];

type OccurrenceKind =
  | typeof Kind.RUN_DUE
  | typeof Kind.RUN_TRIGGERED
  | typeof Kind.RUN_MISSED
  | typeof Kind.RUN_SKIPPED_OVERLAP;
type ProgressKind =
  | typeof Kind.RUN_STARTED
  | typeof Kind.RUN_SUCCEEDED
  | typeof Kind.RUN_FAILED
  | typeof Kind.RUN_TIMED_OUT
  | typeof Kind.RUN_LOST
  | typeof Kind.RUN_CANCELLED;
const runKinds = kinds.filter((kind) => kind >= Kind.RUN_DUE);

/** Draws from a fixed list of numbers, so that fast-check can shrink a log by shrinking its numbers. */
export class Draw {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(limit: number): number {
    this.#at += 1;
    return (this.#numbers[this.#at % this.#numbers.length] ?? 0) % limit;
  }

  of<T>(choices: readonly T[]): T | undefined {
    return choices[this.below(Math.max(1, choices.length))];
  }
}

/** Makes records that refer to what a state holds now and has held before. */
export class RandomRecords {
  /** The stamp that the records go by. */
  atMs = 1_000;
  readonly #state: State;
  readonly #references: number[] = [0];
  readonly #runs: Run[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  /** Remembers a timer, so that records about it come when it is there and when it is no longer. */
  noteTimer(reference: number): void {
    this.#references.push(reference);
  }

  noteRun(run: Run): void {
    this.#runs.push(run);
  }

  /** Two timers to begin with, so that short logs reach far. */
  prelude(draw: Draw): LogRecord[] {
    const records: LogRecord[] = [];
    for (const id of ["t0", "t1"]) {
      const schedule = draw.of(schedules) ?? { kind: "at" };
      const definition = encodeDefinition(definitionOf({ schedule, overlap: draw.of(overlapPolicies) ?? "allow" }));
      records.push([Kind.TIMER_CREATED, id, definition, 0, this.atMs, null]);
    }
    return records;
  }

  /** A record that is likely to be taken, though by no means always. */
  sensible(draw: Draw): LogRecord {
    const timer = draw.of(this.#references.slice(-5)) ?? 0;
    const kind = draw.of(draw.below(3) === 0 ? kinds : runKinds);
    switch (kind) {
      case Kind.RUNTIME_STARTED:
        return [kind, `boot-${draw.below(3)}`];
      case Kind.RUNTIME_STOPPED:
        return [kind];
      case Kind.CLOCK_STEPPED:
        return [kind, -draw.below(1_000)];
      case Kind.TIMER_CREATED:
        return [kind, `t${draw.below(6)}`, this.#definition(draw), this.atMs, this.#dueMs(draw), this.#payload(draw)];
      case Kind.TIMER_UPDATED: {
        const dueMs = draw.below(3) === 0 ? -1 : this.#dueMs(draw);
        return [kind, timer, this.#definition(draw), this.atMs, dueMs, this.#payload(draw)];
      }
      case Kind.TIMER_PAUSED:
      case Kind.TIMER_RESUMED:
      case Kind.TIMER_CANCELLED:
        return [kind, timer];
      case Kind.RUN_DUE:
      case Kind.RUN_TRIGGERED:
      case Kind.RUN_MISSED:
      case Kind.RUN_SKIPPED_OVERLAP:
        return this.#occurrence(draw, kind, timer);
      default:
        return this.#progress(draw, kind ?? Kind.RUN_STARTED);
    }
  }

  /** A record about the next occurrence of a timer, or about a run without one. */
  #occurrence(draw: Draw, kind: OccurrenceKind, timer: number): LogRecord {
    const slot = this.#state.timers.resolve(timer) ?? 0;
    const nextMs = inRange(draw.below(12) === 0 ? this.atMs : this.#state.timers.nextAtMs.get(slot));
    const start = draw.below(3) === 0 ? 0 : 1;
    const lastMs = inRange(kind === Kind.RUN_MISSED ? nextMs + draw.below(2) * 7 : nextMs);
    const count = lastMs === nextMs ? 1 : 2;
    const laterMs = inRange(draw.of([lastMs + 10, 0, lastMs + 1, lastMs]) ?? 0);
    switch (kind) {
      case Kind.RUN_DUE:
        return [kind, timer, nextMs, laterMs, draw.below(3), start];
      case Kind.RUN_TRIGGERED:
        return [kind, timer, start, this.#payload(draw)];
      case Kind.RUN_MISSED:
        return [kind, timer, nextMs, lastMs, count, laterMs, "late"];
      default:
        return [kind, timer, nextMs, lastMs, count, laterMs];
    }
  }

  /** A record about a run, mostly a live one and mostly with its current token. */
  #progress(draw: Draw, kind: ProgressKind): LogRecord {
    const live = [...this.#state.runs.values()];
    const run = draw.of(draw.below(6) === 0 || live.length === 0 ? this.#runs.slice(-6) : live);
    const id = run?.id ?? 0;
    const token = draw.below(8) === 0 ? id : (run?.token ?? 0);
    const finishMs = draw.of([this.atMs + 10, 0]) ?? 0;
    const retryMs = draw.of([this.atMs + 5, 1, 0]) ?? 0;
    switch (kind) {
      case Kind.RUN_STARTED:
        return [kind, id, (run?.attempt ?? 0) + (draw.below(8) === 0 ? 0 : 1)];
      case Kind.RUN_SUCCEEDED:
        return [kind, id, token, 5, finishMs, this.#payload(draw), draw.of([null, "note"]) ?? null];
      case Kind.RUN_CANCELLED:
        return [kind, id, "requested", finishMs, ...ending(draw)];
      default:
        return [kind, id, token, 5, retryMs, finishMs, boom, ...ending(draw)];
    }
  }

  #definition(draw: Draw): unknown {
    if (draw.below(5) === 0) return draw.below(12);
    return encodeDefinition(
      definitionOf({
        schedule: draw.of(schedules) ?? { kind: "at" },
        overlap: draw.of(overlapPolicies) ?? "allow",
        retry: { ...defaultRetry, maxAttempts: 1 + draw.below(3) },
        concurrency: draw.below(3),
      }),
    );
  }

  #dueMs(draw: Draw): number {
    return draw.of([this.atMs + 10, this.atMs, 0, 1, this.atMs + 1_000]) ?? 0;
  }

  #payload(draw: Draw): unknown {
    return draw.of([null, { a: [1, "x", null, true] }, "text", 2.5]);
  }

  /** Any record that fits the shape of its kind. */
  hostile(draw: Draw): LogRecord {
    const kind = draw.of(kinds) ?? Kind.RUN_DUE;
    const fields = recordFields(kind) ?? [];
    const nextMs = this.#state.timers.nextAtMs.get(draw.below(4));
    const times = [0, 1, this.atMs, inRange(nextMs), inRange(nextMs + 1), instantMsMax, instantMsMax - 1];
    const counts = [
      ...this.#references,
      ...this.#runs.map((run) => run.token),
      0,
      1,
      2 ** 24,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
    ];
    const values = fields.map(([, type]): unknown => {
      switch (type) {
        case "count":
          return draw.of(counts);
        case "time":
          return draw.of(times);
        case "keepable":
          return draw.of([-1, ...times]);
        case "delta":
          return draw.of([Number.MIN_SAFE_INTEGER, 0, 5]);
        case "flag":
          return draw.below(2);
        case "text":
          return draw.of(["", "t1", "\u0000", "requested", "__proto__"]);
        case "note":
          return draw.of([null, "", "note"]);
        case "error":
          return draw.of([boom, boomWith({ exitCode: 1 })]);
        case "ending":
          return draw.of(["given-up", "process-killed"]);
        case "definition":
          return draw.below(4) === 0 ? draw.of(counts) : this.#definition(draw);
        default:
          return draw.of([null, [], { a: 1n }, new Uint8Array([1]), Number.NaN]);
      }
    });
    const isShorter = fields.at(-1)?.[2] === true && draw.below(2) === 0;
    return [kind, ...(isShorter ? values.slice(0, -1) : values)] as unknown as LogRecord;
  }
}

/** Mostly none. */
function ending(draw: Draw): [] | [Ending] {
  return draw.below(4) === 0 ? [draw.below(2) === 0 ? "given-up" : "thread-terminated"] : [];
}

/** Hostile times reach the end of all times, and what follows from them would lie beyond it. */
function inRange(atMs: number): number {
  return Math.min(atMs, instantMsMax);
}

/** A state to experiment on: records go in one entry each, at growing indexes, and what came of them comes back. */

import * as assert from "uvu/assert";
import type { Applied, Outcome } from "../../src/core/applied.ts";
import { apply } from "../../src/core/apply.ts";
import { defaultMisfire, encodeDefinition, type TimerDefinition } from "../../src/core/definition.ts";
import type { KronErrorCode } from "../../src/core/errors.ts";
import type { HistoryRow } from "../../src/core/history.ts";
import { checkState } from "../../src/core/invariants.ts";
import { Kind, type LoggedDetails, type LoggedError, type LogRecord } from "../../src/core/record.ts";
import { defaultRetry } from "../../src/core/retry.ts";
import type { Run } from "../../src/core/run.ts";
import { State, type StateLimits } from "../../src/core/state.ts";

/** What an attempt of the tests fails with. */
export const boom: LoggedError = ["Error", "boom", null, null];

/** The same with details. */
export function boomWith(details: LoggedDetails): LoggedError {
  return ["Error", "boom", null, null, details];
}

/** A definition with the defaults, an interval of one second unless told otherwise. */
export function definitionOf(parts: Partial<TimerDefinition> = {}): TimerDefinition {
  return {
    schedule: { kind: "every", everyMs: 1_000 },
    target: { kind: "callback" },
    overlap: "skip",
    retry: defaultRetry,
    misfire: defaultMisfire,
    timeoutMs: 0,
    graceMs: 5_000,
    jitterMs: 0,
    jitterMode: "stable",
    concurrency: 0,
    ...parts,
  };
}

/** A cron definition; what it says does not matter to `apply`, except for `@reboot`. */
export function cronOf(expression: string, parts: Partial<TimerDefinition> = {}): TimerDefinition {
  const schedule = { kind: "cron", expression, zone: "UTC", dst: "vixie", dayMatch: "or" } as const;
  return definitionOf({ schedule, ...parts });
}

/** The definition of a timer that is due once. */
export function onceOf(parts: Partial<TimerDefinition> = {}): TimerDefinition {
  return definitionOf({ schedule: { kind: "at" }, ...parts });
}

/** A state with the log that leads to it. */
export class StateLab {
  readonly state: State;
  /** The stamp of the next entry. */
  atMs = 10_000;

  constructor(limits?: StateLimits) {
    this.state = new State(limits);
  }

  /** Applies one entry and checks the invariants. */
  entry(...records: LogRecord[]): Applied {
    const applied = apply(this.state, this.state.appliedIndex + 1, 0, [this.atMs, ...records]);
    assert.equal(checkState(this.state), []);
    return applied;
  }

  /** Applies one record. */
  do(record: LogRecord): Outcome {
    return this.entry(record).outcomes[0] as Outcome;
  }

  /** Applies a record that must make or change a run. */
  run(record: LogRecord): Run {
    const outcome = this.do(record);
    assert.is(outcome.kind, "run", JSON.stringify(outcome));
    return outcome as Run;
  }

  /** Applies a record that must be refused with `code`; returns the reason. */
  refused(record: LogRecord, code: KronErrorCode): string {
    const outcome = this.do(record);
    if (outcome.kind !== "refused") throw new Error(`expected a refusal, got ${JSON.stringify(outcome)}`);
    assert.is(outcome.code, code);
    return outcome.reason;
  }

  /** Creates a timer; returns its reference. */
  create(id: string, definition: TimerDefinition, nextAtMs: number, payload: unknown = null): number {
    const outcome = this.do([Kind.TIMER_CREATED, id, encodeDefinition(definition), 0, nextAtMs, payload]);
    if (outcome.kind !== "timer") throw new Error(`expected a timer, got ${JSON.stringify(outcome)}`);
    return this.state.timers.reference(outcome.slot);
  }

  /** The slot of a timer that exists. */
  slot(id: string): number {
    const slot = this.state.timers.slotOf(id);
    if (slot === undefined) throw new Error(`timer ${id} is not there`);
    return slot;
  }

  /** The reference of a timer that exists. */
  reference(id: string): number {
    return this.state.timers.reference(this.slot(id));
  }

  nextAtMs(id: string): number {
    return this.state.timers.nextAtMs.get(this.slot(id));
  }

  status(id: string): number {
    return this.state.timers.status.get(this.slot(id));
  }

  /** A timer's history, newest first. */
  history(id: string): HistoryRow[] {
    const rows: HistoryRow[] = [];
    this.state.history.visit(this.slot(id), (row) => rows.push(row) > 0);
    return rows;
  }

  /** Makes the pending occurrence of a timer a run. */
  due(timer: number, scheduledAtMs: number, nextAtMs: number, start: 0 | 1 = 1): Run {
    return this.run([Kind.RUN_DUE, timer, scheduledAtMs, nextAtMs, 0, start]);
  }

  succeed(run: Run, nextAtMs = 0): Run {
    return this.run([Kind.RUN_SUCCEEDED, run.id, run.token, 500, nextAtMs, null, null]);
  }

  fail(run: Run, retryAtMs: number, nextAtMs = 0): Run {
    return this.run([Kind.RUN_FAILED, run.id, run.token, 500, retryAtMs, nextAtMs, boom]);
  }
}

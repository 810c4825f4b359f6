/**
 * The audit of occurrences: shows that each due time of each timer was consumed exactly once and none was
 * left out. It keeps an account of its own, from the records alone, and asks the rule of the timer (cron,
 * every, …) what should have come next, which `apply` never does.
 *
 * Time zone data changes with the years. A due time that the rule does not know today, close to one that it
 * does, in a zone that has rules, is therefore noted and is no problem.
 */

import type { Refusal, TimerChange } from "./applied.ts";
import type { Findings } from "./audit-findings.ts";
import { floatColumn } from "./column.ts";
import type { TimerDefinition } from "./definition.ts";
import { isReboot } from "./definition-table.ts";
import { isKronError } from "./errors.ts";
import { formatInstant } from "./instant.ts";
import { restartMs } from "./misfire.ts";
import { Status } from "./outcome.ts";
import { Kind, type LogRecord } from "./record.ts";
import { countOccurrences, isFixedDelay, nextOccurrence, type Recurrence } from "./recurrence.ts";
import type { Run } from "./run.ts";
import type { State } from "./state.ts";
import { isOneShot } from "./timer-kind.ts";

/** Gives the rule of a timer; throws `KRON_ZONE_INVALID` or `KRON_CRON_INVALID` when this machine has no such rule. */
export type RecurrenceOf = (id: string, definition: TimerDefinition, anchorMs: number) => Recurrence;

/** Zones change their offset by less than this. */
const zoneShiftMsMax = 3 * 3_600_000;

/** How many occurrences were accounted for, by how. */
export interface OccurrenceTally {
  /** Occurrences that became runs, were missed, or were skipped because a run was under way. */
  ran: number;
  missed: number;
  skipped: number;
}

/** Follows the records that consume occurrences or change schedules. */
export class TimerAudit {
  readonly tally: OccurrenceTally = { ran: 0, missed: 0, skipped: 0 };
  readonly #state: State;
  readonly #findings: Findings;
  readonly #recurrenceOf: RecurrenceOf;
  /** By slot: the occurrence that has to be consumed next, 0 for none, and the latest one that was. */
  readonly #expectedMs = floatColumn();
  readonly #lastMs = floatColumn();
  /** Slots whose zone has other rules here than where the log was written, or none. */
  readonly #offRule = new Set<number>();

  /** Begins where `state` is: empty, or loaded from a snapshot. */
  constructor(state: State, findings: Findings, recurrenceOf: RecurrenceOf) {
    this.#state = state;
    this.#findings = findings;
    this.#recurrenceOf = recurrenceOf;
    for (let slot = 0; slot < state.timers.slotCount; slot++) this.#adopt(slot);
  }

  /** Takes note of a record that was applied, with what it was applied to. */
  take(index: number, atMs: number, record: LogRecord, outcome: Exclude<TimerChange | Run, Refusal>): void {
    const { slot } = outcome;
    this.#count(record);
    // The timer is gone when it is done and others that are done had filled their room.
    if (this.#state.timers.idOf(slot) === undefined) return;
    switch (record[0]) {
      case Kind.TIMER_CREATED:
        this.#begin(index, slot, record[3], record[4]);
        break;
      case Kind.TIMER_UPDATED:
        if (record[4] === -1) break;
        this.#checkDropped(index, atMs, slot, "update");
        this.#begin(index, slot, record[3], record[4]);
        break;
      case Kind.TIMER_CANCELLED:
        this.#checkDropped(index, atMs, slot, "cancellation");
        this.#expectedMs.set(slot, 0);
        break;
      case Kind.RUN_DUE:
        this.#consume(index, slot, { firstMs: record[2], lastMs: record[2], count: 1, nextMs: record[3] });
        break;
      case Kind.RUN_MISSED:
      case Kind.RUN_SKIPPED_OVERLAP:
        this.#consume(index, slot, { firstMs: record[2], lastMs: record[3], count: record[4], nextMs: record[5] });
        break;
      default:
        // A fixed delay counts from the finish, so the end of a run may have said what comes next.
        if (this.#expectedMs.get(slot) === 0) this.#expect(slot, 0);
    }
  }

  /** A timer that is there already: what the state says is next has to be consumed next. */
  #adopt(slot: number): void {
    const { timers } = this.#state;
    const nextMs = timers.nextAtMs.get(slot);
    const lastMs = timers.lastScheduledAtMs.get(slot);
    this.#expectedMs.set(slot, nextMs);
    // An update may have led back to before what its rule of then had consumed.
    this.#lastMs.set(slot, nextMs === 0 || lastMs < nextMs ? lastMs : 0);
  }

  #count(record: LogRecord): void {
    if (record[0] === Kind.RUN_DUE) this.tally.ran += 1;
    else if (record[0] === Kind.RUN_MISSED) this.tally.missed += record[4];
    else if (record[0] === Kind.RUN_SKIPPED_OVERLAP) this.tally.skipped += record[4];
  }

  /** Takes note of a start of the runtime, which is what `@reboot` timers wait for. */
  takeStart(): void {
    const { timers, definitions } = this.#state;
    if (!definitions.hasReboot) return;
    for (let slot = 0; slot < timers.slotCount; slot++) {
      if (timers.idOf(slot) === undefined || this.#expectedMs.get(slot) !== 0) continue;
      if (isReboot(this.#definition(slot))) this.#expectedMs.set(slot, timers.nextAtMs.get(slot));
    }
  }

  /** Looks at every timer once the log has ended: does the state agree, and will it ever be due again? */
  finish(): void {
    const { timers } = this.#state;
    for (let slot = 0; slot < timers.slotCount; slot++) {
      const id = timers.idOf(slot);
      if (id === undefined) continue;
      const nextMs = timers.nextAtMs.get(slot);
      const expectedMs = this.#expectedMs.get(slot);
      if (nextMs !== expectedMs) {
        const message = `Expected ${time(expectedMs)} to be next, the state says ${time(nextMs)}`;
        this.#findings.problem("state-differs", 0, id, message);
      }
      const isIdle = timers.status.get(slot) === Status.ACTIVE && timers.liveRuns.get(slot) === 0;
      if (isIdle && nextMs === 0 && this.#isStuck(slot)) {
        this.#findings.problem("timer-stuck", 0, id, "It has no next occurrence although its schedule goes on");
      }
    }
  }

  #isStuck(slot: number): boolean {
    const definition = this.#definition(slot);
    if (isOneShot(definition) || isFixedDelay(definition)) return true;
    const recurrence = this.#recurrence(0, slot);
    const lastMs = this.#lastMs.get(slot) || this.#state.timers.anchorMs.get(slot);
    return recurrence !== undefined && nextOccurrence(recurrence, lastMs) !== undefined;
  }

  /** A rule begins, at `anchorMs`, and with it a new sequence of due times. */
  #begin(index: number, slot: number, anchorMs: number, nextMs: number): void {
    this.#offRule.delete(slot);
    this.#lastMs.set(slot, 0);
    this.#expect(slot, nextMs);
    const definition = this.#definition(slot);
    const { schedule } = definition;
    // Where the clock was set back, occurrences up to the latest one have had their turn under the rule before.
    const doneMs = Math.max(anchorMs, this.#state.timers.lastScheduledAtMs.get(slot));
    if (schedule.kind === "at") this.#checkEqual(index, slot, anchorMs, nextMs);
    else if (schedule.kind === "after") this.#checkEqual(index, slot, anchorMs + schedule.afterMs, nextMs);
    else if (!isFixedDelay(definition)) this.#checkNext(index, slot, doneMs, nextMs);
    // A fixed delay whose run is under way waits for its finish.
    else if (nextMs !== 0) this.#checkEqual(index, slot, doneMs + restartMs(definition, 0), nextMs);
  }

  /** Only an interval may be given its next due time by something else than the record that says what is next. */
  #expect(slot: number, nextMs: number): void {
    const isInterval = nextMs === 0 && this.#definition(slot).schedule.kind === "every";
    this.#expectedMs.set(slot, isInterval ? this.#state.timers.nextAtMs.get(slot) : nextMs);
  }

  #checkDropped(index: number, atMs: number, slot: number, what: string): void {
    const expectedMs = this.#expectedMs.get(slot);
    if (expectedMs === 0 || expectedMs > atMs) return;
    const message = `The occurrence of ${time(expectedMs)} has no outcome and was dropped by the ${what} at ${time(atMs)}`;
    this.#findings.problem("occurrence-dropped", index, this.#state.timers.idOf(slot), message);
  }

  #consume(index: number, slot: number, consumed: Consumed): void {
    const { firstMs, lastMs, nextMs } = consumed;
    const expectedMs = this.#expectedMs.get(slot);
    if (firstMs !== expectedMs || firstMs <= this.#lastMs.get(slot)) {
      const message = `Expected the occurrence of ${time(expectedMs)} to be accounted for next, got ${time(firstMs)}`;
      this.#findings.problem("occurrence-out-of-turn", index, this.#state.timers.idOf(slot), message);
    }
    this.#expect(slot, nextMs);
    this.#lastMs.set(slot, lastMs);
    const definition = this.#definition(slot);
    // What comes next was for a finish to say, or for `apply`, which never lets an interval end.
    if (isFixedDelay(definition) || (nextMs === 0 && definition.schedule.kind === "every")) return;
    this.#checkCount(index, slot, consumed);
    this.#checkNext(index, slot, lastMs, nextMs);
  }

  #checkCount(index: number, slot: number, { firstMs, lastMs, count }: Consumed): void {
    const recurrence = this.#recurrence(index, slot);
    if (recurrence === undefined || this.#offRule.has(slot)) return;
    const counted = firstMs === lastMs ? 1 : countOccurrences(recurrence, firstMs, lastMs);
    if (counted === count) return;
    const message = `Expected ${counted} occurrences from ${time(firstMs)} to ${time(lastMs)}, the record says ${count}`;
    this.#findings.problem("wrong-count", index, this.#state.timers.idOf(slot), message);
  }

  /** Compares the recorded next occurrence after `afterMs` with what the rule says. */
  #checkNext(index: number, slot: number, afterMs: number, recordedMs: number): void {
    const recurrence = this.#recurrence(index, slot);
    if (recurrence === undefined) return;
    let ruleMs = nextOccurrence(recurrence, afterMs) ?? 0;
    // What the other zone rules called `afterMs` may be what these call `ruleMs`.
    const isOffRule = this.#offRule.has(slot) && ruleMs !== 0 && ruleMs !== recordedMs;
    if (isOffRule && ruleMs - afterMs <= zoneShiftMsMax) {
      ruleMs = nextOccurrence(recurrence, ruleMs) ?? 0;
    }
    if (ruleMs === recordedMs) return;
    if (isZoneShift(recurrence, ruleMs, recordedMs)) this.#noteZone(index, slot, ruleMs, recordedMs);
    else this.#reportOffRule(index, slot, ruleMs, recordedMs);
  }

  #checkEqual(index: number, slot: number, ruleMs: number, recordedMs: number): void {
    if (ruleMs !== recordedMs) this.#reportOffRule(index, slot, ruleMs, recordedMs);
  }

  #reportOffRule(index: number, slot: number, ruleMs: number, recordedMs: number): void {
    const isLeftOut = ruleMs !== 0 && (recordedMs === 0 || recordedMs > ruleMs);
    const code = isLeftOut ? "occurrence-left-out" : "occurrence-off-rule";
    const message = `Expected ${time(ruleMs)} to follow by the schedule, the record says ${time(recordedMs)}`;
    this.#findings.problem(code, index, this.#state.timers.idOf(slot), message);
  }

  #noteZone(index: number, slot: number, ruleMs: number, recordedMs: number): void {
    if (this.#offRule.has(slot)) return;
    this.#offRule.add(slot);
    const message = `Its time zone has other rules here than where it was written: ${time(ruleMs)} here, ${time(recordedMs)} there`;
    this.#findings.note("zone-rules-differ", index, this.#state.timers.idOf(slot), message);
  }

  #recurrence(index: number, slot: number): Recurrence | undefined {
    const { timers } = this.#state;
    const id = timers.idOf(slot) as string;
    try {
      return this.#recurrenceOf(id, this.#definition(slot), timers.anchorMs.get(slot));
    } catch (error) {
      if (!isKronError(error)) throw error;
      if (!this.#offRule.has(slot)) this.#findings.note("rule-unknown", index, id, error.message);
      this.#offRule.add(slot);
      return undefined;
    }
  }

  #definition(slot: number): TimerDefinition {
    return this.#state.definitions.get(this.#state.timers.definition.get(slot));
  }
}

interface Consumed {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  readonly nextMs: number;
}

function isZoneShift({ cron, definition }: Recurrence, ruleMs: number, recordedMs: number): boolean {
  if (cron === undefined || definition.schedule.kind !== "cron" || definition.schedule.zone === "UTC") return false;
  if (ruleMs === 0 || Math.abs(ruleMs - recordedMs) > zoneShiftMsMax) return false;
  return !cron.matches(recordedMs);
}

function time(ms: number): string {
  return ms === 0 ? "nothing" : formatInstant(ms);
}

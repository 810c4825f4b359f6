/**
 * Random logs, sensible and hostile, against what must hold after every entry: the invariants of the state, an
 * independent account of occurrences and runs, and equal digests for equal logs.
 */

import { inspect } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { Outcome } from "../../src/core/applied.ts";
import { apply } from "../../src/core/apply.ts";
import { digest } from "../../src/core/digest.ts";
import { checkState } from "../../src/core/invariants.ts";
import { type Entry, Kind, type LogRecord } from "../../src/core/record.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import type { Run } from "../../src/core/run.ts";
import { State, type StateLimits } from "../../src/core/state.ts";
import { isOneShot } from "../../src/core/timer-kind.ts";
import { Draw, RandomRecords } from "../support/random-records.ts";
import { suite } from "../support/suite.ts";

const test = suite("apply-model", 120_000);
class Model {
  readonly limits: StateLimits;
  readonly state: State;
  readonly log: Entry[] = [];
  readonly digests: string[] = [];
  readonly #records: RandomRecords;
  readonly #runs: Run[] = [];
  readonly #finished = new Set<number>();
  /** Which creation of a timer a slot holds, and the latest occurrence it consumed. */
  readonly #consumed = new Map<number, number>();
  #latestToken = 0;

  constructor(limits: StateLimits) {
    this.limits = limits;
    this.state = new State(limits);
    this.#records = new RandomRecords(this.state);
  }

  prelude(draw: Draw): void {
    for (const record of this.#records.prelude(draw)) this.apply([this.#records.atMs, record]);
  }

  step(draw: Draw, hostile: boolean): void {
    // The clock mostly goes on, sometimes jumps, and sometimes is set back.
    const made = this.#records;
    made.atMs = Math.max(0, made.atMs + (draw.of([0, 1, 5, 20, 3_600_000, -30, -4_000_000]) ?? 0));
    const count = draw.below(4) === 0 ? 1 + draw.below(3) : 1;
    const records: LogRecord[] = [];
    for (let i = 0; i < count; i++) records.push(hostile ? made.hostile(draw) : made.sensible(draw));
    this.apply(checkEntry([made.atMs, ...records], "model"));
  }

  apply(entry: Entry): void {
    const { state } = this;
    const before = { ...heads(state), digest: digest(state), latestToken: this.#latestToken };
    const nexts = this.#nextTimes();
    const firstSequence = state.recordCount + 1;
    const applied = apply(state, state.appliedIndex + 1, 0, entry);
    this.log.push(entry);
    this.digests.push(digest(state));
    this.#expect(checkState(state).length === 0, `${checkState(state)}`);
    assert.is(applied.outcomes.length, entry.length - 1);
    applied.outcomes.forEach((outcome, index) => {
      // A run is its own outcome, as it stands after the entry: whether it ended here shows at its last record.
      const isLast = !applied.outcomes.includes(outcome, index + 1);
      this.#account(entry[index + 1] as LogRecord, outcome, firstSequence + index, isLast);
    });
    const isRefused = applied.outcomes.every((outcome) => outcome.kind === "refused");
    if (isRefused && applied.outcomes.length > 0) this.#expectUnchanged(before);
    if (entry.length === 2) this.#expectDueTimesGrow(entry[1] as LogRecord, nexts);
    assert.equal([...state.runs.keys()].sort(byNumber), this.#liveRuns(), "a run is live until its one outcome");
    for (const slot of applied.forgotten) this.#consumed.delete(slot);
  }

  /** Refused records count as records and change nothing else. */
  #expectUnchanged(before: ReturnType<typeof heads> & { digest: string }): void {
    const after = heads(this.state);
    const { digest: digestBefore, ...head } = before;
    Object.assign(this.state, { ...head, latestToken: undefined });
    this.#expect(digest(this.state) === digestBefore, "a refused record changes nothing");
    Object.assign(this.state, after);
  }

  #nextTimes(): Map<number, number> {
    const { timers } = this.state;
    const nexts = new Map<number, number>();
    for (let slot = 0; slot < timers.slotCount; slot++) nexts.set(timers.reference(slot), timers.nextAtMs.get(slot));
    return nexts;
  }

  #expectDueTimesGrow(record: LogRecord, nexts: ReadonlyMap<number, number>): void {
    if (record[0] === Kind.TIMER_CREATED || record[0] === Kind.TIMER_UPDATED) return;
    const { timers } = this.state;
    for (let slot = 0; slot < timers.slotCount; slot++) {
      const before = nexts.get(timers.reference(slot)) ?? 0;
      const after = timers.nextAtMs.get(slot);
      if (before !== 0 && after !== 0) assert.ok(after >= before, "a due time went back");
    }
  }

  #account(record: LogRecord, outcome: Outcome, sequence: number, isLast: boolean): void {
    if (outcome.kind === "timer" && record[0] === Kind.TIMER_CREATED) {
      this.#records.noteTimer(this.state.timers.reference(outcome.slot));
      this.#consumed.set(outcome.slot, 0);
    }
    if (outcome.kind === "timer" && (record[0] === Kind.RUN_MISSED || record[0] === Kind.RUN_SKIPPED_OVERLAP)) {
      this.#consume(outcome.slot, record[2], record[3]);
    }
    if (outcome.kind !== "run") return;
    if (record[0] === Kind.RUN_DUE || record[0] === Kind.RUN_TRIGGERED) {
      assert.is(outcome.id, sequence, "a run is named by the record that made it");
      this.#runs.push(outcome);
      this.#records.noteRun(outcome);
      if (record[0] === Kind.RUN_DUE) this.#consume(outcome.slot, record[2], record[2]);
    }
    const isStart = record[0] === Kind.RUN_STARTED || (record[0] <= Kind.RUN_TRIGGERED && outcome.token === sequence);
    if (isStart) {
      assert.ok(sequence > this.#latestToken, "tokens grow");
      this.#latestToken = sequence;
    }
    assert.not.ok(this.#finished.has(outcome.id), "a finished run never changes again");
    const isSure = record[0] === Kind.RUN_SUCCEEDED || record[0] === Kind.RUN_CANCELLED;
    if (isSure || (isLast && record[0] > Kind.RUN_SUCCEEDED && outcome.state === "finished")) this.#finish(outcome);
  }

  #finish(run: Run): void {
    this.#finished.add(run.id);
    if (this.state.timers.resolve(run.timer) === undefined) return;
    let found = 0;
    this.state.history.visit(run.slot, (row) => {
      if (row.run === run.id) found += 1;
      return true;
    });
    // A later record of the same entry may have pushed it out of a very short history.
    this.#expect(found === 1 || (found === 0 && !this.#isAlone), "a finished run has one outcome");
  }

  /** No occurrence of a timer that repeats is consumed twice, whoever consumes it. */
  #consume(slot: number, firstMs: number, lastMs: number): void {
    const { timers, definitions } = this.state;
    const latest = this.#consumed.get(slot) ?? 0;
    const number = timers.definition.get(slot);
    const repeats = number !== 0 && !isOneShot(definitions.get(number));
    // Later records of the entry may have changed what the timer is by now.
    const isNew = repeats ? firstMs > latest : firstMs !== latest;
    this.#expect(isNew || !this.#isAlone, `occurrence ${firstMs} comes after ${latest}`);
    this.#consumed.set(slot, Math.max(latest, lastMs));
  }

  /** Whether the entry at hand has one record only. */
  get #isAlone(): boolean {
    return this.log.at(-1)?.length === 2;
  }

  #expect(condition: boolean, what: string): void {
    if (!condition) assert.unreachable(`${what}; the log is ${inspect(this.log, { depth: 9, breakLength: 160 })}`);
  }

  #liveRuns(): number[] {
    return this.#runs.filter((run) => !this.#finished.has(run.id)).map((run) => run.id);
  }
}

function heads(state: State) {
  const { appliedIndex, appliedTerm, recordCount, atMs } = state;
  return { appliedIndex, appliedTerm, recordCount, atMs };
}

function byNumber(a: number, b: number): number {
  return a - b;
}

const limitsOf: fc.Arbitrary<StateLimits> = fc.record({
  retiredMax: fc.constantFrom(0, 1, 3),
  timersMax: fc.constantFrom(2, 5),
  history: fc.record({ perTimerMax: fc.constantFrom(1, 2, 5), rowsMax: fc.constantFrom(1, 3, 20) }),
});
const numbersOf = fc.array(fc.nat(1_000_000), { minLength: 16, maxLength: 16 });
const drawsOf = fc.array(numbersOf, { minLength: 1, maxLength: 100, size: "max" });
const howOften = { numRuns: 300, includeErrorInReport: true };

function replayed(limits: StateLimits, log: readonly Entry[], digests: readonly string[]): void {
  const state = new State(limits);
  // As a journal would give it back: other objects, equal values.
  const copies = structuredClone(log) as Entry[];
  copies.forEach((entry, index) => {
    apply(state, index + 1, 0, entry);
    if (index % 10 === 0 || index === log.length - 1) assert.is(digest(state), digests[index]);
  });
}

test("random logs keep every invariant, and equal logs give equal digests", () => {
  fc.assert(
    fc.property(limitsOf, drawsOf, (limits, draws) => {
      const model = new Model(limits);
      model.prelude(new Draw(draws[0] ?? []));
      for (const numbers of draws) model.step(new Draw(numbers), false);
      replayed(limits, model.log, model.digests);
    }),
    howOften,
  );
});

test("hostile records of the right shape are refused or do no harm", () => {
  fc.assert(
    fc.property(limitsOf, drawsOf, (limits, draws) => {
      const model = new Model(limits);
      model.prelude(new Draw(draws[0] ?? []));
      draws.forEach((numbers, index) => {
        model.step(new Draw(numbers), index % 3 !== 0);
      });
      replayed(limits, model.log, model.digests);
    }),
    howOften,
  );
});

test("the random logs reach every outcome there is", () => {
  const seen = new Map<string, number>();
  const draws = fc.sample(drawsOf, { numRuns: 400, seed: 11 });
  for (const numbers of draws) {
    const model = new Model({ retiredMax: 2, timersMax: 3 });
    model.prelude(new Draw(numbers[0] ?? []));
    for (const each of numbers) model.step(new Draw(each), false);
    const state = new State(model.limits);
    model.log.forEach((entry, index) => {
      apply(state, index + 1, 0, entry).outcomes.forEach((outcome, at) => {
        const kind = (entry[at + 1] as LogRecord)[0];
        const what = outcome.kind === "refused" ? outcome.code : outcome.kind === "run" ? outcome.state : outcome.kind;
        seen.set(`${kind} ${what}`, (seen.get(`${kind} ${what}`) ?? 0) + 1);
      });
    });
  }
  for (const kind of [20, 21, 22, 23, 24, 25, 26, 27]) {
    const taken = [...seen].filter(([name]) => name.startsWith(`${kind} `) && !name.includes("KRON_"));
    assert.ok(
      taken.some(([, count]) => count > 20),
      `${kind} is hardly ever taken: ${JSON.stringify([...seen])}`,
    );
  }
  for (const code of ["KRON_QUEUE_FULL", "KRON_TIMERS_FULL", "KRON_TIMER_NOT_FOUND", "KRON_TIMER_STATE"]) {
    assert.ok(
      [...seen.keys()].some((name) => name.endsWith(code)),
      `${code} never comes`,
    );
  }
});

test.run();

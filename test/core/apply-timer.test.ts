import * as assert from "uvu/assert";
import { encodeDefinition, type TimerDefinition } from "../../src/core/definition.ts";
import { outcomeOf, Status } from "../../src/core/outcome.ts";
import { Kind, type LogRecord } from "../../src/core/record.ts";
import { noRetry } from "../../src/core/retry.ts";
import { cronOf, definitionOf, onceOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("apply-timer");

function creation(id: string, definition: TimerDefinition, nextAtMs: number): LogRecord {
  return [Kind.TIMER_CREATED, id, encodeDefinition(definition), 0, nextAtMs, null];
}

function change(timer: number, definition: TimerDefinition, nextAtMs: number, payload: unknown = null): LogRecord {
  return [Kind.TIMER_UPDATED, timer, encodeDefinition(definition), 7, nextAtMs, payload];
}

test("TIMER_CREATED fills the columns and shares equal definitions by number", () => {
  const lab = new StateLab();
  lab.create("a", definitionOf(), 11_000, { n: 1 });
  const { timers, definitions } = lab.state;
  const slot = lab.slot("a");
  assert.is(timers.status.get(slot), Status.ACTIVE);
  assert.is(timers.createdAtMs.get(slot), 10_000);
  assert.is(lab.nextAtMs("a"), 11_000);
  assert.equal(timers.payload(slot), { n: 1 });
  lab.do([Kind.TIMER_CREATED, "b", timers.definition.get(slot), 0, 11_000, null]);
  lab.create("c", definitionOf(), 11_000);
  assert.is(definitions.size, 1);
  assert.is(timers.payload(lab.slot("b")), undefined);
});

test("TIMER_CREATED with an id that cannot be held is refused", () => {
  const lab = new StateLab();
  for (const id of ["", "a".repeat(201), "ā".repeat(101), "\ud800"]) {
    lab.refused(creation(id, definitionOf(), 11_000), "KRON_ID_INVALID");
  }
  assert.is(lab.state.timers.size, 0);
});

test("an occurrence that is due keeps its rule until it is accounted for", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.atMs = 11_000;
  const every2s = definitionOf({ schedule: { kind: "every", everyMs: 2_000 } });
  lab.refused(change(timer, every2s, 13_000), "KRON_CONFLICT");
  lab.refused([Kind.TIMER_CANCELLED, timer], "KRON_CONFLICT");
  assert.is(lab.do(change(timer, definitionOf({ retry: noRetry }), -1)).kind, "timer", "its due time stays");
  lab.do([Kind.RUN_MISSED, timer, 11_000, 11_000, 1, 12_000, "updated"]);
  assert.is(lab.do(change(timer, every2s, 13_000)).kind, "timer");
  assert.is(lab.do([Kind.TIMER_CANCELLED, timer]).kind, "timer");
});

test("a second TIMER_CREATED of an id is refused, whatever the status but cancelled", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.refused(creation("a", definitionOf(), 12_000), "KRON_CONFLICT");
  lab.do([Kind.TIMER_PAUSED, timer]);
  lab.refused(creation("a", definitionOf(), 12_000), "KRON_CONFLICT");
  assert.is(lab.nextAtMs("a"), 11_000);
});

test("a definition number that is not held is refused, and a refused definition is not kept", () => {
  const lab = new StateLab();
  for (const number of [1, 0, -1, 0.5, 2 ** 40]) {
    lab.refused([Kind.TIMER_CREATED, "a", number, 0, 11_000, null], "KRON_CONFLICT");
  }
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.refused([Kind.TIMER_UPDATED, timer, 99, 0, -1, null], "KRON_CONFLICT");
  lab.refused(creation("b", onceOf(), 0), "KRON_OPTION_INVALID");
  assert.is(lab.state.definitions.size, 1);
  assert.is(lab.state.timers.size, 1);
});

test("creating a cancelled timer again with the definition only it uses keeps that definition", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.do([Kind.TIMER_CANCELLED, timer]);
  lab.create("a", definitionOf(), 12_000);
  assert.is(lab.state.definitions.size, 1);
  assert.is(lab.status("a"), Status.ACTIVE);
  assert.is(lab.state.retired.size, 0);
});

test("creating a cancelled timer again begins its due times anew and keeps its history", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.succeed(lab.due(timer, 11_000, 12_000));
  lab.do([Kind.TIMER_CANCELLED, timer]);
  lab.create("a", definitionOf({ overlap: "allow" }), 5_000);
  const { timers, definitions } = lab.state;
  assert.is(timers.lastScheduledAtMs.get(lab.slot("a")), 0);
  assert.is(timers.heldUntilMs.get(lab.slot("a")), 0);
  assert.is(lab.history("a").length, 1);
  assert.is(definitions.size, 1);
});

test("TIMER_CREATED of a one-shot without a due time is refused", () => {
  const lab = new StateLab();
  lab.refused(creation("a", onceOf(), 0), "KRON_OPTION_INVALID");
  lab.refused(creation("a", definitionOf({ schedule: { kind: "after", afterMs: 5 } }), 0), "KRON_OPTION_INVALID");
  lab.create("b", cronOf("0 0 1 1 * 2020"), 0);
  assert.is(lab.nextAtMs("b"), 0);
});

test("an interval without a due time and without a run to wait for is due one period from now", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 0);
  assert.is(lab.nextAtMs("a"), 11_000);
  lab.do(change(timer, definitionOf({ schedule: { kind: "every", everyMs: 5_000 } }), 0));
  assert.is(lab.nextAtMs("a"), 15_000);
  lab.do([Kind.RUN_MISSED, timer, 15_000, 15_000, 1, 0, "late"]);
  assert.is(lab.nextAtMs("a"), 20_000);
});

test("a period of any length keeps due times within the range of instants", () => {
  const lab = new StateLab();
  lab.create("a", definitionOf({ schedule: { kind: "every", everyMs: Number.MAX_SAFE_INTEGER } }), 0);
  assert.ok(Number.isSafeInteger(lab.nextAtMs("a")));
  assert.ok(lab.nextAtMs("a") < 8.64e15);
});

test("no more timers are created than the limit", () => {
  const lab = new StateLab({ retiredMax: 10, timersMax: 2 });
  lab.create("a", definitionOf(), 11_000);
  const second = lab.create("b", definitionOf({ overlap: "allow" }), 11_000);
  lab.refused(creation("c", cronOf("* * * * *"), 11_000), "KRON_TIMERS_FULL");
  assert.is(lab.state.definitions.size, 2);
  lab.do([Kind.TIMER_CANCELLED, second]);
  lab.create("b", definitionOf(), 11_000);
});

test("TIMER_UPDATED with -1 changes definition and payload, and neither due time nor status", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000, "old");
  lab.do([Kind.TIMER_PAUSED, timer]);
  lab.do(change(timer, definitionOf({ retry: noRetry }), -1, "new"));
  const slot = lab.slot("a");
  assert.is(lab.nextAtMs("a"), 11_000);
  assert.is(lab.state.timers.anchorMs.get(slot), 0);
  assert.is(lab.status("a"), Status.PAUSED);
  assert.is(lab.state.timers.payload(slot), "new");
  assert.is(lab.state.definitions.get(lab.state.timers.definition.get(slot)).retry.maxAttempts, 1);
  assert.is(lab.state.definitions.size, 1);
  lab.do(change(timer, definitionOf({ retry: noRetry }), -1));
  assert.is(lab.state.timers.payload(slot), undefined);
});

test("TIMER_UPDATED with a due time starts a finished one-shot again and leaves a paused timer paused", () => {
  const lab = new StateLab();
  const once = lab.create("once", onceOf(), 10_000);
  lab.succeed(lab.due(once, 10_000, 0));
  assert.is(lab.status("once"), Status.COMPLETED);
  lab.do(change(once, onceOf(), 20_000));
  assert.is(lab.status("once"), Status.ACTIVE);
  assert.is(lab.state.retired.size, 0);
  assert.is(lab.state.timers.anchorMs.get(lab.slot("once")), 7);
  const paused = lab.create("paused", definitionOf(), 11_000);
  lab.do([Kind.TIMER_PAUSED, paused]);
  lab.do(change(paused, definitionOf(), 15_000));
  assert.is(lab.status("paused"), Status.PAUSED);
  assert.is(lab.nextAtMs("paused"), 15_000);
});

test("TIMER_UPDATED may not give a due time that lies behind the timer already", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.succeed(lab.due(timer, 11_000, 12_000));
  lab.refused(change(timer, cronOf("* * * * *"), 11_000), "KRON_CONFLICT");
  assert.is(lab.state.definitions.size, 1);
  lab.do(change(timer, cronOf("* * * * *"), 11_001));
  const once = lab.create("once", onceOf(), 10_000);
  lab.succeed(lab.due(once, 10_000, 0));
  lab.refused(change(once, onceOf(), 10_000), "KRON_CONFLICT");
  lab.refused(change(once, onceOf(), 0), "KRON_OPTION_INVALID");
  // An earlier instant is another occurrence, and its being late is for the misfire policy to judge.
  lab.do(change(once, onceOf(), 9_000));
  assert.is(lab.nextAtMs("once"), 9_000);
});

test("TIMER_UPDATED keeps the due time only under the same rule", () => {
  const lab = new StateLab();
  const timer = lab.create("a", onceOf(), 11_000);
  lab.refused(change(timer, definitionOf(), -1), "KRON_CONFLICT");
  assert.is(lab.state.definitions.size, 1);
  lab.do(change(timer, definitionOf(), 12_000));
  assert.is(lab.nextAtMs("a"), 12_000);
});

test("an update of an interval to one that waits for the finish is due again after it, even when none came", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  const run = lab.run([Kind.RUN_TRIGGERED, timer, 1, null]);
  lab.do(change(timer, definitionOf({ overlap: "delay" }), 0));
  assert.is(lab.nextAtMs("a"), 0);
  lab.succeed(run);
  assert.is(lab.nextAtMs("a"), 11_000);
});

test("pause and resume change an active timer and a paused one, and refuse any other", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.refused([Kind.TIMER_RESUMED, timer], "KRON_TIMER_STATE");
  lab.do([Kind.TIMER_PAUSED, timer]);
  assert.is(lab.status("a"), Status.PAUSED);
  assert.match(lab.refused([Kind.TIMER_PAUSED, timer], "KRON_TIMER_STATE"), "not active");
  lab.refused([Kind.RUN_DUE, timer, 11_000, 12_000, 0, 1], "KRON_TIMER_STATE");
  lab.do([Kind.TIMER_RESUMED, timer]);
  assert.is(lab.status("a"), Status.ACTIVE);
  lab.do([Kind.TIMER_CANCELLED, timer]);
  lab.refused([Kind.TIMER_PAUSED, timer], "KRON_TIMER_STATE");
  assert.match(lab.refused([Kind.TIMER_RESUMED, timer], "KRON_TIMER_STATE"), "not paused");
});

test("TIMER_CANCELLED ends a timer once; nothing but a new creation revives it", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.do([Kind.TIMER_CANCELLED, timer]);
  assert.is(lab.nextAtMs("a"), 0);
  assert.ok(lab.state.retired.has(lab.slot("a")));
  lab.refused([Kind.TIMER_CANCELLED, timer], "KRON_TIMER_STATE");
  lab.refused(change(timer, definitionOf(), 12_000), "KRON_TIMER_STATE");
  lab.refused([Kind.RUN_DUE, timer, 11_000, 12_000, 0, 1], "KRON_TIMER_STATE");
  lab.refused([Kind.RUN_TRIGGERED, timer, 1, null], "KRON_TIMER_STATE");
  lab.refused([Kind.RUN_MISSED, timer, 11_000, 11_000, 1, 12_000, "late"], "KRON_CONFLICT");
});

test("RUN_MISSED and RUN_SKIPPED_OVERLAP account for occurrences and move on", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 1_000);
  const { timers } = lab.state;
  lab.do([Kind.RUN_MISSED, timer, 1_000, 3_000, 3, 4_000, "orphaned"]);
  const slot = lab.slot("a");
  assert.is(timers.missedCount.get(slot), 3);
  assert.is(timers.lastScheduledAtMs.get(slot), 3_000);
  assert.is(outcomeOf(timers.lastOutcome.get(slot)), "MISSED");
  lab.do([Kind.RUN_SKIPPED_OVERLAP, timer, 4_000, 4_000, 1, 5_000]);
  assert.is(timers.skippedCount.get(slot), 1);
  assert.is(lab.nextAtMs("a"), 5_000);
  const [skipped, missed] = lab.history("a");
  assert.is(skipped?.outcome, "SKIPPED_OVERLAP");
  assert.is(skipped?.detail, undefined);
  assert.equal(missed?.detail, { reason: "orphaned" });
  assert.is(missed?.count, 3);
  assert.is(missed?.lastScheduledAtMs, 3_000);
});

test("occurrences are passed by only in order, once, and in a number that is possible", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 1_000);
  const missed = (first: number, last: number, count: number, next: number): LogRecord =>
    [...[Kind.RUN_MISSED, timer, first, last, count, next, "late"]] as unknown as LogRecord;
  for (const record of [
    missed(2_000, 2_000, 1, 3_000),
    missed(0, 0, 1, 3_000),
    missed(1_000, 999, 1, 3_000),
    missed(1_000, 2_000, 0, 3_000),
    missed(1_000, 2_000, 1, 3_000),
    missed(1_000, 1_000, 2, 3_000),
    missed(1_000, 2_000, 1_002, 3_000),
    missed(1_000, 2_000, 2, 2_000),
  ]) {
    lab.refused(record, "KRON_CONFLICT");
  }
  assert.is(lab.nextAtMs("a"), 1_000);
  lab.do(missed(1_000, 2_000, 1_001, 2_001));
  lab.refused(missed(1_000, 2_000, 2, 3_000), "KRON_CONFLICT");
});

test("a one-shot whose occurrence is missed is completed; it has no second one", () => {
  const lab = new StateLab();
  const timer = lab.create("a", onceOf(), 1_000);
  lab.refused([Kind.RUN_MISSED, timer, 1_000, 1_000, 1, 2_000, "late"], "KRON_CONFLICT");
  lab.refused([Kind.RUN_MISSED, timer, 1_000, 2_000, 2, 0, "late"], "KRON_CONFLICT");
  lab.do([Kind.RUN_MISSED, timer, 1_000, 1_000, 1, 0, "late"]);
  assert.is(lab.status("a"), Status.COMPLETED);
  assert.ok(lab.state.retired.has(lab.slot("a")));
});

test("a cron rule that has come to its end stays active without a due time", () => {
  const lab = new StateLab();
  const timer = lab.create("a", cronOf("0 0 1 1 * 2020"), 1_000);
  lab.do([Kind.RUN_MISSED, timer, 1_000, 1_000, 1, 0, "late"]);
  assert.is(lab.status("a"), Status.ACTIVE);
  assert.is(lab.nextAtMs("a"), 0);
});

test("beyond retiredMax the timer done longest is forgotten, with its history, and its reference is stale", () => {
  const lab = new StateLab({ retiredMax: 2 });
  const timers = ["a", "b", "c"].map((id) => lab.create(id, onceOf(), 10_000));
  const slot = lab.slot("a");
  for (const timer of timers) lab.do([Kind.RUN_MISSED, timer, 10_000, 10_000, 1, 0, "late"]);
  assert.is(lab.state.timers.slotOf("a"), undefined);
  assert.is(lab.state.history.lengthOf(slot), 0);
  lab.refused([Kind.TIMER_CANCELLED, timers[0] as number], "KRON_TIMER_NOT_FOUND");
  const again = lab.create("d", onceOf(), 20_000);
  assert.is(lab.slot("d"), slot);
  assert.is.not(again, timers[0]);
  assert.is(lab.state.timers.lastScheduledAtMs.get(slot), 0);
  for (const record of [
    [Kind.TIMER_PAUSED, timers[0]],
    [Kind.RUN_DUE, timers[0], 20_000, 0, 0, 1],
    [Kind.RUN_TRIGGERED, timers[0], 1, null],
  ]) {
    lab.refused(record as unknown as LogRecord, "KRON_TIMER_NOT_FOUND");
  }
});

test("apply says which slots were forgotten, so that nothing kept by slot outlives its timer", () => {
  const lab = new StateLab({ retiredMax: 0 });
  const timer = lab.create("a", onceOf(), 10_000);
  const slot = lab.slot("a");
  const run = lab.due(timer, 10_000, 0);
  const applied = lab.entry([Kind.RUN_SUCCEEDED, run.id, run.token, 1, 0, null, null]);
  assert.equal(applied.forgotten, [slot]);
  assert.is(lab.state.timers.size, 0);
  assert.is(lab.state.definitions.size, 0);
});

test("a timer with a live run is not forgotten before that run is finished, and then it is", () => {
  const lab = new StateLab({ retiredMax: 1 });
  const timers = ["a", "b", "c"].map((id) => lab.create(id, definitionOf(), 10_000));
  const runs = timers.map((timer) => lab.due(timer, 10_000, 11_000));
  for (const timer of timers) lab.do([Kind.TIMER_CANCELLED, timer]);
  assert.is(lab.state.timers.size, 3);
  for (const run of runs) lab.succeed(run);
  assert.is(lab.state.timers.size, 1);
  assert.ok(lab.state.timers.slotOf("c") !== undefined);
  assert.is(lab.state.retired.size, 1);
});

test("a run by hand keeps a finished one-shot from being forgotten", () => {
  const lab = new StateLab({ retiredMax: 1 });
  const first = lab.create("a", onceOf(), 10_000);
  lab.succeed(lab.due(first, 10_000, 0));
  const run = lab.run([Kind.RUN_TRIGGERED, first, 1, { by: "hand" }]);
  const second = lab.create("b", onceOf(), 10_000);
  lab.succeed(lab.due(second, 10_000, 0));
  assert.is(lab.state.timers.size, 2);
  lab.fail(run, 0);
  assert.is(lab.status("a"), Status.COMPLETED);
  assert.is(lab.state.timers.slotOf("b"), undefined);
});

test.run();

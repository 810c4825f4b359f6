import * as assert from "uvu/assert";
import { apply } from "../../src/core/apply.ts";
import { applyRun, type RunRecord } from "../../src/core/apply-run.ts";
import { applyTimer, type TimerRecord } from "../../src/core/apply-timer.ts";
import { encodeDefinition } from "../../src/core/definition.ts";
import { digest } from "../../src/core/digest.ts";
import { isKronError } from "../../src/core/errors.ts";
import { Kind, type LogRecord } from "../../src/core/record.ts";
import { cronOf, definitionOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("apply");

test("apply counts entries and records, refused ones too, and says what it touched", () => {
  const lab = new StateLab();
  const applied = lab.entry(
    [Kind.TIMER_CREATED, "a", encodeDefinition(definitionOf()), 0, 11_000, null],
    [Kind.TIMER_CREATED, "a", encodeDefinition(definitionOf()), 0, 11_000, null],
    [Kind.RUN_TRIGGERED, 0, 1, null],
    [Kind.CLOCK_STEPPED, 5],
  );
  assert.equal(
    applied.outcomes.map((outcome) => outcome.kind),
    ["timer", "refused", "run", "noted"],
  );
  assert.equal(applied.slots, [0, 0]);
  assert.is(applied.runs[0]?.id, 3);
  const { state } = lab;
  assert.equal([state.appliedIndex, state.appliedTerm, state.recordCount, state.atMs], [1, 0, 4, 10_000]);
});

test("entries come in order without gaps, and terms never decrease", () => {
  const { state } = new StateLab();
  apply(state, 1, 3, [5]);
  assert.throws(() => apply(state, 1, 3, [5]), /in order, without gaps/);
  assert.throws(() => apply(state, 3, 3, [5]), /in order, without gaps/);
  assert.throws(() => apply(state, 2, 2, [5]), /terms never decrease/);
  apply(state, 2, 4, [5]);
  assert.equal([state.appliedIndex, state.appliedTerm], [2, 4]);
});

test("an entry with a definition that cannot be read changes nothing at all", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  const before = digest(lab.state);
  for (const bad of [
    [Kind.TIMER_CREATED, "b", ["not", "one"], 0, 11_000, null],
    [Kind.TIMER_UPDATED, timer, { not: "one" }, 0, -1, null],
  ] as unknown as LogRecord[]) {
    assert.throws(
      () => lab.entry([Kind.RUN_DUE, timer, 11_000, 12_000, 0, 1], bad),
      (error: unknown) => isKronError(error, "KRON_JOURNAL_CORRUPT"),
    );
    assert.is(digest(lab.state), before);
  }
});

test("a record of no kind is a mistake of the program", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  const nothing = { outcomes: [], slots: [], runs: [], forgotten: [] };
  assert.throws(() => lab.do([99] as unknown as LogRecord), /Unexpected value 99/);
  assert.throws(() => applyRun(lab.state, 5, [99] as unknown as RunRecord, nothing), /Unexpected value 99/);
  assert.throws(() => applyTimer(lab.state, 5, [99, timer] as unknown as TimerRecord, nothing), /Unexpected value 99/);
});

test("the state knows which runtime wrote last and whether it closed in good order", () => {
  const lab = new StateLab();
  lab.do([Kind.RUNTIME_STARTED, "boot-1"]);
  assert.is(lab.state.boot, "boot-1");
  assert.ok(lab.state.isRunning);
  lab.do([Kind.RUNTIME_STOPPED]);
  assert.not.ok(lab.state.isRunning);
});

test("a start of the runtime makes @reboot timers due, once until they have run", () => {
  const lab = new StateLab();
  const timer = lab.create("a", cronOf("@reboot"), 0);
  lab.create("other", cronOf("0 0 1 1 * 2020"), 0);
  lab.create("every", definitionOf(), 11_000);
  const applied = lab.entry([Kind.RUNTIME_STARTED, "boot-1"]);
  assert.equal(applied.slots, [lab.slot("a")]);
  assert.is(lab.nextAtMs("a"), 10_000);
  assert.is(lab.nextAtMs("other"), 0);
  lab.atMs = 20_000;
  lab.do([Kind.RUNTIME_STARTED, "boot-2"]);
  assert.is(lab.nextAtMs("a"), 10_000);
  lab.succeed(lab.due(timer, 10_000, 0));
  assert.is(lab.nextAtMs("a"), 0);
  lab.do([Kind.RUNTIME_STARTED, "boot-3"]);
  assert.is(lab.nextAtMs("a"), 20_000);
});

test("a start never makes a cancelled @reboot timer due, nor one that has been forgotten", () => {
  const lab = new StateLab({ retiredMax: 1 });
  const timers = ["a", "b", "c"].map((id) => lab.create(id, cronOf("@reboot"), 0));
  for (const timer of timers.slice(0, 2)) lab.do([Kind.TIMER_CANCELLED, timer]);
  const applied = lab.entry([Kind.RUNTIME_STARTED, "boot-1"]);
  assert.equal(applied.slots, [lab.slot("c")]);
  assert.is(lab.nextAtMs("b"), 0);
});

test("a start after the clock was set back does not repeat an occurrence", () => {
  const lab = new StateLab();
  const timer = lab.create("a", cronOf("@reboot"), 0);
  lab.do([Kind.RUNTIME_STARTED, "boot-1"]);
  lab.succeed(lab.due(timer, 10_000, 0));
  lab.atMs = 3_000;
  lab.do([Kind.RUNTIME_STARTED, "boot-2"]);
  assert.is(lab.nextAtMs("a"), 10_001);
});

test.run();

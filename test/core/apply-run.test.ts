import * as assert from "uvu/assert";
import { encodeDefinition, type TimerDefinition } from "../../src/core/definition.ts";
import { outcomeOf, Status } from "../../src/core/outcome.ts";
import { Kind, type LogRecord } from "../../src/core/record.ts";
import { defaultRetry, noRetry } from "../../src/core/retry.ts";
import { boom, boomWith, cronOf, definitionOf, onceOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("apply-run");
const fixedDelay = definitionOf({ overlap: "delay" });

function update(lab: StateLab, timer: number, definition: TimerDefinition, nextAtMs = -1): void {
  assert.is(lab.do([Kind.TIMER_UPDATED, timer, encodeDefinition(definition), 0, nextAtMs, null]).kind, "timer");
}

test("RUN_DUE makes a run that starts at once or waits, and moves the timer on", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.atMs = 11_005;
  const run = lab.run([Kind.RUN_DUE, timer, 11_000, 12_000, 4, 1]);
  const { timers } = lab.state;
  const slot = lab.slot("a");
  assert.is(run.id, 2);
  assert.is(run.token, 2);
  assert.is(run.attempt, 1);
  assert.is(run.state, "running");
  assert.is(run.startedAtMs, 11_005);
  assert.is(run.missedCount, 4);
  assert.is(run.isManual, false);
  assert.is(timers.lastScheduledAtMs.get(slot), 11_000);
  assert.is(timers.lastDueAtMs.get(slot), 11_005);
  assert.is(lab.nextAtMs("a"), 12_000);
  assert.is(lab.state.runningCount, 1);
  const waiting = lab.due(timer, 12_000, 13_000, 0);
  assert.is(waiting.state, "waiting");
  assert.is(waiting.attempt, 0);
  assert.is(timers.waitingRuns.get(slot), 1);
  assert.is(timers.liveRuns.get(slot), 2);
});

test("RUN_DUE is refused for an occurrence that is not the next one", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  const ended = lab.create("ended", cronOf("0 0 1 1 * 2020"), 0);
  for (const [scheduledAtMs, nextAtMs] of [
    [10_999, 12_000],
    [11_001, 12_000],
    [0, 12_000],
    [11_000, 11_000],
    [11_000, 1],
  ] as const) {
    lab.refused([Kind.RUN_DUE, timer, scheduledAtMs, nextAtMs, 0, 1], "KRON_CONFLICT");
  }
  lab.refused([Kind.RUN_DUE, ended, 0, 0, 0, 1], "KRON_CONFLICT");
  lab.due(timer, 11_000, 12_000);
  lab.refused([Kind.RUN_DUE, timer, 11_000, 12_000, 0, 1], "KRON_CONFLICT");
  assert.is(lab.state.runs.size, 1);
});

test("a one-shot has one occurrence", () => {
  const lab = new StateLab();
  const timer = lab.create("a", onceOf(), 11_000);
  lab.refused([Kind.RUN_DUE, timer, 11_000, 12_000, 0, 1], "KRON_CONFLICT");
  lab.due(timer, 11_000, 0);
  assert.is(lab.nextAtMs("a"), 0);
});

test("unless overlap is allowed there is one run at a time and one that waits", () => {
  for (const overlap of ["delay", "skip", "queue", "replace"] as const) {
    const lab = new StateLab();
    const timer = lab.create("a", definitionOf({ overlap }), 11_000);
    const first = lab.due(timer, 11_000, 12_000);
    lab.refused([Kind.RUN_DUE, timer, 12_000, 13_000, 0, 1], "KRON_CONFLICT");
    const second = lab.due(timer, 12_000, 13_000, 0);
    lab.refused([Kind.RUN_DUE, timer, 13_000, 14_000, 0, 0], "KRON_QUEUE_FULL");
    lab.refused([Kind.RUN_TRIGGERED, timer, 0, null], "KRON_QUEUE_FULL");
    lab.refused([Kind.RUN_TRIGGERED, timer, 1, null], "KRON_CONFLICT");
    lab.refused([Kind.RUN_STARTED, second.id, 1], "KRON_CONFLICT");
    lab.succeed(first);
    assert.is(lab.run([Kind.RUN_STARTED, second.id, 1]).state, "running");
  }
});

test("with overlap allowed only concurrency limits the attempts under way", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ overlap: "allow", concurrency: 2 }), 11_000);
  const first = lab.due(timer, 11_000, 12_000);
  lab.due(timer, 12_000, 13_000);
  lab.refused([Kind.RUN_DUE, timer, 13_000, 14_000, 0, 1], "KRON_CONFLICT");
  const third = lab.due(timer, 13_000, 14_000, 0);
  const fourth = lab.due(timer, 14_000, 15_000, 0);
  lab.refused([Kind.RUN_STARTED, third.id, 1], "KRON_CONFLICT");
  lab.succeed(first);
  lab.run([Kind.RUN_STARTED, third.id, 1]);
  assert.is(fourth.state, "waiting");
  const free = lab.create("free", definitionOf({ overlap: "allow" }), 11_000);
  for (let i = 11; i < 20; i++) lab.due(free, i * 1_000, (i + 1) * 1_000);
  assert.is(lab.state.runningCount, 11);
});

test("more live runs than 16 bits can count are still counted", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ overlap: "allow" }), 1);
  const records = Array.from({ length: 65_537 }, (_, i): LogRecord => [Kind.RUN_DUE, timer, i + 1, i + 2, 0, 0]);
  lab.entry(...records);
  assert.is(lab.state.timers.liveRuns.get(lab.slot("a")), 65_537);
  assert.is(lab.state.timers.waitingRuns.get(lab.slot("a")), 65_537);
});

test("RUN_TRIGGERED makes a run that consumes no occurrence", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  lab.do([Kind.TIMER_PAUSED, timer]);
  const run = lab.run([Kind.RUN_TRIGGERED, timer, 1, { x: 1 }]);
  assert.ok(run.isManual);
  assert.equal(run.payload, { x: 1 });
  assert.is(run.scheduledAtMs, 10_000);
  assert.is(lab.nextAtMs("a"), 11_000);
  lab.succeed(run);
  assert.is(lab.nextAtMs("a"), 11_000);
  assert.is(lab.state.timers.heldUntilMs.get(lab.slot("a")), 0);
  assert.ok(lab.history("a")[0]?.isManual);
});

test("RUN_STARTED is taken once, for the attempt that comes next", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  const run = lab.due(timer, 11_000, 12_000, 0);
  lab.refused([Kind.RUN_STARTED, run.id, 2], "KRON_CONFLICT");
  lab.refused([Kind.RUN_STARTED, run.id, 0], "KRON_CONFLICT");
  lab.refused([Kind.RUN_STARTED, 99, 1], "KRON_CONFLICT");
  lab.run([Kind.RUN_STARTED, run.id, 1]);
  assert.is(run.token, 6);
  lab.refused([Kind.RUN_STARTED, run.id, 1], "KRON_CONFLICT");
  lab.refused([Kind.RUN_STARTED, run.id, 2], "KRON_CONFLICT");
});

test("only the current token ends an attempt, and a finished run never changes again", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  const waiting = lab.due(timer, 11_000, 12_000, 0);
  lab.refused([Kind.RUN_SUCCEEDED, waiting.id, 0, 1, 0, null, null], "KRON_CONFLICT");
  lab.run([Kind.RUN_STARTED, waiting.id, 1]);
  const oldToken = waiting.token;
  lab.fail(waiting, 20_000);
  lab.refused([Kind.RUN_SUCCEEDED, waiting.id, oldToken, 1, 0, null, null], "KRON_CONFLICT");
  lab.run([Kind.RUN_STARTED, waiting.id, 2]);
  assert.ok(waiting.token > oldToken);
  lab.refused([Kind.RUN_SUCCEEDED, waiting.id, oldToken, 1, 0, null, null], "KRON_CONFLICT");
  lab.refused([Kind.RUN_FAILED, waiting.id, oldToken, 1, 0, 0, boom], "KRON_CONFLICT");
  lab.succeed(waiting);
  for (const record of [
    [Kind.RUN_SUCCEEDED, waiting.id, waiting.token, 1, 0, null, null],
    [Kind.RUN_LOST, waiting.id, waiting.token, 1, 0, 0, boom],
    [Kind.RUN_CANCELLED, waiting.id, "requested", 0],
    [Kind.RUN_STARTED, waiting.id, 3],
  ]) {
    lab.refused(record as unknown as LogRecord, "KRON_CONFLICT");
  }
  assert.is(lab.history("a").length, 1);
});

test("a success is kept with its result, its note and the attempts that failed before it", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ overlap: "allow" }), 11_000);
  lab.run([Kind.RUN_SUCCEEDED, lab.due(timer, 11_000, 12_000).id, 2, 7, 0, { ok: true }, null]);
  lab.run([Kind.RUN_SUCCEEDED, lab.due(timer, 12_000, 13_000).id, 4, 8, 0, null, "too large"]);
  const run = lab.due(timer, 13_000, 14_000);
  lab.fail(run, 20_000);
  lab.run([Kind.RUN_STARTED, run.id, 2]);
  lab.succeed(run);
  const [retried, noted, plain] = lab.history("a");
  assert.is(retried?.attempts, 2);
  assert.is(retried?.detail?.failures?.length, 1);
  assert.equal(noted?.detail, { resultNote: "too large" });
  assert.equal(plain?.detail, { result: { ok: true } });
  assert.is(plain?.tookUs, 7);
  const slot = lab.slot("a");
  assert.is(lab.state.timers.succeededCount.get(slot), 3);
  assert.is(outcomeOf(lab.state.timers.lastOutcome.get(slot)), "SUCCEEDED");
});

test("a failure is retried while attempts are left, and the run is dead after the last", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  const run = lab.due(timer, 11_000, 12_000);
  const kinds = [Kind.RUN_TIMED_OUT, Kind.RUN_LOST, Kind.RUN_FAILED] as const;
  for (const [index, kind] of kinds.entries()) {
    if (index > 0) lab.run([Kind.RUN_STARTED, run.id, index + 1]);
    lab.run([kind, run.id, run.token, 5, 30_000, 0, boom]);
  }
  assert.is(run.state, "finished");
  const [row] = lab.history("a");
  assert.is(row?.outcome, "DEAD");
  assert.is(row?.attempts, 3);
  assert.equal(
    row?.detail?.failures?.map((failure) => [failure.attempt, failure.outcome]),
    [
      [1, "TIMED_OUT"],
      [2, "LOST"],
      [3, "FAILED"],
    ],
  );
  const { timers } = lab.state;
  assert.is(timers.deadCount.get(lab.slot("a")), 1);
  assert.is(timers.retriesIn7Days(lab.slot("a"), 10_000), 2);
  assert.is(lab.state.runningCount, 0);
});

test("a failure with no time to retry at, or of a cancelled timer, is the end of the run", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ overlap: "allow" }), 11_000);
  assert.is(lab.fail(lab.due(timer, 11_000, 12_000), 0).state, "finished");
  const run = lab.due(timer, 12_000, 13_000);
  lab.do([Kind.TIMER_CANCELLED, timer]);
  assert.is(lab.fail(run, 30_000).state, "finished");
  assert.is(lab.status("a"), Status.CANCELLED);
});

test("a retry that was promised comes even when the timer is changed to fewer attempts", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf(), 11_000);
  const run = lab.due(timer, 11_000, 12_000);
  lab.fail(run, 30_000);
  update(lab, timer, definitionOf({ retry: noRetry }));
  lab.run([Kind.RUN_STARTED, run.id, 2]);
  assert.is(lab.fail(run, 40_000).state, "finished");
  assert.is(lab.history("a")[0]?.outcome, "DEAD");
});

test("RUN_CANCELLED ends a run in whatever state it is", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ overlap: "allow" }), 11_000);
  const waiting = lab.due(timer, 11_000, 12_000, 0);
  const running = lab.due(timer, 12_000, 13_000);
  const retrying = lab.due(timer, 13_000, 14_000);
  lab.fail(retrying, 30_000);
  for (const run of [waiting, running, retrying]) lab.run([Kind.RUN_CANCELLED, run.id, "requested", 0]);
  const slot = lab.slot("a");
  const { timers } = lab.state;
  assert.equal([timers.liveRuns.get(slot), timers.runningRuns.get(slot), timers.waitingRuns.get(slot)], [0, 0, 0]);
  assert.is(lab.history("a")[0]?.detail?.failures?.length, 1);
  assert.equal(lab.history("a")[2]?.detail, { reason: "requested" });
});

test("how an attempt was ended by force is kept, with its error's details", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ overlap: "allow" }), 11_000);
  const failed = lab.due(timer, 11_000, 12_000);
  const error = boomWith({ signal: "SIGKILL" });
  lab.run([Kind.RUN_TIMED_OUT, failed.id, failed.token, 5, 30_000, 0, error, "process-killed"]);
  assert.equal(
    failed.failures?.map(({ ending, error: [, , , , details] }) => [ending, details]),
    [["process-killed", { signal: "SIGKILL" }]],
  );
  lab.run([Kind.RUN_STARTED, failed.id, 2]);
  lab.fail(failed, 30_000);
  assert.is(failed.failures?.[1]?.ending, null);
  const cancelled = lab.due(timer, 12_000, 13_000);
  lab.run([Kind.RUN_CANCELLED, cancelled.id, "requested", 0, "thread-terminated"]);
  assert.equal(lab.history("a")[0]?.detail, { reason: "requested", ending: "thread-terminated" });
});

test("a fixed delay goes on from the finish, whatever the finish was", () => {
  const lab = new StateLab();
  const timer = lab.create("a", fixedDelay, 11_000);
  const first = lab.due(timer, 11_000, 0);
  lab.fail(first, 20_000);
  assert.is(lab.nextAtMs("a"), 0);
  lab.run([Kind.RUN_STARTED, first.id, 2]);
  lab.succeed(first, 25_000);
  assert.is(lab.nextAtMs("a"), 25_000);
  lab.run([Kind.RUN_CANCELLED, lab.due(timer, 25_000, 0).id, "requested", 26_000]);
  assert.is(lab.nextAtMs("a"), 26_000);
});

test("a fixed delay goes on when the clock was set back during a run", () => {
  const lab = new StateLab();
  const timer = lab.create("a", fixedDelay, 11_000);
  const run = lab.due(timer, 11_000, 0);
  lab.atMs = 2_000;
  lab.succeed(run, 3_000);
  assert.is(lab.nextAtMs("a"), 11_001);
});

test("a fixed delay goes on when the record of the finish names no due time", () => {
  const lab = new StateLab();
  const timer = lab.create("a", fixedDelay, 11_000);
  const run = lab.due(timer, 11_000, 0);
  update(lab, timer, definitionOf({ overlap: "delay", retry: noRetry }));
  // Proposed before the update was known, when another attempt was still to come.
  lab.fail(run, 30_000, 0);
  assert.is(lab.nextAtMs("a"), 12_000);
});

test("the finish of an earlier run never sets a due time before a later one that was due", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ overlap: "allow" }), 11_000);
  const early = lab.due(timer, 11_000, 12_000);
  lab.due(timer, 12_000, 0);
  lab.succeed(early, 11_500);
  assert.is(lab.nextAtMs("a"), 12_001);
});

test("the finish of a run gives a cron timer no due time", () => {
  const lab = new StateLab();
  const timer = lab.create("a", cronOf("0 0 1 1 * 2020"), 11_000);
  lab.succeed(lab.due(timer, 11_000, 0), 15_000);
  assert.is(lab.nextAtMs("a"), 0);
  assert.is(lab.status("a"), Status.ACTIVE);
});

test("a one-shot is completed or dead with its only run; a run by hand does not count", () => {
  const lab = new StateLab();
  const retry = { ...defaultRetry, maxAttempts: 1 };
  const good = lab.create("good", onceOf(), 11_000);
  const bad = lab.create("bad", onceOf({ retry }), 11_000);
  lab.succeed(lab.run([Kind.RUN_TRIGGERED, good, 1, null]));
  assert.is(lab.status("good"), Status.ACTIVE);
  lab.succeed(lab.due(good, 11_000, 0));
  lab.fail(lab.due(bad, 11_000, 0), 0);
  assert.is(lab.status("good"), Status.COMPLETED);
  assert.is(lab.status("bad"), Status.DEAD);
});

test("the run of a one-shot that has been given another time does not end it", () => {
  const lab = new StateLab();
  const timer = lab.create("a", onceOf(), 11_000);
  const run = lab.due(timer, 11_000, 0);
  update(lab, timer, onceOf(), 20_000);
  lab.succeed(run);
  assert.is(lab.status("a"), Status.ACTIVE);
  assert.is(lab.nextAtMs("a"), 20_000);
});

test("a one-shot cancelled during its run stays cancelled", () => {
  const lab = new StateLab();
  const timer = lab.create("a", onceOf(), 11_000);
  const run = lab.due(timer, 11_000, 0);
  lab.do([Kind.TIMER_CANCELLED, timer]);
  lab.succeed(run);
  assert.is(lab.status("a"), Status.CANCELLED);
  assert.ok(lab.state.retired.has(lab.slot("a")));
});

test("a run remembers the first four and the latest sixteen of its failures", () => {
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ retry: { ...defaultRetry, maxAttempts: 30 } }), 11_000);
  const run = lab.due(timer, 11_000, 12_000);
  for (let attempt = 1; attempt < 30; attempt++) {
    lab.fail(run, 20_000);
    lab.run([Kind.RUN_STARTED, run.id, attempt + 1]);
  }
  lab.fail(run, 0);
  const attempts = lab.history("a")[0]?.detail?.failures?.map(({ attempt }) => attempt);
  assert.equal(attempts, [1, 2, 3, 4, ...Array.from({ length: 16 }, (_, at) => 15 + at)]);
  assert.is(lab.history("a")[0]?.attempts, 30);
});

test.run();

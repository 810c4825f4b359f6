import * as assert from "uvu/assert";
import { Kind } from "../../src/core/record.ts";
import { killMsMax } from "../../src/supervisor/dispatcher.ts";
import { EngineRig } from "../support/engine-rig.ts";
import type { RigAttempt } from "../support/rig-targets.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/endings");

const module = "./job.js";
const once = { after: 0, module, retry: false } as const;

/** A timer whose attempt has begun. */
async function begun(
  options: object = once,
): Promise<{ readonly rig: EngineRig; readonly attempt: RigAttempt; readonly kinds: () => string[] }> {
  const rig = new EngineRig();
  await rig.add("t", options);
  await rig.clock.advance(0);
  const kinds = (): string[] =>
    rig
      .eventsOf("run")
      .slice(2)
      .map(({ type }) => type);
  return { rig, attempt: rig.targets.last, kinds };
}

test("an attempt whose runner died is LOST, and retried by policy", async () => {
  const { rig, attempt, kinds } = await begun({ after: 0, module, retry: { maxAttempts: 2, base: "1s" } });
  attempt.end({ kind: "lost", error: new Error("The host ended") });
  await rig.clock.advance("1s");
  assert.equal(kinds(), ["RUN_LOST", "RUN_RETRYING", "RUN_STARTED"]);
  rig.targets.last.end({ kind: "lost", error: new Error("The host ended") });
  await rig.clock.settle();
  assert.equal(
    rig.history("t")[0]?.failures.map(({ outcome, error }) => [outcome, error.message]),
    [
      ["LOST", "The host ended"],
      ["LOST", "The host ended"],
    ],
  );
});

test("timeout: the signal, after the grace an end by force, and that end is recorded as TIMED_OUT", async () => {
  const { rig, attempt, kinds } = await begun({ ...once, timeout: "2s", grace: "3s" });
  await rig.clock.advance("2s");
  assert.equal([attempt.aborts.length, attempt.terminations], [1, 0]);
  await rig.clock.advance("2999ms");
  assert.is(attempt.terminations, 0);
  await rig.clock.advance("1ms");
  assert.is(attempt.terminations, 1);
  await rig.clock.advance("1s");
  assert.equal(kinds(), [], "it lasts until it has ended");
  const error = Object.assign(new Error("terminated"), { details: { heapMb: 12 } });
  attempt.end({ kind: "lost", error, ending: "thread-terminated" });
  await rig.clock.advance("1m");
  const [failure] = rig.history("t")[0]?.failures ?? [];
  assert.equal([failure?.outcome, failure?.ending], ["TIMED_OUT", "thread-terminated"]);
  assert.equal([failure?.error.code, failure?.error.details], ["KRON_RUN_TIMEOUT", { heapMb: 12 }]);
  const event = rig.eventsOf("run").find(({ type }) => type === "RUN_TIMED_OUT");
  assert.equal([event?.ending, event?.error?.details], ["thread-terminated", { heapMb: 12 }]);
  assert.equal(kinds(), ["RUN_TIMED_OUT", "RUN_DEAD"]);
  assert.equal([attempt.aborts.length, attempt.terminations], [1, 1]);
  assert.is(rig.engine.dispatcher.abandonedCount, 0);
  assert.equal(rig.warnings, []);
});

test("an end from within terminate() is taken, and no deadline is left behind", async () => {
  const { rig, attempt, kinds } = await begun({ ...once, timeout: "2s", grace: 0 });
  attempt.onTerminate = () => attempt.end({ kind: "failed", error: new Error("killed"), ending: "process-killed" });
  await rig.clock.advance("2s");
  assert.equal(kinds(), ["RUN_TIMED_OUT", "RUN_DEAD"]);
  assert.is(rig.engine.dispatcher.nextDeadlineMs(), Number.POSITIVE_INFINITY);
});

test("what not even force ends is given up, and no longer counts once it does end", async () => {
  const { rig, attempt, kinds } = await begun({ ...once, timeout: "1s", grace: "1s" });
  await rig.clock.advance(2_000 + killMsMax - 1);
  assert.equal(kinds(), []);
  await rig.clock.advance(1);
  assert.equal(kinds(), ["RUN_TIMED_OUT", "RUN_DEAD"]);
  assert.is(rig.engine.dispatcher.abandonedCount, 1);
  assert.is(rig.history("t")[0]?.failures[0]?.ending, "given-up");
  assert.is(rig.warnings.length, 1);
  attempt.end({ kind: "lost", error: new Error("at last") });
  await rig.clock.settle();
  assert.is(rig.engine.dispatcher.abandonedCount, 0);
  assert.is(rig.history("t").length, 1);
});

test("a callback has no end by force: it is given up right after its grace", async () => {
  const rig = new EngineRig();
  await rig.add("t", { after: 0, retry: false, timeout: "1s", grace: "1s" }, () => new Promise(() => undefined));
  await rig.clock.advance(0);
  await rig.clock.advance("1999ms");
  assert.is(rig.view("t").state, "running");
  await rig.clock.advance("1ms");
  assert.is(rig.view("t").state, "dead");
});

test("cancel with abort goes the same way", async () => {
  const { rig, attempt, kinds } = await begun({ ...once, grace: "1s" });
  await rig.settle(rig.commands.cancel("t", true));
  assert.is(attempt.aborts.length, 1);
  await rig.clock.advance("1s");
  assert.is(attempt.terminations, 1);
  attempt.end({ kind: "lost", error: new Error("terminated"), ending: "process-terminated" });
  await rig.clock.settle();
  assert.equal(kinds(), ["RUN_CANCELLED"]);
  assert.equal([rig.history("t")[0]?.reason, rig.history("t")[0]?.ending], ["timer-cancelled", "process-terminated"]);
  assert.is(rig.eventsOf("run").at(-1)?.ending, "process-terminated");
});

test("an attempt that stops when asked has no ending, and its record is as short as ever", async () => {
  const { rig, attempt } = await begun({ ...once, timeout: "1s" });
  attempt.onAbort = () => attempt.end({ kind: "failed", error: attempt.aborts[0] });
  await rig.clock.advance("1s");
  const [failure] = rig.history("t")[0]?.failures ?? [];
  assert.not.ok("ending" in (failure ?? {}));
  const records = rig.store.entries().flatMap(([, ...entry]) => entry);
  assert.is(records.find(([kind]) => kind === Kind.RUN_TIMED_OUT)?.length, 7);
});

test("replace goes the same way, and the new run begins when the old one has ended", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "10s", module, overlap: "replace", grace: "1s" });
  await rig.clock.advance("20s");
  const [first] = rig.targets.attempts;
  assert.equal([first?.aborts.length, rig.targets.attempts.length], [1, 1]);
  await rig.clock.advance("1s");
  assert.is(first?.terminations, 1);
  first?.end({ kind: "lost", error: new Error("terminated") });
  await rig.clock.settle();
  assert.is(rig.targets.attempts.length, 2);
});

test("an attempt whose run somebody else ended is stopped, by force after its grace, and asked once", async () => {
  for (const wasAborted of [false, true]) {
    const { rig, attempt, kinds } = await begun({ ...once, grace: "1s" });
    const [run] = rig.engine.data.runs.values();
    assert.ok(run !== undefined);
    if (wasAborted) rig.engine.abort(run, "requested");
    rig.engine.ledger.propose([Kind.RUN_CANCELLED, run.id, "requested", 0]);
    await rig.clock.settle();
    assert.is(rig.engine.dispatcher.activeCount, 0);
    assert.equal([attempt.aborts.length, attempt.terminations], [1, 0]);
    await rig.clock.advance("1s");
    assert.equal([attempt.aborts.length, attempt.terminations], [1, 1]);
    attempt.end({ kind: "lost", error: new Error("terminated") });
    await rig.clock.advance("1m");
    assert.equal(kinds(), ["RUN_CANCELLED"]);
    assert.equal([attempt.terminations, rig.engine.dispatcher.abandonedCount], [1, 0]);
  }
});

test("one that stops in time after its run was ended elsewhere is not ended by force", async () => {
  const { rig, attempt } = await begun({ ...once, grace: "1s" });
  const [run] = rig.engine.data.runs.values();
  attempt.onAbort = () => attempt.end({ kind: "failed", error: new Error("stopped") });
  rig.engine.ledger.propose([Kind.RUN_CANCELLED, run?.id ?? 0, "requested", 0]);
  await rig.clock.advance("1m");
  assert.is(attempt.terminations, 0);
});

test("terminateAll() ends what can be ended and gives up the rest", async () => {
  const { rig, attempt, kinds } = await begun({ ...once, grace: "1m" });
  await rig.add("callback", { after: 0, retry: false }, () => new Promise(() => undefined));
  await rig.clock.advance(0);
  const { dispatcher } = rig.engine;
  dispatcher.abortAll("shutdown");
  const names = dispatcher.terminateAll();
  assert.is(names.length, 1);
  assert.match(names[0] ?? "", /^callback\/run_/);
  assert.equal([attempt.terminations, dispatcher.executingCount], [1, 1]);
  assert.equal(dispatcher.terminateAll(), [], "once");
  assert.is(attempt.terminations, 1);
  attempt.end({ kind: "lost", error: new Error("terminated") });
  await rig.clock.settle();
  assert.equal(dispatcher.executingCount, 0);
  assert.ok(kinds().includes("RUN_LOST"));
});

test.run();

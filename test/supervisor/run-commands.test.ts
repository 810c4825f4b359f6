import * as assert from "uvu/assert";
import { isKronError, type KronErrorCode } from "../../src/core/errors.ts";
import { RunCommands } from "../../src/supervisor/run-commands.ts";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/run-commands");

function commandsOf(rig: EngineRig): RunCommands {
  return new RunCommands(rig.engine, rig.commands);
}

function slotOf(rig: EngineRig, id: string): number {
  return rig.engine.data.timers.slotOf(id) ?? -1;
}

async function refused(rig: EngineRig, promise: Promise<unknown>, code: KronErrorCode): Promise<void> {
  const error = await rig.settle(promise.then(String, (thrown: unknown) => thrown));
  assert.ok(isKronError(error, code), String(error));
}

test("cancel() of an attempt that does not stop ends it by force, and history says how", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1h", module: "./job.js", grace: "1s" });
  const { runId } = await rig.settle(rig.commands.trigger("t", undefined, 0));
  const result = await commandsOf(rig).cancel(runId);
  assert.equal(result, { timerId: "t", runId, state: "stopping" });
  const attempt = rig.targets.last;
  attempt.onTerminate = () => attempt.end({ kind: "lost", error: new Error("killed"), ending: "process-killed" });
  assert.is(attempt.aborts.length, 1);
  await commandsOf(rig).cancel(runId);
  assert.is(attempt.aborts.length, 1, "asked twice, told once");
  await rig.clock.advance("1s");
  const [row] = rig.history("t");
  assert.equal([row?.outcome, row?.reason, row?.ending], ["CANCELLED", "requested", "process-killed"]);
  await refused(rig, commandsOf(rig).cancel(runId), "KRON_RUN_NOT_FOUND");
});

test("cancel() of a run whose start is on its way to the log ends it all the same", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const work = new Work(rig, 10_000);
  await rig.add("first", { every: "1h" }, work.run);
  await rig.add("t", { every: "1h", module: "./job.js", grace: "1s" });
  await rig.settle(rig.commands.trigger("first", undefined, 0));
  const { runId, state } = await rig.settle(rig.commands.trigger("t", undefined, 0));
  assert.is(state, "waiting");
  await rig.clock.advance("9s");
  rig.log.isHeld = true;
  await rig.clock.advance("2s");
  // The first run has ended, and its end is on its way; the next start is proposed behind it.
  rig.log.commit(1);
  await rig.clock.settle();
  const cancelled = commandsOf(rig).cancel(runId);
  rig.log.release();
  assert.is((await rig.settle(cancelled)).state, "cancelled");
  assert.equal(
    rig.history("t").map(({ outcome }) => outcome),
    ["CANCELLED"],
  );
  await rig.clock.advance("10s");
  assert.is(rig.targets.attempts.length, 1, "it had begun before it was cancelled");
  for (const attempt of rig.targets.attempts) assert.equal([attempt.aborts.length, attempt.terminations], [1, 1]);
  assert.is(rig.engine.data.runningCount, 0);
  assert.ok(rig.engine.scheduler.hasFreeSlot);
});

test("retry() of a run that died makes a new one by hand, with the payload of the timer", async () => {
  const rig = new EngineRig();
  const payloads: unknown[] = [];
  await rig.add("t", { every: "1h", payload: "own", retry: false }, ({ payload, isManual }) => {
    payloads.push([payload, isManual]);
    if (payloads.length === 1) throw new Error("no");
  });
  const died = await rig.settle(rig.commands.trigger("t", "given", 8));
  await rig.clock.advance(0);
  const result = await rig.settle(commandsOf(rig).retry("t", slotOf(rig, "t")));
  assert.equal([result.isNewRun, result.state, result.runId === died.runId], [true, "running", false]);
  await rig.clock.advance(0);
  assert.equal(payloads, [
    ["given", true],
    ["own", true],
  ]);
  assert.equal(
    rig.history("t").map(({ outcome }) => outcome),
    ["SUCCEEDED", "DEAD"],
  );
  await refused(rig, commandsOf(rig).retry("t", slotOf(rig, "t")), "KRON_TIMER_STATE");
});

test("retry() that cannot be taken reserves no slot: a shutdown waits for nothing", async () => {
  const rig = new EngineRig();
  await rig.add("t", { after: 0, retry: { base: "1h" } }, () => {
    throw new Error("no");
  });
  await rig.clock.advance("1s");
  assert.is(rig.view("t").state, "retrying");
  let isIdle = false;
  rig.engine.drain(() => {
    isIdle = true;
  });
  await refused(rig, commandsOf(rig).retry("t", slotOf(rig, "t")), "KRON_STOPPED");
  assert.equal([isIdle, rig.engine.scheduler.startsProposed], [true, 0]);
});

test("retry() of a run whose runner is gone is refused, and the run stays", async () => {
  const rig = new EngineRig();
  await rig.add("t", { after: 0, retry: { base: "1h" } }, () => {
    throw new Error("no");
  });
  await rig.clock.advance("1s");
  rig.leave("t");
  await refused(rig, commandsOf(rig).retry("t", slotOf(rig, "t")), "KRON_TIMER_STATE");
  assert.is(rig.engine.data.runs.size, 1);
  assert.is(rig.engine.scheduler.startsProposed, 0);
});

test.run();

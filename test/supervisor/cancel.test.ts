import * as assert from "uvu/assert";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/cancel");

const forever = (): Promise<never> => new Promise(() => undefined);

test("cancel leaves the run under way alone, unless told to abort it", async () => {
  for (const abort of [false, true]) {
    const rig = new EngineRig();
    const work = new Work(rig, 5_000);
    await rig.add("t", { after: 0 }, work.run);
    await rig.clock.advance("1s");
    await rig.settle(rig.commands.cancel("t", abort));
    assert.is(work.contexts[0]?.signal.aborted, abort);
    await rig.clock.advance("10s");
    assert.is(rig.history("t")[0]?.outcome, abort ? "CANCELLED" : "SUCCEEDED");
    assert.is(rig.view("t").state, "cancelled");
  }
});

test("cancel with abort: one that does not stop is given up at its grace", async () => {
  const rig = new EngineRig();
  await rig.add("t", { after: 0, grace: "2s" }, forever);
  await rig.clock.advance("1s");
  await rig.settle(rig.commands.cancel("t", true));
  await rig.clock.advance("2100ms");
  assert.is(rig.history("t")[0]?.outcome, "CANCELLED");
  assert.is(rig.engine.dispatcher.activeCount, 0);
});

test("a run may cancel its own timer, with abort, from its first line", async () => {
  const rig = new EngineRig();
  let isAborted = false;
  await rig.add("t", { after: 0 }, async ({ signal }) => {
    void rig.commands.cancel("t", true);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    isAborted = signal.aborted;
    throw signal.reason;
  });
  await rig.clock.advance("1s");
  assert.ok(isAborted);
  assert.is(rig.history("t")[0]?.outcome, "CANCELLED");
});

test("cancel cancels runs that wait or retry", async () => {
  const rig = new EngineRig();
  await rig.add("retrying", { after: 0 }, () => {
    throw new Error("no");
  });
  await rig.add("waiting", { every: "1h" }, () => rig.sleep(1_000));
  await rig.settle(
    Promise.all([rig.commands.trigger("waiting", undefined, 0), rig.commands.trigger("waiting", undefined, 0)]),
  );
  await rig.settle(Promise.all([rig.commands.cancel("retrying", false), rig.commands.cancel("waiting", false)]));
  await rig.clock.advance("2m");
  assert.equal(rig.runEvents("retrying").slice(-1), ["RUN_CANCELLED 1"]);
  assert.equal(
    rig.history("waiting").map(({ outcome, reason }) => [outcome, reason]),
    [
      ["SUCCEEDED", undefined],
      ["CANCELLED", "timer-cancelled"],
    ],
  );
  assert.is(rig.engine.data.runs.size, 0);
});

test("a run that came to wait or retry while its timer's cancellation was under way is cancelled with it", async () => {
  const rig = new EngineRig();
  let calls = 0;
  let fail = (): void => undefined;
  await rig.add("t", { every: "1h", overlap: "queue" }, () => {
    calls += 1;
    return new Promise<void>((_, reject) => {
      fail = () => reject(new Error("no"));
    });
  });
  await rig.settle(rig.commands.trigger("t", undefined, 0));
  rig.log.isHeld = true;
  fail();
  const waiting = rig.commands.trigger("t", undefined, 0);
  await rig.clock.settle();
  const cancelled = rig.commands.cancel("t", false);
  await rig.clock.settle();
  rig.log.release();
  await rig.settle(Promise.all([waiting, cancelled]));
  await rig.clock.advance("1h");
  assert.is(calls, 1);
  assert.is(rig.engine.data.runs.size, 0);
});

test("pause lets runs under way finish, retries included", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "10s", retry: { base: "1s" } }, ({ attempt }) => {
    if (attempt === 1) throw new Error("no");
  });
  await rig.clock.advance("10100ms");
  await rig.settle(rig.commands.pause("t"));
  await rig.clock.advance("1h");
  assert.equal([rig.view("t").state, rig.view("t").succeededCount], ["paused", 1]);
});

test.run();

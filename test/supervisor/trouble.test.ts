import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import { Kind } from "../../src/core/record.ts";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/trouble");

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: KronError) => error.code,
  );

test("disk full: callers are told, what runs may end, and all goes on when there is space", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 2_000);
  await rig.add("t", { every: "1s", overlap: "skip" }, work.run);
  await rig.add("u", { every: "1h" }, work.run);
  await rig.clock.advance("1500ms");
  rig.log.isFull = true;
  for (const call of [
    () => rig.schedule("v", { every: "1s" }),
    () => rig.commands.pause("t"),
    () => rig.commands.cancel("u", false),
    () => rig.commands.trigger("u", undefined, 0),
  ]) {
    assert.is(await rig.settle(codeOf(call())), "KRON_DISK_FULL");
  }
  assert.is(rig.engine.ledger.isWritable, false);
  await rig.clock.advance("10s");
  assert.is(work.began.length, 1, "nothing new begins");
  assert.is(rig.view("t").state, "running", "the end is not durable yet");
  rig.log.isFull = false;
  await rig.clock.advance("2s");
  assert.equal(rig.eventsOf("writable"), [false, true]);
  assert.equal(rig.account("t").slice(0, 2), ["SUCCEEDED @1", "SKIPPED_OVERLAP 11x@2"]);
  assert.is(rig.engine.scheduler.startsProposed, 0);
  assert.is((await rig.settle(rig.commands.trigger("u", undefined, 0))).state, "running");
});

test("disk full: the engine rests instead of spinning", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "10ms", overlap: "skip" });
  await rig.clock.advance("1s");
  rig.log.isFull = true;
  // VirtualClock rejects when waits of no length follow each other for ever.
  await rig.clock.advance("20s");
  const missedBefore = rig.view("t").missedCount;
  rig.log.isFull = false;
  await rig.clock.advance("2s");
  assert.ok(rig.view("t").missedCount > missedBefore);
});

test("disk full: a cancel that was refused cancels nothing later", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1h", retry: { base: "10s" } }, ({ attempt }) => {
    if (attempt === 1) throw new Error("no");
  });
  await rig.settle(rig.commands.trigger("t", undefined, 0));
  rig.log.isFull = true;
  assert.is(await rig.settle(codeOf(rig.commands.cancel("t", true))), "KRON_DISK_FULL");
  rig.log.isFull = false;
  await rig.clock.advance("20s");
  assert.equal([rig.view("t").state, rig.view("t").succeededCount], ["scheduled", 1]);
});

test("disk full when a start, a retry and a manual run are proposed: each begins later, once", async () => {
  const rig = new EngineRig({ concurrency: 3 });
  const work = new Work(rig, 10);
  await rig.add("start", { at: "2026-01-01T00:00:10Z" }, work.run);
  let calls = 0;
  await rig.add("retry", { after: "1s", retry: { base: "9s" } }, () => {
    calls += 1;
    if (calls === 1) throw new Error("no");
  });
  await rig.clock.advance("5s");
  rig.log.isFull = true;
  await rig.clock.advance("20s");
  rig.log.isFull = false;
  await rig.clock.advance("2s");
  assert.equal([work.began.length, calls], [1, 2]);
  assert.is(rig.engine.scheduler.startsProposed, 0);
});

test("a batch that the log refuses on the spot releases what it reserved, and ends are told later", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const work = new Work(rig, 1_000);
  await rig.add("t", { every: "2s", overlap: "skip" }, work.run);
  await rig.clock.advance("2500ms");
  rig.log.obstacle = new KronError("KRON_BACKLOG_FULL", "too much");
  assert.is(await rig.settle(codeOf(rig.commands.pause("t"))), "KRON_BACKLOG_FULL");
  await rig.clock.advance("2s");
  rig.log.obstacle = undefined;
  assert.is((await rig.settle(rig.commands.pause("t"))).changed, true);
  await rig.settle(rig.commands.resume("t"));
  await rig.clock.advance("5s");
  assert.is(rig.view("t").deadCount, 0);
  assert.ok(rig.view("t").succeededCount >= 3);
});

test("a failed log: every waiter is rejected, the error is told, nothing runs any more", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 60_000);
  await rig.add("t", { every: "1s", overlap: "allow" }, work.run);
  await rig.clock.advance("1500ms");
  rig.log.isHeld = true;
  const waiting = [codeOf(rig.commands.pause("t")), codeOf(rig.schedule("u", { every: "1s" }))];
  await rig.clock.settle();
  rig.log.fail();
  assert.equal(await Promise.all(waiting), ["KRON_JOURNAL_FAILED", "KRON_JOURNAL_FAILED"]);
  assert.is(rig.engine.state, "failed");
  assert.equal(
    rig.eventsOf("error").map(({ code }) => code),
    ["KRON_JOURNAL_FAILED"],
  );
  assert.is(work.contexts[0]?.signal.aborted, true);
  await rig.clock.advance("10s");
  assert.is(work.began.length, 1);
  assert.is(await codeOf(rig.commands.pause("t")), "KRON_JOURNAL_FAILED");
  let isIdle = false;
  rig.engine.drain(() => {
    isIdle = true;
  });
  assert.ok(isIdle, "what has ended need not become durable any more");
  rig.engine.stop();
});

test("a failed log: drain waits for what is still executing, and for nothing else", async () => {
  const rig = new EngineRig();
  await rig.add("t", { after: 0 }, () => rig.sleep(5_000));
  await rig.clock.advance("1s");
  rig.log.fail();
  let isIdle = false;
  rig.engine.drain(() => {
    isIdle = true;
  });
  await rig.clock.advance("3900ms");
  assert.is(isIdle, false);
  await rig.clock.advance("200ms");
  assert.is(isIdle, true);
});

test("drain waits for a start that the log has not settled, and for its end", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 1_000);
  await rig.add("t", { every: "1h" }, work.run);
  rig.log.isHeld = true;
  const triggered = rig.commands.trigger("t", undefined, 0);
  await rig.clock.settle();
  let isIdle = false;
  rig.engine.drain(() => {
    isIdle = true;
  });
  assert.is(isIdle, false);
  assert.is(await codeOf(rig.commands.pause("t")), "KRON_STOPPED");
  rig.log.release();
  await rig.settle(triggered);
  assert.is(isIdle, false);
  await rig.clock.advance("2s");
  assert.is(isIdle, true);
  assert.is(rig.view("t").succeededCount, 1);
});

test("after stop nothing begins, whatever the log still settles; the next runtime finds it lost", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 0);
  await rig.add("t", { every: "1h", retry: { base: "1s" } }, work.run);
  rig.log.isHeld = true;
  const triggered = rig.commands.trigger("t", undefined, 0);
  await rig.clock.settle();
  rig.engine.stop();
  await rig.log.close();
  await rig.settle(triggered);
  assert.is(work.began.length, 0);
  assert.is(rig.store.entries().at(-1)?.at(-1)?.toString(), String(Kind.RUNTIME_STOPPED));
  rig.restart();
  await rig.add("t", { every: "1h", retry: { base: "1s" } }, work.run);
  await rig.clock.advance("2s");
  assert.equal([work.began.length, rig.history("t")[0]?.failures[0]?.outcome], [1, "LOST"]);
});

test("what has ended while the disk is full is told at the stop, if there is space again", async () => {
  const rig = new EngineRig();
  await rig.add("t", { after: 0 }, () => rig.sleep(100));
  await rig.clock.advance("50ms");
  rig.log.isFull = true;
  await rig.clock.advance("200ms");
  rig.log.isFull = false;
  rig.engine.drain(() => undefined);
  rig.engine.stop();
  await rig.log.close();
  assert.is(rig.view("t").succeededCount, 1);
});

test("a proposal before the log is open is refused with a code", async () => {
  const rig = new EngineRig();
  rig.engine.stop();
  assert.is(await codeOf(rig.schedule("t", { every: "1s" })), "KRON_STOPPED");
});

test.run();

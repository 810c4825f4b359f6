/** Callbacks whose process goes away and comes back: nothing begins meanwhile, and nothing is forgotten. */

import * as assert from "uvu/assert";
import { Kind } from "../../src/core/record.ts";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/gone");

test("what becomes due while its runner is gone runs when it is back within the grace", async () => {
  const rig = new EngineRig({ orphanGraceMs: 5_000 });
  const work = new Work(rig, 0);
  await rig.add("t", { every: "10s", overlap: "skip" }, work.run);
  await rig.clock.advance("8s");
  rig.leave("t");
  await rig.clock.advance("4s");
  assert.equal([work.began, rig.view("t").state], [[], "scheduled"]);
  rig.comeBack("t");
  await rig.clock.advance("10s");
  assert.equal(work.began, [12, 20]);
  assert.is(rig.view("t").missedCount, 0);
});

test("the grace is counted from when the runner went away, and anew each time", async () => {
  const rig = new EngineRig({ orphanGraceMs: 5_000 });
  await rig.add("t", { every: "1h" });
  await rig.clock.advance("10s");
  assert.is(rig.view("t").state, "scheduled");
  rig.leave("t");
  await rig.clock.advance("4999ms");
  assert.is(rig.view("t").state, "scheduled");
  await rig.clock.advance("1ms");
  assert.is(rig.view("t").state, "orphaned");
  rig.comeBack("t");
  assert.is(rig.view("t").state, "scheduled");
  rig.leave("t");
  await rig.clock.advance("3s");
  rig.comeBack("t");
  rig.leave("t");
  await rig.clock.advance("4s");
  assert.is(rig.view("t").state, "scheduled");
  await rig.clock.advance("1s");
  assert.is(rig.view("t").state, "orphaned");
});

test("during the grace after the start nothing is orphaned, whatever went away", async () => {
  const rig = new EngineRig({ orphanGraceMs: 5_000 });
  await rig.add("t", { every: "1h" });
  rig.leave("t");
  await rig.clock.advance("4s");
  rig.leave("t");
  await rig.clock.advance("4s");
  assert.is(rig.view("t").state, "scheduled", "its own grace is not over");
  await rig.clock.advance("1s");
  assert.is(rig.view("t").state, "orphaned");
});

test("while graces are held none ends, and all that are left have theirs afterwards", async () => {
  const rig = new EngineRig({ orphanGraceMs: 5_000 });
  const work = new Work(rig, 0);
  await rig.add("back", { every: "10s", overlap: "skip" }, work.run);
  await rig.add("gone", { every: "10s", overlap: "skip" });
  rig.engine.holdGraces();
  rig.leave("back");
  rig.leave("gone");
  await rig.clock.advance("10m");
  assert.equal([rig.view("back").state, rig.view("gone").state], ["scheduled", "scheduled"]);
  rig.engine.releaseGraces();
  rig.engine.releaseGraces();
  rig.comeBack("back");
  await rig.clock.advance("4999ms");
  assert.equal([work.began.length, rig.view("back").missedCount], [1, 59], "what was due meanwhile, by its policy");
  assert.equal([rig.view("gone").state, rig.view("gone").missedCount], ["scheduled", 0]);
  await rig.clock.advance("1ms");
  assert.equal([rig.view("gone").state, rig.view("gone").missedCount > 0], ["orphaned", true]);
});

test("occurrences are missed once they are a minute old, and the younger ones run when the runner is back", async () => {
  const rig = new EngineRig({ orphanGraceMs: 5_000 });
  const work = new Work(rig, 0);
  const once = new Work(rig, 0);
  await rig.add("t", { every: "10s", overlap: "skip" }, work.run);
  await rig.add("once", { after: "30s" }, once.run);
  await rig.clock.advance("15s");
  rig.leave("t", "once");
  await rig.clock.advance("64s");
  assert.equal([rig.clock.monotonicMs(), rig.account("t")], [79_000, ["SUCCEEDED @10"]]);
  await rig.clock.advance("1s");
  assert.equal(rig.account("t"), ["SUCCEEDED @10", "MISSED(orphaned) @20"]);
  await rig.clock.advance("15s");
  assert.equal(rig.account("t"), ["SUCCEEDED @10", "MISSED(orphaned) @20", "MISSED(orphaned) @30"]);
  rig.comeBack("t", "once");
  await rig.clock.advance("4s");
  assert.equal(rig.account("t").slice(3), ["MISSED(late) 5x@40", "SUCCEEDED @90"]);
  assert.equal(once.began, [95], "a one-shot waits for as long as it takes");
});

test("a retry whose runner is gone waits for it, and begins when it is back", async () => {
  const rig = new EngineRig();
  const began: number[] = [];
  await rig.add("t", { after: "1s", retry: { base: "10s", backoff: "fixed" } }, ({ attempt }) => {
    began.push(rig.clock.monotonicMs());
    if (attempt < 3) throw new Error("no");
  });
  await rig.clock.advance("2s");
  rig.leave("t");
  await rig.clock.advance("1h");
  assert.equal(began, [1_000]);
  assert.is(rig.engine.data.runs.size, 1);
  rig.comeBack("t");
  await rig.clock.advance("1s");
  assert.equal(began, [1_000, 3_602_000]);
  rig.leave("t");
  await rig.clock.advance("5s");
  rig.comeBack("t");
  await rig.clock.advance("3s");
  assert.is(began.length, 2, "its delay is not over");
  await rig.clock.advance("2s");
  assert.equal([began[2], rig.view("t").succeededCount], [3_612_000, 1]);
});

test("a retry that waits for another run of its timer is found again as well", async () => {
  const rig = new EngineRig();
  const options = { every: "1h", overlap: "allow", concurrency: 1, retry: { base: "1s" } } as const;
  const began: string[] = [];
  await rig.add("t", options, async ({ attempt, runId }) => {
    began.push(`${runId} ${attempt}`);
    if (began.length === 1) throw new Error("no");
    await rig.sleep(10_000);
  });
  await rig.settle(rig.commands.trigger("t", undefined, 0));
  await rig.settle(rig.commands.trigger("t", undefined, 0));
  await rig.clock.advance("2s");
  assert.is(began.length, 2, "the retry is due and held up by the other run");
  rig.leave("t");
  await rig.clock.advance("20s");
  assert.is(began.length, 2);
  rig.comeBack("t");
  await rig.clock.advance("1s");
  assert.is(began.length, 3);
  assert.ok(began[2]?.endsWith(" 2"));
});

test("a waiting run stays, and begins when its runner is back", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const work = new Work(rig, 5_000);
  await rig.add("hog", { every: "1h" }, work.run);
  await rig.add("t", { every: "1h" }, work.run);
  await rig.settle(rig.commands.trigger("hog", undefined, 0));
  assert.is((await rig.settle(rig.commands.trigger("t", undefined, 0))).state, "waiting");
  rig.leave("t");
  await rig.clock.advance("1m");
  assert.equal(work.began, [0], "the free slot is not for a run that nobody can execute");
  assert.is((await rig.settle(rig.commands.trigger("hog", undefined, 0))).state, "running");
  await rig.clock.advance("10s");
  rig.comeBack("t");
  await rig.clock.advance("1s");
  assert.equal(work.began, [0, 60, 70]);
});

test("an occurrence that waits for a slot is not given one while its runner is gone", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const work = new Work(rig, 5_000);
  const starved = new Work(rig, 0);
  await rig.add("hog", { after: "1s" }, work.run);
  await rig.add("t", { after: "2s" }, starved.run);
  await rig.clock.advance("3s");
  rig.leave("t");
  await rig.clock.advance("10s");
  assert.equal(starved.began, []);
  rig.comeBack("t");
  await rig.clock.advance(0);
  assert.equal(starved.began, [13]);
});

test("an attempt under way when its process ends is LOST and retried when there is one again", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 5_000);
  await rig.add("t", { after: 0, retry: { base: "1s", maxAttempts: 2 } }, work.run);
  await rig.clock.advance("3s");
  rig.leave("t");
  await rig.clock.advance("10s");
  assert.equal(rig.runEvents("t").slice(2), ["RUN_LOST 1", "RUN_RETRYING 2"]);
  rig.comeBack("t");
  await rig.clock.advance("6s");
  assert.equal(work.began, [0, 13]);
  assert.is(rig.view("t").succeededCount, 1);
});

test("what is due and on its way to the log when the runner leaves is settled, and looked at again after it", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 0);
  await rig.add("t", { every: "10s", overlap: "skip", retry: { base: "1s" } }, work.run);
  rig.log.isHeld = true;
  await rig.clock.advance("10s");
  rig.leave("t");
  rig.log.release();
  await rig.clock.settle();
  // The beginning was in the log already, and its runner said that it is lost.
  assert.is(rig.view("t").state, "retrying");
  await rig.clock.advance("1m");
  assert.is(rig.view("t").state, "orphaned");
  rig.comeBack("t");
  await rig.clock.advance("1s");
  assert.ok(work.began.length >= 1);
  assert.is(rig.view("t").lastOutcome, "SUCCEEDED");
});

test("a runner that is gone without a word does not make an occurrence missed before its time", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "10s", overlap: "skip" });
  rig.callbacks.leave(rig.engine.data.timers.slotOf("t") ?? -1);
  await rig.clock.advance("69s");
  assert.equal(rig.account("t"), []);
  await rig.clock.advance("1s");
  assert.equal(rig.account("t"), ["MISSED(orphaned) @10"]);
});

test("noteRunnerGone() passes over what can be executed all the same and what is no timer", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 0);
  await rig.add("t", { every: "1s", overlap: "skip" }, work.run);
  await rig.clock.advance("10s");
  rig.engine.noteRunnerGone([rig.engine.data.timers.slotOf("t") ?? -1, 4_000]);
  await rig.clock.advance("10s");
  assert.is(work.began.length, 20);
  assert.is(rig.engine.scheduler.nextGraceEndMs(), Number.POSITIVE_INFINITY);
});

test("a slot whose timer is forgotten while its runner is gone does not hold up the next timer in it", async () => {
  const rig = new EngineRig({ limits: { retiredMax: 0 } });
  await rig.add("old", { every: "1h" });
  const slot = rig.engine.data.timers.slotOf("old");
  rig.leave("old");
  await rig.settle(rig.commands.cancel("old", false));
  const work = new Work(rig, 0);
  await rig.add("new", { every: "1s", overlap: "skip" }, work.run);
  assert.is(rig.engine.data.timers.slotOf("new"), slot);
  await rig.clock.advance("1500ms");
  assert.equal(work.began, [1]);
});

test("noteRunnerGone() writes nothing, and a drained runtime takes it as well", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1h" });
  const { length } = rig.store;
  rig.leave("t");
  await rig.clock.advance("10s");
  assert.is(rig.store.length, length);
  rig.engine.drain(() => undefined);
  rig.comeBack("t");
  rig.leave("t");
  assert.is(rig.engine.state, "draining");
  assert.is(
    rig.store
      .entries()
      .flatMap(([, ...records]) => records)
      .at(-1)?.[0],
    Kind.TIMER_CREATED,
  );
});

test.run();

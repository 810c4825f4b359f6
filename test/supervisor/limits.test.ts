import * as assert from "uvu/assert";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/limits");

test("no more attempts at a time than the runtime's concurrency, and none is forgotten", async () => {
  const rig = new EngineRig({ concurrency: 3 });
  const work = new Work(rig, 1_000);
  for (let n = 0; n < 20; n++) await rig.add(`t${n}`, { at: "2026-01-01T00:00:10Z" }, work.run);
  await rig.clock.advance("10500ms");
  assert.is(rig.engine.data.runningCount, 3);
  assert.is(rig.engine.scheduler.dueCount(rig.clock.nowMs()), 17);
  await rig.clock.advance("7s");
  assert.is(work.began.length, 20);
  assert.is(work.executingMost, 3);
});

test("who has been due longest is first to get a slot, retries among them", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const order: string[] = [];
  const note =
    (id: string, fails: boolean) =>
    (context: { attempt: number }): unknown => {
      order.push(id);
      if (fails && context.attempt === 1) throw new Error("no");
      return rig.sleep(0);
    };
  await rig.add("failing", { after: "1s", retry: { base: "3s" } }, note("failing", true));
  await rig.add("hog", { after: "2s" }, () => rig.sleep(10_000));
  await rig.add("later", { after: "5s" }, note("later", false));
  await rig.add("sooner", { after: "3s" }, note("sooner", false));
  await rig.clock.advance("20s");
  assert.equal(order, ["failing", "sooner", "failing", "later"]);
});

test("a timer too many is refused as such, and there is room again when one has been forgotten", async () => {
  const rig = new EngineRig({ limits: { timersMax: 2, retiredMax: 0 } });
  await rig.add("a", { every: "1h" });
  await rig.add("b", { every: "1h" });
  const { length } = rig.store.entries();
  const error = await rig.add("c", { every: "1h" }).then(
    () => undefined,
    (thrown: unknown) => thrown as { code: string },
  );
  assert.is(error?.code, "KRON_TIMERS_FULL");
  assert.is(rig.store.entries().length, length + 1, "asked once");
  await rig.settle(rig.commands.cancel("a", false));
  assert.is((await rig.add("c", { every: "1h" })).action, "created");
});

test("a manual run waits for a slot when all are taken", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const work = new Work(rig, 1_000);
  await rig.add("a", { every: "1h" }, work.run);
  await rig.add("b", { every: "1h" }, work.run);
  const first = await rig.settle(rig.commands.trigger("a", undefined, 0));
  const second = await rig.settle(rig.commands.trigger("b", undefined, 0));
  assert.equal([first.state, second.state], ["running", "waiting"]);
  assert.is(rig.view("b").state, "waiting");
  assert.is(rig.engine.scheduler.waitingCount, 1);
  await rig.clock.advance("1500ms");
  assert.equal(work.began, [0, 1]);
});

test("trigger is refused when the queue is full", async () => {
  const rig = new EngineRig({ concurrency: 1, queueMax: 2 });
  await rig.add("t", { every: "1h", overlap: "allow" }, () => rig.sleep(1_000));
  const outcomes: string[] = [];
  for (let n = 0; n < 4; n++) {
    outcomes.push(
      await rig.settle(rig.commands.trigger("t", undefined, 0)).then(
        ({ state }) => state,
        ({ code }) => code,
      ),
    );
  }
  assert.equal(outcomes, ["running", "waiting", "waiting", "KRON_QUEUE_FULL"]);
  await rig.clock.advance("5s");
  assert.is(rig.view("t").succeededCount, 3);
});

test("many changes of one turn fill several entries and all come through", async () => {
  const rig = new EngineRig();
  const all: Promise<unknown>[] = [];
  for (let n = 0; n < 10_000; n++) all.push(rig.schedule(`t${n}`, { every: "1h" }));
  await rig.settle(Promise.all(all));
  assert.is(rig.engine.data.timers.size, 10_000);
  assert.ok(rig.store.length >= 3 && rig.store.length < 10);
});

test("a backlog of the log refuses changes, and nothing that was reserved stays so", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const work = new Work(rig, 10);
  await rig.add("t", { every: "1h" }, work.run);
  rig.log.extraBytes = 2 ** 30;
  for (const call of [
    () => rig.commands.trigger("t", undefined, 0),
    () => rig.commands.pause("t"),
    () => rig.commands.cancel("t", true),
    () => rig.schedule("u", { every: "1h" }),
  ]) {
    assert.is(
      await rig.settle(
        call().then(
          () => "none",
          ({ code }) => code,
        ),
      ),
      "KRON_BACKLOG_FULL",
    );
  }
  rig.log.extraBytes = 0;
  assert.is((await rig.settle(rig.commands.trigger("t", undefined, 0))).state, "running");
});

test("during the grace a timer without a callback is not orphaned, and its occurrences wait", async () => {
  const rig = new EngineRig({ orphanGraceMs: 5_000 });
  await rig.add("t", { every: "1s", overlap: "skip" });
  rig.restart();
  await rig.clock.advance("4s");
  assert.is(rig.view("t").state, "scheduled");
  const work = new Work(rig, 0);
  await rig.add("t", { every: "1s", overlap: "skip" }, work.run);
  await rig.clock.advance("1500ms");
  assert.equal(rig.account("t").slice(0, 2), ["MISSED(late) 3x@1", "SUCCEEDED @4"]);
});

test("after the grace it is orphaned, stays on record, and each occurrence is accounted for", async () => {
  const rig = new EngineRig({ orphanGraceMs: 5_000 });
  await rig.add("t", { every: "10s", overlap: "skip" });
  await rig.add("delay", { every: "10s" });
  await rig.add("once", { after: "10s" });
  await rig.add("paused", { every: "10s" });
  await rig.settle(rig.commands.pause("paused"));
  rig.restart();
  await rig.clock.advance("6s");
  assert.is(rig.view("t").state, "orphaned");
  assert.is(rig.view("paused").state, "paused");
  await rig.clock.advance("114s");
  assert.is(rig.view("t").missedCount, 6);
  assert.equal(rig.account("t").at(-1), "MISSED(orphaned) @60");
  assert.is(rig.view("delay").missedCount, 1, "a fixed delay has one at a time");
  assert.is(rig.view("once").missedCount, 0, "a one-shot waits for its callback");
  const work = new Work(rig, 0);
  await rig.add("t", { every: "10s", overlap: "skip" }, work.run);
  await rig.add("once", { after: "10s" }, work.run);
  await rig.clock.advance("1s");
  assert.is(rig.view("t").state, "scheduled");
  assert.equal([rig.view("t").missedCount, work.began.length], [11, 2]);
  assert.is(rig.view("once").state, "completed");
});

test("a fixed delay that is long overdue has missed one occurrence, not one per period", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1s" });
  await rig.settle(rig.commands.pause("t"));
  await rig.clock.advance("30s");
  await rig.settle(rig.commands.cancel("t", false));
  assert.equal(rig.account("t"), ["MISSED(cancelled) @1"]);
});

test("a triggered run of a timer without a callback waits for one", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1h" });
  rig.restart();
  assert.is((await rig.settle(rig.commands.trigger("t", undefined, 0))).state, "waiting");
  await rig.clock.advance("1m");
  const work = new Work(rig, 0);
  await rig.add("t", { every: "1h" }, work.run);
  await rig.clock.advance("1s");
  assert.is(work.began.length, 1);
});

test("a retry whose timer has no callback yet waits for it", async () => {
  const rig = new EngineRig();
  const options = { after: 0, retry: { base: "1s" } } as const;
  await rig.add("t", options, () => {
    throw new Error("no");
  });
  await rig.clock.advance("500ms");
  rig.restart();
  await rig.clock.advance("1m");
  assert.is(rig.view("t").succeededCount, 0);
  await rig.add("t", options);
  await rig.clock.advance("1s");
  assert.is(rig.view("t").succeededCount, 1);
});

test("the callback given last is the one that runs", async () => {
  const rig = new EngineRig();
  const seen: number[] = [];
  await rig.add("t", { every: "1s" }, () => seen.push(1));
  await rig.clock.advance("1100ms");
  await rig.add("t", { every: "1s" }, () => seen.push(2));
  await rig.clock.advance("1s");
  assert.equal(seen, [1, 2]);
});

test.run();

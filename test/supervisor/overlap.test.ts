import * as assert from "uvu/assert";
import type { OverlapPolicy } from "../../src/core/definition.ts";
import { isKronError } from "../../src/core/errors.ts";
import type { ScheduleOptions } from "../../src/core/options.ts";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/overlap");

/** A cron timer every second whose runs take 2.5 s, watched for 6 s. */
async function everySecond(overlap: OverlapPolicy, more: ScheduleOptions = {}) {
  const rig = new EngineRig();
  const work = new Work(rig, 2_500);
  await rig.add("t", { cron: "* * * * * *", overlap, ...more }, work.run);
  await rig.clock.advance(6_100);
  return { rig, work };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isKronError(error)) return error.code;
    throw error;
  }
  return "none";
}

test("delay: what comes due during a run is skipped at its finish", async () => {
  const { rig, work } = await everySecond("delay");
  assert.equal(work.began, [1, 4]);
  assert.equal(rig.account("t"), ["SUCCEEDED @1", "SKIPPED_OVERLAP 2x@2"]);
});

test("skip: what comes due during a run is skipped when it is due", async () => {
  const { rig, work } = await everySecond("skip");
  assert.equal(work.began, [1, 4]);
  assert.equal(rig.account("t"), [
    "SKIPPED_OVERLAP @2",
    "SKIPPED_OVERLAP @3",
    "SUCCEEDED @1",
    "SKIPPED_OVERLAP @5",
    "SKIPPED_OVERLAP @6",
  ]);
});

test("allow: runs go side by side", async () => {
  const { work } = await everySecond("allow");
  assert.equal(work.began, [1, 2, 3, 4, 5, 6]);
  assert.is(work.executingMost, 3);
});

test("allow with a concurrency: what is due waits for room, and misfire decides", async () => {
  const { rig, work } = await everySecond("allow", { concurrency: 2, misfire: "all" });
  assert.equal(work.began, [1, 2, 3.5, 4.5, 6]);
  assert.is(work.executingMost, 2);
  assert.is(rig.view("t").missedCount, 0);
});

test("queue: one occurrence waits, later ones are skipped", async () => {
  const { rig, work } = await everySecond("queue");
  assert.equal(work.began, [1, 3.5, 6]);
  assert.equal(rig.account("t"), [
    "SKIPPED_OVERLAP @3",
    "SUCCEEDED @1",
    "SKIPPED_OVERLAP @5",
    "SUCCEEDED @2",
    "SKIPPED_OVERLAP @6",
  ]);
});

test("replace: the run under way is aborted for the new one", async () => {
  const { rig, work } = await everySecond("replace");
  assert.equal(work.began, [1, 2, 3, 4, 5, 6]);
  assert.is(work.executingMost, 1);
  assert.equal(rig.account("t").slice(0, 2), ["CANCELLED(replaced) @1", "CANCELLED(replaced) @2"]);
});

test("replace: a run that does not stop holds the newer one back until its grace is over", async () => {
  const rig = new EngineRig();
  const began: number[] = [];
  await rig.add("t", { every: "1s", overlap: "replace", grace: "300ms", retry: false }, async () => {
    began.push(rig.clock.monotonicMs());
    await rig.sleep(60_000);
  });
  await rig.clock.advance(2_500);
  assert.equal(began, [1_000, 2_300]);
  assert.is(rig.engine.dispatcher.abandonedCount, 1);
});

for (const overlap of ["delay", "skip", "queue", "replace"] as const) {
  test(`${overlap}: a run between two attempts still counts as a run`, async () => {
    const rig = new EngineRig();
    const began: string[] = [];
    await rig.add(
      "t",
      { cron: "* * * * * *", overlap, retry: { maxAttempts: 2, backoff: "fixed", base: "2500ms" } },
      (context) => {
        began.push(`${context.attempt}@${rig.clock.monotonicMs() / 1_000}`);
        if (context.attempt === 1) throw new Error("no");
      },
    );
    await rig.clock.advance(4_100);
    const expected = {
      delay: ["1@1", "2@3.5", "1@4"],
      skip: ["1@1", "2@3.5", "1@4"],
      queue: ["1@1", "2@3.5", "1@3.5"],
      replace: ["1@1", "1@2", "1@3", "1@4"],
    };
    assert.equal(began, expected[overlap]);
  });
}

for (const [overlap, outcome] of [
  ["delay", "waiting"],
  ["skip", "KRON_TIMER_STATE"],
  ["allow", "running"],
  ["queue", "waiting"],
  ["replace", "waiting"],
] as const) {
  test(`${overlap}: a manual trigger during a run gives ${outcome}`, async () => {
    const rig = new EngineRig();
    const work = new Work(rig, 2_500);
    await rig.add("t", { every: "1h", overlap }, work.run);
    const first = await rig.settle(rig.commands.trigger("t", undefined, 0));
    assert.is(first.state, "running");
    await rig.clock.advance(1_000);
    const second = rig.commands.trigger("t", undefined, 0);
    if (outcome.startsWith("KRON")) assert.is(await codeOf(rig.settle(second)), outcome);
    else assert.is((await rig.settle(second)).state, outcome);
    await rig.clock.advance(10_000);
    const expected = { delay: [0, 2.5], skip: [0], allow: [0, 1], queue: [0, 2.5], replace: [0, 1] };
    assert.equal(work.began, expected[overlap]);
    assert.is(rig.view("t").nextRunAtMs, Date.parse("2026-01-01T01:00:00Z"), "a trigger consumes no occurrence");
  });
}

test("a second trigger that would wait is refused unless allow", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1h" }, () => rig.sleep(1_000));
  for (const expected of ["none", "none", "KRON_QUEUE_FULL"]) {
    assert.is(await codeOf(rig.settle(rig.commands.trigger("t", undefined, 0))), expected);
  }
});

test("two triggers in one turn: one runs, the other waits", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 1_000);
  await rig.add("t", { every: "1h" }, work.run);
  const both = Promise.all([rig.commands.trigger("t", undefined, 0), rig.commands.trigger("t", { a: 1 }, 2)]);
  assert.equal(
    (await rig.settle(both)).map(({ state }) => state),
    ["running", "waiting"],
  );
  await rig.clock.advance(3_000);
  assert.equal(work.began, [0, 1]);
  assert.equal(work.contexts[1]?.payload, { a: 1 });
});

test("replace works when its own run holds the last slot", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const work = new Work(rig, 60_000);
  await rig.add("t", { every: "1s", overlap: "replace" }, work.run);
  await rig.clock.advance(3_100);
  assert.equal(work.began, [1, 2, 3]);
});

test("skip skips when its own run holds the last slot", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const work = new Work(rig, 2_500);
  await rig.add("t", { every: "1s", overlap: "skip" }, work.run);
  await rig.clock.advance(4_100);
  assert.equal(work.began, [1, 4]);
  assert.is(rig.view("t").skippedCount, 2);
});

test("skip does not run at the finish what came due during a run and went unnoticed", async () => {
  const rig = new EngineRig();
  let release = (): void => undefined;
  const began: number[] = [];
  await rig.add("t", { every: "1s", overlap: "skip" }, () => {
    began.push(rig.clock.monotonicMs() / 1_000);
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  await rig.clock.advance(1_100);
  // The loop was blocked: the run ends and three occurrences have passed before the wake-up is seen.
  rig.clock.suspend(3_000);
  release();
  await rig.clock.settle();
  assert.equal(began, [1]);
  assert.is(rig.view("t").skippedCount, 3);
});

test("replace with only a retry in its way takes no slot that is not free", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const other = new Work(rig, 10_000);
  const began: number[] = [];
  await rig.add("t", { every: "2s", overlap: "replace", retry: { base: "1h" } }, () => {
    began.push(rig.clock.monotonicMs() / 1_000);
    throw new Error("no");
  });
  await rig.add("other", { after: "3s" }, other.run);
  await rig.clock.advance(9_000);
  assert.is(rig.engine.data.runningCount, 1);
  assert.equal(began, [2]);
  await rig.clock.advance(4_500);
  assert.equal(began.slice(0, 2), [2, 13]);
});

test("fixed rate keeps its grid, fixed delay counts from the finish", async () => {
  const rig = new EngineRig();
  const rate = new Work(rig, 300);
  const delay = new Work(rig, 300);
  await rig.add("rate", { every: "1s", overlap: "skip" }, rate.run);
  await rig.add("delay", { every: "1s" }, delay.run);
  await rig.clock.advance(4_000);
  assert.equal(rate.began, [1, 2, 3, 4]);
  assert.equal(delay.began, [1, 2.3, 3.6]);
});

test("a retry waits for a run of its timer that took the only room, without proposing for ever", async () => {
  const rig = new EngineRig();
  const began: string[] = [];
  const options: ScheduleOptions = {
    every: "1s",
    overlap: "allow",
    concurrency: 1,
    retry: { maxAttempts: 2, backoff: "fixed", base: "1500ms" },
  };
  await rig.add("t", options, async ({ attempt, scheduledAtMs }) => {
    began.push(`${scheduledAtMs % 10_000}/${attempt}@${rig.clock.monotonicMs()}`);
    if (scheduledAtMs % 10_000 === 1_000 && attempt === 1) throw new Error("no");
    await rig.sleep(3_000);
  });
  const before = rig.store.length;
  await rig.clock.advance(5_100);
  assert.equal(began, ["1000/1@1000", "2000/1@2000", "1000/2@5000"]);
  assert.ok(rig.store.length - before < 20, "no storm of refused proposals");
});

test("overlap changed from allow to delay: retries of two runs go one after the other", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 1_000);
  let fails = true;
  const callback = (context: Parameters<Work["run"]>[0]): unknown => {
    if (fails) throw new Error("no");
    return work.run(context);
  };
  const retry = { maxAttempts: 3, backoff: "fixed", base: "5s" } as const;
  await rig.add("t", { every: "1s", overlap: "allow", retry }, callback);
  await rig.clock.advance(2_100);
  await rig.add("t", { every: "1h", overlap: "delay", retry }, callback);
  fails = false;
  await rig.clock.advance(20_000);
  assert.is(work.executingMost, 1);
  assert.is(work.began.length, 2);
});

test.run();

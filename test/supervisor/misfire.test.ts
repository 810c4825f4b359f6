import * as assert from "uvu/assert";
import type { ScheduleOptions } from "../../src/core/options.ts";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/misfire");

const minute = 60_000;
const skip: ScheduleOptions = { every: "1m", overlap: "allow", misfire: "skip" };
const once: ScheduleOptions = { every: "1m", overlap: "allow", misfire: "once" };
const all: ScheduleOptions = { every: "1m", overlap: "allow", misfire: "all" };

/** What ran, by nominal minute since the start, with the count of those it was told to have missed. */
function ran(work: Work): string[] {
  return work.contexts.map(({ scheduledAtMs, missedCount }) => {
    const at = (scheduledAtMs - Date.parse("2026-01-01T00:00:00Z")) / minute;
    return missedCount === 0 ? `${at}` : `${at} missed ${missedCount}`;
  });
}

/** Ways in which ten minutes (with ten occurrences) pass without anything being run. */
const gaps: Record<string, (rig: EngineRig, options: ScheduleOptions, work: Work) => Promise<void>> = {
  down: async (rig, options, work) => {
    rig.crash();
    await rig.clock.advance("10m");
    rig.start();
    await rig.add("t", options, work.run);
  },
  paused: async (rig) => {
    await rig.settle(rig.commands.pause("t"));
    await rig.clock.advance("10m");
    await rig.settle(rig.commands.resume("t"));
  },
  asleep: async (rig) => {
    rig.clock.suspend("10m");
    await rig.clock.advance("30s");
  },
  "clock ahead": async (rig) => {
    rig.clock.jumpWall("10m");
    await rig.clock.advance("30s");
  },
};

for (const [name, gap] of Object.entries(gaps)) {
  for (const [options, expected, missed] of [
    [skip, ["10 missed 9"], 9],
    [once, ["10 missed 9"], 9],
    [all, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"], 0],
    [{ ...all, misfire: { mode: "all", max: 3 } }, ["8 missed 7", "9", "10"], 7],
    [{ ...all, misfire: { mode: "all", within: "4m" } }, ["7 missed 6", "8", "9", "10"], 6],
    [{ ...once, misfire: { mode: "once", within: "10s" } }, [], 10],
  ] as const) {
    test(`${JSON.stringify(options.misfire)} after ten minutes ${name}`, async () => {
      const rig = new EngineRig();
      const work = new Work(rig, 10);
      await rig.add("t", options, work.run);
      await rig.clock.advance("15s");
      await gap(rig, options, work);
      await rig.clock.advance("10s");
      assert.equal(ran(work), expected);
      assert.is(rig.view("t").missedCount, missed);
      await rig.clock.advance("1m");
      assert.is(ran(work).at(-1), "11", "and the next one is on its grid");
    });
  }
}

test("skip runs what is less than a minute late", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 10);
  await rig.add("t", { every: "1h", overlap: "allow", misfire: "skip" }, work.run);
  rig.crash();
  rig.clock.suspend("1h");
  await rig.clock.advance("59s");
  rig.start();
  await rig.add("t", { every: "1h", overlap: "allow", misfire: "skip" }, work.run);
  await rig.clock.advance("1s");
  assert.equal(ran(work), ["60"]);
});

test("overload: what finds no slot in time is judged by the misfire policy", async () => {
  const rig = new EngineRig({ concurrency: 1 });
  const hog = new Work(rig, 5 * minute + 30_000);
  const work = new Work(rig, 10);
  await rig.add("hog", { after: "30s" }, hog.run);
  await rig.add("t", once, work.run);
  await rig.clock.advance("5m");
  assert.is(rig.engine.scheduler.dueCount(rig.clock.nowMs()), 1, "the backlog is visible");
  await rig.clock.advance("2m");
  assert.equal(ran(work), ["6 missed 5", "7"]);
});

test("all with delay: each of the backlog runs, one after the other", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 1_000);
  const options: ScheduleOptions = { cron: "* * * * *", misfire: "all" };
  await rig.add("t", options, work.run);
  rig.crash();
  await rig.clock.advance("3m10s");
  rig.start();
  await rig.add("t", options, work.run);
  await rig.clock.advance("10s");
  assert.equal(ran(work), ["1", "2", "3"]);
  assert.is(work.executingMost, 1);
  assert.is(rig.view("t").skippedCount, 0);
});

test("at and after that passed while down run at the start, or are missed when too old", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 10);
  await rig.add("at", { at: "2026-01-01T06:00:00Z" }, work.run);
  await rig.add("after", { after: "2h" }, work.run);
  rig.crash();
  rig.clock.suspend("7h");
  rig.start();
  await rig.add("at", { at: "2026-01-01T06:00:00Z" }, work.run);
  await rig.add("after", { after: "2h" }, work.run);
  await rig.add("old", { at: "2025-12-30T00:00:00Z" }, work.run);
  await rig.add("past", { at: "2025-12-31T20:00:00Z" }, work.run);
  await rig.clock.advance("1s");
  assert.equal(rig.account("at"), ["SUCCEEDED @21600"]);
  assert.equal(rig.account("after"), ["SUCCEEDED @7200"]);
  assert.equal(rig.account("old"), ["MISSED(late) @-172800"]);
  assert.equal(rig.account("past"), ["SUCCEEDED @-14400"]);
  for (const id of ["at", "after", "old", "past"]) assert.is(rig.view(id).state, "completed");
});

test("a fixed delay that was due too long ago is missed and begins anew", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 10);
  const options: ScheduleOptions = { every: "1h", misfire: { within: "10m" } };
  await rig.add("t", options, work.run);
  rig.crash();
  rig.clock.suspend("5h");
  rig.start();
  await rig.add("t", options, work.run);
  await rig.clock.advance("59m");
  assert.equal(rig.account("t"), ["MISSED(late) @3600"]);
  await rig.clock.advance("2m");
  assert.is(work.began.length, 1);
});

test.run();

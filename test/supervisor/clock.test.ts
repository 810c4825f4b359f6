import * as assert from "uvu/assert";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/clock");

test("a clock set back is recorded and repeats no occurrence", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 0);
  await rig.add("cron", { cron: "* * * * *", overlap: "allow" }, work.run);
  await rig.clock.advance("5m10s");
  rig.clock.jumpWall("-3m");
  await rig.clock.advance("6m");
  const scheduled = work.contexts.map(({ scheduledAtMs }) => scheduledAtMs);
  assert.is(new Set(scheduled).size, scheduled.length);
  assert.equal(
    scheduled.map((ms) => (ms - Date.parse("2026-01-01T00:00:00Z")) / 60_000),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.equal(
    rig.eventsOf("clock").map(({ deltaMs }) => deltaMs),
    [-180_000],
  );
});

test("a definition changed after the clock was set back gets no occurrence that was before", async () => {
  for (const schedule of [{ cron: "* * * * *" }, { every: "1m" }]) {
    const rig = new EngineRig();
    const work = new Work(rig, 0);
    await rig.add("t", { ...schedule, overlap: "allow" }, work.run);
    await rig.clock.advance("5m10s");
    rig.clock.jumpWall("-3m");
    const other = "cron" in schedule ? { cron: "*/1 * * * *" } : { every: "61s" };
    await rig.add("t", { ...other, overlap: "allow" }, work.run);
    await rig.clock.advance("10m");
    const scheduled = work.contexts.map(({ scheduledAtMs }) => scheduledAtMs);
    assert.ok(
      scheduled.every((ms, n) => n === 0 || ms > Number(scheduled[n - 1])),
      scheduled.join(),
    );
    assert.ok(scheduled.length > 8);
  }
});

test("a fixed delay goes on when the clock is set back during its run", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 1_000);
  await rig.add("t", { every: "10s" }, work.run);
  await rig.clock.advance("10500ms");
  rig.clock.jumpWall("-2m");
  await rig.clock.advance("1m");
  assert.is(work.began.length, 1);
  assert.type(rig.view("t").nextRunAtMs, "number");
  await rig.clock.advance("90s");
  assert.ok(work.began.length > 1);
});

test("a clock set ahead, and a sleep, are recorded; slow drift is not", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1h" });
  await rig.clock.advance("10s");
  rig.clock.jumpWall("5m");
  await rig.clock.advance("1m");
  rig.clock.suspend("8h");
  await rig.clock.advance("1m");
  for (let n = 0; n < 5; n++) {
    rig.clock.jumpWall(900);
    await rig.clock.advance("1m");
  }
  assert.equal(
    rig.eventsOf("clock").map(({ deltaMs }) => deltaMs),
    [300_000, 28_800_000],
  );
});

test("timeouts are measured by the monotonic clock", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 5_000);
  await rig.add("t", { after: 0, timeout: "10s" }, work.run);
  await rig.clock.advance("1s");
  rig.clock.jumpWall("1h");
  await rig.clock.advance("3s");
  rig.clock.jumpWall("-2h");
  await rig.clock.advance("2s");
  const [row] = rig.history("t");
  assert.equal([row?.outcome, row?.durationMs], ["SUCCEEDED", 5_000]);
});

test.run();

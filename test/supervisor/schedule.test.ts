import * as assert from "uvu/assert";
import type { ScheduleOptions } from "../../src/core/options.ts";
import { wakeMsMax } from "../../src/supervisor/engine.ts";
import { assertAuditFindsNothing } from "../support/audit-check.ts";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/schedule", 60_000);

test("the same definition again changes nothing, not even an anchor", async () => {
  for (const options of [
    { every: "10s" },
    { every: "10s", overlap: "skip" },
    { after: "10s" },
    { cron: "*/10 * * * * *" },
    { at: "2026-01-01T00:00:10Z" },
  ] as ScheduleOptions[]) {
    const rig = new EngineRig();
    const payload = { list: [1, new Uint8Array([2])], text: "x", nothing: null };
    assert.is((await rig.add("t", { ...options, payload })).action, "created");
    await rig.clock.advance("4s");
    const before = rig.view("t");
    assert.is((await rig.add("t", { ...options, payload: structuredClone(payload) })).action, "unchanged");
    assert.equal(rig.view("t"), before);
    await rig.clock.advance("1s");
    rig.restart();
    const entries = rig.store.length;
    assert.is((await rig.add("t", { ...options, payload })).action, "unchanged");
    assert.is(rig.store.length, entries + 1, "only the start of the runtime was recorded");
    assert.is(rig.view("t").nextRunAtMs, before.nextRunAtMs);
  }
});

test("two calls in one turn make one timer, and another payload is a change", async () => {
  const rig = new EngineRig();
  const ask = (payload: number) => rig.schedule("t", { every: "10s", payload });
  const results = await rig.settle(Promise.all([ask(1), ask(1), ask(2)]));
  assert.equal(
    results.map(({ action }) => action),
    ["created", "unchanged", "updated"],
  );
  assert.is(rig.view("t").payload, 2);
});

test("an after that is done is not started again by the same definition, but by another", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 10);
  await rig.add("t", { after: "1s" }, work.run);
  await rig.clock.advance("2s");
  assert.is((await rig.add("t", { after: "1s" }, work.run)).action, "unchanged");
  assert.is((await rig.add("t", { after: "1s", timeout: "1m" }, work.run)).action, "updated");
  await rig.clock.advance("5s");
  assert.is(work.began.length, 1);
  await rig.add("t", { after: "2s" }, work.run);
  await rig.clock.advance("3s");
  assert.equal(work.began, [1, 9]);
});

test("an update of the schedule accounts for what was due, an update of the rest keeps the due time", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 10);
  await rig.add("t", { every: "10s", overlap: "skip" }, work.run);
  await rig.settle(rig.commands.pause("t"));
  await rig.clock.advance("25s");
  const dueMs = rig.view("t").nextRunAtMs;
  await rig.add("t", { every: "10s", overlap: "skip", retry: false }, work.run);
  assert.is(rig.view("t").nextRunAtMs, dueMs);
  await rig.add("t", { every: "7s", overlap: "skip" }, work.run);
  assert.equal(rig.account("t"), ["MISSED(updated) 2x@10"]);
  assert.is(rig.view("t").state, "paused", "an update does not resume");
  await rig.settle(rig.commands.resume("t"));
  await rig.clock.advance("8s");
  assert.equal(work.began, [32]);
});

test("what is due while an update is on its way to the log goes by the new rule, and nothing is left out", async () => {
  for (const [before, after] of [
    [{ cron: "0 0 * * * *" }, { cron: "0 */30 * * * *" }],
    [
      { cron: "0 0 * * * *", misfire: "all" },
      { cron: "0 */20 * * * *", misfire: "all" },
    ],
  ] as [ScheduleOptions, ScheduleOptions][]) {
    const rig = new EngineRig();
    await rig.add("t", before);
    await rig.clock.advance("3599s");
    rig.log.isHeld = true;
    const update = rig.schedule("t", after);
    await rig.clock.advance("2s");
    rig.log.isHeld = false;
    rig.log.commit();
    await rig.settle(update);
    assert.equal(rig.account("t"), ["SUCCEEDED @3600"]);
    await rig.clock.advance("1h");
    const stepSeconds = String(after.cron).includes("30") ? 1_800 : 1_200;
    const expected = [];
    for (let at = 3_600; at <= 7_200; at += stepSeconds) expected.push(`SUCCEEDED @${at}`);
    assert.equal(rig.account("t"), expected);
    assertAuditFindsNothing(rig.store.entries());
  }
});

test("a change that meets an update on its way to the log accounts by the rule that holds by then", async () => {
  const rig = new EngineRig();
  await rig.add("t", { cron: "0 0 * * * *" });
  await rig.clock.advance("3599s");
  rig.log.isHeld = true;
  const update = rig.schedule("t", { cron: "0 */30 * * * *" });
  await rig.clock.advance("1801s");
  const cancelled = rig.commands.cancel("t", false);
  rig.log.isHeld = false;
  rig.log.commit();
  await rig.settle(Promise.all([update, cancelled]));
  assertAuditFindsNothing(rig.store.entries());
});

test("an update that the log does not take leaves the timer as it was, and due", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "10s", overlap: "skip" });
  await rig.clock.advance("9s");
  rig.log.isHeld = true;
  const update = rig.schedule("t", { every: "7s", overlap: "skip" });
  await rig.clock.advance("2s");
  rig.log.isFull = true;
  rig.log.commit();
  assert.is(await rig.settle(update.then(String, (error) => error.code)), "KRON_DISK_FULL");
  rig.log.isFull = false;
  rig.log.isHeld = false;
  await rig.clock.advance("10s");
  assert.equal(rig.account("t"), ["SUCCEEDED @10", "SUCCEEDED @20"]);
});

test("an update during a run: the schedule changes, the run goes on; retry rules hold at once", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 5_000);
  await rig.add("t", { every: "10s" }, work.run);
  await rig.clock.advance("11s");
  await rig.add("t", { every: "3s" }, work.run);
  assert.is(rig.view("t").nextRunAtMs, undefined, "a fixed delay waits for the finish");
  await rig.clock.advance("20s");
  assert.equal(work.began, [10, 18, 26]);
});

test("a fixed delay updated in the turn in which its run ends goes on", async () => {
  for (const before of [{ every: "10s" }, { cron: "*/10 * * * * *" }] as ScheduleOptions[]) {
    const rig = new EngineRig();
    let end = (): void => undefined;
    await rig.add(
      "t",
      before,
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await rig.clock.advance("11s");
    rig.log.isHeld = true;
    end();
    await rig.clock.settle();
    const updated = rig.schedule("t", { every: "3s" });
    await rig.clock.settle();
    rig.log.release();
    await rig.settle(updated);
    await rig.clock.advance("10s");
    assert.ok(rig.view("t").succeededCount >= 3, JSON.stringify(before));
  }
});

test("a fixed delay whose lost run can no longer be retried goes on after a restart", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1s", retry: { maxAttempts: 1 } }, () => new Promise(() => undefined));
  await rig.clock.advance("1500ms");
  rig.restart();
  const work = new Work(rig, 10);
  await rig.add("t", { every: "1s", retry: { maxAttempts: 1 } }, work.run);
  await rig.clock.advance("3s");
  assert.ok(work.began.length >= 2);
  assert.is(rig.view("t").deadCount, 1);
});

test("fewer attempts than a waiting retry has had: it has the one it was promised, and no other", async () => {
  const rig = new EngineRig();
  const fail = (): never => {
    throw new Error("no");
  };
  await rig.add("t", { every: "1h", retry: { maxAttempts: 5, base: "10s" } }, fail);
  await rig.settle(rig.commands.trigger("t", undefined, 0));
  await rig.add("t", { every: "1h", retry: false }, fail);
  const before = rig.store.length;
  await rig.clock.advance("20s");
  assert.equal(
    rig.history("t").map(({ outcome, attempts }) => [outcome, attempts]),
    [["DEAD", 2]],
  );
  assert.ok(rig.store.length - before < 5);
});

test("anchors and due times survive a restart", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 10);
  const options: ScheduleOptions = { every: "10s", overlap: "skip" };
  await rig.add("t", options, work.run);
  await rig.clock.advance("13s");
  rig.crash();
  await rig.clock.advance("4s");
  rig.start();
  await rig.add("t", options, work.run);
  await rig.clock.advance("15s");
  assert.equal(work.began, [10, 20, 30]);
});

test("a pending retry survives a restart, at its time and with its number", async () => {
  const rig = new EngineRig();
  const seen: string[] = [];
  const callback = ({ attempt, runId, idempotencyKey }: Parameters<Work["run"]>[0]): void => {
    seen.push(`${attempt} ${runId} ${idempotencyKey} @${rig.clock.monotonicMs() / 1_000}`);
    if (attempt < 3) throw new Error("no");
  };
  const options: ScheduleOptions = { cron: "@hourly", retry: { backoff: "fixed", base: "10s" } };
  await rig.add("t", options, callback);
  await rig.clock.advance("1h");
  await rig.clock.advance("4s");
  rig.restart();
  await rig.add("t", options, callback);
  await rig.clock.advance("30s");
  const run = rig.history("t")[0]?.runId;
  const key = "t:2026-01-01T01:00:00.000Z";
  assert.equal(seen, [`1 ${run} ${key} @3600`, `2 ${run} ${key} @3610`, `3 ${run} ${key} @3620`]);
});

test("the run in flight at a crash is lost and retried", async () => {
  const rig = new EngineRig();
  const options: ScheduleOptions = { every: "10s", overlap: "skip", retry: { base: "1s" } };
  await rig.add("t", options, () => new Promise(() => undefined));
  await rig.clock.advance("11s");
  rig.restart();
  const work = new Work(rig, 10);
  await rig.add("t", options, work.run);
  await rig.clock.advance("2s");
  assert.equal(rig.runEvents("t"), [
    "RUN_DUE 0",
    "RUN_STARTED 1",
    "RUN_LOST 1",
    "RUN_RETRYING 2",
    "RUN_STARTED 2",
    "RUN_SUCCEEDED 2",
  ]);
  const failures = rig.history("t")[0]?.failures.map(({ outcome, error }) => [outcome, error.message]);
  assert.equal(failures, [["LOST", "The process ended before the attempt did"]]);
});

test("@reboot is due once at each start", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 10);
  await rig.add("t", { cron: "@reboot" }, work.run);
  await rig.clock.advance("1h");
  assert.is(work.began.length, 0, "the start was before the timer");
  for (let n = 1; n <= 3; n++) {
    rig.restart();
    await rig.add("t", { cron: "@reboot" }, work.run);
    await rig.clock.advance("1h");
    assert.is(work.began.length, n);
  }
  assert.is(rig.view("t").succeededCount, 3);
});

test("jitter: stable keeps the pace, random spreads, both stay within", async () => {
  for (const mode of ["stable", "random"] as const) {
    const rig = new EngineRig();
    const work = new Work(rig, 0);
    await rig.add("t", { every: "1m", overlap: "skip", jitter: { max: "20s", mode } }, work.run);
    await rig.clock.advance("20m");
    const late = work.began.map((at, n) => Math.round((at - 60 * (n + 1)) * 1_000) / 1_000);
    assert.ok(late.length >= 19 && late.every((seconds) => seconds >= 0 && seconds <= 20), late.join());
    assert.is(new Set(late).size > 1, mode === "random");
    assert.ok(
      work.contexts.every(
        ({ scheduledAtMs }, n) => scheduledAtMs === Date.parse("2026-01-01T00:00:00Z") + 60_000 * (n + 1),
      ),
    );
  }
});

test("long timers: waits are cut, 2^31 ms and 400 days hold", async () => {
  const rig = new EngineRig({ quietTurns: 1 });
  const work = new Work(rig, 0);
  await rig.add("long", { after: 2 ** 31 + 5 }, work.run);
  await rig.add("longer", { every: "400d" }, work.run);
  rig.clock.suspend(2 ** 31 - 60_000);
  await rig.clock.advance(60_004);
  assert.equal(work.began, []);
  await rig.clock.advance(1);
  assert.is(work.began.length, 1);
  rig.clock.suspend("375d");
  await rig.clock.advance("2h");
  assert.is(work.began.length, 1);
  rig.clock.suspend("1d");
  await rig.clock.advance("1m");
  assert.is(work.began.length, 2);
  assert.ok(rig.processClock.longestWaitMs <= wakeMsMax);
});

test("a wake-up that comes too early does no harm", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 0);
  await rig.add("t", { every: "10s" }, work.run);
  for (let n = 0; n < 20; n++) {
    rig.engine.noteCallback(0);
    await rig.clock.advance(499);
  }
  assert.equal(work.began, []);
  await rig.clock.advance(20);
  assert.equal(work.began, [10]);
});

test("cancel ends a timer, and the id can be scheduled anew", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 10);
  await rig.add("t", { every: "1s" }, work.run);
  assert.equal(await rig.settle(rig.commands.cancel("t", false)), { timerId: "t", changed: true });
  assert.equal(await rig.settle(rig.commands.cancel("t", false)), { timerId: "t", changed: false });
  await rig.clock.advance("5s");
  assert.equal(work.began, []);
  assert.is(rig.view("t").state, "cancelled");
  assert.is((await rig.add("t", { every: "1s" }, work.run)).action, "created");
  await rig.clock.advance("1500ms");
  assert.equal(work.began, [6]);
});

test("cancel accounts for an occurrence that was due", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1s", overlap: "skip" });
  await rig.settle(rig.commands.pause("t"));
  await rig.clock.advance("3500ms");
  await rig.settle(rig.commands.cancel("t", false));
  assert.equal(rig.account("t"), ["MISSED(cancelled) 3x@1"]);
});

test("pause and resume say whether they changed anything", async () => {
  const rig = new EngineRig();
  await rig.add("t", { every: "1s" });
  const both = Promise.all([rig.commands.pause("t"), rig.commands.pause("t")]);
  assert.equal(
    (await rig.settle(both)).map(({ changed }) => changed),
    [true, false],
  );
  assert.is((await rig.settle(rig.commands.pause("t"))).changed, false);
  assert.is((await rig.settle(rig.commands.resume("t"))).changed, true);
  assert.is((await rig.settle(rig.commands.resume("t"))).changed, false);
});

test("an unknown timer, and a change its state does not allow, are refused with a code", async () => {
  const rig = new EngineRig();
  const codes: string[] = [];
  const note = (error: { code?: string }): void => void codes.push(error.code ?? String(error));
  for (const call of [
    () => rig.commands.pause("t"),
    () => rig.commands.resume("t"),
    () => rig.commands.cancel("t", true),
    () => rig.commands.trigger("t", undefined, 0),
  ])
    await rig.settle(call().then(() => undefined, note));
  await rig.add("t", { after: "1s" });
  await rig.clock.advance("2s");
  await rig.settle(rig.commands.pause("t").then(() => undefined, note));
  await rig.settle(rig.commands.cancel("t", false));
  await rig.settle(rig.commands.trigger("t", undefined, 0).then(() => undefined, note));
  assert.equal(codes, [...Array(4).fill("KRON_TIMER_NOT_FOUND"), "KRON_TIMER_STATE", "KRON_TIMER_STATE"]);
});

test.run();

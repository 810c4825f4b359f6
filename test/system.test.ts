import { Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { AssertionError } from "../src/core/assert.ts";
import { nextTurn, systemClock, systemRandom, waitMsMax } from "../src/system.ts";
import { suite } from "./support/suite.ts";

const test = suite("system");

test("nowMs() is whole milliseconds of the wall clock", () => {
  const before = Date.now();
  const nowMs = systemClock().nowMs();
  assert.ok(Number.isInteger(nowMs) && nowMs >= before && nowMs <= Date.now());
});

test("monotonicMs() does not go back and has a fraction", () => {
  const clock = systemClock();
  let last = clock.monotonicMs();
  let hasFraction = false;
  for (let n = 0; n < 1_000; n++) {
    const next = clock.monotonicMs();
    assert.ok(next >= last);
    hasFraction ||= !Number.isInteger(next);
    last = next;
  }
  assert.ok(hasFraction);
});

test("monotonicMs() is the same in all threads", async () => {
  const clock = systemClock();
  const url = JSON.stringify(new URL("../src/system.js", import.meta.url).href);
  const beforeMs = clock.monotonicMs();
  const worker = new Worker(
    `import(${url}).then(({ systemClock }) => require("worker_threads").parentPort.postMessage(systemClock().monotonicMs()))`,
    { eval: true },
  );
  const thereMs = await new Promise<number>((resolve) => worker.on("message", resolve));
  const afterMs = clock.monotonicMs();
  await worker.terminate();
  // What both may be wrong by, as each has to find out where its own clock began.
  assert.ok(beforeMs - 0.1 < thereMs && thereMs < afterMs + 0.1, `${beforeMs} < ${thereMs} < ${afterMs}`);
});

test("wakeAfter() wakes once, not before its time", async () => {
  const clock = systemClock();
  const startMs = clock.monotonicMs();
  let wakes = 0;
  await new Promise<void>((resolve) => {
    clock.wakeAfter(4.2, () => {
      wakes += 1;
      resolve();
    });
  });
  // Node counts whole milliseconds, so it may be up to one early.
  assert.ok(clock.monotonicMs() - startMs >= 4);
  assert.is(wakes, 1);
});

test("wakeAfter() can be cancelled, before and after", async () => {
  const clock = systemClock();
  let wakes = 0;
  const cancel = clock.wakeAfter(0, () => {
    wakes += 1;
  });
  cancel();
  cancel();
  await new Promise<void>((resolve) => {
    const cancelLate = clock.wakeAfter(5, () => {
      cancelLate();
      resolve();
    });
  });
  assert.is(wakes, 0);
});

test("wakeAfter() keeps the process running unless told not to", () => {
  const clock = systemClock();
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const cancels = [clock.wakeAfter(waitMsMax, () => undefined, false)];
  assert.is(timers(), before);
  cancels.push(
    clock.wakeAfter(waitMsMax, () => undefined, true),
    clock.wakeAfter(waitMsMax, () => undefined),
  );
  assert.is(timers(), before + 2);
  for (const cancel of cancels) cancel();
  assert.is(timers(), before);
});

test("wakeAfter() takes no wait that Node would misread", () => {
  for (const delayMs of [-1, Number.NaN, waitMsMax + 1, Number.POSITIVE_INFINITY])
    assert.throws(
      () => systemClock().wakeAfter(delayMs, () => undefined),
      (error: unknown) => error instanceof AssertionError,
    );
});

test("bytes() gives unlike bytes in memory of their own", () => {
  const random = systemRandom();
  const one = random.bytes(32);
  assert.is(one.length, 32);
  assert.is(one.buffer.byteLength, 32);
  assert.not.equal(one, random.bytes(32));
  assert.is(random.bytes(0).length, 0);
});

test("nextTurn() resolves after promises that settle by themselves", async () => {
  const order: string[] = [];
  const turn = nextTurn().then(() => order.push("turn"));
  let chain = Promise.resolve();
  for (let n = 0; n < 100; n++) chain = chain.then(() => undefined);
  await Promise.all([turn, chain.then(() => order.push("promises"))]);
  assert.equal(order, ["promises", "turn"]);
});

test.run();

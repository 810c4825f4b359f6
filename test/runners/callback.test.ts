import * as assert from "uvu/assert";
import type { AttemptEnd, AttemptOrder } from "../../src/ports.ts";
import { CallbackRunner } from "../../src/runners/callback.ts";
import type { RunContext } from "../../src/runners/callback-context.ts";
import { toDate } from "../../src/system.ts";
import { VirtualClock } from "../../src/testing.ts";
import { suite } from "../support/suite.ts";

const test = suite("runners/callback");

const order: AttemptOrder = {
  ...{
    slot: 3,
    timerId: "t",
    target: { kind: "callback" },
    runId: "run_1",
    attempt: 1,
    maxAttempts: 3,
    isManual: false,
    timeoutMs: 0,
  },
  ...{ scheduledAtMs: 1_000, dueAtMs: 1_001, startedAtMs: 1_002, missedCount: 0, payload: { a: [1] } },
  ...{ idempotencyKey: "t:1", fencingToken: 7 },
};

function makeRunner() {
  let reference = 3;
  const output = { toDate, line: () => undefined, progress: () => undefined };
  const runner = new CallbackRunner(new VirtualClock(), output, () => reference);
  return { runner, setReference: (next: number) => (reference = next) };
}

test("canRun() is true for the timer a callback was registered for, and not for one that took its slot", () => {
  const { runner, setReference } = makeRunner();
  assert.is(runner.canRun(3), false);
  runner.register(3, () => undefined);
  assert.is(runner.canRun(3), true);
  setReference(2 ** 24 + 3);
  assert.is(runner.canRun(3), false);
});

test("start() without a callback fails the attempt, it does not succeed in silence", () => {
  const { runner } = makeRunner();
  const ends: AttemptEnd[] = [];
  runner.start(order, (end) => ends.push(end));
  assert.is(ends.length, 1);
  assert.is(ends[0]?.kind, "failed");
});

test("done() is called once, and what it throws is not taken for the callback's fault", () => {
  const { runner } = makeRunner();
  runner.register(3, () => 1);
  let calls = 0;
  assert.throws(() =>
    runner.start(order, () => {
      calls += 1;
      throw new Error("in done");
    }),
  );
  assert.is(calls, 1);
});

test("the signal is made when asked for, aborted before or after", () => {
  const { runner } = makeRunner();
  const contexts: RunContext[] = [];
  runner.register(3, (context) => {
    contexts.push(context);
    return new Promise(() => undefined);
  });
  const reason = new Error("stop");
  runner.start(order, () => undefined).abort(reason);
  assert.is(contexts[0]?.signal.aborted, true);
  assert.is(contexts[0]?.signal.reason, reason);
  const handle = runner.start(order, () => undefined);
  const signal = contexts[1]?.signal;
  assert.is(signal?.aborted, false);
  handle.abort(reason);
  assert.is(signal?.aborted, true);
  assert.is(contexts[1]?.signal, signal);
});

test("the payload of a context is a frozen copy, the same one each time", () => {
  const { runner } = makeRunner();
  runner.register(3, (context) => {
    assert.is(context.payload, context.payload);
    assert.is.not(context.payload, order.payload);
    assert.ok(Object.isFrozen(context.payload));
    assert.equal(context.payload, { a: [1] });
    assert.is(context.idempotencyKey, "t:1");
    assert.is(context.log, context.log);
  });
  const ends: AttemptEnd[] = [];
  runner.start(order, (end) => ends.push(end));
  assert.is(ends[0]?.kind, "succeeded");
});

test.run();

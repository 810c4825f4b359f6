import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import type { TargetSpec } from "../../src/core/target.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder } from "../../src/ports.ts";
import type { LogLevel } from "../../src/runners/callback-context.ts";
import { type Executor, outputOfRemote, RemoteHost, RemoteOutput } from "../../src/runners/remote-host.ts";
import { Answer, Order } from "../../src/runners/remote-protocol.ts";
import { RemoteRunner } from "../../src/runners/remote-runner.ts";
import { toDate } from "../../src/system.ts";
import { VirtualClock } from "../../src/testing.ts";
import { disconnected, memoryLinks } from "../support/memory-link.ts";
import { suite } from "../support/suite.ts";
import { show, timeout } from "./module-rig.ts";

const test = suite("runners/remote");

const order: AttemptOrder = {
  ...{ slot: 3, timerId: "t", target: { kind: "callback" }, runId: "run_1", attempt: 2, maxAttempts: 3 },
  ...{ isManual: false, scheduledAtMs: 1_000, dueAtMs: 1_001, startedAtMs: 1_002, timeoutMs: 0, missedCount: 4 },
  ...{ payload: { a: [1, new Uint8Array([7])] }, idempotencyKey: "t:1970-01-01T00:00:01.000Z", fencingToken: 7 },
};

const moduleTarget: TargetSpec = {
  ...{ kind: "module", path: "x.js", exportName: "default", isolate: "process" },
  ...{ heapMbMax: 64, runsPerWorkerMax: 5, memoryBytesMax: 1_000 },
};

/** An executor in the test's hands. */
class Hands implements Executor {
  readonly orders: AttemptOrder[] = [];
  readonly ends: ((end: AttemptEnd) => void)[] = [];
  readonly heard: string[] = [];

  start(it: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const n = this.orders.push(it) - 1;
    this.ends.push(done);
    return {
      abort: (reason) => void this.heard.push(`abort ${n} ${reason.message}`),
      terminate: () => void this.heard.push(`terminate ${n}`),
    };
  }
}

function rig(options: { readonly onStuck?: () => void } = {}) {
  const [near, far] = memoryLinks();
  const clock = new VirtualClock();
  const said: unknown[][] = [];
  const over: (KronError | undefined)[] = [];
  const runner = new RemoteRunner(near, {
    clock,
    output: {
      toDate,
      line: ({ runId }, level, text, fields, atMs) => void said.push([runId, level, text, fields, atMs]),
      progress: ({ runId }, fraction, note, atMs) => void said.push([runId, fraction, note, atMs]),
    },
    outputOf: ({ runId }) => ({ path: `/logs/${runId}`, bytesMax: 5 }),
    onReady: () => void said.push(["ready"]),
    onMemory: (bytes) => void said.push(["memory", bytes]),
    onLog: (level, message, fields) => void said.push(["log", level, message, fields]),
    ...options,
  });
  const hands = new Hands();
  const output = new RemoteOutput(toDate);
  output.connect(far);
  const host = new RemoteHost(far, hands, { clock, graceMs: 1_000, onOver: (error) => over.push(error) });
  const start = (it: AttemptOrder = order) => {
    const ends: AttemptEnd[] = [];
    const handle = runner.start(it, (end) => ends.push(end));
    return { ends, handle };
  };
  return { near, far, clock, said, over, runner, hands, output, host, start };
}

/** Everything that is on its way has arrived. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("an order arrives as it was given, with the file of its output", async () => {
  const { hands, start } = rig();
  start();
  start({ ...order, isManual: true, payload: undefined, target: moduleTarget });
  await settle();
  const [first] = hands.orders;
  for (const key of Object.keys(order) as (keyof AttemptOrder)[]) assert.equal(first?.[key], order[key], key);
  assert.equal(first && outputOfRemote(first), { path: "/logs/run_1", bytesMax: 5 });
  assert.equal(hands.orders[1]?.target, moduleTarget);
  assert.is(hands.orders[1]?.idempotencyKey, "t:run_1");
  assert.is(hands.orders[1]?.payload, undefined);
  assert.is(outputOfRemote(order), undefined);
});

test("a target is told once for all orders that have it", async () => {
  const { near, start } = rig();
  for (let n = 0; n < 3; n++) start();
  start({ ...order, target: { kind: "callback" } });
  await settle();
  assert.equal(
    near.sent.map(([kind]) => kind),
    [Order.TARGET, Order.START, Order.START, Order.START, Order.TARGET, Order.START],
  );
});

test("every kind of end arrives as it was; those with nothing to tell share a message", async () => {
  const { far, hands, start } = rig();
  const started = Array.from({ length: 7 }, () => start());
  await settle();
  const error = Object.assign(new TypeError("bad"), { code: "E_BAD", details: { exitCode: 3 } });
  const given: AttemptEnd[] = [
    { kind: "succeeded", result: undefined },
    { kind: "succeeded", result: { a: 1 } },
    { kind: "succeeded", result: undefined, note: "too large" },
    { kind: "succeeded", result: () => 1 },
    { kind: "failed", error },
    { kind: "lost", error, ending: "thread-terminated" },
    { kind: "succeeded", result: null },
  ];
  for (const [n, end] of given.entries()) hands.ends[n]?.(end);
  await settle();
  const shown = started.map(({ ends }) => ends.map(show).join());
  assert.equal(shown.slice(0, 3), ["succeeded null", 'succeeded {"a":1}', "succeeded null too large"]);
  assert.match(shown[3] ?? "", "succeeded null Expected result to be plain data, got a function");
  assert.equal(shown.slice(4), ["failed E_BAD: bad", "lost thread-terminated E_BAD: bad", "succeeded null"]);
  assert.equal(
    far.sent.filter(([kind]) => kind === Answer.DONE),
    [[Answer.DONE, 1, 7]],
  );
});

test("abort and terminate reach their attempt, once, and no other", async () => {
  const { hands, start } = rig();
  start();
  const { handle } = start();
  handle.abort(timeout);
  handle.abort(timeout);
  await settle();
  handle.terminate?.();
  handle.terminate?.();
  await settle();
  assert.equal(hands.heard, ["abort 1 Took too long", "terminate 1"]);
});

test("lines and progress arrive, and what cannot travel is made to", async () => {
  const { hands, output, said, start, host } = rig();
  start();
  await settle();
  const at = hands.orders[0] as AttemptOrder;
  output.line(at, "warn", "line \ud800", { a: 1 }, 5);
  output.line(at, "info", "call", { call: () => 1 }, 6);
  output.line(order, "info", "of nobody", undefined, 7);
  output.progress(at, 0.5, undefined, 8);
  host.ready();
  host.tellMemory(9);
  output.logger().warn({ module: "x" }, "A module");
  await settle();
  assert.equal(said, [
    ["run_1", "warn", "line \ufffd", { a: 1 }, 5],
    ["run_1", "info", "call", { text: "{ call: [Function: call] }" }, 6],
    ["run_1", 0.5, undefined, 8],
    ["ready"],
    ["memory", 9],
    ["log", "warn", "A module", { module: "x" }],
  ]);
});

test("a closed link loses all attempts at once, and the host stops them and is over", async () => {
  for (const error of [undefined, disconnected()]) {
    const { far, hands, over, runner, start } = rig();
    const { ends } = start();
    await settle();
    far.fail(error);
    assert.equal(hands.heard, ["abort 0 The supervisor that ordered the attempt is gone"]);
    await settle();
    assert.match(show(ends[0] as AttemptEnd), "lost KRON_RUNNER_LOST: The process that executed the attempt is gone");
    assert.is(runner.isOpen, false);
    const late = start();
    assert.is(late.ends[0]?.kind, "lost");
    late.handle.abort(timeout);
    assert.equal(over, []);
    hands.ends[0]?.({ kind: "succeeded", result: 1 });
    assert.equal(over, [error]);
    await settle();
    assert.is(ends.length, 1);
  }
});

test("a host whose attempts do not stop is over after the grace", async () => {
  const { near, clock, over, start } = rig();
  start();
  await settle();
  near.close();
  await settle();
  await clock.advance(999);
  assert.equal(over, []);
  await clock.advance(1);
  assert.equal(over, [undefined]);
});

test("lose() gives the reason that its owner knows, before the link does", async () => {
  const { near, runner, start } = rig();
  const { ends } = start();
  runner.lose(new KronError("KRON_RUNNER_LOST", "ended by SIGKILL"));
  assert.is(show(ends[0] as AttemptEnd), "lost KRON_RUNNER_LOST: ended by SIGKILL");
  assert.ok(near.isClosed);
  assert.is(runner.activeCount, 0);
});

test("an attempt that cannot be ended has its process ended for it, and the end says so", async () => {
  let killed = 0;
  const { clock, runner, start } = rig({ onStuck: () => (killed += 1) });
  const stuck = start();
  const other = start();
  stuck.handle.abort(timeout);
  stuck.handle.terminate?.();
  await clock.advance(1_999);
  assert.is(killed, 0);
  await clock.advance(1);
  assert.is(killed, 1);
  runner.lose(new KronError("KRON_RUNNER_LOST", "ended by SIGKILL"));
  assert.is(show(stuck.ends[0] as AttemptEnd), "failed process-killed KRON_RUN_TIMEOUT: Took too long");
  assert.is(show(other.ends[0] as AttemptEnd), "lost KRON_RUNNER_LOST: ended by SIGKILL");
});

test("orders wait while the link is crowded, and lines are dropped and counted", async () => {
  const { near, far, clock, hands, output, said, start } = rig();
  start();
  await settle();
  near.queuedBytes = 5 * 1024 * 1024;
  start();
  start();
  await settle();
  assert.is(hands.orders.length, 1);
  near.queuedBytes = 0;
  await clock.advance(10);
  assert.is(hands.orders.length, 3);
  const at = hands.orders[0] as AttemptOrder;
  far.queuedBytes = 9 * 1024 * 1024;
  output.line(at, "info", "lost", undefined, 1);
  far.queuedBytes = 0;
  output.line(at, "info", "kept", undefined, 2);
  await settle();
  assert.equal(
    said.map(([, , text]) => text),
    ["1 lines were dropped, as they came too fast", "kept"],
  );
});

const badAnswers: readonly (readonly [string, readonly unknown[]])[] = [
  ["nothing", []],
  ["an unknown kind", [99, 1]],
  ["a kind that is a text", ["1", 1]],
  ["an id that is a text", [Answer.DONE, "1"]],
  ["an id below zero", [Answer.DONE, -1]],
  ["a result without a value", [Answer.RESULT, 1]],
  ["a note that is a number", [Answer.NOTE, 1, 5]],
  ["an error that is a text", [Answer.FAILED, 1, "bad", null]],
  ["an error with too few fields", [Answer.FAILED, 1, ["Error", "x"], null]],
  ["an error whose stack is a number", [Answer.LOST, 1, ["Error", "x", 5, null], null]],
  ["an error whose details are a list", [Answer.FAILED, 1, ["Error", "x", null, null, []], null]],
  ["an error with too many fields", [Answer.FAILED, 1, ["Error", "x", null, null, { a: 1 }, 1], null]],
  ["a log line without fields", [Answer.LOG, "info", "x"]],
  ["an ending that is unknown", [Answer.LOST, 1, ["Error", "x", null, null], "vanished"]],
  ["an end with too many fields", [Answer.LOST, 1, ["Error", "x", null, null], null, 1]],
  ["a level that is unknown", [Answer.LINE, 1, "fatal" as LogLevel, "x", null, 1]],
  ["fields that are a list", [Answer.LINE, 1, "info", "x", [], 1]],
  ["a line from no time", [Answer.LINE, 1, "info", "x", null, 1e300]],
  ["a fraction that is none", [Answer.PROGRESS, 1, "half", null, 1]],
  ["memory below zero", [Answer.MEMORY, -5]],
  ["a beginning without a time", [Answer.BEGAN, 1]],
  ["a beginning at no time", [Answer.BEGAN, 1, "soon"]],
  ["another version", [Answer.READY, 99]],
];

for (const [what, message] of badAnswers) {
  test(`an answer with ${what} closes the link, and attempts are lost`, async () => {
    const { far, near, start } = rig();
    const { ends } = start();
    await settle();
    far.send(message);
    await settle();
    assert.is(near.closeError?.code, "KRON_IPC_PROTOCOL");
    assert.is(ends[0]?.kind, "lost");
  });
}

const startFields = [Order.START, 1, 0, 3, "t", "run_1", 1, 3, false, 1_000, 1_001, 1_002, 0, 7, null, 0, 0, null];
const callbackTarget = [Order.TARGET, 0, [0]];
const withField = (index: number, value: unknown) => startFields.map((field, n) => (n === index ? value : field));
const badOrders: readonly (readonly [string, ...(readonly unknown[])[]])[] = [
  ["nothing", []],
  ["an unknown kind", [99, 1]],
  ["a target that was never told", startFields],
  ["a target that is none", [Order.TARGET, 0, [77]]],
  ["a target number that is too high", [Order.TARGET, 1e6, [0]]],
  ["too few fields", callbackTarget, startFields.slice(0, 10)],
  ["a timer id that is a number", callbackTarget, withField(4, 5)],
  ["a flag that is a number", callbackTarget, withField(8, 1)],
  ["a due time beyond all times", callbackTarget, withField(9, 9e15)],
  ["a path that is a number", callbackTarget, withField(14, 5)],
  ["a timeout below zero", callbackTarget, withField(16, -1)],
  ["an id that is under way", callbackTarget, startFields, startFields],
  ["an abort without an error", [Order.ABORT, 1]],
  ["a termination of nothing", [Order.TERMINATE]],
];

for (const [what, ...messages] of badOrders) {
  test(`an order with ${what} closes the link`, async () => {
    const { far, near, over } = rig();
    for (const message of messages) near.send(message);
    await settle();
    assert.is(far.closeError?.code, "KRON_IPC_PROTOCOL");
    assert.ok(over.length <= 1);
  });
}

test("answers about attempts that have ended, and orders about them, are ignored", async () => {
  const { far, near, hands, start } = rig();
  const { ends, handle } = start();
  await settle();
  hands.ends[0]?.({ kind: "succeeded", result: undefined });
  await settle();
  far.send([Answer.DONE, 1]);
  far.send([Answer.LINE, 1, "info", "late", null, 1]);
  near.send([Order.ABORT, 1, ["Error", "x", null, null]]);
  near.send([Order.TERMINATE, 1]);
  handle.abort(timeout);
  await settle();
  assert.is(ends.length, 1);
  assert.is(near.isClosed || far.isClosed, false);
});

test.run();

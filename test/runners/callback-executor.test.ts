/** Callbacks of one process executed for a runtime in another, with a link between them. */

import * as assert from "uvu/assert";
import { isKronError, KronError } from "../../src/core/errors.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder } from "../../src/ports.ts";
import type { Callback, RunContext } from "../../src/runners/callback-context.ts";
import { CallbackExecutor } from "../../src/runners/callback-executor.ts";
import { RemoteHost, RemoteOutput } from "../../src/runners/remote-host.ts";
import { RemoteRunner } from "../../src/runners/remote-runner.ts";
import { toDate } from "../../src/system.ts";
import { VirtualClock } from "../../src/testing.ts";
import { linkPair } from "../support/link-pair.ts";
import { quiet } from "../support/runtimes.ts";
import { suite } from "../support/suite.ts";

const test = suite("callback executor");

test("a callback in another process is given all that one at home is given", async () => {
  const rig = new Rig();
  let seen: RunContext | undefined;
  rig.callbacks.set("t", (context) => {
    seen = context;
    return { sum: 3 };
  });
  assert.equal(await rig.run({ ...order, payload: { a: [1, "x"] } }), { kind: "succeeded", result: { sum: 3 } });
  const names = ["timerId", "runId", "attempt", "maxAttempts", "isManual", "scheduledAtMs", "dueAtMs"] as const;
  for (const name of [...names, "startedAtMs", "missedCount", "idempotencyKey", "fencingToken"] as const) {
    assert.equal(seen?.[name], order[name], name);
  }
  assert.equal(seen?.payload, { a: [1, "x"] });
  assert.is(seen?.scheduledAt.getTime(), order.scheduledAtMs);
});

test("what a callback throws comes back with its name, message, stack, code and details", async () => {
  const rig = new Rig();
  const thrown = Object.assign(new TypeError("no"), { code: "E_NO", details: { line: 3 } });
  rig.callbacks.set("t", () => {
    throw thrown;
  });
  const end = await rig.run();
  const error = (end.kind === "failed" ? end.error : undefined) as typeof thrown | undefined;
  const { name, message, stack, code, details } = thrown;
  assert.equal(
    [error?.name, error?.message, error?.stack, error?.code, error?.details],
    [name, message, stack, code, details],
  );
});

test("a timer without a callback there fails with the reason", async () => {
  const end = await new Rig().run();
  assert.ok(end.kind === "failed" && isKronError(end.error, "KRON_NOT_STARTED"));
});

test("lines and progress come back", async () => {
  const rig = new Rig();
  rig.callbacks.set("t", ({ log, progress }) => {
    log.warn("hot", { degrees: 90 });
    progress(0.5, "half");
  });
  await rig.run();
  assert.equal(rig.told, [
    ["warn", "hot", { degrees: 90 }],
    [0.5, "half"],
  ]);
});

test("an abort reaches the callback with its reason", async () => {
  const rig = new Rig();
  rig.callbacks.set("t", waitForAbort);
  const { handle, end } = rig.begin();
  await rig.settle();
  handle.abort(new KronError("KRON_RUN_TIMEOUT", "too long"));
  const ended = await end;
  assert.ok(ended.kind === "failed" && isKronError(ended.error, "KRON_RUN_TIMEOUT"));
});

test("a callback that is to be ended by force is given up, with the reason why it was to stop", async () => {
  const rig = new Rig();
  let finish: () => void = () => undefined;
  rig.callbacks.set(
    "t",
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  const { handle, end } = rig.begin();
  await rig.settle();
  assert.equal(rig.executor.activeNames, ["t/run_0000000001"]);
  handle.abort(new KronError("KRON_RUN_TIMEOUT", "too long"));
  handle.terminate?.();
  const ended = await end;
  assert.ok(ended.kind === "lost" && isKronError(ended.error, "KRON_RUN_TIMEOUT"));
  assert.equal(rig.executor.activeNames, []);
  finish();
  await rig.settle();
  await rig.clock.advance("1m");
  assert.is(rig.stuck, 0);
});

test("a process that is stuck in a callback is told as stuck", async () => {
  const rig = new Rig();
  rig.callbacks.set("t", () => new Promise(() => undefined));
  const { handle, end } = rig.begin();
  await rig.settle();
  // From now on it hears nothing, as if its loop did not turn.
  rig.appEnd.onMessages(() => undefined);
  handle.abort(new KronError("KRON_RUN_TIMEOUT", "too long"));
  handle.terminate?.();
  await rig.clock.advance("1999ms");
  assert.is(rig.stuck, 0);
  await rig.clock.advance("1ms");
  assert.is(rig.stuck, 1);
  rig.appEnd.close();
  const ended = await end;
  assert.ok(ended.kind === "failed" && ended.ending === "process-killed");
});

test("when the link is gone, attempts are lost at once and callbacks are told to stop", async () => {
  const rig = new Rig();
  rig.callbacks.set("t", waitForAbort);
  const { end } = rig.begin();
  await rig.settle();
  rig.appEnd.close();
  const ended = await end;
  assert.ok(ended.kind === "lost" && isKronError(ended.error, "KRON_RUNNER_LOST"));
  await rig.executor.whenIdle();
});

test("abortAll() asks all callbacks to stop", async () => {
  const rig = new Rig();
  rig.callbacks.set("t", waitForAbort);
  const ends = [rig.begin(), rig.begin()].map(({ end }) => end);
  await rig.settle();
  rig.executor.abortAll(new KronError("KRON_STOPPED", "over"));
  await rig.executor.whenIdle();
  for (const end of await Promise.all(ends)) assert.ok(end.kind === "failed" && isKronError(end.error, "KRON_STOPPED"));
});

test.run();

const order: AttemptOrder = {
  ...{ slot: 3, timerId: "t", target: { kind: "callback" }, runId: "run_0000000001", attempt: 2, maxAttempts: 5 },
  ...{ isManual: true, scheduledAtMs: 1_000, dueAtMs: 1_001, startedAtMs: 1_002, missedCount: 4, payload: null },
  ...{ timeoutMs: 0, idempotencyKey: "t:run_0000000001", fencingToken: 77 },
};

function waitForAbort({ signal }: RunContext): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

class Rig {
  readonly clock = new VirtualClock();
  readonly callbacks = new Map<string, Callback>();
  readonly told: unknown[][] = [];
  readonly executor: CallbackExecutor;
  readonly appEnd;
  readonly #remote: RemoteRunner;
  stuck = 0;

  constructor() {
    const { clock } = this;
    const [runtimeEnd, appEnd] = linkPair();
    this.appEnd = appEnd;
    const output = new RemoteOutput(toDate);
    output.connect(appEnd);
    this.executor = new CallbackExecutor({ clock, output, logger: quiet, callbackOf: (id) => this.callbacks.get(id) });
    new RemoteHost(appEnd, this.executor, { clock, graceMs: 0, onOver: () => undefined });
    this.#remote = new RemoteRunner(runtimeEnd, {
      clock,
      output: {
        toDate,
        line: (_order, level, message, fields) => this.told.push([level, message, fields]),
        progress: (_order, fraction, note) => this.told.push([fraction, note]),
      },
      outputOf: () => undefined,
      onStuck: () => {
        this.stuck += 1;
      },
    });
  }

  begin(given: AttemptOrder = order): { readonly handle: AttemptHandle; readonly end: Promise<AttemptEnd> } {
    let done: (end: AttemptEnd) => void = () => undefined;
    const end = new Promise<AttemptEnd>((resolve) => {
      done = resolve;
    });
    return { handle: this.#remote.start(given, done), end };
  }

  run(given: AttemptOrder = order): Promise<AttemptEnd> {
    return this.begin(given).end;
  }

  /** Lets what was sent arrive, and what it leads to. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import { EngineRig, Work } from "../support/engine-rig.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/attempts");

test("timeout: the signal is aborted, and an attempt that stops is TIMED_OUT", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 60_000);
  await rig.add("t", { after: "1s", timeout: "2s", retry: { maxAttempts: 2, backoff: "fixed", base: "1s" } }, work.run);
  await rig.clock.advance("10s");
  assert.equal(work.began, [1, 4]);
  assert.ok(work.contexts.every(({ signal }) => signal.aborted));
  const [row] = rig.history("t");
  assert.is(row?.outcome, "DEAD");
  assert.equal(
    row?.failures.map(({ outcome, durationMs, error }) => [outcome, durationMs, error.code]),
    [
      ["TIMED_OUT", 2_000, "KRON_RUN_TIMEOUT"],
      ["TIMED_OUT", 2_000, "KRON_RUN_TIMEOUT"],
    ],
  );
  assert.is(rig.view("t").state, "dead");
});

test("timeout: one that does not stop is given up after its grace, and what it does later counts for nothing", async () => {
  const rig = new EngineRig();
  let release = (): void => undefined;
  await rig.add(
    "t",
    { after: "1s", timeout: "2s", grace: "3s", retry: false },
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  await rig.clock.advance("5900ms");
  assert.is(rig.view("t").state, "running");
  await rig.clock.advance("200ms");
  assert.is(rig.view("t").state, "dead");
  assert.is(rig.engine.dispatcher.abandonedCount, 1);
  assert.is(rig.warnings.length, 1);
  release();
  await rig.clock.settle();
  assert.is(rig.engine.dispatcher.abandonedCount, 0);
  assert.equal(rig.runEvents("t"), ["RUN_DUE 0", "RUN_STARTED 1", "RUN_TIMED_OUT 1", "RUN_DEAD 1"]);
});

test("timeout: an attempt that succeeds in its grace has timed out all the same", async () => {
  const rig = new EngineRig();
  await rig.add("t", { after: 0, timeout: "1s", retry: false }, () => rig.sleep(1_500));
  await rig.clock.advance("2s");
  assert.is(rig.history("t")[0]?.failures[0]?.outcome, "TIMED_OUT");
});

test("retries: backoff, numbers and the last error", async () => {
  const rig = new EngineRig();
  const began: number[] = [];
  await rig.add(
    "t",
    { after: "1s", retry: { maxAttempts: 4, base: "10s", cap: "25s" } },
    ({ attempt, maxAttempts }) => {
      began.push(rig.clock.monotonicMs() / 1_000);
      assert.is(maxAttempts, 4);
      throw new RangeError(`try ${attempt}`);
    },
  );
  await rig.clock.advance("5s");
  assert.is(rig.view("t").state, "retrying");
  assert.is(rig.view("t").nextRetryAtMs, Date.parse("2026-01-01T00:00:11Z"));
  assert.is(rig.view("t").lastError?.message, "try 1");
  await rig.clock.advance("2m");
  assert.equal(began, [1, 11, 31, 56]);
  const view = rig.view("t");
  assert.equal(
    [view.state, view.deadCount, view.retriesIn7Days, view.lastError?.name, view.lastOutcome],
    ["dead", 1, 3, "RangeError", "DEAD"],
  );
  assert.ok(view.lastError?.stack?.includes("RangeError: try 4"));
});

test("success after a failure keeps both in history", async () => {
  const rig = new EngineRig();
  await rig.add("t", { after: 0, retry: { base: "1s" } }, ({ attempt }) => {
    if (attempt === 1) throw new Error("no");
    return { rows: 3 };
  });
  await rig.clock.advance("2s");
  const [row] = rig.history("t");
  assert.equal([row?.outcome, row?.attempts, row?.result, row?.failures.length], ["SUCCEEDED", 2, { rows: 3 }, 1]);
});

for (const [name, thrown, message] of [
  ["a text", "plain text", "plain text"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["an object", { code: 7 }, '{"code":7}'],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["an error with a cause", new Error("outer", { cause: new Error("inner") }), "outer (cause: inner)"],
  [
    "what cannot be read",
    new Proxy(
      {},
      {
        get: () => {
          throw new Error("trap");
        },
        getPrototypeOf: () => {
          throw new Error("trap");
        },
      },
    ),
    "The thrown value could not be read",
  ],
  ["a lone surrogate", new Error("\uD800"), "\uFFFD"],
] as const) {
  test(`a callback that throws or rejects with ${name} has failed`, async () => {
    const rig = new EngineRig();
    await rig.add("throws", { after: 0, retry: false }, () => {
      throw thrown;
    });
    await rig.add("rejects", { after: 0, retry: false }, () => Promise.reject(thrown));
    await rig.clock.advance("1s");
    for (const id of ["throws", "rejects"]) {
      const failure = rig.history(id)[0]?.failures[0];
      assert.equal([failure?.outcome, failure?.error.message], ["FAILED", message]);
    }
    assert.is(new Set(rig.store.entries()).size, rig.store.length, "all of it can be read back");
  });
}

/** An object, or the given function, with a `then`. */
function thenable(then: (done: (value: unknown) => void, fail: (error: unknown) => void) => void, target: object = {}) {
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
  return Object.defineProperty(target, "then", { value: then });
}

test("a callback may return any thenable", async () => {
  const rig = new EngineRig();
  const fault = (message: string) => (): never => {
    throw new Error(message);
  };
  const values = {
    callable: thenable(
      (done) => done("callable"),
      () => undefined,
    ),
    twice: thenable((done, fail) => {
      done(1);
      fail(new Error("2"));
    }),
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    throws: Object.defineProperty({}, "then", { get: fault("getter") }),
    lateThrow: thenable(fault("late")),
  };
  const seen: Record<string, unknown> = {};
  for (const [id, value] of Object.entries(values)) await rig.add(id, { after: 0, retry: false }, () => value);
  await rig.clock.advance("1s");
  for (const id of Object.keys(values)) {
    const row = rig.history(id)[0];
    seen[id] = row?.result ?? row?.failures[0]?.error.message;
  }
  assert.equal(seen, { callable: "callable", twice: 1, throws: "getter", lateThrow: "late" });
});

for (const [name, result] of [
  ["a function", () => 1],
  ["a date", new Date(0)],
  ["a map", new Map()],
  ["17 KiB", "x".repeat(17 * 1024)],
  [
    "a cycle",
    (() => {
      const loop: unknown[] = [];
      loop.push(loop);
      return loop;
    })(),
  ],
  [
    "a trap",
    {
      get x(): never {
        throw new TypeError("trap");
      },
    },
  ],
] as const) {
  test(`a result that cannot be kept (${name}) is left out with a note, and the run has succeeded`, async () => {
    const rig = new EngineRig();
    await rig.add("t", { after: 0 }, () => result);
    await rig.clock.advance("1s");
    const [row] = rig.history("t");
    assert.is(row?.outcome, "SUCCEEDED");
    assert.is(row?.result, undefined);
    assert.type(row?.resultNote, "string");
  });
}

test("results up to 16 KiB are kept, through a restart too, and are copies", async () => {
  const rig = new EngineRig();
  const result = { text: "x".repeat(16_000), bytes: new Uint8Array([1, 2]), big: 2n ** 60n };
  await rig.add("t", { after: 0 }, () => result);
  await rig.clock.advance("1s");
  result.bytes[0] = 9;
  rig.restart();
  const kept = rig.history("t")[0]?.result as typeof result;
  assert.equal(kept, { ...result, bytes: new Uint8Array([1, 2]) });
  kept.bytes[0] = 7;
  assert.equal(rig.history("t")[0]?.result, { ...result, bytes: new Uint8Array([1, 2]) });
});

test("a payload is copied from the caller and for each attempt", async () => {
  const rig = new EngineRig();
  const payload = { list: [1], bytes: new Uint8Array([1]) };
  const seen: unknown[] = [];
  const callback = (context: { readonly payload: unknown }): void => {
    const mine = context.payload as typeof payload;
    seen.push(structuredClone(mine));
    mine.bytes[0] = 99;
    try {
      mine.list.push(2);
    } catch {
      // It is frozen; what matters is that nobody else sees the change.
    }
  };
  await rig.add("t", { every: "1s", payload }, callback);
  payload.list.push(7);
  payload.bytes[0] = 7;
  await rig.clock.advance("1500ms");
  rig.restart();
  await rig.add("t", { every: "1s", payload: { list: [1], bytes: new Uint8Array([1]) } }, callback);
  await rig.clock.advance("2s");
  assert.ok(seen.length >= 3);
  for (const one of seen) assert.equal(one, { list: [1], bytes: new Uint8Array([1]) });
  (rig.view("t").payload as typeof payload).bytes[0] = 5;
  assert.equal(rig.view("t").payload, { list: [1], bytes: new Uint8Array([1]) });
});

test("events come in the order of the log, with what happened", async () => {
  const rig = new EngineRig();
  await rig.add(
    "t",
    { every: "1s", overlap: "skip", retry: { maxAttempts: 2, base: "300ms" } },
    ({ attempt, log, progress }) => {
      log.info("line", { n: 1 });
      log.debug("d");
      log.warn("w");
      log.error("e");
      progress(attempt / 2, "half");
      progress(Number.NaN);
      progress(7);
      if (attempt === 1) throw new KronError("KRON_CONFLICT", "own code");
      return 5;
    },
  );
  await rig.clock.advance("1500ms");
  await rig.settle(rig.commands.pause("t"));
  await rig.settle(rig.commands.resume("t"));
  await rig.add("t", { every: "2s", overlap: "skip" });
  await rig.settle(rig.commands.cancel("t", false));
  assert.equal(rig.runEvents("t"), [
    "RUN_DUE 0",
    "RUN_STARTED 1",
    "RUN_FAILED 1",
    "RUN_RETRYING 2",
    "RUN_STARTED 2",
    "RUN_SUCCEEDED 2",
  ]);
  assert.equal(
    rig.eventsOf("timer").map(({ type }) => type),
    ["TIMER_CREATED", "TIMER_PAUSED", "TIMER_RESUMED", "TIMER_UPDATED", "TIMER_CANCELLED"],
  );
  const failed = rig.eventsOf("run").find(({ type }) => type === "RUN_FAILED");
  assert.is(failed?.error?.code, "KRON_CONFLICT");
  assert.is(rig.eventsOf("run").find(({ type }) => type === "RUN_SUCCEEDED")?.result, 5);
  assert.equal(
    rig.eventsOf("progress").map(({ fraction }) => fraction),
    [0.5, 0, 1, 1, 0, 1],
  );
  assert.equal(
    rig.eventsOf("log").map(({ level }) => level),
    ["info", "debug", "warn", "error", "info", "debug", "warn", "error"],
  );
});

test("an attempt begins, and is told of, only once its start is durable", async () => {
  const rig = new EngineRig();
  const work = new Work(rig, 0);
  await rig.add("t", { after: "1s" }, work.run);
  rig.log.isHeld = true;
  await rig.clock.advance("3s");
  assert.equal([work.began, rig.runEvents("t")], [[], []]);
  rig.log.release();
  await rig.clock.advance("1s");
  assert.is(work.began.length, 1);
  assert.equal(rig.runEvents("t"), ["RUN_DUE 0", "RUN_STARTED 1", "RUN_SUCCEEDED 1"]);
});

test("the context has every field, and fencing tokens grow", async () => {
  const rig = new EngineRig();
  const seen: Record<string, unknown>[] = [];
  await rig.add("t", { at: "2026-01-01T00:00:05Z", payload: "p", retry: { base: "1s" } }, (context) => {
    const {
      timerId,
      attempt,
      scheduledAt,
      dueAt,
      startedAt,
      scheduledAtMs,
      dueAtMs,
      startedAtMs,
      missedCount,
      payload,
    } = context;
    const { isManual, fencingToken, idempotencyKey } = context;
    seen.push({ fencingToken });
    assert.equal(
      { timerId, attempt, missedCount, payload, isManual, idempotencyKey },
      {
        timerId: "t",
        attempt: seen.length,
        missedCount: 0,
        payload: "p",
        isManual: false,
        idempotencyKey: "t:2026-01-01T00:00:05.000Z",
      },
    );
    assert.is(scheduledAt.toISOString(), "2026-01-01T00:00:05.000Z");
    assert.equal([scheduledAt.getTime(), dueAt.getTime(), startedAt.getTime()], [scheduledAtMs, dueAtMs, startedAtMs]);
    assert.is(startedAt.getTime(), rig.clock.nowMs());
    if (attempt < 3) throw new Error("again");
  });
  await rig.clock.advance("10s");
  const tokens = seen.map(({ fencingToken }) => Number(fencingToken));
  assert.is(rig.view("t").succeededCount, 1, JSON.stringify(rig.history("t")));
  assert.ok(tokens.every((token, n) => n === 0 || token > Number(tokens[n - 1])));
});

test.run();

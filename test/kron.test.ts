import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { kron as defaultKron, isKronError, Kron, type KronOptions, type RunContext } from "../src/index.ts";
import { codeOf, freshDirectory, make, nextRun, quiet, removeDirectories, silent } from "./support/runtimes.ts";
import { suite } from "./support/suite.ts";

const test = suite("kron");

test.after(removeDirectories);

test("a timer runs, and a restart knows it", async () => {
  const dataDir = freshDirectory();
  const first = make({ dataDir });
  assert.equal(await first.schedule("t", { every: "10ms", payload: { a: 1 } }, ({ payload }) => payload), {
    timerId: "t",
    action: "queued",
  });
  const done = nextRun(first, "RUN_SUCCEEDED");
  await first.start();
  await done;
  const before = await first.status("t");
  assert.equal(before?.payload, { a: 1 });
  assert.equal((await first.history("t")).at(-1)?.result, { a: 1 });
  await first.shutdown();

  const second = make({ dataDir });
  await second.start();
  assert.equal(await second.schedule("t", { every: "10ms", payload: { a: 1 } }, silent), {
    timerId: "t",
    action: "unchanged",
  });
  assert.ok(Number((await second.status("t"))?.succeededCount) >= 1);
  assert.equal(
    (await second.list()).map(({ id }) => id),
    ["t"],
  );
  await second.shutdown();
});

test("what can be done before the start, and what cannot", async () => {
  const kron = make();
  for (const call of [
    () => kron.pause("t"),
    () => kron.resume("t"),
    () => kron.trigger("t"),
    () => kron.status("t"),
    () => kron.list(),
    () => kron.history("t"),
    () => kron.nextRuns("t"),
    () => kron.runs(),
    () => kron.retry("t"),
    () => kron.cancelRun("run_0000000001"),
    () => kron.cancel("t"),
  ]) {
    assert.is(await codeOf(call), "KRON_NOT_STARTED");
  }
  await kron.schedule("t", { after: "1h" }, silent);
  assert.equal(await kron.unschedule("t"), { timerId: "t", changed: true });
  assert.equal([kron.state, (await kron.runtime()).timers], ["new", 0]);
  await kron.shutdown();
  await kron.start();
  assert.is(await codeOf(() => kron.start()), "KRON_ALREADY_STARTED");
  assert.equal(await kron.list(), []);
  await kron.shutdown();
  await kron.shutdown();
  for (const call of [() => kron.status("t"), () => kron.pause("t"), () => kron.schedule("t", { after: 1 }, silent)]) {
    assert.is(await codeOf(call), "KRON_STOPPED");
  }
  assert.is(await codeOf(() => kron.start()), "KRON_ALREADY_STARTED");
  assert.is(kron.state, "stopped");
});

test("two runtimes on one directory: the second is refused, and may start once the first is gone", async () => {
  const dataDir = freshDirectory();
  const first = make({ dataDir });
  const second = make({ dataDir });
  await first.start();
  await second.schedule("t", { after: "1h" }, silent);
  assert.is(await codeOf(() => second.start()), "KRON_DIR_LOCKED");
  assert.is(second.state, "new");
  await first.shutdown();
  await second.start();
  assert.equal(
    (await second.list()).map(({ id }) => id),
    ["t"],
    "what was scheduled before the failed start is there",
  );
  await second.shutdown();
});

test("the directory: the argument, the option, KRON_HOME, and .kron", async () => {
  const before = { home: process.env.KRON_HOME, cwd: process.cwd() };
  const [argument, option, home, cwd] = [
    freshDirectory(),
    freshDirectory(),
    freshDirectory(),
    mkdtempSync(join(tmpdir(), "kron-cwd-")),
  ];
  const where = async (options: KronOptions, dataDir?: string): Promise<string | undefined> => {
    const kron = new Kron({ logger: quiet, ...options });
    await kron.start(dataDir === undefined ? {} : { dataDir });
    await kron.shutdown();
    return (await kron.runtime()).dataDir;
  };
  try {
    process.chdir(cwd);
    process.env.KRON_HOME = home;
    assert.is(await where({ dataDir: option }, argument), argument);
    assert.is(await where({ dataDir: option }), option);
    assert.is(await where({}), home);
    process.env.KRON_HOME = "";
    assert.is(await where({}), join(process.cwd(), ".kron"));
  } finally {
    process.chdir(before.cwd);
    rmSync(cwd, { recursive: true });
    if (before.home === undefined) delete process.env.KRON_HOME;
    else process.env.KRON_HOME = before.home;
  }
});

test("wrong arguments are refused with a code, and leave the runtime as it was", async () => {
  const kron = make();
  const untyped = (value: unknown) => value as never;
  const codes: [() => unknown, string][] = [
    [() => kron.schedule("", { after: 1 }, silent), "KRON_ID_INVALID"],
    [() => kron.schedule("t", untyped({}), silent), "KRON_OPTION_INVALID"],
    [() => kron.schedule("t", { after: 1 }, untyped("no function")), "KRON_OPTION_INVALID"],
    [() => kron.schedule("t", { cron: "61 * * * *" }, silent), "KRON_CRON_INVALID"],
    [() => kron.schedule("t", { cron: "* * * * *", timezone: "Mars/Olympus" }, silent), "KRON_ZONE_INVALID"],
    [() => kron.start(untyped({ dataDir: 7 })), "KRON_OPTION_INVALID"],
    [() => kron.start(untyped({ datadir: "x" })), "KRON_OPTION_INVALID"],
    [() => kron.shutdown({ timeoutMs: -1 }), "KRON_OPTION_INVALID"],
    [() => kron.shutdown({ timeoutMs: Number.NaN }), "KRON_OPTION_INVALID"],
    [() => new Kron({ concurrency: 0 }), "KRON_OPTION_INVALID"],
    [() => new Kron({ durability: "sometimes" }), "KRON_OPTION_INVALID"],
    [() => new Kron(untyped({ dir: "x" })), "KRON_OPTION_INVALID"],
  ];
  for (const [call, code] of codes) assert.is(await codeOf(call), code, String(call));
  await kron.start();
  await kron.schedule("t", { every: "1h" }, silent);
  for (const [call, code] of [
    [() => kron.history("t", { limit: 0 }), "KRON_OPTION_INVALID"],
    [() => kron.history("t", untyped({ sinceMs: 1 })), "KRON_OPTION_INVALID"],
    [() => kron.history("t", { since: "yesterday" }), "KRON_OPTION_INVALID"],
    [() => kron.history("u"), "KRON_TIMER_NOT_FOUND"],
    [() => kron.nextRuns("u"), "KRON_TIMER_NOT_FOUND"],
    [() => kron.nextRuns("t", Number.POSITIVE_INFINITY), "KRON_OPTION_INVALID"],
    [() => kron.trigger("t", { payload: () => 1 }), "KRON_PAYLOAD_INVALID"],
    [() => kron.cancel("u"), "KRON_TIMER_NOT_FOUND"],
  ] as const) {
    assert.is(await codeOf(call), code, String(call));
  }
  assert.is(await kron.status("u"), undefined);
  await kron.shutdown();
});

test("every durability and profile works", async () => {
  for (const options of [
    { durability: "always" },
    { durability: "group:2ms" },
    { durability: "everysec" },
    { profile: "edge" },
  ] as const) {
    const kron = make(options);
    await kron.start();
    await kron.schedule("t", { after: 0 }, silent);
    assert.is((await kron.pause("t").catch(({ code }) => ({ changed: code }))).changed !== undefined, true);
    await kron.shutdown();
  }
});

test("history by limit, since and before; next runs", async () => {
  const kron = make();
  await kron.start();
  await kron.schedule("t", { every: "1h", overlap: "allow" }, ({ payload }) => payload);
  for (let n = 0; n < 5; n++) {
    const done = nextRun(kron, "RUN_SUCCEEDED");
    await kron.trigger("t", { payload: n });
    await done;
  }
  assert.equal(
    (await kron.history("t", { limit: 2 })).map(({ result }) => result),
    [4, 3],
  );
  const third = (await kron.history("t"))[2]?.finishedAtMs ?? 0;
  const since = await kron.history("t", { since: new Date(third) });
  const before = await kron.history("t", { before: new Date(third).toISOString() });
  assert.ok(since.length >= 3 && since.every(({ finishedAtMs }) => finishedAtMs >= third));
  assert.is(since.length + before.length, 5);
  assert.is((await kron.history("t", { since: third })).length, since.length);
  const next = await kron.nextRuns("t", 3);
  assert.equal([next.length, Number(next[1]) - Number(next[0])], [3, 3_600_000]);
  assert.is((await kron.nextRuns("t")).length, 10);
  assert.equal(await kron.nextRuns("t", 0), []);
  await kron.shutdown();
});

test("shutdown waits for what runs, and starts nothing more", async () => {
  const kron = make();
  await kron.start();
  let release = (): void => undefined;
  let isDone = false;
  await kron.schedule("t", { every: "1h", overlap: "allow" }, async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    isDone = true;
  });
  await kron.trigger("t");
  const closed = kron.shutdown();
  assert.is(kron.state, "draining");
  assert.is(await codeOf(() => kron.trigger("t")), "KRON_STOPPED");
  assert.is((await kron.status("t"))?.state, "running", "reads go on");
  release();
  await closed;
  assert.ok(isDone);
});

test("shutdown aborts what does not end in time, and its run is retried at the next start", async () => {
  const dataDir = freshDirectory();
  const kron = make({ dataDir });
  await kron.start();
  const options = { every: "1h", overlap: "allow", retry: { base: 0 } } as const;
  await kron.schedule(
    "t",
    options,
    ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  await kron.trigger("t");
  await kron.shutdown({ timeoutMs: 20 });
  const again = make({ dataDir });
  const done = nextRun(again, "RUN_SUCCEEDED");
  await again.schedule("t", options, silent);
  await again.start();
  await done;
  assert.equal(
    (await again.history("t"))[0]?.failures.map(({ outcome }) => outcome),
    ["LOST"],
  );
  await again.shutdown();
});

test("shutdown gives up what does not stop, says which, and gives the directory back all the same", async () => {
  const dataDir = freshDirectory();
  const kron = make({ dataDir });
  await kron.start();
  await kron.schedule("stubborn", { every: "1h", retry: false }, () => new Promise(() => undefined));
  const { runId } = await kron.trigger("stubborn");
  try {
    await kron.shutdown({ timeoutMs: 0 });
    assert.unreachable();
  } catch (error) {
    assert.ok(isKronError(error, "KRON_SHUTDOWN_TIMEOUT"));
    assert.equal(error.details?.runs, [`stubborn/${runId}`]);
  }
  const again = make({ dataDir });
  await again.start();
  assert.equal(
    (await again.history("stubborn"))[0]?.failures.map(({ outcome }) => outcome),
    ["LOST"],
  );
  await again.shutdown();
});

test("await using closes the runtime", async () => {
  let kept: Kron;
  {
    await using kron = make();
    kept = kron;
    await kron.start();
    assert.is(kron.state, "running");
  }
  assert.is(kept.state, "stopped");
});

test("a listener that throws disturbs nobody, and is logged", async () => {
  const logged: string[] = [];
  const kron = make({ logger: { ...quiet, error: (_fields, message) => logged.push(message) } });
  kron.on("timer", () => {
    throw new Error("listener");
  });
  await kron.start();
  assert.is((await kron.schedule("t", { every: "1h" }, silent)).action, "created");
  assert.equal(logged, ["A listener threw"]);
  await kron.shutdown();
});

test("log lines and progress of a callback are events and log lines", async () => {
  const lines: string[] = [];
  const kron = make({ logger: { ...quiet, info: (_fields, message) => lines.push(message) } });
  const events: unknown[] = [];
  kron.on("log", ({ level, message, fields }) => events.push([level, message, fields]));
  kron.on("progress", ({ fraction, note }) => events.push([fraction, note]));
  await kron.start();
  const done = nextRun(kron, "RUN_SUCCEEDED");
  await kron.schedule("t", { after: 0 }, ({ log, progress }: RunContext) => {
    log.info("hello", { n: 1 });
    log.info("bare");
    progress(0.5, "half");
    progress(1);
  });
  await done;
  assert.equal(events, [
    ["info", "hello", { n: 1 }],
    ["info", "bare", undefined],
    [0.5, "half"],
    [1, undefined],
  ]);
  assert.equal(lines, ["hello", "bare"]);
  await kron.shutdown();
});

test("shutdown between the opening and the end of start() wins", async () => {
  const kron = make();
  for (let n = 0; n < 50; n++) await kron.schedule(`t${n}`, { after: "1h" }, silent);
  const started = codeOf(() => kron.start());
  while (kron.state !== "running") await Promise.resolve();
  await kron.shutdown();
  assert.ok(["none", "KRON_STOPPED"].includes(await started));
  assert.is(kron.state, "stopped");
});

test("the default instance is a runtime that nothing has opened", () => {
  assert.instance(defaultKron, Kron);
  assert.is(defaultKron.state, "new");
});

test("one run is cancelled or tried again by itself", async () => {
  const kron = make();
  await kron.schedule("stuck", { every: "1h" }, ({ signal }) => {
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  let calls = 0;
  await kron.schedule("flaky", { every: "1h", retry: { maxAttempts: 2, base: "1h" } }, () => {
    calls += 1;
    if (calls === 1) throw new Error("no");
  });
  await kron.start();
  const failed = nextRun(kron, "RUN_RETRYING");
  const { runId } = await kron.trigger("stuck");
  const flaky = await kron.trigger("flaky");
  await failed;
  assert.equal(
    (await kron.runs()).map((run) => [run.runId, run.state, run.attempt, run.maxAttempts, run.target]),
    [
      [runId, "running", 1, 3, "callback"],
      [flaky.runId, "retrying", 1, 2, "callback"],
    ],
  );
  const ends = Promise.all([nextRun(kron, "RUN_CANCELLED"), nextRun(kron, "RUN_SUCCEEDED")]);
  assert.equal(await kron.cancelRun(runId), { timerId: "stuck", runId, state: "stopping" });
  assert.equal(await kron.retry("flaky"), {
    ...{ timerId: "flaky", runId: flaky.runId, state: "running", isNewRun: false },
  });
  await ends;
  assert.equal(await kron.runs(), []);
  assert.is(await codeOf(() => kron.cancelRun(runId)), "KRON_RUN_NOT_FOUND");
  assert.is(await codeOf(() => kron.cancelRun(5 as never)), "KRON_OPTION_INVALID");
  assert.is(await codeOf(() => kron.retry("flaky")), "KRON_TIMER_STATE");
  assert.is(await codeOf(() => kron.runs("none")), "KRON_TIMER_NOT_FOUND");
  await kron.shutdown();
});

test.run();

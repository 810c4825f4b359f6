/** Two runtimes on one directory: one holds it, the other is attached to it over the socket. */

import * as assert from "uvu/assert";
import { isKronError, Kron, type RunEvent } from "../../src/index.ts";
import { scratchDirectory, silent } from "../bin/command-line.ts";
import { until } from "../support/processes.ts";
import { suite } from "../support/suite.ts";

const test = suite("attached");

test("a second runtime joins with attach: true, and its callbacks run there", async () => {
  const { holder, attached } = await pair();
  const ran: string[] = [];
  const result = await attached.schedule("there", { every: "1h", payload: { n: 1 } }, ({ payload, runId }) => {
    ran.push(runId);
    return { n: payload.n + 1 };
  });
  assert.equal(result, { timerId: "there", action: "created" });
  const succeeded = next(holder, "RUN_SUCCEEDED");
  const { runId } = await holder.trigger("there");
  assert.equal((await succeeded).result, { n: 2 });
  assert.equal(ran, [runId]);
  await close(attached, holder);
});

test("all that can be asked of a runtime can be asked of an attached one", async () => {
  const { holder, attached } = await pair();
  await holder.schedule("mine", { every: "1h", payload: [1n, "x"] }, () => "done");
  const succeeded = next(attached, "RUN_SUCCEEDED");
  const { state } = await attached.trigger("mine");
  assert.is(state, "running");
  await succeeded;
  for (const id of ["mine", "none"]) assert.equal(await attached.status(id), await holder.status(id));
  assert.equal(await attached.list(), await holder.list());
  assert.equal(await attached.history("mine"), await holder.history("mine"));
  assert.equal(await attached.history("mine", { limit: 1, before: 1 }), []);
  assert.equal(await attached.nextRuns("mine", 3), await holder.nextRuns("mine", 3));
  await attached.schedule("stuck", { every: "1h", grace: 0 }, ({ signal }) => {
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const { runId } = await holder.trigger("stuck");
  const [run] = await attached.runs("stuck");
  assert.equal([run?.runId, run?.timerId, run?.state, run?.attempt], [runId, "stuck", "running", 1]);
  assert.equal(await attached.runs("stuck"), await holder.runs("stuck"));
  const cancelled = next(holder, "RUN_CANCELLED");
  assert.equal(await attached.cancelRun(runId), { timerId: "stuck", runId, state: "stopping" });
  await cancelled;
  assert.equal(await attached.runs("stuck"), []);
  assert.equal(await attached.cancel("stuck"), { timerId: "stuck", changed: true });
  assert.equal(await attached.pause("mine"), { timerId: "mine", changed: true });
  assert.is((await holder.status("mine"))?.state, "paused");
  assert.equal(await attached.resume("mine"), { timerId: "mine", changed: true });
  assert.equal(await attached.cancel("mine", { abort: true }), { timerId: "mine", changed: true });
  await attached.checkpoint();
  const figures = await attached.runtime();
  assert.equal({ ...figures, due: 0 }, { ...(await holder.runtime()), due: 0 });
  await close(attached, holder);
});

test("what is wrong is told by an attached runtime as by any other", async () => {
  const { holder, attached } = await pair();
  const codes: string[] = [];
  for (const ask of [
    () => attached.schedule("x", { every: "-1s" }, () => undefined),
    () => attached.schedule("x", { cron: "99 * * * *" }, () => undefined),
    () => attached.schedule("x", { every: "1s" }),
    () => attached.trigger("none"),
    () => attached.history("none"),
    () => attached.history("none", { limit: 0 }),
    () => attached.nextRuns("none"),
    () => attached.cancelRun("run_0000000zzz"),
    () => attached.retry("none"),
    () => attached.runs("none"),
  ] as (() => Promise<unknown>)[]) {
    codes.push(await ask().then(String, (error) => error.code));
  }
  const optionInvalid = "KRON_OPTION_INVALID";
  const notFound = "KRON_TIMER_NOT_FOUND";
  assert.equal(codes, [
    "KRON_DURATION_INVALID",
    "KRON_CRON_INVALID",
    optionInvalid,
    notFound,
    notFound,
    optionInvalid,
    notFound,
    "KRON_RUN_NOT_FOUND",
    notFound,
    notFound,
  ]);
  await close(attached, holder);
});

test("lines, progress and events reach those who listen, on both sides", async () => {
  const { holder, attached } = await pair();
  const told: string[] = [];
  holder.on("log", ({ message }) => told.push(`holder ${message}`));
  attached.on("log", ({ message }) => told.push(`attached ${message}`));
  holder.on("progress", ({ fraction }) => told.push(`holder ${fraction}`));
  attached.on("progress", ({ fraction }) => told.push(`attached ${fraction}`));
  await attached.schedule("t", { every: "1h" }, ({ log, progress }) => {
    log.info("hello");
    progress(0.25);
  });
  const [one, other] = [next(holder, "RUN_SUCCEEDED"), next(attached, "RUN_SUCCEEDED")];
  await attached.trigger("t");
  await Promise.all([one, other]);
  assert.equal(told.sort(), ["attached 0.25", "attached hello", "holder 0.25", "holder hello"]);
  await close(attached, holder);
});

test("a callback that throws fails there, and is retried and recorded here", async () => {
  const { holder, attached } = await pair();
  await attached.schedule("t", { every: "1h", retry: { maxAttempts: 2, base: "1ms" } }, ({ attempt }) => {
    throw Object.assign(new RangeError(`no ${attempt}`), { code: "E_NO" });
  });
  const dead = next(holder, "RUN_DEAD");
  await attached.trigger("t");
  const { error } = await dead;
  assert.equal([error?.name, error?.message, error?.code], ["RangeError", "no 2", "E_NO"]);
  assert.is((await attached.history("t"))[0]?.failures.length, 2);
  await close(attached, holder);
});

test("a run whose process goes away is lost at once, and tried again by whoever has the callback", async () => {
  const { holder, attached, dataDir } = await pair();
  const options = { every: "1h", retry: { maxAttempts: 3, base: "1ms" } } as const;
  let aborted = false;
  const started = next(holder, "RUN_STARTED");
  await attached.schedule(
    "t",
    options,
    ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          resolve(undefined);
        });
      }),
  );
  await attached.trigger("t");
  await started;
  const lost = next(holder, "RUN_LOST");
  await assertRejects(
    attached.shutdown({ timeoutMs: 0 }).then(() => Promise.reject(new Error("in order"))),
    /in order/,
  );
  assert.ok(aborted, "it was told to stop, and did");
  // It ended in time, so nothing was lost; the next process goes away without a word.
  void lost.catch(() => undefined);
  const other = await attach(dataDir);
  const begun = next(holder, "RUN_STARTED");
  await other.schedule("t", options, () => new Promise(() => undefined));
  await other.trigger("t");
  await begun;
  const gone = next(holder, "RUN_LOST");
  const again = next(holder, "RUN_SUCCEEDED");
  await assertRejects(other.shutdown({ timeoutMs: 0 }), /t\/run_/);
  assert.match((await gone).error?.message ?? "", /is gone/);
  const third = await attach(dataDir);
  await third.schedule("t", options, () => "at last");
  assert.is((await again).result, "at last");
  await close(third, holder);
});

test("an attached runtime waits for its callbacks when it shuts down", async () => {
  const { holder, attached } = await pair();
  let finish: () => void = () => undefined;
  await attached.schedule(
    "t",
    { every: "1h" },
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  const started = next(holder, "RUN_STARTED");
  const succeeded = next(holder, "RUN_SUCCEEDED");
  await attached.trigger("t");
  await started;
  await until(() => String(finish).includes("native"), "the callback has begun");
  const closed = attached.shutdown();
  setImmediate(finish);
  await closed;
  await succeeded;
  await close(holder);
});

test("a connection that is lost comes back with all callbacks; what is asked meanwhile is refused", async () => {
  const { holder, attached, dataDir } = await pair();
  await attached.schedule("t", { every: "1h" }, () => "ran");
  await attached.schedule("gone", { every: "1h" }, () => "never");
  const warned = new Promise<string>((resolve) => attached.once("warning", ({ code }) => resolve(code)));
  await holder.shutdown();
  assert.is(await warned, "KRON_UNREACHABLE");
  const error = await attached.list().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(isKronError(error, "KRON_UNREACHABLE"));
  assert.is(attached.state, "running");
  const again = makeKron(dataDir);
  await again.start();
  await until(() => attached.listenerCount("warning") === 0, "the warning was told");
  await waitFor(async () => (await attached.runtime().catch(() => undefined)) !== undefined);
  const succeeded = next(again, "RUN_SUCCEEDED");
  await waitFor(async () => (await again.status("t"))?.state === "scheduled");
  await again.trigger("t");
  assert.is((await succeeded).result, "ran");
  await close(attached, again);
});

test("attach: true where nobody holds the directory is refused with a way out", async () => {
  const kron = makeKron(scratchDirectory());
  const error = await kron.start({ attach: true }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(isKronError(error, "KRON_UNREACHABLE"));
  assert.match(error.hint ?? "", "attach");
  await kron.start();
  await kron.shutdown();
});

test("start() on a directory that is held names attach: true", async () => {
  const { holder, attached, dataDir } = await pair();
  const error = await makeKron(dataDir)
    .start()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  assert.ok(isKronError(error, "KRON_DIR_LOCKED"));
  assert.match(error.hint ?? "", "attach: true");
  await close(attached, holder);
});

test.run();

function makeKron(dataDir: string): Kron {
  return new Kron({ dataDir, logger: silent, snapshot: "file" });
}

async function attach(dataDir: string): Promise<Kron> {
  const attached = makeKron(dataDir);
  await attached.start({ attach: true });
  return attached;
}

async function pair(): Promise<{ holder: Kron; attached: Kron; dataDir: string }> {
  const dataDir = scratchDirectory();
  const holder = makeKron(dataDir);
  await holder.start();
  return { holder, attached: await attach(dataDir), dataDir };
}

async function close(...all: readonly Kron[]): Promise<void> {
  for (const kron of all) await kron.shutdown();
}

/** The next run event of this type. */
function next(kron: Kron, type: RunEvent["type"]): Promise<RunEvent> {
  return new Promise((resolve) => {
    const listener = (event: RunEvent): void => {
      if (event.type !== type) return;
      kron.off("run", listener);
      resolve(event);
    };
    kron.on("run", listener);
  });
}

async function waitFor(check: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!(await check())) {
    assert.ok(performance.now() < endMs, "within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function assertRejects(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.match(String(error), pattern);
}

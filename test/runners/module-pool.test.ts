import * as assert from "uvu/assert";
import type { ModuleTarget } from "../../src/core/target.ts";
import { ModuleJob } from "../../src/runners/module-job.ts";
import { ModuleLane } from "../../src/runners/module-lane.ts";
import type { ModulePool } from "../../src/runners/module-pool.ts";
import { systemClock } from "../../src/system.ts";
import { suite } from "../support/suite.ts";
import { begin, ModuleFiles, show, timeout } from "./module-rig.ts";

const test = suite("runners/module-pool");
const files = new ModuleFiles();
const pools: ModulePool[] = [];

function makePool(options: Parameters<ModuleFiles["pool"]>[0] = {}): ModulePool {
  const pool = files.pool(options);
  pools.push(pool);
  return pool;
}

test.afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});
test.after(() => files.remove());

const endless = files.write("endless.mjs", "export default ({ log }) => { log.info('begun'); for (;;); };");
const waits = files.write(
  "waits.mjs",
  "export default ({ signal, log }) => new Promise((_, reject) => { log.info('waiting'); signal.addEventListener('abort', () => reject(signal.reason)); });",
);
const quick = files.write("quick.mjs", "export default ({ payload }) => payload;");

test("an attempt gets the context of a callback, and its result comes back", async () => {
  files.write(
    "context.mjs",
    `export default async (context) => {
       context.log.warn("a line", { n: 1 });
       context.progress(0.5, "half");
       const { timerId, runId, attempt, maxAttempts, isManual, missedCount, fencingToken, idempotencyKey } = context;
       const { payload, scheduledAt, signal } = context;
       const facts = { timerId, runId, attempt, maxAttempts, isManual, missedCount, fencingToken, idempotencyKey };
       return { ...facts, payload, at: scheduledAt.getTime(), aborted: signal.aborted };
     };`,
  );
  const order = files.order("context.mjs", { payload: { a: [1, new Uint8Array([7])] } });
  const { end, runId } = begin(makePool(), order);
  const { payload, fencingToken, idempotencyKey } = order;
  assert.equal(await end, {
    kind: "succeeded",
    result: {
      ...{ timerId: "job", runId, attempt: 1, maxAttempts: 3, isManual: false, missedCount: 0 },
      ...{ fencingToken, idempotencyKey, payload, at: 1_000, aborted: false },
    },
  });
  assert.ok(files.said.some((said) => said.join() === ["line", runId, "warn", "a line", { n: 1 }].join()));
  assert.ok(files.said.some((said) => said.join() === ["progress", runId, 0.5, "half"].join()));
});

test("named exports, CommonJS and file URLs are found", async () => {
  files.write("named.mjs", "export const job = () => 'named'; export default () => 'default';");
  files.write("common.cjs", "module.exports = () => 'whole'; module.exports.part = () => 'part';");
  files.write("compiled.cjs", "exports.__esModule = true; exports.default = () => 'compiled';");
  const pool = makePool();
  const run = async (path: string, exportName = "default") =>
    show(await begin(pool, files.order(path, { exportName })).end);
  assert.is(await run("named.mjs", "job"), 'succeeded "named"');
  assert.is(await run("common.cjs"), 'succeeded "whole"');
  assert.is(await run("common.cjs", "part"), 'succeeded "part"');
  assert.is(await run("compiled.cjs"), 'succeeded "compiled"');
  assert.is(await run(new URL(`file://${files.directory}/named.mjs`).href), 'succeeded "default"');
});

test("what is thrown or rejected comes back with name, message, stack and code, also when it is no error", async () => {
  files.write("throws.mjs", "export default () => { throw Object.assign(new TypeError('bad'), { code: 'E_BAD' }); };");
  files.write("rejects.mjs", "export default async () => { throw new Error('later'); };");
  files.write("text.mjs", "export default () => { throw 'a text'; };");
  files.write("nothing.mjs", "export default () => Promise.reject(undefined);");
  files.write(
    "getters.mjs",
    "export default () => { throw { get message() { throw new Error('no'); }, toJSON() { throw 1; } }; };",
  );
  files.write(
    "circle.mjs",
    "export default () => { const error = new Error('round'); error.cause = error; throw error; };",
  );
  files.write("odd.mjs", "export default () => { throw new Proxy({}, { get() { throw new Error('trap'); } }); };");
  const pool = makePool();
  const run = async (path: string) => show(await begin(pool, files.order(path)).end);
  assert.is(await run("throws.mjs"), "failed E_BAD: bad");
  assert.is(await run("rejects.mjs"), "failed Error: later");
  assert.is(await run("text.mjs"), "failed Error: a text");
  assert.is(await run("nothing.mjs"), "failed Error: undefined");
  assert.is(await run("getters.mjs"), "failed Error: The thrown value could not be read");
  assert.is(await run("circle.mjs"), "failed Error: round (cause: round)");
  assert.is(await run("odd.mjs"), "failed Error: The thrown value could not be read");
  assert.is(pool.threadCount, 1, "none of this ends a thread");
});

test("a result that cannot be kept is said to be none, and the attempt has succeeded", async () => {
  files.write("function.mjs", "export default () => () => 1;");
  files.write("class.mjs", "class Thing {} export default async () => new Thing();");
  files.write("huge.mjs", "export default () => 'x'.repeat(50_000_000);");
  files.write("trap.mjs", "export default () => ({ get a() { throw new Error('no'); } });");
  files.write("thenable.mjs", "export default () => ({ then(resolve) { resolve(5); resolve(6); } });");
  files.write(
    "changing.mjs",
    "let n = 0; export default () => ({ get a() { n += 1; return n % 2 === 1 ? 1 : () => 2; } });",
  );
  const pool = makePool();
  const run = async (path: string) => show(await begin(pool, files.order(path)).end);
  assert.match(await run("function.mjs"), "succeeded null Expected result to be plain data, got a function");
  assert.match(await run("class.mjs"), "succeeded null Expected result to be plain data, got a Thing");
  assert.match(await run("huge.mjs"), "succeeded null Expected result to take at most 16384 bytes");
  assert.is(await run("trap.mjs"), "succeeded null The result could not be read");
  assert.is(await run("thenable.mjs"), "succeeded 5");
  assert.match(await run("changing.mjs"), "succeeded");
});

test("abort() reaches the signal of the attempt under way, with its reason", async () => {
  const { end, handle } = begin(makePool(), files.order(waits));
  await files.heard("waiting");
  handle.abort(timeout);
  assert.is(show(await end), "failed KRON_RUN_TIMEOUT: Took too long");
});

test("abort() ends an attempt at once that waits for a thread, and it never begins", async () => {
  const pool = makePool();
  const first = begin(pool, files.order(waits));
  const second = begin(pool, files.order(quick));
  second.handle.abort(timeout);
  assert.is(show(await second.end), "failed KRON_RUN_TIMEOUT: Took too long");
  first.handle.abort(timeout);
  await first.end;
});

test("an attempt that waits for a thread says so, and one that has begun since when", async () => {
  const pool = makePool();
  files.said.length = 0;
  const orderedMs = systemClock().monotonicMs();
  const [first, ...others] = Array.from({ length: 8 }, () => begin(pool, files.order(waits)));
  await files.heard("waiting");
  const executingMs = first?.handle.executingMs?.() ?? Number.NaN;
  assert.ok(executingMs >= 0 && executingMs <= systemClock().monotonicMs() - orderedMs, `${executingMs} ms`);
  assert.equal(
    others.map(({ handle }) => handle.executingMs?.()),
    others.map(() => undefined),
  );
  files.said.length = 0;
  first?.handle.abort(timeout);
  await files.heard("waiting");
  assert.is(others.filter(({ handle }) => handle.executingMs?.() !== undefined).length, 1);
  for (const { handle } of others) handle.abort(timeout);
  await Promise.all(others.map(({ end }) => end));
});

test("attempts that are given up while all threads are stuck leave nothing behind", () => {
  const lane = new ModuleLane(files.order(quick).target as ModuleTarget, files.directory);
  const owner = { abortJob: () => undefined, terminateJob: () => undefined, executingMsOf: () => undefined };
  const [kept, ...gone] = Array.from({ length: 10_000 }, () => {
    const job = new ModuleJob(files.order(quick), lane, owner, () => undefined);
    lane.add(job);
    return job;
  });
  for (const job of gone) {
    lane.forget();
    job.end({ kind: "failed", error: timeout });
  }
  const last = new ModuleJob(files.order(quick), lane, owner, () => undefined);
  lane.add(last);
  assert.equal([lane.waitingCount, lane.queuedCount], [2, 2]);
  assert.equal(lane.take(5), [kept, last]);
});

test("terminate() ends the thread of an endless loop and nothing else", async () => {
  const pool = makePool({ threads: 2 });
  files.said.length = 0;
  const loop = begin(pool, files.order(endless));
  const other = begin(pool, files.order(waits));
  await Promise.all([files.heard("begun"), files.heard("waiting")]);
  loop.handle.abort(timeout);
  loop.handle.terminate?.();
  assert.is(show(await loop.end), "failed thread-terminated KRON_RUN_TIMEOUT: Took too long");
  assert.is(show(await begin(pool, files.order(quick, { payload: 1 })).end), "succeeded 1");
  other.handle.abort(timeout);
  assert.is(show(await other.end), "failed KRON_RUN_TIMEOUT: Took too long");
});

test("close() ends what is under way by force, and what waits", async () => {
  const pool = makePool();
  files.said.length = 0;
  const loop = begin(pool, files.order(endless));
  await files.heard("begun");
  const waiting = begin(pool, files.order(quick));
  await pool.close();
  assert.match(show(await loop.end), "lost KRON_RUNNER_LOST");
  assert.match(show(await waiting.end), "lost KRON_STOPPED");
  assert.match(show(await begin(pool, files.order(quick)).end), "failed KRON_STOPPED");
});

const thread = files.write(
  "thread.mjs",
  "import { threadId } from 'node:worker_threads'; let runs = 0; export default () => { runs += 1; return [threadId, runs]; };",
);

/** Thread and number of the run within it, for each of `count` runs in turn. */
async function threadsOf(count: number, options: Parameters<ModuleFiles["order"]>[1]): Promise<[number, number][]> {
  const pool = makePool();
  const pairs: [number, number][] = [];
  for (let n = 0; n < count; n++) {
    const end = await begin(pool, files.order(thread, options)).end;
    pairs.push((end.kind === "succeeded" ? end.result : undefined) as [number, number]);
  }
  return pairs;
}

test("a thread is kept from run to run, and module state with it", async () => {
  const pairs = await threadsOf(5, {});
  assert.is(new Set(pairs.map(([id]) => id)).size, 1);
  assert.equal(
    pairs.map(([, runs]) => runs),
    [1, 2, 3, 4, 5],
  );
});

test("a thread is replaced after as many runs as it may have, in batches too", async () => {
  const pairs = await threadsOf(7, { runsPerWorkerMax: 3 });
  assert.equal(
    pairs.map(([, runs]) => runs),
    [1, 2, 3, 1, 2, 3, 1],
  );
  const pool = makePool();
  const all = await Promise.all(
    Array.from({ length: 60 }, () => begin(pool, files.order(thread, { runsPerWorkerMax: 20 })).end),
  );
  const counts = all.map((end) => (end.kind === "succeeded" ? (end.result as [number, number])[1] : 0));
  assert.ok(Math.max(...counts) <= 20, String(Math.max(...counts)));
  assert.is(counts.filter((count) => count === 1).length, 3);
});

test("with thread-per-run each run has a thread of its own", async () => {
  const pairs = await threadsOf(3, { isolate: "thread-per-run" });
  assert.is(new Set(pairs.map(([id]) => id)).size, 3);
  assert.ok(pairs.every(([, runs]) => runs === 1));
});

test("modules with different limits have different threads, and one gives way to the other", async () => {
  const pool = makePool();
  const idOf = async (heapMbMax: number): Promise<unknown> => {
    const end = await begin(pool, files.order(thread, { heapMbMax })).end;
    return end.kind === "succeeded" && (end.result as number[])[0];
  };
  const first = await idOf(0);
  const second = await idOf(64);
  assert.is.not(first, second);
  assert.is(await idOf(64), second);
  assert.is(pool.threadCount, 1);
});

test("what waits behind an attempt that turns out long goes to another thread", async () => {
  const pool = makePool({ threads: 2 });
  files.write(
    "uneven.mjs",
    "export default ({ payload, signal }) => payload === 'long' ? new Promise((resolve) => signal.addEventListener('abort', () => resolve())) : undefined;",
  );
  // Quick enough to be sent in large batches.
  for (let n = 0; n < 5; n++) {
    await Promise.all(Array.from({ length: 300 }, () => begin(pool, files.order("uneven.mjs")).end));
  }
  const payloads = ["long", ...Array(100).fill(null)];
  const [long, ...others] = payloads.map((payload) => begin(pool, files.order("uneven.mjs", { payload })));
  await Promise.all(others.map(({ end }) => end));
  long?.handle.abort(timeout);
  assert.is(show((await long?.end) ?? { kind: "lost", error: undefined }), "succeeded null");
});

test("with one thread, modules take turns", async () => {
  const pool = makePool();
  const ended: string[] = [];
  files.write("slow.mjs", "export default () => new Promise((resolve) => setTimeout(resolve, 5));");
  files.write("slow-2.mjs", "export default () => new Promise((resolve) => setTimeout(resolve, 5));");
  const run = async (path: string): Promise<void> => {
    await begin(pool, files.order(path)).end;
    ended.push(path);
  };
  await Promise.all([
    ...Array.from({ length: 10 }, () => run("slow.mjs")),
    ...Array.from({ length: 3 }, () => run("slow-2.mjs")),
  ]);
  assert.ok(ended.lastIndexOf("slow-2.mjs") < 9, ended.join());
});

test("thousands of attempts of many modules each end once", async () => {
  const pool = makePool({ threads: 3 });
  for (let m = 0; m < 5; m++) {
    files.write(
      `many-${m}.mjs`,
      `export default ({ payload }) => ${m % 2 === 0 ? "" : "Promise.resolve"}(payload + ${m});`,
    );
  }
  const ends = await Promise.all(
    Array.from({ length: 5_000 }, (_, n) => begin(pool, files.order(`many-${n % 5}.mjs`, { payload: n })).end),
  );
  for (const [n, end] of ends.entries()) assert.is(show(end), `succeeded ${n + (n % 5)}`);
});

test.run();

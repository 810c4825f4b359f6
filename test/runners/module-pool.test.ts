import * as assert from "uvu/assert";
import type { ModulePool } from "../../src/runners/module-pool.ts";
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

test.run();

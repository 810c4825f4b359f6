/** What modules do wrong, each with a real file in a real thread: who is told what, and that the others go on. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { AttemptEnd } from "../../src/ports.ts";
import type { ModulePool } from "../../src/runners/module-pool.ts";
import { suite } from "../support/suite.ts";
import { begin, ModuleFiles, show, timeout } from "./module-rig.ts";

const test = suite("runners/module-trouble");
const files = new ModuleFiles();
const pools: ModulePool[] = [];
const fine = files.write("fine.mjs", "export default ({ payload }) => payload ?? 'fine';");

function makePool(options: Parameters<ModuleFiles["pool"]>[0] = {}): ModulePool {
  const pool = files.pool(options);
  pools.push(pool);
  return pool;
}

/** Runs a module of this text once, and then another one in the same pool, which has to be fine. */
async function runOnce(text: string, options: Parameters<ModuleFiles["order"]>[1] = {}): Promise<string> {
  const pool = makePool();
  const path = files.write(`once-${files.said.length}-${Math.random()}.mjs`, text);
  const end = await begin(pool, files.order(path, options)).end;
  assert.is(show(await begin(pool, files.order(fine)).end), 'succeeded "fine"');
  return show(end);
}

test.afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  files.said.length = 0;
});
test.after(() => files.remove());

test("an error that nobody catches fails its attempt with that error", async () => {
  const text =
    "export default () => new Promise(() => { setTimeout(() => { throw new TypeError('in a timer'); }, 1); });";
  assert.is(await runOnce(text), "failed TypeError: in a timer");
});

test("a rejection that nobody handles fails its attempt, also when it had returned", async () => {
  assert.is(
    await runOnce("export default async () => { Promise.reject(new Error('left')); return 1; };"),
    "failed Error: left",
  );
  assert.is(await runOnce("export default () => { Promise.reject(new Error('behind')); };"), "failed Error: behind");
  const text = "export default () => new Promise(() => { Promise.reject('a text'); });";
  assert.is(await runOnce(text), "failed Error: a text");
});

test("an error that comes after the end was told is reported, and costs no other attempt anything", async () => {
  const pool = makePool();
  files.write(
    "late.mjs",
    "export default () => { setTimeout(() => { throw new Error('too late'); }, 20); return 'returned'; };",
  );
  files.write("waiting.mjs", "export default () => new Promise((resolve) => setTimeout(resolve, 60, 'undisturbed'));");
  const late = begin(pool, files.order("late.mjs"));
  const waiting = begin(pool, files.order("waiting.mjs"));
  assert.is(show(await late.end), 'succeeded "returned"');
  assert.is(show(await waiting.end), 'succeeded "undisturbed"');
  await files.heard("An attempt left an error behind");
  assert.is(show(await begin(pool, files.order(fine)).end), 'succeeded "fine"');
});

test("process.exit() loses its attempt, whatever the code, and output before it is kept", async () => {
  const pool = makePool();
  files.write(
    "exits.mjs",
    "export default ({ payload }) => { console.log('last words'); process.exit(payload); console.log('never'); };",
  );
  for (const code of [0, 3]) {
    const { end, runId } = begin(pool, files.order("exits.mjs", { payload: code }));
    assert.is(show(await end), `lost KRON_RUNNER_LOST: The attempt ended its thread by process.exit(${code})`);
    assert.is(files.outputOf(runId), "last words\n");
  }
  assert.is(show(await begin(pool, files.order(fine)).end), 'succeeded "fine"');
});

test("a thread that runs out of memory loses its attempt, and the error names that", async () => {
  const text = "export default () => { const all = []; for (;;) all.push(new Array(10_000).fill(all.length)); };";
  const end = await runOnce(text, { heapMbMax: 24 });
  assert.match(end, "lost KRON_RUNNER_LOST: The thread ran out of memory: ERR_WORKER_OUT_OF_MEMORY");
});

test("of a batch, only the attempt that was under way is lost with its thread", async () => {
  const pool = makePool();
  files.write(
    "picky.mjs",
    "export default ({ payload }) => { if (payload === 'exit') process.exit(1); return payload; };",
  );
  const warm = await Promise.all(Array.from({ length: 200 }, () => begin(pool, files.order("picky.mjs")).end));
  assert.ok(warm.every(({ kind }) => kind === "succeeded"));
  const orders = Array.from({ length: 50 }, (_, n) => files.order("picky.mjs", { payload: n === 20 ? "exit" : n }));
  const ends = await Promise.all(orders.map((order) => begin(pool, order).end));
  const shown = ends.map((end, n) => (n === 20 ? end.kind : show(end)));
  assert.equal(
    shown,
    Array.from({ length: 50 }, (_, n) => (n === 20 ? "lost" : `succeeded ${n}`)),
  );
});

test("of a batch, only the attempt that was under way is ended with its thread", async () => {
  const pool = makePool();
  files.write(
    "stuck.mjs",
    "export default ({ payload, log }) => { if (payload === 'loop') { log.info('looping'); for (;;); } };",
  );
  await Promise.all(Array.from({ length: 200 }, () => begin(pool, files.order("stuck.mjs")).end));
  const orders = Array.from({ length: 50 }, (_, n) => files.order("stuck.mjs", { payload: n === 20 ? "loop" : n }));
  const started = orders.map((order) => begin(pool, order));
  await files.heard("looping");
  const loop = started[20];
  loop?.handle.abort(timeout);
  loop?.handle.terminate?.();
  const ends = await Promise.all(started.map(({ end }) => end));
  const others = ends.filter((_, n) => n !== 20).map(show);
  assert.equal(others, Array(49).fill("succeeded null"));
  assert.is(show(ends[20] as AttemptEnd), "failed thread-terminated KRON_RUN_TIMEOUT: Took too long");
});

test("a file that cannot be used fails its attempts, and says why", async () => {
  files.write("broken.mjs", "\nexport default () => {\n  const = 5;\n};\n");
  files.write("none.mjs", "export const other = () => 1;");
  files.write("number.mjs", "export default 5;");
  files.write("top.mjs", "throw new Error('at the top');");
  files.write("imports.mjs", "import './not-there.mjs'; export default () => 1;");
  files.write("leaves.mjs", "process.exit(4);");
  const pool = makePool();
  const run = async (path: string) => show(await begin(pool, files.order(path)).end);
  const at = (name: string) => join(files.directory, name);
  assert.match(await run("broken.mjs"), `failed KRON_MODULE_UNUSABLE: Cannot load ${at("broken.mjs")}, line 3`);
  assert.match(await run("missing.mjs"), `failed KRON_MODULE_UNUSABLE: Expected a module at ${at("missing.mjs")}`);
  assert.match(
    await run("none.mjs"),
    `Expected ${at("none.mjs")} to export a function as "default", got undefined (It exports "other"`,
  );
  assert.match(await run("number.mjs"), 'to export a function as "default", got 5');
  assert.match(await run("top.mjs"), `Cannot load ${at("top.mjs")} (cause: at the top)`);
  assert.match(await run("imports.mjs"), "not-there.mjs");
  assert.match(await run("leaves.mjs"), `Loading ${at("leaves.mjs")} ended its thread: it called process.exit(4)`);
  assert.is(await run("fine.mjs"), 'succeeded "fine"');
});

test("a top level that never ends is given up after the load timeout", async () => {
  files.write("hangs.mjs", "await new Promise(() => {}); export default () => 1;");
  files.write("spins.mjs", "for (;;); export default () => 1;");
  const pool = makePool({ loadTimeoutMs: 2_000 });
  for (const path of ["hangs.mjs", "spins.mjs"]) {
    assert.match(
      show(await begin(pool, files.order(path)).end),
      /failed KRON_MODULE_UNUSABLE: Loading .* took longer than 2000 ms/,
    );
  }
  assert.is(show(await begin(pool, files.order(fine)).end), 'succeeded "fine"');
});

test("a module that cannot be used is left alone, until its file changes", async () => {
  files.write("mended.mjs", "export default () => {;");
  const pool = makePool();
  const run = async () => show(await begin(pool, files.order("mended.mjs")).end);
  assert.match(await run(), "failed KRON_MODULE_UNUSABLE");
  const threads = pool.threadCount;
  for (let n = 0; n < 1_000; n++) assert.match(await run(), "failed KRON_MODULE_UNUSABLE");
  assert.is(pool.threadCount, threads);
  assert.is(files.said.filter((said) => said.includes("A module cannot be used")).length, 1);
  files.write("mended.mjs", "export default () => 'mended';");
  for (;;) {
    const end = await run();
    if (end === 'succeeded "mended"') break;
    assert.match(end, "failed KRON_MODULE_UNUSABLE");
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("a changed file is loaded anew, with all that it imports", async () => {
  files.write("part.mjs", "export const part = 'old part';");
  files.write("whole.mjs", "import { part } from './part.mjs'; export default () => 'one ' + part;");
  const pool = makePool();
  const run = async () => show(await begin(pool, files.order("whole.mjs")).end);
  assert.is(await run(), 'succeeded "one old part"');
  files.write("part.mjs", "export const part = 'new part';");
  files.write("whole.mjs", "import { part } from './part.mjs'; export default () => 'number two ' + part;");
  for (;;) {
    const end = await run();
    if (end === 'succeeded "number two new part"') break;
    assert.is(end, 'succeeded "one old part"');
    await new Promise((resolve) => setImmediate(resolve));
  }
  rmSync(join(files.directory, "whole.mjs"));
  for (;;) {
    if ((await run()).startsWith("failed KRON_MODULE_UNUSABLE: Expected a module at")) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("TypeScript runs where Node strips types, and elsewhere the error says what to do", async () => {
  files.write(
    "typed.ts",
    "export default ({ payload }: { payload: unknown }): string => 'typed ' + (payload as string);",
  );
  const end = show(await begin(makePool(), files.order("typed.ts", { payload: "x" })).end);
  const { typescript } = process.features as { typescript?: string | false };
  if (typescript) assert.is(end, 'succeeded "typed x"');
  else
    assert.match(
      end,
      /failed KRON_MODULE_UNUSABLE.*build it to JavaScript, use Node 22\.18 or newer, or start with node --import tsx/,
    );
});

test("what a module leaves open keeps no thread from its next attempt or its end", async () => {
  files.write(
    "open.mjs",
    `import { createServer } from "node:net";
     export default () => { setInterval(() => {}, 10); createServer().listen(0); return "open"; };`,
  );
  const pool = makePool();
  for (let n = 0; n < 3; n++) assert.is(show(await begin(pool, files.order("open.mjs")).end), 'succeeded "open"');
  await pool.close();
});

test("a change of the environment stays in its thread, and the working directory cannot be changed", async () => {
  files.write(
    "env.mjs",
    "export default () => { process.env.KRON_POOL_TEST = 'changed'; return process.env.KRON_POOL_TEST; };",
  );
  files.write("cwd.mjs", "export default () => { process.chdir('/'); };");
  const pool = makePool();
  assert.is(show(await begin(pool, files.order("env.mjs")).end), 'succeeded "changed"');
  assert.is(process.env.KRON_POOL_TEST, undefined);
  assert.match(show(await begin(pool, files.order("cwd.mjs")).end), "failed ERR_WORKER_UNSUPPORTED_OPERATION");
});

test.run();

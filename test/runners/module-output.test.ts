import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { ModulePool } from "../../src/runners/module-pool.ts";
import { suite } from "../support/suite.ts";
import { begin, ModuleFiles, show } from "./module-rig.ts";

const test = suite("runners/module-output");
const files = new ModuleFiles();
const pools: ModulePool[] = [];

function makePool(options: Parameters<ModuleFiles["pool"]>[0] = {}): ModulePool {
  const pool = files.pool(options);
  pools.push(pool);
  return pool;
}

test.afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  files.said.length = 0;
});
test.after(() => files.remove());

test("what an attempt prints goes to the file of its run, in order, under a mark of the attempt", async () => {
  files.write(
    "prints.mjs",
    `export default async () => {
       console.log("out %d", 1);
       console.error("err");
       process.stdout.write(Buffer.from([0xe2, 0x82]));
       process.stdout.write(new Uint8Array([0xac, 0x0a]));
       process.stdout.write("6c61737420", "hex");
       await new Promise((resolve) => process.stdout.write("words\\n", resolve));
     };`,
  );
  const { end, runId } = begin(makePool(), files.order("prints.mjs"));
  assert.is(show(await end), "succeeded null");
  assert.is(files.outputOf(runId), "out 1\nerr\n€\nlast words\n");
  assert.match(readFileSync(join(files.directory, "logs", `${runId}.log`), "utf8"), '"attempt":1');
});

test("what attempts of one batch print goes to the file of each", async () => {
  files.write("name.mjs", "export default ({ runId }) => { console.log(runId); };");
  const pool = makePool();
  const started = Array.from({ length: 200 }, () => begin(pool, files.order("name.mjs")));
  await Promise.all(started.map(({ end }) => end));
  for (const { runId } of started) assert.is(files.outputOf(runId), `${runId}\n`);
});

test("huge output is cut at the limit of the file, and the attempt goes on", async () => {
  files.write(
    "floods.mjs",
    "export default () => { for (let n = 0; n < 5_000; n++) console.log('x'.repeat(1_000)); return 'done'; };",
  );
  const { end, runId } = begin(makePool(), files.order("floods.mjs"));
  assert.is(show(await end), 'succeeded "done"');
  const { size } = statSync(join(files.directory, "logs", `${runId}.log`));
  assert.ok(size >= 100_000 && size < 101_000, String(size));
});

test("output after the return goes to the logger, with the name of the run", async () => {
  files.write("after.mjs", "export default () => { setTimeout(() => console.log('afterwards'), 5); return 1; };");
  const { end, runId } = begin(makePool(), files.order("after.mjs"));
  await end;
  await files.heard("afterwards");
  const said = files.said.find((one) => JSON.stringify(one).includes("afterwards"));
  assert.equal(said, ["log", "info", "Output of a thread outside of attempts", { runId, output: "afterwards\n" }]);
  assert.is(files.outputOf(runId), "");
});

test("output while a module is loaded goes to the logger", async () => {
  files.write("loud.mjs", "console.log('loading'); export default () => 1;");
  await begin(makePool(), files.order("loud.mjs")).end;
  await files.heard("loading");
});

test("log lines that come faster than they are read are dropped, and counted", async () => {
  files.write(
    "lines.mjs",
    "export default ({ log }) => { for (let n = 0; n < 60_000; n++) log.info('line'); return 'done'; };",
  );
  const pool = makePool();
  const flood = begin(pool, files.order("lines.mjs"));
  // Nobody reads while this turn lasts, so the thread runs full.
  const until = performance.now() + 1_500;
  await new Promise((resolve) => setTimeout(resolve, 200));
  while (performance.now() < until);
  assert.is(show(await flood.end), 'succeeded "done"');
  assert.ok(files.said.length <= 60_001);
  await begin(pool, files.order("lines.mjs")).end;
  assert.match(JSON.stringify(files.said), "lines were dropped");
});

test("fields of a log line that cannot travel come as text", async () => {
  files.write(
    "fields.mjs",
    `export default ({ log }) => {
       log.info("function", { call: () => 1 });
       log.info("error", { error: new TypeError("inner") });
       log.info("trap", new Proxy({}, { ownKeys() { throw new Error("no"); }, get() { throw new Error("no"); } }));
     };`,
  );
  await begin(makePool(), files.order("fields.mjs")).end;
  const fields = files.said.filter(([what]) => what === "line").map((said) => said[4] as Record<string, unknown>);
  assert.match(String(fields[0]?.text), "call: [Function: call]");
  assert.match(String(fields[1]?.error), "TypeError: inner");
  assert.is(fields.length, 3);
});

test("a file that cannot be written fails no attempt, and a line says so", async () => {
  files.write("prints-2.mjs", "export default () => { console.log('lost'); return 'done'; };");
  files.write("a-file", "");
  const pool = makePool({ outputOf: () => ({ path: join(files.directory, "a-file", "x.log"), bytesMax: 1_000 }) });
  assert.is(show(await begin(pool, files.order("prints-2.mjs")).end), 'succeeded "done"');
  await files.heard("Output of the run could not be written");
});

test("without a file, output goes to the logger", async () => {
  files.write("prints-3.mjs", "export default () => { console.log('to the logger'); };");
  await begin(makePool({ outputOf: () => undefined }), files.order("prints-3.mjs")).end;
  await files.heard("to the logger");
});

test.run();

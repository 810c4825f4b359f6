/** A runtime with very many timers, and clients that do not behave: it goes on running what is due. */

import { copyFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { IpcClient } from "../../src/ipc/client.ts";
import { type Tuple, unpackTimer } from "../../src/runtime/service/wire-views.ts";
import { systemClock } from "../../src/system.ts";
import { copyDirectory } from "../support/copy-directory.ts";
import { suite } from "../support/suite.ts";
import { kron, kronJson, scratchDirectory } from "./command-line.ts";
import { kronAside, type LiveProcess, spawnKron, startRuntime } from "./live-process.ts";

const test = suite("live scale", 180_000);
const count = 100_000;
const others = ["endless", "flaky", "quick", "ticker"];
const dataDir = join(scratchDirectory(), "data");
const at = ["--data-dir", dataDir];
let runtime: LiveProcess;

test.before(async () => {
  runtime = await startRuntime(dataDir, count);
});

test.after(async () => {
  await runtime.kill();
});

function connect(): Promise<IpcClient> {
  return IpcClient.connect(dataDir, { clock: systemClock(), name: "test" });
}

/** Runs of the timer that is due all the time, so far. */
async function ticks(client: IpcClient): Promise<number> {
  const { timer } = (await client.call("timer.get", { id: "ticker" })) as { timer: Tuple };
  return unpackTimer(timer).timer.succeededCount;
}

/** Resolves once the timer has run another few times. */
async function ticksOn(client: IpcClient): Promise<void> {
  const before = await ticks(client);
  while ((await ticks(client)) < before + 3) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("100,000 timers arrive whole, in pages, while jobs go on", async () => {
  const [lister, watcher] = await Promise.all([connect(), connect()]);
  const before = await ticks(watcher);
  const during: number[] = [];
  const ids = new Set<string>();
  let pages = 0;
  for await (const page of lister.stream("timer.list", null, { window: 4 })) {
    pages += 1;
    const { timers } = page as { timers: readonly Tuple[] };
    assert.ok(timers.length <= 500);
    for (const tuple of timers) ids.add(unpackTimer(tuple).timer.id);
    if (pages % 50 === 0) during.push(await ticks(watcher));
  }
  assert.is(ids.size, count + others.length);
  assert.ok(pages >= (count + others.length) / 500, `${pages} pages`);
  assert.ok((during.at(-1) ?? 0) > before, `it ran ${before} times before, then ${during.join(", ")}`);
  await Promise.all([lister.close(), watcher.close()]);
});

test("kron job list shows all of them, once and sorted", async () => {
  const { exitCode, stdout, stderr } = await kronAside(["job", "list", "--json", ...at]);
  assert.equal([exitCode, stderr], [0, ""]);
  const { timers, runtime: seen } = JSON.parse(stdout) as { timers: { id: string }[]; runtime: { via: string } };
  assert.is(seen.via, "socket");
  const expected = [...others, ...Array.from({ length: count }, (_, i) => `t-${String(i).padStart(6, "0")}`)].sort();
  assert.ok(timers.length === expected.length && timers.every(({ id }, i) => id === expected[i]), `${timers.length}`);
});

test("a client that stops reading keeps nobody from work", async () => {
  const lazy = await connect();
  const stream = lazy.stream("timer.list", null, { window: 1 });
  await stream.next();
  const feed = lazy.stream("events", null, { window: 1 });
  await feed.next();
  const busy = await connect();
  await ticksOn(busy);
  assert.is(((await busy.call("runtime.status")) as { state: string }).state, "running");
  let rest = 500;
  for await (const page of stream) rest += (page as { timers: readonly Tuple[] }).timers.length;
  assert.is(rest, count + others.length, "and gets the rest when it reads on");
  await Promise.all([lazy.close(), busy.close()]);
});

test("a client that goes away in the midst of a list leaves nothing behind", async () => {
  const busy = await connect();
  for (let i = 0; i < 5; i++) {
    const gone = await connect();
    const stream = gone.stream("timer.list", null, { window: 1 });
    await stream.next();
    await gone.close();
  }
  await ticksOn(busy);
  await busy.close();
});

test("the runtime of another directory is not asked", () => {
  const copy = join(scratchDirectory(), "copy");
  copyDirectory(dataDir, copy);
  copyFileSync(join(dataDir, "kron.token"), join(copy, "kron.token"));
  symlinkSync(join(dataDir, "kron.sock"), join(copy, "kron.sock"));
  const status = kron(["runtime", "status", "--data-dir", copy]);
  assert.equal([status.exitCode === 0, status.stdout], [false, ""], status.stderr);
  const { runtime: seen } = kronJson(["job", "status", "quick", "--offline", "--data-dir", copy]);
  assert.is((seen as { via: string }).via, "files");
});

test("a runtime that hangs is told from one that is gone, and its files are read", () => {
  runtime.child.kill("SIGSTOP");
  try {
    const status = kron(["runtime", "status", ...at]);
    assert.is(status.exitCode, 4);
    assert.match(status.stderr, new RegExp(`Expected process ${runtime.child.pid}, which holds .*, to answer`));
    const { runtime: seen } = kronJson(["job", "status", "quick", ...at]);
    assert.equal(seen, { ...(seen as object), state: "running", pid: runtime.child.pid, via: "files" });
    const report = kronJson(["doctor", ...at]) as { runtime: { own: object }; notes: { code: string }[] };
    assert.is((report.runtime.own as { reachable: boolean }).reachable, false);
    assert.ok(report.notes.some(({ code }) => code === "runtime-silent"));
  } finally {
    runtime.child.kill("SIGCONT");
  }
});

test("a runtime that is killed in the midst of an answer is a clear error", async () => {
  const client = await connect();
  const stream = client.stream("timer.list", null, { window: 1 });
  await stream.next();
  const feed = spawnKron(["events", "-f", "--jsonl", ...at]);
  await feed.line(/RUN_SUCCEEDED/);
  await runtime.kill();
  const error: unknown = await (async () => {
    for await (const _page of stream) continue;
  })().catch((thrown: unknown) => thrown);
  assert.ok(isKronError(error, "KRON_DISCONNECTED"), String(error));
  assert.is(await feed.end(), 4);
  assert.match(feed.stderr, /^kron: .*connection/);
  await client.close();
  const { runtime: seen } = kronJson(["job", "status", "quick", ...at]);
  assert.equal([(seen as { state: string }).state, (seen as { via: string }).via], ["ended", "files"]);
});

test.run();

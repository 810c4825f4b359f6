/** Modules in processes of their own, over a real socket. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { IpcClient } from "../../src/ipc/client.ts";
import { IpcServer } from "../../src/ipc/server.ts";
import type { TargetRunner } from "../../src/ports.ts";
import { Reaper } from "../../src/runners/reaper.ts";
import { HostDoor } from "../../src/runtime/host-door.ts";
import { PoolHosts } from "../../src/runtime/pool-hosts.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { begin, ModuleFiles, show, timeout } from "../runners/module-rig.ts";
import { until } from "../support/processes.ts";
import { suite } from "../support/suite.ts";

const test = suite("runtime/pool-hosts");
const files = new ModuleFiles();
const clock = systemClock();
const random = systemRandom();
const dataDir = join(files.directory, "data");
const opened: { close(): unknown }[] = [];

async function makeHosts(threads = 1): Promise<PoolHosts> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const { logger, output, baseDir, outputOf } = files.parts();
  const reaper = new Reaper({ clock, random, logger });
  const hosts = new PoolHosts({ dataDir, baseDir, threads, clock, random, logger, output, outputOf, reaper });
  const identity = { uuid: "u", mode: "embedded", version: "0" };
  const door = new HostDoor();
  door.open(hosts);
  const methods = new Map(door.methods());
  const server = await IpcServer.listen(dataDir, { methods, identity, clock, random, logger, keepAlive: false });
  opened.push(hosts, server, reaper);
  return hosts;
}

const fine = files.write("fine.mjs", "export default ({ payload }) => payload ?? 'fine';");
const pid = files.write("pid.mjs", "export default () => process.pid;");
const waits = files.write(
  "waits.mjs",
  "export default ({ signal, log }) => new Promise((_, reject) => { log.info('waiting'); signal.addEventListener('abort', () => reject(signal.reason)); });",
);
const endless = files.write("endless.mjs", "export default ({ log }) => { log.info('begun'); for (;;); };");

async function run(hosts: TargetRunner, path: string, options: Parameters<ModuleFiles["order"]>[1] = {}) {
  return show(await begin(hosts, files.order(path, { isolate: "process", ...options })).end);
}

test.afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  files.said.length = 0;
});
test.after(() => files.remove());

test("a module runs in another process, with its context and its output", async () => {
  const hosts = await makeHosts();
  files.write(
    "context.mjs",
    `export default async ({ payload, log, progress, idempotencyKey }) => {
       console.log("printed");
       log.info("said", { n: 1 });
       progress(0.5);
       return [payload, process.pid, idempotencyKey, process.env.KRON_POOL_HOST ?? null];
     };`,
  );
  const order = files.order("context.mjs", { isolate: "process", payload: { a: 1 } });
  const { end, runId } = begin(hosts, order);
  const ended = await end;
  const [host] = hosts.pids();
  assert.equal(ended, { kind: "succeeded", result: [{ a: 1 }, host, order.idempotencyKey, null] });
  assert.is.not(host, process.pid);
  assert.is(files.outputOf(runId), "printed\n");
  assert.equal(
    files.said.filter(([what]) => what !== "log"),
    [
      ["line", runId, "info", "said", { n: 1 }],
      ["progress", runId, 0.5, undefined],
    ],
  );
});

test("modules with isolate process have a process each, others share one", async () => {
  const hosts = await makeHosts();
  files.write("pid-2.mjs", "export default () => process.pid;");
  const [a, b, again] = [await run(hosts, pid), await run(hosts, "pid-2.mjs"), await run(hosts, pid)];
  assert.is.not(a, b);
  assert.is(a, again);
  const [c, d] = await Promise.all([
    run(hosts, pid, { isolate: "thread" }),
    run(hosts, "pid-2.mjs", { isolate: "thread" }),
  ]);
  assert.is(c, d);
  assert.is.not(c, a);
});

test("a host that is killed loses its attempts at once, and the next attempt has another host", async () => {
  const hosts = await makeHosts();
  const { end } = begin(hosts, files.order(waits, { isolate: "process" }));
  await files.heard("waiting");
  const [host] = hosts.pids();
  process.kill(host as number, "SIGKILL");
  assert.match(show(await end), `lost KRON_RUNNER_LOST: The process that executed the attempt`);
  assert.match(await run(hosts, fine), "succeeded");
  assert.is.not(hosts.pids()[0], host);
});

test("a crash of native code in a module takes its host along and nothing else", async () => {
  const hosts = await makeHosts();
  files.write(
    "aborts.mjs",
    "export default ({ payload }) => { if (payload === 'die') process.kill(process.pid, 'SIGSEGV'); return 'lived'; };",
  );
  const other = begin(hosts, files.order(waits, { isolate: "process" }));
  await files.heard("waiting");
  assert.match(await run(hosts, "aborts.mjs", { payload: "die" }), "lost KRON_RUNNER_LOST");
  assert.is(await run(hosts, "aborts.mjs"), 'succeeded "lived"');
  other.handle.abort(timeout);
  assert.is(show(await other.end), "failed KRON_RUN_TIMEOUT: Took too long");
});

test("an endless loop is ended with its thread, the host goes on", async () => {
  const hosts = await makeHosts(2);
  const loop = begin(hosts, files.order(endless, { isolate: "thread" }));
  await files.heard("begun");
  const [host] = hosts.pids();
  loop.handle.abort(timeout);
  loop.handle.terminate?.();
  assert.is(show(await loop.end), "failed thread-terminated KRON_RUN_TIMEOUT: Took too long");
  assert.is(await run(hosts, pid, { isolate: "thread" }), `succeeded ${host}`);
});

test("a thread that cannot be ended has its host killed, and the end says so", async () => {
  const hosts = await makeHosts();
  const sleeps = "spawnSync('sh', ['-c', 'touch asleep; exec sleep 60'])";
  files.write("sleeps.mjs", `import { spawnSync } from 'node:child_process'; export default () => { ${sleeps}; };`);
  const stuck = begin(hosts, files.order("sleeps.mjs", { isolate: "process" }));
  // Once this is there, the thread is inside the call and cannot be ended.
  await until(() => existsSync(join(files.directory, "asleep")), "the thread sleeps");
  stuck.handle.abort(timeout);
  stuck.handle.terminate?.();
  assert.is(show(await stuck.end), "failed process-killed KRON_RUN_TIMEOUT: Took too long");
});

test("what a module cannot be used for is said as in a thread", async () => {
  const hosts = await makeHosts();
  assert.match(await run(hosts, "missing.mjs"), "failed KRON_MODULE_UNUSABLE: Expected a module at");
  await files.heard("A module cannot be used");
});

test("a process that is no host of ours is not taken for one", async () => {
  await makeHosts();
  const client = await IpcClient.connect(dataDir, { clock, name: "host" });
  for (const params of [{ key: "0".repeat(32) }, { key: 5 }, null, {}]) {
    const error = await client.link("host.attach", params).then(
      () => undefined,
      (reason: unknown) => reason as { code?: string },
    );
    assert.is(error?.code, "KRON_UNAUTHORIZED");
  }
  await client.close();
});

test("a host whose memory grows beyond its limit is replaced, after its attempts", async () => {
  const hosts = await makeHosts(2);
  files.write(
    "grows.mjs",
    `const kept = [];
     export default async ({ payload, log }) => {
       if (payload === "grow") kept.push(Buffer.alloc(200_000_000, 1));
       if (payload === "wait") { log.info("growing"); await new Promise((resolve) => setTimeout(resolve, 4_000)); }
       return process.pid;
     };`,
  );
  const memoryBytesMax = 200_000_000;
  const first = await run(hosts, "grows.mjs", { memoryBytesMax });
  const waiting = begin(hosts, files.order("grows.mjs", { isolate: "process", memoryBytesMax, payload: "wait" }));
  await files.heard("growing");
  await run(hosts, "grows.mjs", { memoryBytesMax, payload: "grow" });
  await files.heard("memory-high");
  await files.heard("reloaded");
  assert.is.not(await run(hosts, "grows.mjs", { memoryBytesMax }), first);
  assert.is(show(await waiting.end), first);
});

test("close() ends hosts, whatever they do", async () => {
  const hosts = await makeHosts();
  const loop = begin(hosts, files.order(endless, { isolate: "process" }));
  await files.heard("begun");
  const pids = hosts.pids();
  await hosts.close();
  assert.match(show(await loop.end), "lost KRON_STOPPED");
  for (const one of pids) assert.throws(() => process.kill(one, 0), /ESRCH/);
});

test.run();

/** `kron runtime start` as a process of its own: what it runs, what it hears, how it ends. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron } from "../../src/index.ts";
import { NotifyReceiver, whyNoReceiver } from "../runtime/notify-receiver.ts";
import { suite } from "../support/suite.ts";
import { kron, kronJson, scratchDirectory, silent } from "./command-line.ts";
import { KronProcess, kronBeside } from "./kron-process.ts";

const test = suite("kron runtime start", 60_000);

interface Place {
  readonly directory: string;
  readonly dataDir: string;
  readonly file: string;
}

function place(config: object): Place {
  const directory = scratchDirectory();
  const file = join(directory, "kron.config.json");
  writeFileSync(file, JSON.stringify(config));
  return { directory, file, dataDir: join(directory, ".kron") };
}

/** Started in the directory of its configuration. */
function start({ directory }: Place, env: Readonly<Record<string, string>> = {}, ...more: string[]): KronProcess {
  return new KronProcess(["runtime", "start", ...more], { cwd: directory, env });
}

const often = { every: "50ms", overlap: "skip" };
const ready = /The runtime is ready/;

test("it runs what the configuration declares, takes a reload, and stops in good order", async () => {
  const at = place({ timers: { say: { ...often, command: ["sh", "-c", "echo $NOTIFY_SOCKET > said"] } } });
  const run = start(at, { KRON_LOG_LEVEL: "debug", NOTIFY_SOCKET: "" });
  await run.said(/"timerId":"say".*"RUN_SUCCEEDED"/);
  assert.is(readFileSync(join(at.directory, "said"), "utf8"), "\n", "jobs start in the directory of the file");
  assert.match(run.stderr, ready);

  const other = { timers: { other: { ...often, command: ["true"] } }, concurrency: 3 };
  writeFileSync(at.file, JSON.stringify(other));
  run.child.kill("SIGHUP");
  await run.said(/"timerId":"other".*"RUN_SUCCEEDED"/);
  assert.match(run.stderr, /"options":\["concurrency"\].*take effect with the next start/);
  assert.match(run.stderr, /"timerId":"say".*no longer declared/);

  writeFileSync(at.file, '{"timers":{"bad":{"cron":"nonsense","command":["true"]}}}');
  run.child.kill("SIGHUP");
  await run.said(/"path":"timers\.bad\.cron".*\n.*what was before goes on/);
  const from = run.stderr.length;
  await run.said(/"timerId":"other".*"RUN_SUCCEEDED"/, from);

  run.child.kill("SIGTERM");
  assert.equal(await run.ended(), { exitCode: 0, signal: null });
  assert.match(run.stderr, /"by":"SIGTERM".*\n(.*\n)*.*The runtime has stopped/);
  assert.is(run.stdout, "");
  const doctor = kronJson(["doctor", "--data-dir", at.dataDir]);
  assert.is((doctor.runtime as { state: string }).state, "stopped");
});

test("a run under way is finished, or given up when it takes too long", async () => {
  const at = place({
    drain: "30s",
    timers: { slow: { after: "1ms", command: ["sh", "-c", "touch begun; while [ ! -e go ]; do sleep 0.02; done"] } },
  });
  const run = start(at, { KRON_LOG_LEVEL: "debug" });
  await run.said(/RUN_STARTED/);
  run.child.kill("SIGINT");
  await run.said(/"running":1,"drainMs":30000/);
  writeFileSync(join(at.directory, "go"), "");
  assert.equal(await run.ended(), { exitCode: 0, signal: null });
  assert.match(run.stderr, /RUN_SUCCEEDED/);

  const stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"];
  const other = place({ drain: "10ms", timers: { stubborn: { after: "1ms", grace: "1m", command: stubborn } } });
  const second = start(other, { KRON_LOG_LEVEL: "debug" });
  await second.said(/RUN_STARTED/);
  second.child.kill("SIGTERM");
  assert.equal(await second.ended(), { exitCode: 7, signal: null });
  assert.match(second.stderr, /with it attempts that took too long/);
});

test("a second SIGINT ends it at once, and the next start finds its run lost", async () => {
  const at = place({ timers: { long: { after: "1ms", command: ["sleep", "60"] } } });
  const run = start(at, { KRON_LOG_LEVEL: "debug" });
  await run.said(/RUN_STARTED/);
  run.child.kill("SIGINT");
  await run.said(/The runtime stops/);
  run.child.kill("SIGINT");
  assert.equal(await run.ended(), { exitCode: 130, signal: null });
  const next = start(at, { KRON_LOG_LEVEL: "debug" });
  await next.said(/"timerId":"long".*"RUN_LOST"/);
  next.child.kill("SIGTERM");
  assert.is((await next.ended()).exitCode, 0);
});

test("it says why it does not start: a wrong configuration, a directory in use", async () => {
  const wrong = place({ timers: { a: { cron: "x", command: ["true"] }, b: {} } });
  const refused = start(wrong);
  assert.is((await refused.ended()).exitCode, 2);
  assert.match(refused.stderr, /timers\.a\.cron: .*\ntimers\.b: /);
  assert.not(existsSync(wrong.dataDir));

  const held = place({});
  const holder = new Kron({ dataDir: held.dataDir, logger: silent });
  await holder.start();
  const locked = start(held);
  assert.is((await locked.ended()).exitCode, 5, locked.stderr);
  await holder.shutdown();
});

test("without a configuration it runs what is on record, and commands reach it", async () => {
  const at = place({ timers: { made: { every: "1h", command: ["true"] } } });
  const made = kron(["sync", "--config", at.file, "--data-dir", at.dataDir]);
  assert.is(made.exitCode, 0, made.stderr);
  const elsewhere = { ...at, directory: scratchDirectory() };
  const run = start(elsewhere, { KRON_HOME: at.dataDir });
  await run.said(ready);
  assert.match(run.stderr, /"timers":1/);
  const synced = await kronBeside(["sync", "--config", at.file, "--data-dir", at.dataDir]);
  assert.match(synced.stdout, /done: 1 unchanged/, synced.stderr);
  run.child.kill("SIGTERM");
  assert.is((await run.ended()).exitCode, 0);
});

test("timers of other configurations and of applications are left alone, and told", async () => {
  const at = place({ timers: { taken: { every: "1h", command: ["true"] }, mine: { every: "1h", command: ["true"] } } });
  const app = new Kron({ dataDir: at.dataDir, logger: silent });
  await app.schedule("taken", { every: "1h" }, () => undefined);
  await app.start();
  await app.shutdown();
  const run = start(at);
  await run.said(/"timerId":"taken","why":"callback".*cannot be had/);
  await run.said(ready);
  run.child.kill("SIGTERM");
  assert.is((await run.ended()).exitCode, 0);
  const { timers } = kronJson(["job", "list", "--data-dir", at.dataDir]) as { timers: { id: string }[] };
  assert.equal(
    timers.map(({ id }) => id),
    ["mine", "taken"],
  );
});

const obstacle = whyNoReceiver();
if (obstacle !== undefined) test.skip("systemd is told how it is", obstacle);
else {
  test("systemd is told how it is, and jobs cannot speak in its place", async () => {
    const at = place({ timers: { env: { ...often, command: ["sh", "-c", "env > env.txt"] } } });
    const address = `@kron-start-${process.pid}`;
    const receiver = await NotifyReceiver.listen(address);
    const run = start(at, { NOTIFY_SOCKET: address, WATCHDOG_USEC: "200000", KRON_LOG_LEVEL: "debug" });
    await receiver.got(/^READY=1\|STATUS=1 timer, \d attempts? under way$/);
    await receiver.got(/^WATCHDOG=1$/);
    await run.said(/RUN_SUCCEEDED/);
    assert.not.match(readFileSync(join(at.directory, "env.txt"), "utf8"), /NOTIFY_SOCKET|WATCHDOG/);
    run.child.kill("SIGHUP");
    await receiver.got(/^RELOADING=1\|MONOTONIC_USEC=\d+$/);
    await receiver.got(/^READY=1\|STATUS=Reloaded\. /);
    writeFileSync(at.file, "{");
    run.child.kill("SIGHUP");
    await receiver.got(/^READY=1\|STATUS=The reload failed/);
    run.child.kill("SIGTERM");
    await receiver.got(/^STOPPING=1\|STATUS=Stopping: /);
    assert.is((await run.ended()).exitCode, 0);
    await receiver.close();
  });
}

test.run();

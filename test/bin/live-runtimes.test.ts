/** The commands about a runtime as a whole, beside one in a process of its own, and without one. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { IpcClient } from "../../src/ipc/client.ts";
import { systemClock } from "../../src/system.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { kron, kronJson, scratchDirectory } from "./command-line.ts";
import { kronAside, LiveProcess, spawnKron, startRuntime } from "./live-process.ts";

const test = suite("live runtimes", 120_000);
const dataDir = join(scratchDirectory(), "data");
const at = ["--data-dir", dataDir];
let runtime: LiveProcess;

test.before(async () => {
  runtime = await startRuntime(dataDir);
});

test.after(async () => {
  await runtime.kill();
});

function json(...args: readonly string[]): Record<string, unknown> {
  return kronJson([...args, ...at]);
}

function timer(id: string): Record<string, unknown> {
  return json("job", "status", id).timer as Record<string, unknown>;
}

test("runtime status and doctor tell what the runtime says of itself", () => {
  const { runtime: status } = json("runtime", "status") as { runtime: Record<string, unknown> };
  assert.equal(
    [status.state, status.pid, status.mode, status.isWritable],
    ["running", runtime.child.pid, "embedded", true],
  );
  assert.ok(Number(status.timers) >= 4 && Number(status.rssBytes) > 0);
  assert.match(kron(["runtime", "status", ...at]).stdout, /^state: +running\nprocess: +\d+, embedded, Kron /);
  const report = json("doctor");
  const { own } = report.runtime as { own: Record<string, unknown> };
  assert.equal([report.verdict, own.reachable, own.state], ["ok", true, "running"]);
  assert.ok(Number(own.answeredInMs) > 0);
  assert.match(kron(["doctor", ...at]).stdout, /\nanswers +in .*: running, /);
  assert.is((json("doctor", "--offline").runtime as { own: unknown }).own, null);
});

test("what is listed is the same through the runtime and from the files", () => {
  for (const id of ["ticker", "endless", "quick"]) json("job", "pause", id);
  const live = json("job", "list") as { timers: object[]; runtime: object };
  const files = json("job", "list", "--offline") as { timers: object[]; runtime: object };
  assert.equal(live.timers, files.timers);
  assert.equal({ ...live.runtime, via: "files" }, files.runtime);
  for (const command of [
    ["job", "status", "flaky"],
    ["job", "history", "quick"],
    ["job", "next", "quick"],
    ["run", "list"],
  ]) {
    const { runtime: _live, ...fromRuntime } = json(...command);
    const { runtime: _files, ...fromFiles } = json(...command, "--offline");
    assert.equal(fromRuntime, fromFiles, command.join(" "));
  }
  for (const id of ["ticker", "endless", "quick"]) json("job", "resume", id);
  assert.is((json("job", "list", "--state", "paused").timers as unknown[]).length, 0);
});

test("log compact is done by the runtime", () => {
  const { via, asOfEntry, before, after } = json("log", "compact") as Record<string, Record<string, number>>;
  assert.is(via as unknown, "socket");
  assert.ok(Number(asOfEntry) > 0);
  assert.ok((after?.snapshotBytes ?? 0) > (before?.snapshotBytes ?? 0));
  const locked = kron(["log", "compact", "--offline", ...at]);
  assert.equal([locked.exitCode, locked.stdout], [5, ""]);
});

test("events shows what happens from now on, until nobody wants it any more", async () => {
  const feed = spawnKron(["events", "-f", "--jsonl", "--timer", "quick", "--type", "RUN_SUCCEEDED,RUN_DUE", ...at]);
  // Nothing says that the feed has begun, so there is something to tell until it does.
  let isTold = false;
  const told = feed.line(/RUN_SUCCEEDED/).finally(() => {
    isTold = true;
  });
  while (!isTold) await kronAside(["job", "trigger", "quick", ...at]);
  const event = JSON.parse(await told) as Record<string, unknown>;
  assert.equal([event.version, event.type, event.timerId], [1, "RUN_SUCCEEDED", "quick"]);
  await feed.kill();
  const last = kron(["events", "-n", "2", "--timer", "quick", ...at]).stdout.split("\n");
  assert.match(last[1] ?? "", /RUN_SUCCEEDED +quick +run_\w+ attempt 1 in /);
  assert.match(kron(["events", "--type", "RUN_FALED", ...at]).stderr, /Did you mean RUN_FAILED\?/);
  const unknown = kron(["events", "--timer", "quikc", ...at]);
  assert.equal([unknown.exitCode, unknown.stdout], [3, ""]);
  assert.match(unknown.stderr, /Did you mean "quick"\?/);
});

test("several commands at once get their answers", async () => {
  const commands = [
    ["job", "list"],
    ["job", "trigger", "quick", "--wait"],
    ["runtime", "status"],
    ["run", "list"],
  ];
  const results = await Promise.all([...commands, ...commands].map((args) => kronAside([...args, ...at])));
  assert.equal(
    results.map(({ exitCode }) => exitCode),
    results.map(() => 0),
  );
});

test("shutdown lets runs finish, and the process ends by itself", async () => {
  json("job", "trigger", "endless");
  const { exitCode, stdout, stderr } = await kronAside(["runtime", "shutdown", "--timeout", "100ms", ...at]);
  assert.equal([exitCode, stderr], [0, ""]);
  assert.match(stdout, new RegExp(`^the runtime of process ${runtime.child.pid} has stopped$`));
  assert.is(await runtime.end(), 0);
  assert.equal(runtime.lines.slice(-2), ["shutdown 100", "exit 0 stopped"]);
  assert.is((json("doctor").runtime as { state: string }).state, "stopped");
});

test("a socket and a client on it do not keep a process running that has nothing else to do", async () => {
  const directory = join(scratchDirectory(), "data");
  const path = repositoryPath("dist/test/bin/unheld-runtime.js");
  const unheld = new LiveProcess(spawn(process.execPath, [path, directory], { stdio: ["pipe", "pipe", "inherit"] }));
  await unheld.line(/^ready$/);
  const client = await IpcClient.connect(directory, { clock: systemClock(), name: "test" });
  const gone = new Promise<void>((resolve) => client.onClose(() => resolve()));
  const fedUp = client
    .stream("events")
    .next()
    .catch((error: unknown) => error);
  unheld.child.stdin?.end();
  assert.is(await unheld.end(), 0);
  await gone;
  assert.ok(isKronError(await fedUp, "KRON_DISCONNECTED"));
});

test("without a runtime, commands that need one say so and exit with 4", () => {
  for (const args of [
    ...[
      ["job", "pause", "quick"],
      ["job", "resume", "quick"],
      ["job", "cancel", "quick"],
      ["job", "retry", "quick"],
    ],
    ...[
      ["job", "trigger", "quick"],
      ["run", "cancel", "run_0000000001"],
    ],
    ...[
      ["runtime", "status"],
      ["runtime", "shutdown"],
      ["events", "-f"],
    ],
  ]) {
    const { exitCode, stdout, stderr } = kron([...args, ...at]);
    assert.equal([exitCode, stdout], [4, ""], args.join(" "));
    assert.match(stderr, /^kron: Expected a runtime to be at work in .*, none is there\nhint: Start the application/);
  }
  assert.is(kron(["job", "pause", "quick", "--offline", ...at]).exitCode, 2);
});

test("without a runtime, add changes the directory under its lock", () => {
  const added = json("job", "add", "later", "--after", "5m", "--http", "http://127.0.0.1:9/");
  assert.equal([added.action, added.via], ["created", "files"]);
  assert.is(json("job", "add", "later", "--after", "5m", "--http", "http://127.0.0.1:9/").action, "unchanged");
  assert.is(json("job", "add", "later", "--after", "9m", "--http", "http://127.0.0.1:9/").action, "updated");
  assert.is(timer("later").state, "scheduled");
  const said = kron(["job", "add", "other", "--every", "1h", ...at, "--", "true"]);
  assert.match(said.stderr, /^note: no runtime is at work here/);
  assert.equal(json("doctor").problems, []);
});

test.run();

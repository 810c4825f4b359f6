/** Timers with commands and requests, from `schedule` to history, over real processes, sockets and directories. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type HistoryEntry, Kron, type KronOptions } from "../../src/index.ts";
import { kron as commandLine } from "../bin/command-line.ts";
import { type TestServer, testServer } from "../runners/http-server.ts";
import { isAlive, until } from "../support/processes.ts";
import { codeOf, freshDirectory, make, nextRun, removeDirectories } from "../support/runtimes.ts";
import { suite } from "../support/suite.ts";

const test = suite("runtime/targets", 60_000);
let server: TestServer;

test.before(async () => {
  server = await testServer();
});

test.after(async () => {
  await server.close();
  removeDirectories();
});

/** Runs `body` with a started runtime; at the end the doctor has to be content with what it left. */
async function withKron(options: KronOptions, body: (kron: Kron, dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = freshDirectory();
  const kron = make({ dataDir, ...options });
  await kron.start();
  try {
    await body(kron, dataDir);
  } finally {
    await kron.shutdown();
  }
  const { exitCode, stdout } = commandLine(["doctor", "--data-dir", dataDir]);
  assert.is(exitCode, 0, stdout);
}

/** What became of the one run of a timer that is due at once. */
async function outcomeOf(kron: Kron, id: string, options: object): Promise<HistoryEntry> {
  const ended = Promise.race(["RUN_SUCCEEDED", "RUN_DEAD", "RUN_CANCELLED"].map((type) => nextRun(kron, type)));
  await kron.schedule(id, { after: 0, retry: { maxAttempts: 1 }, ...options });
  await ended;
  const [entry] = await kron.history(id);
  if (entry === undefined) throw new Error("The run is not in history");
  return entry;
}

test("a command succeeds with its exit code and the end of its output", async () => {
  await withKron({}, async (kron, dataDir) => {
    const entry = await outcomeOf(kron, "Backup:1", { command: ["echo", "hello"] });
    assert.is(entry.outcome, "SUCCEEDED");
    assert.equal(entry.result, { exitCode: 0, stdout: "hello\n" });
    const [folder = ""] = readdirSync(join(dataDir, "logs", "runs"));
    assert.match(folder, /^backup_1~/);
    const log = readFileSync(join(dataDir, "logs", "runs", folder, `${entry.runId}.log`), "utf8");
    assert.match(log, /"attempt":1,"at":\d+\}\nhello\n$/);
  });
});

test("a command that fails is retried, and each failure keeps how it ended", async () => {
  await withKron({}, async (kron, dataDir) => {
    const entry = await outcomeOf(kron, "t", {
      ...{ command: 'echo "attempt $KRON_ATTEMPT" >&2; exit $((KRON_ATTEMPT - 1 ? 0 : 7))', shell: true },
      retry: { maxAttempts: 3, base: 1 },
    });
    assert.is(entry.outcome, "SUCCEEDED");
    assert.is(entry.attempts, 2);
    const [failure] = entry.failures;
    assert.is(failure?.error.code, "KRON_COMMAND_FAILED");
    assert.equal(failure?.error.details, { exitCode: 7, signal: null, stderr: "attempt 1\n" });
    const log = readFileSync(join(dataDir, "logs", "runs", "t", `${entry.runId}.log`), "utf8");
    assert.is(log.split(/[^\n]*"attempt":\d,[^\n]*\n/).join(""), "attempt 1\n\nattempt 2\n");
  });
});

test("a program that is not there uses up its attempts and no more", async () => {
  await withKron({}, async (kron) => {
    const entry = await outcomeOf(kron, "t", { command: ["no-such-program"], retry: { maxAttempts: 2, base: 1 } });
    assert.is(entry.outcome, "DEAD");
    assert.is(entry.failures.length, 2);
    assert.match(entry.failures[1]?.error.message ?? "", /no-such-program/);
    assert.is(entry.failures[1]?.error.details?.cause, "ENOENT");
  });
});

test("a timeout terminates a command, and kills one that does not care", async () => {
  await withKron({}, async (kron) => {
    const polite = await outcomeOf(kron, "polite", { command: ["sleep", "300"], timeout: 300 });
    assert.equal([polite.failures[0]?.outcome, polite.failures[0]?.ending], ["TIMED_OUT", "process-terminated"]);
    assert.is(polite.failures[0]?.error.details?.signal, "SIGTERM");
    const rude = { command: "trap '' TERM; while :; do sleep 1; done", shell: true, timeout: "2s", grace: 100 };
    const killed = await outcomeOf(kron, "rude", rude);
    assert.equal([killed.failures[0]?.outcome, killed.failures[0]?.ending], ["TIMED_OUT", "process-killed"]);
    assert.is(killed.failures[0]?.error.code, "KRON_RUN_TIMEOUT");
  });
});

test("a shutdown ends commands, and so does cancelling their timer", async () => {
  const dataDir = freshDirectory();
  const pidOf = (name: string): number => {
    const path = join(dataDir, "..", name);
    return existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  };
  const kron = make({ dataDir, baseDir: join(dataDir, "..") });
  await kron.start();
  for (const id of ["cancelled", "stopped"]) {
    await kron.schedule(id, { after: 0, command: `echo $$ > ${id}.pid; exec sleep 300`, shell: true });
    await until(() => pidOf(`${id}.pid`) > 0, "the command runs");
  }
  await kron.cancel("cancelled", { abort: true });
  await until(() => !isAlive(pidOf("cancelled.pid")), "the cancelled command is gone");
  assert.ok(isAlive(pidOf("stopped.pid")));
  await kron.shutdown({ timeoutMs: 0 }).catch(() => undefined);
  assert.is(isAlive(pidOf("stopped.pid")), false);
});

test("relative directories start from baseDir, which is the working directory unless given", async () => {
  const baseDir = freshDirectory();
  mkdirSync(join(baseDir, "jobs"), { recursive: true });
  writeFileSync(join(baseDir, "jobs", "run.sh"), "#!/bin/sh\npwd\n", { mode: 0o700 });
  await withKron({ baseDir }, async (kron) => {
    const entry = await outcomeOf(kron, "t", { command: ["./run.sh"], cwd: "jobs" });
    assert.is((entry.result as { stdout: string }).stdout, `${join(baseDir, "jobs")}\n`);
  });
  await withKron({}, async (kron) => {
    const entry = await outcomeOf(kron, "t", { command: ["pwd"] });
    assert.is((entry.result as { stdout: string }).stdout, `${process.cwd()}\n`);
  });
});

test("a request succeeds, fails, and is retried", async () => {
  let count = 0;
  server.on("/flaky", (_request, response) => {
    count += 1;
    response.writeHead(count === 1 ? 503 : 200, { "content-type": "application/json" }).end(`{"count":${count}}`);
  });
  await withKron({}, async (kron) => {
    const entry = await outcomeOf(kron, "hook", {
      ...{ http: { url: `${server.url}/flaky`, method: "POST" }, payload: { a: 1 } },
      retry: { maxAttempts: 2, base: 1 },
    });
    assert.is(entry.outcome, "SUCCEEDED");
    assert.equal((entry.result as { body: unknown }).body, { count: 2 });
    assert.is(entry.failures[0]?.error.code, "KRON_HTTP_FAILED");
    assert.equal(entry.failures[0]?.error.details, { status: 503, body: '{"count":1}' });
    const [first, second] = server.arrived.slice(-2);
    assert.equal([first?.body, second?.body], ['{"a":1}', '{"a":1}']);
    assert.is(first?.headers["idempotency-key"], second?.headers["idempotency-key"]);
    assert.equal([first?.headers["x-kron-attempt"], second?.headers["x-kron-attempt"]], ["1", "2"]);
  });
});

test("a timeout ends a request", async () => {
  server.on("/silent", () => undefined);
  await withKron({}, async (kron) => {
    const entry = await outcomeOf(kron, "t", { http: `${server.url}/silent`, timeout: 200 });
    assert.is(entry.failures[0]?.outcome, "TIMED_OUT");
    assert.is(entry.failures[0]?.ending, undefined);
  });
});

test("a runtime without such timers makes no folder of logs and starts no process", async () => {
  await withKron({}, async (kron, dataDir) => {
    const entry = nextRun(kron, "RUN_SUCCEEDED");
    await kron.schedule("t", { after: 0 }, () => undefined);
    await entry;
    assert.is(existsSync(join(dataDir, "logs")), false);
  });
});

test("options of logs and baseDir are checked", async () => {
  for (const logs of [
    { runs: 0 },
    { runs: 1_001 },
    { runBytes: 100 },
    { bytes: "1KB" },
    { bytes: -1 },
    { age: "x" },
    { x: 1 },
    5,
  ]) {
    const code = await codeOf(() => new Kron({ logs: logs as object }));
    assert.is(code, "age" in Object(logs) ? "KRON_DURATION_INVALID" : "KRON_OPTION_INVALID", JSON.stringify(logs));
  }
  assert.is(await codeOf(() => new Kron({ baseDir: "" })), "KRON_OPTION_INVALID");
  assert.is(await codeOf(() => new Kron({ logs: { runs: 1, runBytes: "4KB", bytes: "1GB", age: "1h" } })), "none");
});

test.run();

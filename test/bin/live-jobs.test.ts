/** The commands that change timers and runs, beside a runtime in a process of its own. */

import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { kron, kronJson, scratchDirectory } from "./command-line.ts";
import { type LiveProcess, startRuntime } from "./live-process.ts";

const test = suite("live jobs", 120_000);
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

test("pause and resume are durable, and idempotent", () => {
  const { runtime: seen, dataDir: given, ...paused } = json("job", "pause", "quick");
  assert.equal(paused, { version: 1, command: "job pause", timerId: "quick", changed: true });
  assert.is(given, dataDir);
  const { state, pid, via } = seen as Record<string, unknown>;
  assert.equal([state, pid, via], ["running", runtime.child.pid, "socket"]);
  assert.is(timer("quick").state, "paused");
  const again = kron(["job", "pause", "quick", ...at]);
  assert.equal([again.exitCode, again.stdout, again.stderr], [0, "quick: was paused already\n", ""]);
  assert.is(json("job", "resume", "quick").changed, true);
  assert.is(json("job", "resume", "quick").changed, false);
  assert.is(timer("quick").state, "scheduled");
});

test("trigger begins a run, and with --wait tells how it ended", () => {
  const begun = json("job", "trigger", "quick");
  assert.match(String(begun.runId), /^run_[0-9a-z]{10}$/);
  assert.equal([begun.timerId, begun.end], ["quick", null]);
  const { end } = json("job", "trigger", "quick", "--wait", "--payload", '{"n":{"$int64":"5"}}');
  const { outcome, result, isManual } = end as Record<string, unknown>;
  assert.equal([outcome, result, isManual], ["SUCCEEDED", { payload: { n: "5" } }, true]);
  const said = kron(["job", "trigger", "quick", "--wait", ...at]);
  assert.match(said.stdout, /^quick: run_\w+ SUCCEEDED in .*: \{"payload":\{"own":true\}\}\n$/);
});

test("trigger refuses what makes no sense before it does anything", () => {
  for (const [args, exitCode] of [
    [["quick", "--payload", "{"], 2],
    [["quick", "--timeout", "5s"], 2],
    [["quick", "--wait", "--timeout", "soon"], 2],
    [["quikc"], 3],
  ] as const) {
    const result = kron(["job", "trigger", ...args, ...at]);
    assert.equal([result.exitCode, result.stdout], [exitCode, ""], args.join(" "));
  }
  assert.match(kron(["job", "trigger", "quikc", ...at]).stderr, /Did you mean "quick"\?/);
});

test("a wait ends at its deadline, and the run goes on", () => {
  const { exitCode, stderr } = kron(["job", "trigger", "endless", "--wait", "--timeout", "50ms", ...at]);
  assert.is(exitCode, 1);
  assert.match(stderr, /Expected run_\w+ to end within 50ms, it has not\nhint: It goes on/);
  assert.is(timer("endless").state, "running");
});

test("run list shows what has not ended, and run cancel ends it", () => {
  const { runs } = json("run", "list", "--timer", "endless") as { runs: Record<string, unknown>[] };
  assert.equal(
    runs.map(({ timerId, state, attempt, isManual }) => [timerId, state, attempt, isManual]),
    [["endless", "running", 1, true]],
  );
  const runId = String(runs[0]?.runId);
  assert.match(
    kron(["run", "list", ...at]).stdout,
    new RegExp(`^RUN .*\n(.*\n)*${runId}  endless  running +1/3 +by hand`),
  );
  const short = kron(["run", "cancel", runId.replace(/run_0*/, ""), ...at]);
  assert.is(short.exitCode, 3);
  assert.match(short.stderr, new RegExp(`hint: Did you mean ${runId}\\?`));
  const { state } = json("run", "cancel", runId);
  assert.is(state, "stopping");
  const { entries } = json("job", "history", "endless") as { entries: Record<string, unknown>[] };
  assert.equal([entries[0]?.runId, entries[0]?.outcome, entries[0]?.reason], [runId, "CANCELLED", "requested"]);
  const { exitCode, stderr } = kron(["run", "cancel", runId, ...at]);
  assert.is(exitCode, 3);
  assert.match(stderr, /is not known, or has ended\nhint: /);
});

test("retry begins the next attempt of a failed run", () => {
  const failed = kron(["job", "trigger", "flaky", "--wait", "--timeout", "300ms", ...at]);
  assert.is(failed.exitCode, 1, "it waits an hour for its second attempt");
  assert.is(timer("flaky").state, "retrying");
  const { runId, isNewRun } = json("job", "retry", "flaky");
  assert.is(isNewRun, false);
  const { entries } = json("job", "history", "flaky") as { entries: Record<string, unknown>[] };
  assert.equal([entries[0]?.runId, entries[0]?.outcome, entries[0]?.attempts], [runId, "SUCCEEDED", 2]);
  assert.is(kron(["job", "retry", "flaky", ...at]).exitCode, 1);
});

test("add creates a timer that runs a command, leaves it alone, changes it; rm ends it", () => {
  const add = (...words: string[]) => json("job", "add", "shell", ...words);
  const script = ["--", process.execPath, "-e", "process.stdout.write('hello')"];
  const created = kron(["job", "add", "shell", "--every", "1h", "--retry", "1", ...at, "--json", ...script]);
  const { action, via, nextRunAtMs } = JSON.parse(created.stdout) as Record<string, unknown>;
  assert.equal([action, via, typeof nextRunAtMs], ["created", "socket", "number"]);
  const again = kron(["job", "add", "shell", "--every", "1h", "--retry", "1", ...at, ...script]);
  assert.match(again.stdout, /^shell: unchanged, due /);
  const { end } = json("job", "trigger", "shell", "--wait");
  assert.is((end as { outcome: string }).outcome, "SUCCEEDED");
  assert.is(add("--every", "2h", "--http", "http://127.0.0.1:9/").action, "updated");
  const removed = kron(["job", "rm", "shell", ...at]);
  assert.is(removed.stdout, "shell: cancelled\n");
  assert.is(timer("shell").state, "cancelled");
});

test("add says which option is wrong", () => {
  for (const [args, message] of [
    [["x", "--every", "1h"], /exactly one of --module, --http and a command/],
    [["x", "--", "true"], /exactly one of cron, every, after and at/],
    [["x", "--every", "1h", "--retry", "many", "--", "true"], /--retry to be a whole number/],
    [["x", "--cron", "61 * * * *", "--", "true"], /minute/],
    [["x", "--every", "1h", "--env", "SECRET", "--", "true"], /Expected --env to be a name, = and a value$/m],
    [["x", "--every", "1h", "--method", "POST", "--", "true"], /only together with --http/],
    [["x", "--every", "1h", "--cwd", "/", "--http", "http://a/"], /cwd only together with command/],
    [[" ", "--every", "1h", "--", "true"], /timer id/],
  ] as const) {
    const { exitCode, stderr } = kron(["job", "add", ...at, ...args]);
    assert.is(exitCode, 2, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
  }
});

test.run();

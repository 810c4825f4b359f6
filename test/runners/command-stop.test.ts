/** Commands that are stopped, that leave processes behind, or print more than is kept. */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import { isAlive, until } from "../support/processes.ts";
import { suite } from "../support/suite.ts";
import { commandRunner, failureOf, orderOf, resultOf, start, targetRig } from "./target-rig.ts";

const test = suite("runners/command-stop");
const bytesMax = 64 * 1024;
const rig = targetRig(bytesMax);
const { runner, reaper } = commandRunner(rig);
const timedOut = new KronError("KRON_RUN_TIMEOUT", "Took too long");
let runs = 0;

test.after(async () => {
  await runner.close();
  reaper.close();
  rig.dispose();
});

/** Starts a text of the shell; `said` resolves when its log holds a line, `number` is the number behind a name in it. */
function begin(text: string) {
  runs += 1;
  const runId = `run_${runs}`;
  const started = start(runner, orderOf({ command: text, shell: true }, { runId }));
  const lines = (): string[] => (rig.printed(runId) ?? "").split("\n");
  return {
    ...{ ...started, runId },
    said: (line: string) => until(() => lines().includes(line), `the command says ${line}`),
    number: (name: string) =>
      Number(
        lines()
          .find((line) => line.startsWith(`${name} `))
          ?.split(" ")[1],
      ),
  };
}

test("abort() sends SIGTERM, and what ends by it was terminated, for the reason given", async () => {
  const { handle, end, said } = begin("echo up; exec sleep 300");
  await said("up");
  handle.abort(timedOut);
  const { code, message, details, ending } = failureOf(await end);
  assert.is(code, "KRON_RUN_TIMEOUT");
  assert.is(message, "Took too long");
  assert.equal(details, { exitCode: null, signal: "SIGTERM", stderr: "" });
  assert.is(ending, "process-terminated");
});

test("a command may clean up after SIGTERM, and end well or badly", async () => {
  const well = begin("trap 'echo cleaned; exit 0' TERM; echo up; while :; do sleep 0.02; done");
  await well.said("up");
  well.handle.abort(timedOut);
  assert.is(resultOf(await well.end).stdout, "up\ncleaned\n");
  const badly = begin("trap 'exit 5' TERM; echo up; while :; do sleep 0.02; done");
  await badly.said("up");
  badly.handle.abort(timedOut);
  const { details, ending } = failureOf(await badly.end);
  assert.is(details.exitCode, 5);
  assert.is(ending, "process-terminated");
});

test("terminate() kills a command that ignores SIGTERM", async () => {
  const { handle, end, said } = begin("trap '' TERM; echo up; while :; do sleep 1; done");
  await said("up");
  handle.abort(timedOut);
  handle.terminate?.();
  const { code, details, ending } = failureOf(await end);
  assert.is(code, "KRON_RUN_TIMEOUT");
  assert.is(details.signal, "SIGKILL");
  assert.is(ending, "process-killed");
});

test("grandchildren are ended with their group", async () => {
  const { handle, end, said, number } = begin("sleep 300 & echo grandchild $!; echo up; wait");
  await said("up");
  const grandchild = number("grandchild");
  assert.ok(isAlive(grandchild));
  handle.abort(timedOut);
  assert.is(failureOf(await end).ending, "process-terminated");
  await until(() => !isAlive(grandchild), "the grandchild is gone");
});

test("a grandchild that ignores SIGTERM does not outlive its group", async () => {
  const { handle, end, said, number } = begin("(trap '' TERM; exec sleep 300) & echo grandchild $!; echo up; wait");
  await said("up");
  handle.abort(timedOut);
  await end;
  await until(() => !isAlive(number("grandchild")), "the grandchild is gone");
});

test("a grandchild that keeps the output open does not keep the attempt", async () => {
  const { end, number } = begin("sleep 300 & echo grandchild $!; echo done; exit 0");
  assert.match(String(resultOf(await end).stdout), /done/);
  await until(() => !isAlive(number("grandchild")), "the grandchild is gone");
});

test("what is left of the group without its output ends with the command", async () => {
  const { end, number } = begin("sleep 300 >/dev/null 2>&1 & echo grandchild $!; exit 0");
  assert.is(resultOf(await end).exitCode, 0);
  await until(() => !isAlive(number("grandchild")), "the grandchild is gone");
});

test("output of a grandchild after the exit is still read", async () => {
  const { end, runId } = begin("(sleep 0.2; echo late) & echo early; exit 0");
  assert.is(resultOf(await end).stdout, "early\nlate\n");
  assert.is(rig.printed(runId), "early\nlate\n");
});

test("signals after the end reach nobody", async () => {
  const { handle, end } = begin("exit 0");
  assert.is(resultOf(await end).exitCode, 0);
  handle.abort(timedOut);
  handle.terminate?.();
});

test("1 GiB of output is capped, said to be, and never stands in memory", async () => {
  const before = process.memoryUsage.rss();
  let most = before;
  const meter = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  const { end, runId } = begin("head -c 1073741824 /dev/zero; echo the end");
  const { stdout, stdoutCutBytes } = resultOf(await end);
  clearInterval(meter);
  assert.match(String(stdout), /the end\n$/);
  assert.is(stdoutCutBytes, 2 ** 30 + 8 - 4_096);
  // Pieces of 64 KiB wait for the garbage collector, up to 100 MB of them, whatever comes in all.
  assert.ok(most - before < 2 ** 28, `grew by ${most - before} bytes`);
  const log = readFileSync(join(rig.directory, `logs/runs/t/${runId}.log`), "latin1");
  assert.ok(log.length < bytesMax + 128);
  assert.is(log.split(`\u001e{"cut":${bytesMax}}\n`).length, 2, "said once");
});

test("a full disk costs output and nothing else, and is told once", async () => {
  const warned = rig.warnings.length;
  const full = commandRunner({ ...rig, output: { fileOf: () => ({ path: "/dev/full", bytesMax }) } });
  for (const attempt of [1, 2]) {
    const { end } = start(full.runner, orderOf({ command: ["echo", "hello"] }, { attempt }));
    assert.is(resultOf(await end).stdout, "hello\n");
  }
  full.reaper.close();
  assert.equal(rig.warnings.slice(warned), ["Output of commands cannot be kept and is dropped"]);
});

test("files of logs are for their owner only", () => {
  const path = join(rig.directory, "logs", "runs", "t");
  assert.is(statSync(path).mode & 0o777, 0o700);
  assert.is(statSync(join(path, "run_1.log")).mode & 0o777, 0o600);
});

test("close() kills what is under way, and waits for it", async () => {
  const { runner: another, reaper: itsReaper } = commandRunner(rig);
  const order = orderOf({ command: "trap '' TERM; while :; do sleep 1; done", shell: true });
  const ends = [1, 2, 3].map((run) => start(another, { ...order, target: order.target, runId: `run_c${run}` }).end);
  await another.close();
  for (const end of ends) assert.is(failureOf(await end).ending, "process-killed");
  itsReaper.close();
});

test.run();

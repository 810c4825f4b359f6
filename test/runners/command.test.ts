/** Commands, as real processes: how they start, what they are given, and how they end. */

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { detailsBytesMax } from "../../src/core/logged-error.ts";
import { checkPayload } from "../../src/core/payload.ts";
import type { AttemptOrder } from "../../src/ports.ts";
import { suite } from "../support/suite.ts";
import { commandRunner, failureOf, orderOf, resultOf, start, targetRig } from "./target-rig.ts";

const test = suite("runners/command");
const rig = targetRig();
const { runner, reaper } = commandRunner(rig);
let runs = 0;

test.after(async () => {
  await runner.close();
  reaper.close();
  rig.dispose();
});

/** Runs a command in a run of its own; `printed()` is what went to its log. */
async function run(options: object, more: Partial<AttemptOrder> = {}) {
  runs += 1;
  const runId = `run_${runs}`;
  const end = await start(runner, orderOf(options, { runId, ...more })).end;
  return { end, printed: () => rig.printed(runId), runId };
}

const shell = (text: string, more: object = {}) => ({ command: text, shell: true, ...more });
const reference = (name: string) => `\${env:${name}}`;
const script = (text: string) => ({ command: [process.execPath, "-e", text] });

test("exit code 0 is a success, with the end of standard output as result", async () => {
  const { end, printed } = await run({ command: ["printf", "%s|%s", "a b", "$HOME"] });
  assert.equal(resultOf(end), { exitCode: 0, stdout: "a b|$HOME" });
  assert.is(printed(), "a b|$HOME");
});

test("another exit code is a failure with code, last words and the end of standard error", async () => {
  const { end, printed } = await run(shell("echo to-stdout; echo first >&2; echo 'disk is full' >&2; exit 3"));
  const { code, message, details, ending } = failureOf(end);
  assert.is(code, "KRON_COMMAND_FAILED");
  assert.match(message, /got exit code 3: "disk is full"/);
  assert.equal(details, { exitCode: 3, signal: null, stderr: "first\ndisk is full\n" });
  assert.is(ending, undefined);
  assert.match(printed() ?? "", /to-stdout/);
  assert.match(printed() ?? "", /first\ndisk is full/);
});

test("a signal from somewhere else is a failure that names it", async () => {
  const killed = failureOf((await run(shell("kill -KILL $$"))).end);
  assert.equal(killed.details, { exitCode: null, signal: "SIGKILL", stderr: "" });
  assert.match(killed.hint, /memory runs out/);
  assert.is(killed.ending, undefined);
  const ended = failureOf((await run(shell("kill -TERM $$"))).end);
  assert.is(ended.details.signal, "SIGTERM");
  assert.is(ended.ending, undefined);
});

test("a program that is not there fails by name", async () => {
  const { end, printed } = await run({ command: ["no-such-program-anywhere", "x"] });
  const { code, message, details } = failureOf(end);
  assert.is(code, "KRON_COMMAND_FAILED");
  assert.match(message, /"no-such-program-anywhere"/);
  assert.is(details.cause, "ENOENT");
  assert.is(printed(), undefined);
  const whole = failureOf((await run({ command: ["pg_dump --file x.sql"] })).end);
  assert.match(whole.hint, /shell: true/);
});

test("a file that is not executable fails by name", async () => {
  writeFileSync(join(rig.directory, "plain.sh"), "#!/bin/sh\n", { mode: 0o600 });
  const { details, message } = failureOf((await run({ command: ["./plain.sh"] })).end);
  assert.is(details.cause, "EACCES");
  assert.match(message, /plain\.sh/);
});

test("a working directory that is not there is told apart from a missing program", async () => {
  const { message, hint, details } = failureOf((await run({ command: ["true"], cwd: "no/such/folder" })).end);
  assert.match(message, /Expected a directory .*no\/such\/folder/);
  assert.match(hint, /cwd/);
  assert.is(details.cause, "ENOENT");
});

test("variables too large for the system fail, and do not throw", async () => {
  // What a definition may hold is less than any system takes, but the runtime may have variables of its own.
  rig.variables.LARGE = "x".repeat(200_000);
  try {
    const { details, hint } = failureOf((await run({ command: ["true"] })).end);
    assert.is(details.cause, "E2BIG");
    assert.match(hint, /payload/);
  } finally {
    delete rig.variables.LARGE;
  }
});

test("relative directories and programs start from the base directory", async () => {
  mkdirSync(join(rig.directory, "jobs"));
  writeFileSync(join(rig.directory, "jobs", "hello.sh"), "#!/bin/sh\npwd\n");
  chmodSync(join(rig.directory, "jobs", "hello.sh"), 0o700);
  const { end } = await run({ command: ["./hello.sh"], cwd: "jobs" });
  assert.match(String(resultOf(end).stdout), /\/jobs\n$/);
  assert.match(String(resultOf((await run({ command: ["jobs/hello.sh"] })).end).stdout), /kron-run-\w+\n$/);
});

test("a command knows its run", async () => {
  const text = "env | grep ^KRON_ | grep -v KRON_SPAWN_MARK | sort";
  const { end, runId } = await run(shell(text), { attempt: 2, missedCount: 3, isManual: true, timerId: "tägl:ich" });
  assert.equal(String(resultOf(end).stdout).trim().split("\n"), [
    "KRON_ATTEMPT=2",
    "KRON_DUE_AT=2026-03-29T01:00:00.001Z",
    "KRON_FENCING_TOKEN=7",
    "KRON_IDEMPOTENCY_KEY=t:2026-03-29T01:00:00.000Z",
    "KRON_IS_MANUAL=1",
    "KRON_MAX_ATTEMPTS=3",
    "KRON_MISSED_COUNT=3",
    `KRON_RUN_ID=${runId}`,
    "KRON_SCHEDULED_AT=2026-03-29T01:00:00.000Z",
    "KRON_STARTED_AT=2026-03-29T01:00:00.002Z",
    "KRON_TIMER_ID=tägl:ich",
  ]);
});

test("variables: the runtime's, over them the target's, and none of Kron's own secrets", async () => {
  Object.assign(rig.variables, {
    SHARED: "runtime",
    KRON_TOKEN: "t",
    KRON_TOKEN_FILE: "f",
    KRON_SUPERVISOR_SOCKET: "s",
  });
  const text = 'echo "$SHARED $OWN $PASSWORD $LITERAL [$KRON_TOKEN$KRON_TOKEN_FILE$KRON_SUPERVISOR_SOCKET]"';
  rig.variables.SECRET = "s3cret";
  const env = { OWN: "target", PASSWORD: `pre-${reference("SECRET")}`, LITERAL: `$${reference("SECRET")}` };
  const { end } = await run(shell(text, { env }));
  assert.is(resultOf(end).stdout, `runtime target pre-s3cret ${reference("SECRET")} []\n`);
});

test("a variable that is not set, or is Kron's own, fails by name before anything is started", async () => {
  for (const name of ["NOT_SET_ANYWHERE", "KRON_TOKEN"]) {
    const { end, printed } = await run(shell("echo ran", { env: { X: reference(name) } }));
    const { code, message, hint } = failureOf(end);
    assert.is(code, "KRON_OPTION_INVALID");
    assert.match(message, new RegExp(name));
    assert.match(hint, /env\.X/);
    assert.is(printed(), undefined);
  }
});

test("standard input: nothing, a text, bytes, and other data as a line of JSON", async () => {
  const read = { command: ["cat"] };
  assert.is(resultOf((await run(read)).end).stdout, "");
  assert.is(resultOf((await run(read, { payload: "no line end" })).end).stdout, "no line end");
  assert.is(resultOf((await run(read, { payload: Buffer.from([65, 0, 66]) })).end).stdout, "A\u0000B");
  const payload = { a: [1, "ü"], big: 2n ** 60n, bytes: Buffer.from("hi") };
  assert.is(
    resultOf((await run(read, { payload })).end).stdout,
    '{"a":[1,"ü"],"big":"1152921504606846976","bytes":"aGk="}\n',
  );
});

test("a large input that is not read does not fail a command, nor keep it", async () => {
  const { end } = await run({ command: ["true"] }, { payload: "x".repeat(8 * 1024 * 1024) });
  assert.is(resultOf(end).exitCode, 0);
});

test("without output there is no file", async () => {
  const { printed } = await run({ command: ["true"] });
  assert.is(printed(), undefined);
});

test("all attempts of a run go to one file, each with its header, for its owner's eyes only", async () => {
  await run(shell("printf one"), { runId: "run_many", attempt: 1 });
  await run(shell("printf two"), { runId: "run_many", attempt: 2, startedAtMs: 1_774_746_030_000 });
  const text = readFileSync(join(rig.directory, "logs/runs/t/run_many.log"), "latin1");
  assert.is(text, '\u001e{"attempt":1,"at":1774746000002}\none\n\u001e{"attempt":2,"at":1774746030000}\ntwo');
});

test("binary output reaches the log byte for byte, and the result as text", async () => {
  const { end, runId } = await run(script("process.stdout.write(Buffer.from([0, 255, 254, 10, 195]))"));
  assert.is(resultOf(end).stdout, "\u0000\ufffd\ufffd\n\ufffd");
  const log = readFileSync(join(rig.directory, `logs/runs/t/${runId}.log`));
  assert.equal([...log.subarray(log.indexOf(10) + 1)], [0, 255, 254, 10, 195]);
});

test("of long output the end is kept, with the number of bytes before it", async () => {
  const { end } = await run(script('process.stdout.write("ä".repeat(4000) + "!")'));
  const { stdout, stdoutCutBytes } = resultOf(end);
  assert.is(stdout, `${"ä".repeat(2047)}!`);
  assert.is(stdoutCutBytes, 8_001 - 4_096);
});

test("details of a failure fit into the log, whatever was printed", async () => {
  for (const letter of ["x", "ä", "\\u00ff"]) {
    const text = `process.stderr.write(Buffer.from("${letter}".repeat(9000), "latin1")); process.exitCode = 2`;
    const { details } = failureOf((await run(script(text))).end);
    assert.is(details.exitCode, 2);
    assert.ok(String(details.stderr).length >= 512);
    assert.is(details.stderrCutBytes, 9_000 - 1_536);
    assert.ok(checkPayload(details, "details", detailsBytesMax) > 0);
  }
});

test("what a shell starts is given a shell's text whole", async () => {
  assert.is(resultOf((await run(shell("for i in 1 2; do echo $i; done | tr '\\n' -"))).end).stdout, "1-2-");
  assert.is(existsSync(join(rig.directory, "2")), false);
});

test.run();

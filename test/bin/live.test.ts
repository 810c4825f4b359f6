import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { kron, kronJson, scratchDirectory } from "./command-line.ts";

const test = suite("live", 120_000);
const dataDir = join(scratchDirectory(), "data");
let runtime: ChildProcess | undefined;

test.before(async () => {
  const path = repositoryPath("dist/test/bin/live-runtime.js");
  runtime = spawn(process.execPath, [path, dataDir], { stdio: ["pipe", "pipe", "inherit"] });
  const [said] = await once(runtime.stdout as NodeJS.EventEmitter, "data");
  assert.is(String(said), "ready\n");
});

test.after(() => {
  runtime?.kill("SIGKILL");
});

test("every command that reads files works beside a runtime that keeps writing", () => {
  let entries = 0;
  for (let round = 0; round < 5; round++) {
    const report = kronJson(["doctor", "--data-dir", dataDir]);
    assert.equal([report.verdict, report.problems], ["ok", []]);
    const { lastIndex } = report.journal as { lastIndex: number };
    assert.ok(lastIndex > entries, "the log has grown");
    entries = lastIndex;
    for (const args of [
      ["job", "list"],
      ["job", "history", "busy"],
      ["job", "next", "busy"],
      ["log", "verify"],
      ["log", "dump"],
    ]) {
      const { exitCode, stdout, stderr } = kron([...args, "--offline", "--data-dir", dataDir]);
      assert.equal([exitCode, stderr], [0, ""], args.join(" "));
      assert.ok(stdout.length > 0);
    }
  }
});

test("the runtime is seen, and what it is doing", () => {
  const { runtime: seen, pending } = kronJson(["doctor", "--data-dir", dataDir]);
  const { state, pid } = seen as { state: string; pid: number };
  assert.equal([state, pid], ["running", runtime?.pid]);
  const endless = (pending as { runs: { timerId: string; why: string }[] }).runs.find(
    ({ timerId }) => timerId === "endless",
  );
  assert.is(endless?.why, "attempt 1 is under way");
  assert.match(
    kron(["job", "status", "endless", "--data-dir", dataDir]).stdout,
    /\nstatus: {6}running\n.*(\n.*)*attempt 1 under way\n/,
  );
});

test("every command that reads files works beside a runtime that writes checkpoints and drops segments all the time", async () => {
  const directory = join(scratchDirectory(), "data");
  const path = repositoryPath("dist/test/bin/live-runtime.js");
  const child = spawn(process.execPath, [path, directory, "checkpoints"], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await once(child.stdout as NodeJS.EventEmitter, "data");
    for (let round = 0; round < 3; round++) {
      for (const args of [
        ["doctor"],
        ["job", "list"],
        ["job", "history", "busy", "--limit", "1000"],
        ["job", "status", "endless"],
        ["log", "verify"],
        ["log", "dump"],
      ]) {
        const { exitCode, stdout, stderr } = kron([...args, "--offline", "--data-dir", directory]);
        assert.is(exitCode, 0, `${args.join(" ")}: ${stderr}${args[1] === "dump" ? "" : stdout}`);
      }
    }
    const { journal } = kronJson(["doctor", "--data-dir", directory]) as { journal: { firstIndex: number } };
    assert.ok(journal.firstIndex > 1, "segments were dropped");
  } finally {
    child.kill("SIGKILL");
  }
});

test("log repair does not touch a directory that a runtime holds", () => {
  const { exitCode, stdout, stderr } = kron(["log", "repair", "--accept-loss", "--data-dir", dataDir]);
  assert.equal([exitCode, stdout], [5, ""]);
  assert.match(stderr, new RegExp(`^kron: Expected .* to be free, but process ${runtime?.pid} holds it\nhint: `));
});

test("a runtime that was killed is known to be gone", async () => {
  runtime?.kill("SIGKILL");
  await once(runtime as ChildProcess, "exit");
  const report = kronJson(["doctor", "--data-dir", dataDir]);
  assert.is((report.runtime as { state: string }).state, "ended");
  assert.ok((report.notes as { code: string }[]).some(({ code }) => code === "runtime-ended"));
  const runs = (report.pending as { runs: { timerId: string; why: string }[] }).runs;
  assert.match(runs.find(({ timerId }) => timerId === "endless")?.why ?? "", /was under way when the process ended/);
  assert.equal(report.problems, []);
});

test.run();

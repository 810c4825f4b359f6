/** A runtime that is killed takes its commands with it, and the next one carries on with their runs. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { isAlive, until } from "../support/processes.ts";
import { freshDirectory, make, nextRun, removeDirectories } from "../support/runtimes.ts";
import { suite } from "../support/suite.ts";

const test = suite("runtime/killed", 60_000);
const ownerPath = fileURLToPath(new URL("./command-owner.js", import.meta.url));

test.after(removeDirectories);

/** All that runs of the timer have printed. */
function logOf(dataDir: string): string {
  const folder = join(dataDir, "logs", "runs", "t");
  if (!existsSync(folder)) return "";
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");
}

test("a runtime that is killed takes its commands with it, and their runs are lost and retried", async () => {
  const dataDir = freshDirectory();
  const file = join(dataDir, "..", "pids");
  const owner = spawn(process.execPath, [ownerPath, dataDir, file], { stdio: ["ignore", "inherit", "inherit"] });
  const closed = new Promise((resolve) => owner.once("close", resolve));
  let pids: number[] = [];
  const areThere = (): boolean => {
    try {
      pids = readFileSync(file, "utf8").trim().split(" ").map(Number);
    } catch {
      // The command has not begun yet.
    }
    return pids.length === 2;
  };
  await until(areThere, "the command runs");
  // What is still in the pipe when the runtime is killed is lost with it.
  await until(() => logOf(dataDir).includes("working"), "its output is in the log");
  assert.equal(pids.map(isAlive), [true, true]);
  owner.kill("SIGKILL");
  await closed;
  await until(() => !pids.some(isAlive), "the command and what it started are gone");

  const kron = make({ dataDir });
  const ended = nextRun(kron, "RUN_SUCCEEDED");
  await kron.start();
  await ended;
  const [entry] = await kron.history("t");
  await kron.shutdown();
  assert.equal([entry?.attempts, entry?.failures.map(({ outcome }) => outcome)], [2, ["LOST"]]);
  assert.match(logOf(dataDir), /"attempt":1,.*\nworking\n$/);
});

test("a runtime that is killed takes its hosts with it, also one whose module never returns", async () => {
  const dataDir = freshDirectory();
  const baseDir = freshDirectory();
  mkdirSync(baseDir, { recursive: true });
  writeFileSync(
    join(baseDir, "stays.mjs"),
    `import { writeFileSync } from "node:fs";
     export default ({ attempt }) => {
       if (attempt > 1) return "second";
       writeFileSync(new URL("pid", import.meta.url), String(process.pid));
       for (;;);
     };`,
  );
  const ownerPath = fileURLToPath(new URL("./module-owner.js", import.meta.url));
  const owner = spawn(process.execPath, [ownerPath, dataDir, baseDir], { stdio: ["ignore", "inherit", "inherit"] });
  const closed = new Promise((resolve) => owner.once("close", resolve));
  const pidOf = (): number => (existsSync(join(baseDir, "pid")) ? Number(readFileSync(join(baseDir, "pid"))) : 0);
  await until(() => pidOf() > 0, "the module runs");
  assert.ok(isAlive(pidOf()) && pidOf() !== owner.pid);
  owner.kill("SIGKILL");
  await closed;
  await until(() => !isAlive(pidOf()), "the host is gone");

  const kron = make({ dataDir, baseDir });
  const ended = nextRun(kron, "RUN_SUCCEEDED");
  await kron.start();
  await ended;
  const [entry] = await kron.history("t");
  await kron.shutdown();
  assert.equal([entry?.result, entry?.failures.map(({ outcome }) => outcome)], ["second", ["LOST"]]);
});

test.run();

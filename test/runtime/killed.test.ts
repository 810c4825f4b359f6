/** A runtime that is killed takes its commands with it, and the next one carries on with their runs. */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { isAlive, until } from "../support/processes.ts";
import { freshDirectory, make, nextRun, removeDirectories } from "../support/runtimes.ts";
import { suite } from "../support/suite.ts";

const test = suite("runtime/killed", 60_000);
const ownerPath = fileURLToPath(new URL("./command-owner.js", import.meta.url));

test.after(removeDirectories);

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
  const log = readFileSync(join(dataDir, "logs", "runs", "t", `${entry?.runId}.log`), "utf8");
  assert.match(log, /"attempt":1,.*\nworking\n$/);
});

test.run();

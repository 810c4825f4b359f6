/** Modules under `kron supervise`: they run in hosts, whose deaths and whose supervisor's death are felt at once. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { kronJson } from "../bin/command-line.ts";
import { isAlive, until } from "../support/processes.ts";
import { suite } from "../support/suite.ts";
import { nextEvent, Supervised } from "./supervised.ts";

const test = suite("supervise/modules", 60_000);

/** Writes the modules of these tests; returns where a file of them is. */
function writeModules({ folder }: Supervised): (name: string) => string {
  mkdirSync(join(folder, "jobs"), { recursive: true });
  const at = (name: string): string => join(folder, "jobs", name);
  writeFileSync(at("pid.mjs"), "export default () => process.pid;");
  writeFileSync(
    at("waits.mjs"),
    `import { writeFileSync } from "node:fs";
     export default async ({ attempt }) => {
       writeFileSync(new URL("pid-" + attempt, import.meta.url), String(process.pid));
       if (attempt === 1) await new Promise(() => undefined);
       return "again";
     };`,
  );
  return at;
}

function pidIn(path: string): number {
  return existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
}

test("a module runs in a host, neither in the app nor in the supervisor, and the status shows it", async () => {
  const supervised = await Supervised.ready();
  const at = writeModules(supervised);
  const attached = await supervised.kron();
  const succeeded = nextEvent(attached, "RUN_SUCCEEDED", "module");
  await attached.schedule("module", { after: 0, module: pathToFileURL(at("pid.mjs")) });
  const { result } = await succeeded;
  assert.ok(![supervised.pid, supervised.appPid, process.pid].includes(result as number));
  const { runtime } = kronJson(["runtime", "status", "--data-dir", supervised.dataDir]) as {
    runtime: { hosts: { pid: number; state: string }[] };
  };
  assert.equal(
    runtime.hosts.map(({ pid, state }) => [pid, state]),
    [[result, "ready"]],
  );
  await supervised.stop();
  assert.is(isAlive(result as number), false);
  supervised.assertSound();
});

test("a host that is killed loses its attempts at once, and they are tried again in another", async () => {
  const supervised = await Supervised.ready();
  const at = writeModules(supervised);
  const attached = await supervised.kron();
  const retry = { maxAttempts: 2, base: 1 };
  // Before the run begins, so that events are on their way when there are any.
  const lost = nextEvent(attached, "RUN_LOST", "module");
  const again = nextEvent(attached, "RUN_SUCCEEDED", "module");
  await attached.schedule("module", { after: 0, module: at("waits.mjs"), retry });
  await until(() => pidIn(at("pid-1")) > 0, "the module runs");
  process.kill(pidIn(at("pid-1")), "SIGKILL");
  const { error } = await lost;
  assert.is(error?.code, "KRON_RUNNER_LOST");
  assert.is((await again).result, "again");
  assert.is.not(pidIn(at("pid-1")), pidIn(at("pid-2")));
  await supervised.stop();
  supervised.assertSound();
});

test("a supervisor that is killed takes its hosts with it", async () => {
  const supervised = await Supervised.ready();
  const at = writeModules(supervised);
  const attached = await supervised.kron();
  await attached.schedule("module", { after: 0, module: at("waits.mjs") });
  await until(() => pidIn(at("pid-1")) > 0, "the module runs");
  await supervised.kill();
  await until(() => !isAlive(pidIn(at("pid-1"))), "the host is gone");
});

test.run();

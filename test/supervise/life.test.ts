/** An app under `kron supervise` from its start to its end, and what the exit code says of it. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { kron, kronJson, scratchDirectory } from "../bin/command-line.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { endSupervised, nextEvent, Supervised } from "./supervised.ts";

const test = suite("supervise/life", 60_000);

test("callbacks run in the app, and the command line is answered by the supervisor", async () => {
  const supervised = await Supervised.ready("plain", ["--concurrency", "7"]);
  const attached = await supervised.kron();
  const succeeded = nextEvent(attached, "RUN_SUCCEEDED");
  await attached.trigger("job");
  assert.is((await succeeded).result, supervised.appPid);
  const listed = kronJson(["job", "list", "--data-dir", supervised.dataDir]) as { timers: { id: string }[] };
  assert.equal(
    listed.timers.map(({ id }) => id),
    ["job", "short"],
  );
  const { runtime } = kronJson(["runtime", "status", "--data-dir", supervised.dataDir]) as { runtime: Status };
  assert.equal([runtime.mode, runtime.pid, runtime.concurrency], ["supervised", supervised.pid, 7]);
  const { pid, instance, state, callbacks, restarts } = runtime.apps[0] ?? {};
  assert.equal([pid, instance, state, callbacks, restarts], [supervised.appPid, 0, "ready", 2, 0]);
  await supervised.stop();
  supervised.assertSound();
});

test("the app is told where its supervisor is, and its children are not", async () => {
  const supervised = await Supervised.ready();
  assert.ok(
    supervised.lines.some((line) => line.endsWith("supervised true")),
    "the variable is gone once Kron is loaded",
  );
  await supervised.stop();
});

test("output is shown with its instance in front, and kept as it is", async () => {
  const supervised = await Supervised.ready("plain", ["-i", "2"]);
  for (const name of ["app-0", "app-1"]) await supervised.line(new RegExp(`^${name} \\| started$`));
  await supervised.stop();
  const kept = readFileSync(join(supervised.dataDir, "logs", "app.log"), "utf8");
  assert.is(kept.split("\n").filter((line) => line === "started").length, 2);
});

test("an app that is killed is started again, its runs are lost at once and tried again", async () => {
  const supervised = await Supervised.ready();
  const attached = await supervised.kron();
  await supervised.begin("wait");
  const lost = nextEvent(attached, "RUN_LOST");
  const again = nextEvent(attached, "RUN_SUCCEEDED");
  process.kill(supervised.appPid, "SIGKILL");
  const { error } = await lost;
  assert.match(error?.message ?? "", /gone/);
  assert.is((await again).attempt, 2);
  assert.is(supervised.appPids.length, 2);
  await supervised.stop();
  supervised.assertSound();
});

test("runs under way may end before the supervisor does, and the app after them", async () => {
  const supervised = await Supervised.ready("drain");
  await supervised.begin("slow");
  await supervised.stop();
  const drained = supervised.lines.findIndex((line) => line.includes("| drained"));
  assert.ok(drained > 0, supervised.lines.join("\n"));
  assert.is(historyOf(supervised, "job")[0]?.outcome, "SUCCEEDED");
  supervised.assertSound();
});

test("kron runtime shutdown ends a supervisor as SIGTERM does", async () => {
  const supervised = await Supervised.ready();
  assert.is(kron(["runtime", "shutdown", "--data-dir", supervised.dataDir]).exitCode, 0);
  assert.equal(await supervised.exited, { code: 0, signal: null });
  supervised.assertAllGone();
});

test("what cannot be supervised is refused before anything is opened", async () => {
  const dataDir = join(scratchDirectory(), "data");
  const none = kron(["supervise", "none.js", "--data-dir", dataDir]);
  assert.equal([none.exitCode, /none\.js is not there/.test(none.stderr)], [2, true]);
  const wrong = kron(["supervise", "-i", "x", "none.js", "--data-dir", dataDir]);
  assert.equal([wrong.exitCode, /--instances/.test(wrong.stderr)], [2, true]);
});

test("a second supervisor of a directory is told who holds it", async () => {
  const supervised = await Supervised.ready();
  const second = Supervised.start("plain", [], { folder: supervised.folder });
  assert.is((await second.exited).code, 5);
  assert.ok(
    second.lines.some((line) => line.includes(`process ${supervised.pid} holds it`)),
    second.lines.join("\n"),
  );
  await supervised.stop();
});

test("an app that names another directory than its supervisor's has a runtime of its own there", async () => {
  const folder = scratchDirectory();
  const script = join(folder, "own.mjs");
  const library = pathToFileURL(repositoryPath("dist/src/index.js")).href;
  const body = `import { Kron } from ${JSON.stringify(library)};
    const kron = new Kron({ dataDir: ${JSON.stringify(join(folder, "own"))}, snapshot: "file" });
    await kron.start();
    console.log("own", (await kron.runtime()).dataDir, process.env.KRON_HOME);
    process.send("ready");
    process.once("SIGTERM", () => kron.shutdown());`;
  writeFileSync(script, body);
  const supervised = Supervised.start("x", [], { folder, script });
  const [, own, home] = await supervised.line(/\| own (\S+) (\S+)/);
  assert.equal([own, home], [join(folder, "own"), supervised.dataDir]);
  await supervised.line(/is ready/);
  await supervised.stop();
});

test("arguments of the app come behind a dash, and a script's error is shown", async () => {
  const folder = scratchDirectory();
  const script = join(folder, "broken.mjs");
  writeFileSync(script, "console.log(process.argv.slice(2).join());\nthrow new Error('as planned');\n");
  const supervised = Supervised.start("x", ["--restart", "never"], { folder, script });
  assert.is((await supervised.exited).code, 1);
  assert.ok(supervised.lines.some((line) => line.startsWith("app-0 ! ") && line.includes("as planned")));
});

test.after(endSupervised);
test.run();

interface Status {
  readonly mode: string;
  readonly concurrency: number;
  readonly pid: number;
  readonly apps: readonly {
    readonly pid: number;
    readonly instance: number;
    readonly state: string;
    readonly callbacks: number;
    readonly restarts: number;
  }[];
}

function historyOf({ dataDir }: Supervised, timer: string): readonly { readonly outcome: string }[] {
  const { entries } = kronJson(["job", "history", timer, "--data-dir", dataDir]) as {
    entries?: readonly { readonly outcome: string }[];
  };
  return entries ?? [];
}

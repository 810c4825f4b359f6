/** Replacing an app while it works: by hand, by a signal, by a changed file, for its memory. No occurrence is lost or doubled. */

import { appendFileSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { kron, kronJson, scratchDirectory } from "../bin/command-line.ts";
import { until } from "../support/processes.ts";
import { suite } from "../support/suite.ts";
import { endSupervised, nextEvent, Supervised } from "./supervised.ts";

const test = suite("supervise/reload", 90_000);

test("a reload under load loses no run and doubles none", async () => {
  const supervised = await Supervised.ready("busy");
  for (const generation of ["2", "3"]) {
    await until(() => supervised.noted().length > 30 * Number(generation), "runs go on");
    supervised.setGeneration(generation);
    const reloaded = kron(["reload", "--data-dir", supervised.dataDir]);
    assert.is(reloaded.exitCode, 0, reloaded.stderr);
    await supervised.line(new RegExp(`app \\d+ generation ${generation}`));
  }
  const before = supervised.noted().length;
  await until(() => supervised.noted().length > before + 20, "the new one takes the runs");
  await supervised.stop();
  const noted = supervised.noted().map((line) => line.split(" "));
  const runIds = noted.map(([, runId]) => runId);
  assert.is(new Set(runIds).size, runIds.length, "no run began twice");
  assert.ok(noted.every(([, , attempt]) => attempt === "1"));
  const args = ["job", "history", "busy", "--limit", "100000", "--data-dir", supervised.dataDir];
  const { entries } = kronJson(args) as { entries: { outcome: string; runId?: string; attempts: number }[] };
  const ran = entries.filter(({ outcome }) => outcome === "SUCCEEDED").map(({ runId }) => runId);
  assert.equal(new Set(ran), new Set(runIds), "what ran is what is on record");
  assert.equal(
    entries.filter(({ outcome, attempts }) => outcome !== "SUCCEEDED" || attempts !== 1),
    [],
  );
  assert.is(new Set(noted.map(([, , , pid]) => pid)).size, 3, "three apps ran them");
  supervised.assertSound();
});

test("a run under way ends in the old app while the new one takes what comes", async () => {
  const supervised = await Supervised.ready();
  const attached = await supervised.kron();
  await supervised.begin("slow");
  supervised.setGeneration("2");
  const slow = nextEvent(attached, "RUN_SUCCEEDED");
  supervised.signal("SIGHUP");
  await supervised.line(/has taken the place/);
  assert.is((await slow).result, "done in generation 1");
  await supervised.line(/app-0 .*is ready, and has taken/);
  const [old, current] = supervised.appPids;
  const next = nextEvent(attached, "RUN_SUCCEEDED");
  await attached.trigger("job");
  assert.is((await next).result, current);
  await until(() => !isThere(old), "the old app has ended");
  await supervised.stop();
  supervised.assertSound();
});

test("a new app that does not get ready leaves the old one where it is, and says why", async () => {
  const supervised = await Supervised.ready("plain", ["--ready-timeout", "5s"]);
  const attached = await supervised.kron();
  supervised.setGeneration("crash");
  const failed = kron(["reload", "--data-dir", supervised.dataDir]);
  assert.is(failed.exitCode, 1);
  assert.match(failed.stderr, /exited with code 3/);
  supervised.setGeneration("never");
  const late = kron(["reload", "--data-dir", supervised.dataDir]);
  assert.is(late.exitCode, 1);
  assert.match(late.stderr, /not within 5000 ms/);
  const succeeded = nextEvent(attached, "RUN_SUCCEEDED");
  await attached.trigger("job");
  assert.is((await succeeded).result, supervised.appPids[0]);
  await supervised.stop();
});

test("kron restart ends the app before it starts another; a runtime in an app cannot be renewed", async () => {
  const supervised = await Supervised.ready();
  const restarted = kron(["restart", "--data-dir", supervised.dataDir]);
  assert.equal([restarted.exitCode, restarted.stdout], [0, "the app is restarted\n"]);
  await until(() => supervised.appPids.length === 2, "another was started");
  await supervised.stop();
  const none = kron(["reload", "--data-dir", supervised.dataDir]);
  assert.is(none.exitCode, 4);
});

test("each run goes to one instance, and instances are reloaded one after another", async () => {
  const supervised = Supervised.start("plain", ["-i", "2", "--stop-timeout", "1s"]);
  await Promise.all([supervised.line(/app-0 .*is ready/), supervised.line(/app-1 .*is ready/)]);
  for (let run = 0; run < 4; run++) await supervised.begin("wait");
  const pids = supervised.noted().map((line) => line.split(" ")[3]);
  assert.is(pids.length, 4, "each began once");
  assert.is(new Set(pids).size, 2, "both have some to do");
  assert.is(pids.filter((pid) => pid === pids[0]).length, 2, "each has as much to do");
  const reloaded = kronJson(["reload", "--data-dir", supervised.dataDir]);
  assert.is(reloaded.instances, 2);
  await until(() => supervised.appPids.length === 4, "both were replaced");
  supervised.signal("SIGINT");
  supervised.signal("SIGINT");
  await supervised.exited;
  supervised.assertSound();
});

test("--watch reloads when a file changes, once for many changes, and mends an app that was given up", async () => {
  const folder = scratchDirectory();
  const script = join(folder, "app", "main.mjs");
  const write = (text: string): void => writeFileSync(script, text);
  const { mkdirSync } = await import("node:fs");
  mkdirSync(join(folder, "app"));
  const alive = "process.send('ready'); setInterval(() => undefined, 1000);";
  write(`console.log('one'); ${alive}`);
  const supervised = Supervised.start("x", ["--watch", "--max-restarts", "0"], { folder, script });
  await supervised.line(/is ready/);
  const reloaded = supervised.next(/has taken the place/);
  write(`console.log('two'); ${alive}`);
  appendFileSync(script, "\n");
  copyFileSync(script, join(folder, "app", "other.mjs"));
  await reloaded;
  assert.is(supervised.lines.filter((line) => line.includes("has changed")).length, 1);
  await supervised.line(/\| two/);
  write("process.exit(4);");
  await supervised.line(/was not reloaded: .*code 4/);
  supervised.signal("SIGTERM");
  assert.is((await supervised.exited).code, 0);
});

test("an instance that takes too much memory for a while is reloaded", async () => {
  const supervised = await Supervised.ready("plain", ["--max-memory", "200MB"]);
  await supervised.begin("grow");
  await supervised.line(/takes \d+ MiB of memory/);
  await supervised.line(/has taken the place/);
  supervised.signal("SIGINT");
  supervised.signal("SIGINT");
  await supervised.exited;
});

test.after(endSupervised);
test.run();

function isThere(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? 0, 0);
  } catch {
    return false;
  }
}

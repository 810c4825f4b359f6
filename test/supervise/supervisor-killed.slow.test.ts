/** A supervisor that is killed without a word: the app ends by itself, and the next supervisor accounts for everything. */

import * as assert from "uvu/assert";
import { kronJson } from "../bin/command-line.ts";
import { isAlive } from "../support/processes.ts";
import { suite } from "../support/suite.ts";
import { endSupervised, Supervised } from "./supervised.ts";

const test = suite("supervise/supervisor-killed", 90_000);

/** The reaper's grace, and what a loaded machine needs on top. */
const killDeadlineMs = 5_000 + 10_000;

for (const { phase, way, what } of [
  { phase: "between two runs", way: "plain", what: undefined },
  { phase: "during a run", way: "plain", what: "wait" },
  { phase: "during a run that never returns", way: "plain", what: "loop" },
  { phase: "during a run of an app that ignores SIGTERM", way: "stubborn", what: "ignore" },
]) {
  test(`killed ${phase}: the app ends within the deadline, and a restart accounts for all`, async () => {
    const supervised = await Supervised.ready(way);
    if (what !== undefined) await supervised.begin(what);
    assert.ok((await supervised.kill()) < killDeadlineMs);
    supervised.assertSound();
    await accountFor(supervised, what === undefined ? 0 : 1);
  });
}

test("killed while the app starts, and while it is reloaded: no app is left", async () => {
  const starting = Supervised.start("never");
  await starting.line(/app \d+ generation/);
  assert.ok((await starting.kill()) < killDeadlineMs);
  starting.assertSound();

  const reloading = await Supervised.ready();
  reloading.setGeneration("never");
  const next = reloading.next(/generation never/);
  reloading.signal("SIGHUP");
  await next;
  assert.is(reloading.appPids.filter(isAlive).length, 2);
  assert.ok((await reloading.kill()) < killDeadlineMs);
  await accountFor(reloading, 0);
});

test("killed between the end of a run and its record: the run has one outcome after the restart", async () => {
  const supervised = await Supervised.ready("busy");
  await supervised.line(/started/);
  const untilMs = performance.now() + 20_000;
  while (supervised.noted().length < 30 && performance.now() < untilMs)
    await new Promise((done) => setTimeout(done, 10));
  // Runs of 30 ms begin every 20 ms, so at any instant some end.
  await supervised.kill();
  supervised.assertSound();
  const again = await Supervised.ready("busy", [], supervised.folder);
  await again.line(/started/);
  await again.stop();
  again.assertSound();
  const noted = again.noted().map((line) => line.split(" "));
  const attempts = noted.map(([, runId, attempt]) => `${runId} ${attempt}`);
  assert.is(new Set(attempts).size, attempts.length, "no attempt began twice");
});

test("an app whose supervisor and reaper are both killed ends by itself", async () => {
  const supervised = await Supervised.ready("drain");
  const { appPid } = supervised;
  const reapers = await reaperOf(supervised.pid);
  assert.is(reapers.length, 1);
  for (const pid of reapers) process.kill(pid, "SIGKILL");
  assert.ok((await supervised.kill()) < killDeadlineMs);
  assert.not.ok(isAlive(appPid));
});

test.after(endSupervised);
test.run();

/** Starts it again on the same directory: what was under way was lost, and has been tried again. */
async function accountFor(killed: Supervised, lostCount: number): Promise<void> {
  killed.setGeneration("1");
  const again = await Supervised.ready("plain", [], killed.folder);
  if (lostCount > 0) await again.line(/attempt 2/);
  await again.stop();
  again.assertSound();
  const { entries } = kronJson(["job", "history", "job", "--data-dir", again.dataDir]) as { entries: Entry[] };
  assert.is(entries.length, lostCount);
  for (const { outcome, failures } of entries) assert.equal([outcome, failures[0]?.outcome], ["SUCCEEDED", "LOST"]);
}

interface Entry {
  readonly outcome: string;
  readonly failures: readonly { readonly outcome: string }[];
}

/** The processes of a shell among the children of `pid`. */
async function reaperOf(pid: number): Promise<number[]> {
  const { readFileSync, readdirSync } = await import("node:fs");
  return readdirSync("/proc").flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const [, command = "", parent] = /^\d+ \((.*)\) \S (\d+) /.exec(stat) ?? [];
      return Number(parent) === pid && /sh$/.test(command) ? [Number(name)] : [];
    } catch {
      // No process, or gone by now.
      return [];
    }
  });
}

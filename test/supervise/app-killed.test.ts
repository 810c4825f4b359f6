/** An app that ends at the worst moment of a run. Each run has one outcome, and the app comes back. */

import * as assert from "uvu/assert";
import { kronJson } from "../bin/command-line.ts";
import { suite } from "../support/suite.ts";
import { endSupervised, nextEvent, Supervised } from "./supervised.ts";

const test = suite("supervise/app-killed", 60_000);

test("between two runs: what becomes due meanwhile runs when it is back", async () => {
  const supervised = await Supervised.ready("due");
  await supervised.line(/due run_\w+ attempt 1/);
  for (let kill = 0; kill < 2; kill++) {
    const ready = supervised.next(/is ready/);
    process.kill(supervised.appPid, "SIGKILL");
    await ready;
    await supervised.next(/due run_\w+ attempt 1/);
  }
  await supervised.stop();
  const { entries } = kronJson(["job", "history", "due", "--data-dir", supervised.dataDir]) as { entries: Entry[] };
  // What is due while a run that was lost waits for its next attempt overlaps with it.
  const outcomes = new Set(["SUCCEEDED", "MISSED", "SKIPPED_OVERLAP"]);
  assert.equal(
    [...new Set(entries.map(({ outcome }) => outcome))].filter((outcome) => !outcomes.has(outcome)),
    [],
  );
  supervised.assertSound();
});

test("in the midst of a run, by itself or from outside: the run is lost and tried again", async () => {
  const supervised = await Supervised.ready();
  const attached = await supervised.kron();
  for (const what of ["die", "wait"]) {
    const lost = nextEvent(attached, "RUN_LOST");
    const again = nextEvent(attached, "RUN_SUCCEEDED");
    await supervised.begin(what);
    if (what === "wait") process.kill(supervised.appPid, "SIGKILL");
    const { runId } = await lost;
    const succeeded = await again;
    assert.equal([succeeded.runId, succeeded.attempt], [runId, 2]);
  }
  assert.is(supervised.appPids.length, 3);
  await supervised.stop();
  supervised.assertSound();
});

test("between the end of a run and its record: it has one outcome all the same", async () => {
  const supervised = await Supervised.ready("plain", ["--restart-delay", "10ms", "--max-restarts", "100"]);
  const attached = await supervised.kron();
  for (let run = 0; run < 5; run++) {
    const ready = supervised.next(/is ready/);
    const succeeded = nextEvent(attached, "RUN_SUCCEEDED");
    const runId = await supervised.begin("end and die");
    assert.is((await succeeded).runId, runId);
    await ready;
  }
  const entries = await attached.history("job");
  assert.equal(
    entries.map(({ outcome }) => outcome),
    Array(5).fill("SUCCEEDED"),
  );
  await supervised.stop();
  const noted = supervised.noted().map((line) => line.split(" ").slice(3, 5).join(" "));
  assert.is(new Set(noted).size, noted.length, "no attempt began twice");
  supervised.assertSound();
});

test("while it starts, and while the next one does: another is started", async () => {
  const supervised = await Supervised.ready("plain", ["--restart-delay", "10ms"]);
  const starting = supervised.next(/app \d+ generation/);
  process.kill(supervised.appPid, "SIGKILL");
  await starting;
  const again = supervised.next(/app \d+ generation/);
  process.kill(supervised.appPid, "SIGKILL");
  await again;
  await supervised.next(/is ready/).catch(() => undefined);
  await supervised.stop();
  supervised.assertSound();
});

test("stuck in a callback that never returns: it is killed for the timeout, which is what is recorded", async () => {
  const supervised = await Supervised.ready();
  const attached = await supervised.kron();
  const timedOut = nextEvent(attached, "RUN_TIMED_OUT", "short");
  const ready = supervised.next(/is ready/);
  await supervised.begin("loop", "short");
  await timedOut;
  await ready;
  assert.is(supervised.appPids.length, 2);
  const [entry] = await attached.history("short");
  assert.is(entry?.failures[0]?.outcome, "TIMED_OUT");
  await supervised.stop();
  supervised.assertSound();
});

test("a callback that ignores its signal is given up, and the app goes on", async () => {
  const supervised = await Supervised.ready();
  const attached = await supervised.kron();
  const timedOut = nextEvent(attached, "RUN_TIMED_OUT", "short");
  await supervised.begin("ignore", "short");
  await timedOut;
  const succeeded = nextEvent(attached, "RUN_SUCCEEDED");
  await attached.trigger("job");
  assert.is((await succeeded).result, supervised.appPids[0]);
  await supervised.stop();
});

test.after(endSupervised);
test.run();

interface Entry {
  readonly outcome: string;
}

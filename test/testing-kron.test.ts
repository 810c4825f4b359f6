import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron } from "../src/index.ts";
import { VirtualClock } from "../src/testing.ts";
import { suite } from "./support/suite.ts";

const test = suite("testing with kron");
const root = mkdtempSync(join(tmpdir(), "kron-testing-"));
let directories = 0;

function never(): Promise<void> {
  return new Promise(() => undefined);
}

function directory(): string {
  directories += 1;
  return join(root, String(directories));
}

test.after(() => rmSync(root, { recursive: true }));

test("a day of a runtime over a real directory passes as fast as its runs do", async () => {
  const clock = new VirtualClock("2026-03-28T12:00:00Z");
  const kron = new Kron({ clock, dataDir: directory() });
  const reports: string[] = [];
  await kron.schedule("report", { cron: "30 2 * * *", timezone: "Europe/Rome" }, ({ scheduledAt }) => {
    reports.push(scheduledAt.toISOString());
  });
  await kron.start();
  await clock.advance("2d");
  // On the 29th the clocks go from 02:00 to 03:00: the run is made up at the end of the gap.
  assert.equal(reports, ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]);
  await kron.shutdown();
});

test("retries, timeouts and results settle within the step that brings them", async () => {
  const clock = new VirtualClock("2026-01-01T00:00:00Z");
  const kron = new Kron({ clock, dataDir: directory() });
  await kron.schedule("flaky", { after: "1m", retry: { base: "10s", backoff: "fixed" } }, ({ attempt }) => {
    if (attempt < 3) throw new Error("not yet");
    return attempt;
  });
  await kron.schedule("stuck", { after: "1m", timeout: "5s", grace: "1s", retry: false }, never);
  await kron.start();
  await clock.advance("1m");
  assert.is((await kron.status("flaky"))?.state, "retrying");
  await clock.advance("20s");
  const [flaky] = await kron.history("flaky");
  assert.equal([flaky?.outcome, flaky?.attempts, flaky?.result], ["SUCCEEDED", 3, 3]);
  const [stuck] = await kron.history("stuck");
  assert.equal([stuck?.outcome, stuck?.failures[0]?.outcome], ["DEAD", "TIMED_OUT"]);
  assert.is((await kron.runtime()).abandoned, 1);
  await kron.shutdown();
});

test("a machine that slept tells its timers what they missed", async () => {
  const clock = new VirtualClock("2026-01-01T00:00:00Z");
  const kron = new Kron({ clock, dataDir: directory() });
  const missed: number[] = [];
  const steps: number[] = [];
  kron.on("clock", ({ deltaMs }) => steps.push(deltaMs));
  await kron.schedule("hourly", { cron: "0 * * * *" }, ({ missedCount }) => {
    missed.push(missedCount);
  });
  await kron.start();
  await clock.advance("2h");
  await clock.suspend("5h");
  await clock.advance("31s");
  assert.equal(missed, [0, 0, 4]);
  assert.equal(steps, [5 * 3_600_000]);
  await kron.shutdown();
});

test.run();

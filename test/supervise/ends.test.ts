/** How an app and its supervisor come to an end that nobody wished for, and what the exit code says of it. */

import * as assert from "uvu/assert";
import { kronJson } from "../bin/command-line.ts";
import { isAlive } from "../support/processes.ts";
import { suite } from "../support/suite.ts";
import { endSupervised, Supervised } from "./supervised.ts";

const test = suite("supervise/ends", 60_000);

test("an app that fails all the time is given up, with exit code 1", async () => {
  const supervised = Supervised.start("crash", ["--max-restarts", "3", "--restart-delay", "10ms"]);
  assert.equal(await supervised.exited, { code: 1, signal: null });
  assert.is(supervised.lines.filter((line) => line.includes("it exited with code 3")).length, 4);
  assert.ok(supervised.lines.some((line) => line.includes("failed too often")));
  supervised.assertSound();
});

test("an app that is never to be started again ends the supervisor with what it ended with", async () => {
  const failed = Supervised.start("crash", ["--restart", "never"]);
  assert.is((await failed.exited).code, 1);
  const ended = Supervised.start("end");
  assert.is((await ended.exited).code, 0);
});

test("an app that never gets ready is ended and started again", async () => {
  const supervised = Supervised.start("never", ["--ready-timeout", "700ms", "--max-restarts", "1"]);
  assert.is((await supervised.exited).code, 1);
  const pids = supervised.lines.flatMap((line) => /pid (\d+)\) was not ready within 700ms/.exec(line)?.[1] ?? []);
  assert.is(new Set(pids).size, 2, supervised.lines.join("\n"));
  assert.equal(pids.map(Number).filter(isAlive), []);
});

test("process.send('ready') is as good as kron.start()", async () => {
  const supervised = Supervised.start("send");
  await supervised.line(/is ready/);
  await supervised.stop();
});

test("an app that does not end when asked is killed after its time", async () => {
  const supervised = await Supervised.ready("stubborn", ["--stop-timeout", "500ms"]);
  await supervised.stop();
  assert.ok(supervised.lines.some((line) => line.includes("is killed")));
  supervised.assertSound();
});

test("a second SIGINT ends all at once, with 130, and what was under way is lost", async () => {
  const supervised = await Supervised.ready();
  await supervised.begin("ignore");
  supervised.signal("SIGINT");
  await supervised.line(/waiting for 1 runs/);
  supervised.signal("SIGINT");
  assert.equal(await supervised.exited, { code: 130, signal: null });
  supervised.assertAllGone();
  supervised.assertSound();
  const { runs } = kronJson(["job", "status", "job", "--data-dir", supervised.dataDir]) as {
    runs: { state: string }[];
  };
  assert.is(runs[0]?.state, "retrying");
});

test("a run that is cut short makes the exit code 1", async () => {
  const supervised = await Supervised.ready("plain", ["--stop-timeout", "300ms"]);
  await supervised.begin("ignore");
  await supervised.stop(1);
  assert.ok(
    supervised.lines.some((line) => line.includes("1 runs have not ended")),
    supervised.lines.join("\n"),
  );
  supervised.assertSound();
});

test.after(endSupervised);
test.run();

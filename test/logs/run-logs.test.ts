import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { RunLogs } from "../../src/logs/run-logs.ts";
import { VirtualClock } from "../../src/testing.ts";
import { suite } from "../support/suite.ts";
import { logDirectory, runId, runsIn, writeRunLog } from "./log-directory.ts";

const test = suite("logs/run-logs");
const start = Date.parse("2026-03-01T00:00:00Z");
const dayMs = 86_400_000;
const disposals: (() => void)[] = [];

test.after(() => {
  for (const dispose of disposals) dispose();
});

function keeper(limits: { runs?: number; ageMs?: number; bytes?: number } = {}) {
  const { path, dispose } = logDirectory();
  disposals.push(dispose);
  const clock = new VirtualClock("2026-03-01T00:00:00Z");
  const warnings: string[] = [];
  const silent = (): void => undefined;
  const logger = { debug: silent, info: silent, error: silent, warn: (_: object, text: string) => warnings.push(text) };
  const logs = new RunLogs({
    ...{ dataDir: path, clock, logger },
    limits: { runBytes: 1_000, runs: 20, ageMs: 7 * dayMs, bytes: 64 * 1024 * 1024, ...limits },
  });
  return { path, clock, logs, warnings };
}

test("fileOf() names one file for all attempts of a run, and touches nothing", () => {
  const { path, logs } = keeper();
  const file = logs.fileOf("Report:daily", "run_1");
  assert.match(file.path, /\/logs\/runs\/report_daily~[0-9a-f]{32}\/run_1\.log$/);
  assert.is(file.bytesMax, 1_000);
  assert.is(logs.fileOf("Report:daily", "run_1").path, file.path);
  assert.is(existsSync(join(path, "logs")), false);
});

test("of a timer's runs the newest are kept", async () => {
  const { path, clock, logs } = keeper({ runs: 3 });
  for (let run = 1; run <= 5; run += 1) writeRunLog(path, "t", runId(run * 30), 10, start - run);
  logs.fileOf("t", runId(150));
  await clock.advance("6s");
  assert.equal(
    runsIn(path, "t"),
    [90, 120, 150].map((run) => `${runId(run)}.log`),
  );
  assert.is(logs.bytes, 3 * 4_096);
  writeRunLog(path, "t", runId(180), 10, start);
  logs.fileOf("t", runId(180));
  await clock.advance("6s");
  assert.equal(
    runsIn(path, "t"),
    [120, 150, 180].map((run) => `${runId(run)}.log`),
  );
});

test("what is too old goes, also that of timers which run no more, and empty folders with it", async () => {
  const { path, clock, logs } = keeper();
  writeRunLog(path, "old", runId(1), 10, start - 8 * dayMs);
  writeRunLog(path, "mixed", runId(2), 10, start - 8 * dayMs);
  writeRunLog(path, "mixed", runId(3), 10, start - 6 * dayMs);
  logs.fileOf("another", runId(4));
  await clock.advance("10s");
  assert.is(existsSync(join(path, "logs/runs/old")), false);
  assert.equal(runsIn(path, "mixed"), [`${runId(3)}.log`]);
  await clock.advance("2d");
  assert.is(existsSync(join(path, "logs/runs/mixed")), false);
  assert.is(logs.bytes, 0);
});

test("of too many bytes the oldest go first, whosever they are, and files count as whole blocks", async () => {
  const { path, clock, logs } = keeper({ bytes: 10 * 4_096 });
  for (let run = 0; run < 12; run += 1) writeRunLog(path, `t${run % 4}`, runId(run), 1, start - 1_000 + run);
  logs.fileOf("t0", runId(8));
  await clock.advance("10s");
  const left = [0, 1, 2, 3].flatMap((timer) => runsIn(path, `t${timer}`)).sort();
  assert.equal(
    left,
    [3, 4, 5, 6, 7, 8, 9, 10, 11].map((run) => `${runId(run)}.log`),
  );
  assert.is(logs.bytes, 9 * 4_096);
});

test("a step does a bounded part of the work", async () => {
  const { path, clock, logs } = keeper({ runs: 1 });
  const timers = 200;
  for (let timer = 0; timer < timers; timer += 1) {
    for (const run of [1, 2]) writeRunLog(path, `t${timer}`, runId(timer * 2 + run), 1, start);
  }
  const tooMany = () =>
    Array.from({ length: timers }, (_, timer) => runsIn(path, `t${timer}`).length).filter((n) => n > 1);
  logs.fileOf("t0", runId(2));
  await clock.advance("5s");
  await clock.advance(100);
  const after = tooMany().length;
  assert.ok(after > 150 && after < timers, `${after} folders are still too full`);
  await clock.advance("5s");
  assert.is(tooMany().length, 0);
});

test("files of others are left alone", async () => {
  const { path, clock, logs } = keeper({ runs: 1, ageMs: 1 });
  writeRunLog(path, "t", runId(1), 1, start - dayMs);
  writeFileSync(join(path, "logs/runs/t/notes.txt"), "mine");
  writeFileSync(join(path, "logs/runs/stray"), "mine");
  logs.fileOf("t", runId(2));
  await clock.advance("10s");
  assert.equal(runsIn(path, "t"), ["notes.txt"]);
  assert.is(existsSync(join(path, "logs/runs/stray")), true);
});

test("logs that cannot be removed are told of once, and do not keep it busy", async () => {
  const { path, clock, logs, warnings } = keeper({ runs: 1 });
  mkdirSync(join(path, "logs/runs/t", `${runId(1)}.log`), { recursive: true });
  mkdirSync(join(path, "logs/runs/t", `${runId(2)}.log`), { recursive: true });
  logs.fileOf("t", runId(3));
  await clock.advance("2h");
  assert.equal(warnings, ["Logs of runs cannot be kept within their limits"]);
});

test("many timers that print nothing take no memory: the folders there are get swept all the same", async () => {
  const { path, clock, logs } = keeper({ runs: 1 });
  for (const run of [1, 2]) writeRunLog(path, "t", runId(run), 1, start);
  for (let timer = 0; timer < 10_500; timer += 1) logs.fileOf(`silent${timer}`, runId(3));
  logs.fileOf("t", runId(2));
  await clock.advance("1m");
  assert.equal(runsIn(path, "t"), [`${runId(2)}.log`]);
});

test("close() ends the sweeping", async () => {
  const { path, clock, logs } = keeper({ runs: 1 });
  for (const run of [1, 2]) writeRunLog(path, "t", runId(run), 1, start);
  logs.fileOf("t", runId(2));
  logs.close();
  logs.fileOf("t", runId(3));
  await clock.advance("1m");
  assert.is(runsIn(path, "t").length, 2);
});

test.run();

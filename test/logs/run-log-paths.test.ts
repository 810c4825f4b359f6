import * as assert from "uvu/assert";
import { runLogPath, runOfFile, timerFolder } from "../../src/logs/run-log-paths.ts";
import { suite } from "../support/suite.ts";

const test = suite("logs/run-log-paths");

test("a plain id is the name of its folder", () => {
  for (const id of ["report", "nightly-report", "a.b_c-1", "x".repeat(80)]) assert.is(timerFolder(id), id);
});

test("any other id gets a safe name of limited length, and no two get the same", () => {
  const ids = [
    ...["Report", "REPORT", "report:daily", "report/daily", "report daily", "..", ".", "...", "a.", ".hidden", "-flag"],
    ...["../../etc/passwd", "a/../b", "a\\b", "con", "nul.txt", "com1", "~", "a~b", "täglich", "tȁglich", "💥", "%41"],
    ...["x".repeat(81), "x".repeat(200), "Ä".repeat(100), `${"x".repeat(199)}y`],
  ];
  const names = ids.map(timerFolder);
  for (const name of names) assert.match(name, /^[a-z0-9_-]{1,40}~[0-9a-f]{32}$/);
  assert.is(new Set(names).size, ids.length);
});

test("a path stays in its directory", () => {
  assert.is(runLogPath("/data", "t", "run_1"), "/data/logs/runs/t/run_1.log");
  assert.match(runLogPath("/data", "../..", "run_1"), /^\/data\/logs\/runs\/_~[0-9a-f]{32}\/run_1\.log$/);
});

test("runOfFile() knows logs of runs and nothing else", () => {
  assert.is(runOfFile("run_00000000zz.log"), "run_00000000zz");
  for (const name of ["run_.log", "run_1.txt", "run_1.log~", "xrun_1.log", "run_A.log", "run_../x.log"]) {
    assert.is(runOfFile(name), undefined);
  }
});

test.run();

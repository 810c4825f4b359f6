/** The recorder is only worth something if it sees what is wrong: each thing it is there for, shown to it once. */

import * as assert from "uvu/assert";
import type { RunEvent, TimerEvent } from "../../src/index.ts";
import { suite } from "../support/suite.ts";
import type { Fact, Rule, SurveyedRow, SurveyedTimer } from "./facts.ts";
import { Recorder } from "./recorder.ts";

const test = suite("torture/recorder");

const rule: Rule = { kind: "grid", key: "every 50", stepMs: 50, isAligned: false };
const rowsMax = 100;

const asked = (ask: number, what: "schedule" | "pause" | "cancel" | "trigger", mark = "m1"): Fact => ({
  ...{ kind: "asked", ask, what, id: "t" },
  ...(what === "schedule" && { mark, rule }),
});
const done = (ask: number, runId?: string): Fact => ({
  ...{ kind: "done", ask, changed: true },
  ...(runId !== undefined && { runId }),
});
const timer = (type: TimerEvent["type"], atMs: number): Fact => ({
  kind: "timer",
  event: { type, timerId: "t", atMs },
});
const run = (type: RunEvent["type"], runId: string, attempt: number): Fact => ({
  kind: "run",
  event: { type, timerId: "t", runId, attempt },
});
const began = (runId: string, attempt: number, token: number, scheduledMs: number): Fact => ({
  ...{ kind: "began", timerId: "t", runId, attempt, token, isManual: false, scheduledMs, dueMs: scheduledMs + 1 },
});
const row = (runId: string, firstMs: number, token: number, more: Partial<SurveyedRow> = {}): SurveyedRow => ({
  ...{ outcome: "SUCCEEDED", runId, isManual: false, firstMs, lastMs: firstMs, count: 1, dueMs: firstMs + 1 },
  ...{ attempts: 1, failures: [], token },
  ...more,
});
const shown = (rows: readonly SurveyedRow[], nextMs: number, more: Partial<SurveyedTimer> = {}): Fact => ({
  kind: "survey",
  timers: [{ ...{ id: "t", state: "scheduled", mark: "m1", rule, nextMs, isJittered: false, live: 0, rows }, ...more }],
});

/** A timer from 1,000 on that ran twice. */
const founding: readonly Fact[] = [
  ...[asked(1, "schedule"), timer("TIMER_CREATED", 1_000), done(1)],
  ...[run("RUN_DUE", "r1", 0), run("RUN_STARTED", "r1", 1), began("r1", 1, 10, 1_050)],
  run("RUN_SUCCEEDED", "r1", 1),
  ...[run("RUN_DUE", "r2", 0), run("RUN_STARTED", "r2", 1), began("r2", 1, 20, 1_100)],
  run("RUN_SUCCEEDED", "r2", 1),
];
const rows = [row("r1", 1_050, 10), row("r2", 1_100, 20)] as const;

/** What is found wrong in lives that end in a kill each, the last of them settled. */
function judge(...lives: readonly (readonly Fact[])[]): string[] {
  const recorder = new Recorder(rowsMax);
  for (const facts of lives) {
    for (const fact of facts) recorder.take(fact);
    recorder.endLife();
  }
  recorder.finish();
  return recorder.problems;
}

function assertFinds(problems: readonly string[], expected: RegExp): void {
  assert.ok(
    problems.some((problem) => expected.test(problem)),
    `${expected} in ${JSON.stringify(problems)}`,
  );
}

test("finds nothing wrong in a good account", () => {
  assert.equal(judge(founding, [shown(rows, 1_150)]), []);
});

test("takes what was done and not told, where a process ended", () => {
  const untold = [...rows, row("r3", 1_150, 31, { attempts: 2, failures: [[1, "LOST"]] })];
  const lost = [run("RUN_DUE", "r3", 0), began("r3", 1, 30, 1_150)];
  const retried = [run("RUN_LOST", "r3", 1), began("r3", 2, 31, 1_150)];
  assert.equal(judge([...founding, ...lost], retried, [shown(untold, 1_200)]), []);
});

test("finds a timer that is gone, and one that nobody asked for", () => {
  assertFinds(judge(founding, [{ kind: "survey", timers: [] }]), /t: is gone, and was active/);
  assertFinds(judge([shown([], 1_150)]), /nobody had asked for it/);
});

test("takes two changes to another schedule that crossed for one beginning or two, and finds it when they did not", () => {
  const other = { kind: "grid", key: "every 16", stepMs: 16, isAligned: false } as const;
  const [second, third] = [asked(2, "schedule", "m2"), asked(3, "schedule", "m3")].map((fact) => ({
    ...fact,
    rule: other,
  }));
  const [toldSecond, toldThird] = [timer("TIMER_UPDATED", 1_110), timer("TIMER_UPDATED", 1_118)];
  const crossing = [second, third, toldSecond, toldThird, done(2), done(3)] as Fact[];
  const apart = [second, toldSecond, done(2), third, toldThird, done(3)] as Fact[];
  const runs = [run("RUN_DUE", "r3", 0), began("r3", 1, 30, 1_134), run("RUN_SUCCEEDED", "r3", 1)];
  const end = shown([...rows, row("r3", 1_134, 30)], 1_150, { mark: "m3", rule: other });
  assert.equal(judge([...founding, ...crossing, ...runs], [end]), []);
  assertFinds(judge([...founding, ...apart, ...runs], [end]), /1126 has no outcome/);
});

test("finds a definition that was acknowledged and is not there", () => {
  const second = [asked(2, "schedule", "m2"), timer("TIMER_UPDATED", 1_120), done(2)];
  assertFinds(judge([...founding, ...second], [shown(rows, 1_150)]), /has definition m1, and m2 was the last/);
});

test("finds a pause and a cancellation that did not hold, and accepts them unanswered", () => {
  const pause = [asked(2, "pause"), timer("TIMER_PAUSED", 1_120), done(2)];
  assertFinds(judge([...founding, ...pause], [shown(rows, 1_150)]), /is scheduled, and was paused/);
  const cancel = [asked(2, "cancel"), timer("TIMER_CANCELLED", 1_120), done(2)];
  assertFinds(judge([...founding, ...cancel], [shown(rows, 1_150)]), /is scheduled, and was cancelled/);
  assert.equal(judge([...founding, asked(2, "pause")], [shown(rows, 1_150)]), []);
  assert.equal(judge([...founding, asked(2, "pause")], [shown(rows, 1_150, { state: "paused" })]), []);
  assertFinds(judge([...founding, timer("TIMER_PAUSED", 1_120)], [shown(rows, 1_150)]), /nobody had asked/);
});

test("finds a finished run that is not in the history, or with another outcome", () => {
  assertFinds(judge(founding, [shown([rows[0]], 1_150)]), /r2 was told/);
  assertFinds(judge(founding, [shown([rows[1]], 1_150)]), /r1 was told and is not in the history/);
  assertFinds(judge(founding, [shown([], 1_150)]), /r2 was told and is not in the history/);
  const dead = row("r2", 1_100, 20, { outcome: "DEAD", failures: [[1, "FAILED"]] });
  assertFinds(judge(founding, [shown([rows[0], dead], 1_150)]), /r2 was SUCCEEDED and is DEAD/);
  const others = [row("r0", 1_000, 5), ...rows];
  assertFinds(judge(founding, [shown(others, 1_150)]), /r0 is in the history and was never told/);
  assertFinds(judge(founding, [shown([rows[0], { ...rows[1], token: 21 }], 1_150)]), /result of token 21/);
});

test("lets go of rows only when the history is full", () => {
  const many = Array.from({ length: rowsMax }, (_, n) => ({ ...row(`x${n}`, 1_150 + n * 50, 100 + n), n }));
  const told = many.flatMap(({ runId, firstMs, token }) => [
    began(runId ?? "", 1, token ?? 0, firstMs),
    run("RUN_SUCCEEDED", runId ?? "", 1),
  ]);
  const nextMs = 1_150 + rowsMax * 50;
  assert.equal(judge([...founding, ...told], [shown(many, nextMs)]), []);
  assertFinds(judge([...founding, ...told], [shown(many.slice(1), nextMs)]), /x0 was told and is not in the history/);
});

test("finds an attempt that begins twice, out of turn, or after the end", () => {
  assertFinds(judge([...founding, began("r2", 1, 21, 1_100)], [shown(rows, 1_150)]), /r2 attempt 1 began twice/);
  assertFinds(judge([...founding, began("r2", 2, 21, 1_100)], [shown(rows, 1_150)]), /began after its run was SUCC/);
  const early = [began("r3", 1, 30, 1_150), began("r3", 2, 31, 1_150)];
  assertFinds(judge([...founding, ...early], [shown(rows, 1_200)]), /nothing was said of the end of attempt 1/);
  assertFinds(judge([...founding, began("r3", 1, 15, 1_150)], [shown(rows, 1_200)]), /token 15 after 20/);
  const unlost = row("r3", 1_150, 31, { attempts: 2 });
  const lives = [[...founding, began("r3", 1, 30, 1_150)], [began("r3", 2, 31, 1_150)]] as const;
  assertFinds(judge(...lives, [shown([...rows, unlost], 1_200)]), /r3 attempt 1 has no end in the history/);
});

test("finds a run without an outcome", () => {
  assertFinds(judge([...founding, run("RUN_DUE", "r3", 0)], [shown(rows, 1_150)]), /r3 has no outcome/);
  assertFinds(judge([...founding, asked(2, "trigger"), done(2, "r9")], [shown(rows, 1_150)]), /r9 was triggered/);
});

test("finds an occurrence with two runs", () => {
  const second = [began("r3", 1, 30, 1_100), run("RUN_SUCCEEDED", "r3", 1)];
  const both = [...rows, row("r3", 1_100, 30)];
  assertFinds(judge([...founding, ...second], [shown(both, 1_150)]), /1100 became r2 and r3/);
});

test("finds an occurrence without an outcome: the first, one between, and the last", () => {
  const third = [began("r3", 1, 30, 1_200), run("RUN_SUCCEEDED", "r3", 1)];
  assertFinds(
    judge([...founding, ...third], [shown([...rows, row("r3", 1_200, 30)], 1_250)]),
    /1150 has no outcome under every 50, the next that has is 1200/,
  );
  assertFinds(judge(founding, [shown(rows, 1_200)]), /1150 of every 50 has no outcome and is not to come/);
  const late = [asked(1, "schedule"), timer("TIMER_CREATED", 900), ...founding.slice(2)];
  assertFinds(judge(late, [shown(rows, 1_150)]), /950 has no outcome/);
  assertFinds(judge(founding, [shown(rows, 1_150, { nextMs: undefined })]), /never due again/);
});

test("finds occurrences that were lost with a change of the schedule", () => {
  const change: Fact[] = [{ ...asked(2, "schedule", "m2"), rule: { ...rule, key: "every 70", stepMs: 70 } } as Fact];
  change.push(timer("TIMER_UPDATED", 1_240), done(2));
  const after = (nextMs: number) => [shown(rows, nextMs, { mark: "m2" })];
  assertFinds(judge([...founding, ...change], after(1_310)), /1150 has no outcome, every 50 ended at 1240/);
  const missed: Fact = {
    kind: "missed",
    event: {
      ...{ type: "RUN_MISSED", timerId: "t", atMs: 1_240, firstAtMs: 1_150, lastAtMs: 1_200, count: 2 },
      reason: "updated",
    },
  };
  const passed = { ...row("", 1_150, 0), outcome: "MISSED", runId: undefined, lastMs: 1_200, count: 2, dueMs: 1_240 };
  const whole = [shown([...rows, passed as SurveyedRow], 1_310, { mark: "m2" })];
  assert.equal(judge([...founding, missed, ...change], whole), []);
});

test.run();

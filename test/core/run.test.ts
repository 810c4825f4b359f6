import fc from "fast-check";
import * as assert from "uvu/assert";
import { isDone, outcomeCode, outcomeOf, Status } from "../../src/core/outcome.ts";
import { Kind, kindName } from "../../src/core/record.ts";
import { formatRunId, parseRunId } from "../../src/core/run.ts";
import { isOneShot } from "../../src/core/timer-kind.ts";
import { cronOf, definitionOf, onceOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("run");

test("formatRunId() sorts as the ids do", () => {
  assert.is(formatRunId(1), "run_0000000001");
  assert.is(formatRunId(36 ** 10 - 1), "run_zzzzzzzzzz");
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.nat(1_000_000), (a, step) => {
      const b = a * 1_000_000 + step;
      if (a < b) assert.ok(formatRunId(a) < formatRunId(b));
    }),
  );
});

test("parseRunId() reads what formatRunId() prints, and nothing else", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (id) => assert.is(parseRunId(formatRunId(id)), id)));
  const bad = ["", "run_", "1", "run_1", "run_00000000001", "run_000000000A", "RUN_0000000001", " run_0000000001"];
  for (const text of [...bad, "run_0000000001 ", "run_00000000-1", "run_zzzzzzzzzzzz", `run_${"z".repeat(99)}`])
    assert.is(parseRunId(text), undefined, text);
});

test("outcomes have codes from 1 that lead back to them; 0 is none", () => {
  for (const outcome of ["SUCCEEDED", "DEAD", "CANCELLED", "MISSED", "SKIPPED_OVERLAP"] as const) {
    assert.is(outcomeOf(outcomeCode(outcome)), outcome);
  }
  assert.is(outcomeCode("SUCCEEDED"), 1);
  assert.is(outcomeOf(0), undefined);
  assert.is(outcomeOf(6), undefined);
});

test("active and paused timers are not done, all others are", () => {
  const done = Object.values(Status).map((status) => isDone(status));
  assert.equal(done, [false, false, true, true, true]);
});

test("kindName() knows every kind and no other number", () => {
  for (const [name, kind] of Object.entries(Kind)) assert.is(kindName(kind), name);
  assert.is(kindName(0), undefined);
  assert.is(new Set(Object.values(Kind)).size, Object.values(Kind).length);
});

test("at and after are due once, cron and every are not", () => {
  assert.ok(isOneShot(onceOf()));
  assert.ok(isOneShot(definitionOf({ schedule: { kind: "after", afterMs: 1 } })));
  assert.not.ok(isOneShot(definitionOf()));
  assert.not.ok(isOneShot(cronOf("* * * * *")));
});

test.run();

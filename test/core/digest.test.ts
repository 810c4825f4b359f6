import fc from "fast-check";
import * as assert from "uvu/assert";
import { digest } from "../../src/core/digest.ts";
import { Kind } from "../../src/core/record.ts";
import type { AttemptRecord, Run } from "../../src/core/run.ts";
import { boomWith, cronOf, definitionOf, onceOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("digest");

/** A state that has one of everything. */
function busyLab(): StateLab {
  const lab = new StateLab({ retiredMax: 2 });
  lab.do([Kind.RUNTIME_STARTED, "boot-1"]);
  for (const id of ["x", "y", "z"]) lab.do([Kind.TIMER_CANCELLED, lab.create(id, onceOf(), 11_000)]);
  const timer = lab.create("a", definitionOf({ overlap: "allow" }), 11_000, { b: [1, "2"], a: null });
  lab.create("c", cronOf("* * * * *"), 60_000);
  lab.run([Kind.RUN_SUCCEEDED, lab.due(timer, 11_000, 12_000).id, lab.state.recordCount, 1, 0, { ok: 1 }, "note"]);
  lab.fail(lab.due(timer, 12_000, 13_000), 20_000);
  lab.due(timer, 13_000, 14_000, 0);
  lab.fail(lab.due(timer, 14_000, 15_000), 0);
  return lab;
}

function payloadDigest(payload: unknown): string {
  const lab = new StateLab();
  lab.create("a", definitionOf(), 11_000, payload);
  return digest(lab.state);
}

test("the digest is sixteen hexadecimal digits, the same for the same log", () => {
  assert.match(digest(new StateLab().state), /^[0-9a-f]{16}$/);
  assert.is(digest(busyLab().state), digest(busyLab().state));
});

test("the order in which a table was filled does not matter, and what it holds does", () => {
  const { state } = busyLab();
  const before = digest(state);
  const runs = [...state.runs.values()];
  for (const run of runs) state.runs.remove(run);
  for (const run of runs.reverse()) state.runs.add(run);
  assert.is(digest(state), before);
  state.runs.remove(runs[0] as Run);
  assert.is.not(digest(state), before);
});

test("the order in which timers retired matters: it decides who is forgotten", () => {
  const { state } = busyLab();
  const before = digest(state);
  const slots = [...state.retired];
  assert.is(slots.length, 2);
  state.retired.clear();
  for (const [slot, record] of slots.reverse()) state.retired.set(slot, record);
  assert.is.not(digest(state), before);
});

function changeFailure(lab: StateLab, change: Partial<AttemptRecord>): void {
  const [run] = lab.state.runs.values();
  const failure = run?.failures?.[0];
  if (run === undefined || failure === undefined) throw new Error("Expected a run that has failed");
  run.failures = [{ ...failure, ...change }];
}

test("every part of the state is in the digest", () => {
  const slot = (lab: StateLab): number => lab.slot("a");
  const runOf = (lab: StateLab): Run => [...lab.state.runs.values()][0] as Run;
  const changes: ((lab: StateLab) => unknown)[] = [
    ({ state }) => (state.appliedIndex += 1),
    ({ state }) => (state.appliedTerm += 1),
    ({ state }) => (state.recordCount += 1),
    ({ state }) => (state.runningCount += 1),
    ({ state }) => (state.atMs += 1),
    ({ state }) => (state.boot += "x"),
    ({ state }) => (state.isRunning = false),
    (lab) => lab.state.timers.setPayload(slot(lab), { b: [1, 2], a: null }),
    (lab) => lab.state.timers.noteRetry(slot(lab), 1),
    (lab) => lab.state.timers.deadCount.add(slot(lab), 1),
    (lab) => lab.state.timers.revision.add(slot(lab), 1),
    (lab) => lab.state.timers.remove(lab.slot("c")),
    (lab) => lab.state.timers.insert("new"),
    (lab) => lab.state.timers.historyCount.add(slot(lab), 1),
    (lab) => lab.state.definitions.addUser(definitionOf()),
    (lab) => lab.state.definitions.addUser(onceOf()),
    (lab) => (runOf(lab).retryAtMs += 1),
    (lab) => (runOf(lab).state = "running"),
    (lab) => runOf(lab).failures?.pop(),
    (lab) => changeFailure(lab, { ending: "given-up" }),
    (lab) => changeFailure(lab, { ending: "process-killed" }),
    (lab) => changeFailure(lab, { error: boomWith({ exitCode: 1 }) }),
    (lab) => changeFailure(lab, { error: boomWith({ exitCode: 2 }) }),
  ];
  const digests = changes.map((change) => {
    const lab = busyLab();
    change(lab);
    return digest(lab.state);
  });
  assert.is(new Set([...digests, digest(busyLab().state)]).size, changes.length + 1);
});

test("payloads differ when their values do, also by type", () => {
  const values: unknown[] = [
    null,
    true,
    false,
    0,
    1,
    -1,
    0.5,
    2 ** 53,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    "",
    "0",
    "1",
    "é",
    1n,
    -1n,
    [],
    [[]],
    [1],
    ["1"],
    [1, 2],
    [2, 1],
    [[1], 2],
    {},
    { a: 1 },
    { a: 1, b: null },
    { b: 1 },
    new Uint8Array([1]),
    new Uint8Array([1, 0]),
    new Date(0),
    new Date(1),
    { toString: 1, valueOf: 2 },
  ];
  assert.is(new Set(values.map(payloadDigest)).size, values.length);
});

test("payloads are equal by value: members in any order, -0 as 0, undefined as null", () => {
  assert.is(payloadDigest({ a: 1, b: { c: 2, d: 3 } }), payloadDigest({ b: { d: 3, c: 2 }, a: 1 }));
  assert.is(payloadDigest([-0]), payloadDigest([0]));
  assert.is(payloadDigest([undefined]), payloadDigest([null]));
  assert.is(payloadDigest(Object.assign(Object.create(null), { a: 1 })), payloadDigest({ a: 1 }));
});

test("different values hardly ever share a digest", () => {
  const seen = new Set<string>();
  for (let n = 0; n < 20_000; n++) seen.add(payloadDigest(n));
  assert.is(seen.size, 20_000);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.is(payloadDigest(value), payloadDigest(JSON.parse(JSON.stringify(value))));
    }),
  );
});

test("a state of many timers is digested without copies of it", () => {
  const lab = new StateLab();
  const text = "x".repeat(1_000);
  lab.create("a", definitionOf(), 11_000);
  const number = lab.state.timers.definition.get(0);
  const records = Array.from(
    { length: 2_000 },
    (_, n) => [Kind.TIMER_CREATED, `t${n}`, number, 0, 11_000, text] as const,
  );
  lab.entry(...records);
  assert.match(digest(lab.state), /^[0-9a-f]{16}$/);
});

test.run();

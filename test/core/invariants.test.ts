import * as assert from "uvu/assert";
import { encodeDefinition } from "../../src/core/definition.ts";
import type { History, HistoryRow } from "../../src/core/history.ts";
import { checkState } from "../../src/core/invariants.ts";
import { Status } from "../../src/core/outcome.ts";
import { Kind } from "../../src/core/record.ts";
import { noRetry } from "../../src/core/retry.ts";
import type { Run } from "../../src/core/run.ts";
import type { State } from "../../src/core/state.ts";
import { boom, cronOf, definitionOf, onceOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("invariants");

interface Scene {
  readonly lab: StateLab;
  readonly state: State;
  readonly timers: State["timers"];
  /** The slot of "a", an interval with a running, a retrying and a waiting run; "gone" left an empty slot. */
  readonly slot: number;
  readonly running: Run;
  readonly retrying: Run;
  readonly waiting: Run;
}

function scene(): Scene {
  const lab = new StateLab({ retiredMax: 1 });
  const timer = lab.create("a", definitionOf({ overlap: "allow", concurrency: 2 }), 11_000);
  for (const id of ["gone", "done"]) lab.do([Kind.TIMER_CANCELLED, lab.create(id, onceOf(), 11_000)]);
  const retrying = lab.due(timer, 11_000, 12_000);
  lab.fail(retrying, 20_000);
  const running = lab.due(timer, 12_000, 13_000);
  const waiting = lab.due(timer, 13_000, 14_000, 0);
  lab.succeed(lab.due(timer, 14_000, 15_000));
  const { state } = lab;
  return { lab, state, timers: state.timers, slot: lab.slot("a"), running, retrying, waiting };
}

/** Damages a sound state and expects the damage to be told in words that match. */
function finds(message: RegExp, damage: (scene: Scene) => unknown): void {
  const made = scene();
  assert.equal(checkState(made.state), []);
  damage(made);
  const problems = checkState(made.state);
  assert.ok(
    problems.some((problem) => message.test(problem)),
    `${message} in ${JSON.stringify(problems)}`,
  );
}

function damaged<T extends object>(target: T, change: object): void {
  Object.assign(target, change);
}

test("counters that do not agree with the runs are found", () => {
  finds(/counts 4 live runs and has 3/, ({ timers, slot }) => timers.liveRuns.add(slot, 1));
  finds(/counts 0 running runs and has 1/, ({ timers, slot }) => timers.runningRuns.add(slot, -1));
  finds(/counts 2 waiting runs and has 1/, ({ timers, slot }) => timers.waitingRuns.add(slot, 1));
  finds(/2 attempts are counted, 1 run/, ({ state }) => damaged(state, { runningCount: 2 }));
  finds(/counts 1 live runs and has 0/, ({ lab, timers }) => timers.liveRuns.add(lab.slot("done"), 1));
  finds(/appliedIndex is -1/, ({ state }) => damaged(state, { appliedIndex: -1 }));
  finds(/atMs is 0.5/, ({ state }) => damaged(state, { atMs: 0.5 }));
  finds(/holds the number -1/, ({ timers, slot }) => timers.deadCount.add(slot, -1));
});

test("runs under a wrong name, of no timer, or made by no record are found", () => {
  finds(/run 99 is held under another id/, ({ running }) => damaged(running, { id: 99 }));
  finds(/belongs to no timer/, ({ running }) => damaged(running, { timer: 2 ** 24 * 7 }));
  finds(/belongs to no timer/, ({ running, lab }) => damaged(running, { slot: lab.slot("done") }));
  finds(/was made by no record/, ({ running }) => damaged(running, { id: 1_000 }));
  finds(/was made by no record/, ({ running }) => damaged(running, { id: 0 }));
  finds(/was made by no record/, ({ running }) => damaged(running, { id: 1.5 }));
  finds(/the token of run .* was made by no record/, ({ running }) => damaged(running, { token: 1_000 }));
  finds(/is older than the run/, ({ running }) => damaged(running, { token: 1 }));
  finds(/shares its fencing token/, ({ running, retrying }) => damaged(retrying, { token: running.token }));
});

test("runs whose state and attempts contradict each other are found", () => {
  finds(/waits and has begun/, ({ waiting }) => damaged(waiting, { attempt: 1 }));
  finds(/waits and has begun/, ({ waiting }) => damaged(waiting, { token: 9 }));
  finds(/waits and has begun/, ({ waiting }) => damaged(waiting, { retryAtMs: 9 }));
  finds(/waits and has begun/, ({ waiting, retrying }) => damaged(waiting, { failures: retrying.failures }));
  finds(/runs and has not begun/, ({ running }) => damaged(running, { attempt: 0 }));
  finds(/runs and has not begun/, ({ running }) => damaged(running, { attempt: 2 }));
  finds(/runs and has not begun/, ({ running }) => damaged(running, { token: 0 }));
  finds(/runs and has not begun/, ({ running }) => damaged(running, { startedAtMs: -1 }));
  finds(/runs and has not begun/, ({ running }) => damaged(running, { retryAtMs: 5 }));
  finds(/waits for a retry and has not failed/, ({ retrying }) => damaged(retrying, { attempt: 0 }));
  finds(/waits for a retry and has not failed/, ({ retrying }) => damaged(retrying, { failures: null }));
  finds(/waits for a retry and has not failed/, ({ retrying }) => damaged(retrying, { token: 0 }));
  finds(/waits for a retry and has not failed/, ({ retrying }) => damaged(retrying, { retryAtMs: 0 }));
  finds(/is finished and still held/, ({ waiting }) => damaged(waiting, { state: "finished" }));
  finds(/failed out of order/, ({ retrying }) => {
    const failure = { attempt: 2, outcome: "FAILED", endedAtMs: 1, tookUs: 1, error: boom } as const;
    damaged(retrying, { failures: [failure] });
  });
});

test("more attempts than the policy has are found, unless they were promised under an earlier one", () => {
  const made = scene();
  const { timers, slot, state } = made;
  const number = state.definitions.addUser(definitionOf({ overlap: "allow", retry: noRetry }));
  state.definitions.dropUser(timers.definition.get(slot));
  timers.definition.set(slot, number);
  assert.match(checkState(state)[0] ?? "", /has attempt 2 of 1/);
  timers.revision.set(slot, state.recordCount);
  assert.equal(checkState(state), []);
});

test("more attempts under way than the rules allow are found, unless the rules are newer", () => {
  finds(/has 2 attempts under way, at most 1/, ({ timers, slot, state, retrying }) => {
    const number = state.definitions.addUser(definitionOf({ overlap: "skip" }));
    state.definitions.dropUser(timers.definition.get(slot));
    timers.definition.set(slot, number);
    damaged(retrying, { state: "running", attempt: 2, retryAtMs: 0 });
    state.runningCount += 1;
    timers.runningRuns.add(slot, 1);
  });
  const lab = new StateLab();
  const timer = lab.create("a", definitionOf({ overlap: "allow" }), 11_000);
  for (const at of [11_000, 12_000, 13_000]) lab.due(timer, at, at + 1_000);
  // The lab checks the state after each entry, this one included.
  lab.do([Kind.TIMER_UPDATED, timer, encodeDefinition(definitionOf()), 0, -1, null]);
  assert.is(lab.state.runningCount, 3);
});

test("timers that cannot be found are found", () => {
  finds(/is not found under its id/, ({ timers }) => damaged(timers, { slotOf: () => undefined }));
  finds(/is not found by its reference/, ({ timers, slot }) => damaged(timers, { reference: () => slot + 5 }));
  finds(/3 timers are counted, 2 are there/, ({ timers }) => Object.defineProperty(timers, "size", { value: 3 }));
});

test("definitions counted wrongly or held for no timer are found", () => {
  finds(/counts 2 users and has 1/, ({ state }) => state.definitions.addUser(onceOf()));
  finds(/is held for no timer/, ({ state }) => state.definitions.addUser(cronOf("* * * * *")));
  finds(/timer "a" has no definition/, ({ timers, slot }) => timers.definition.set(slot, 77));
});

test("what a forgotten timer left behind is found", () => {
  finds(/slot 1 is empty and has numbers left/, ({ timers }) => timers.nextAtMs.set(1, 5));
  finds(/slot 1 is empty and has a payload left/, ({ timers }) => timers.setPayload(1, 5));
  finds(/slot 1 is empty and has history left/, ({ state, slot }) => {
    state.history.visit(slot, (row) => {
      state.history.add(1, row);
      return false;
    });
  });
  finds(/the empty slot 1 is retired/, ({ state }) => state.retired.set(1, 1));
});

test("impossible statuses and due times are found", () => {
  finds(/has the unknown status 0/, ({ timers, slot }) => timers.status.set(slot, 0));
  finds(/has the unknown status 6/, ({ timers, slot }) => timers.status.set(slot, 6));
  finds(/no known last outcome/, ({ timers, slot }) => timers.lastOutcome.set(slot, 6));
  finds(/defined by a record yet to come/, ({ timers, slot }) => timers.revision.set(slot, 1_000));
  finds(/is done and has a due time/, ({ timers, lab }) => timers.nextAtMs.set(lab.slot("done"), 50_000));
  finds(/is done and not among the retired/, ({ state }) => state.retired.clear());
  finds(/is retired and not done/, ({ state, slot }) => state.retired.set(slot, 1));
  finds(/2 timers are retired, at most 1/, ({ state, slot }) => state.retired.set(slot, 1));
  finds(/repeats and is completed or dead/, ({ timers, slot }) => timers.status.set(slot, Status.DEAD));
  finds(/repeats and is completed or dead/, ({ timers, slot }) => timers.status.set(slot, Status.COMPLETED));
  finds(/is due at 14000, which is not after 14000/, ({ timers, slot }) => timers.nextAtMs.set(slot, 14_000));
  finds(/neither a due time nor a run/, ({ lab }) => {
    lab.create("still", definitionOf(), 11_000);
    lab.state.timers.nextAtMs.set(lab.slot("still"), 0);
  });
  finds(/is due at 11000, which is not after 11000/, ({ lab }) => {
    lab.create("once", onceOf(), 11_000);
    lab.state.timers.lastScheduledAtMs.set(lab.slot("once"), 11_000);
  });
});

test("history that does not add up is found", () => {
  const row: HistoryRow = {
    outcome: "SUCCEEDED",
    run: 3,
    isManual: false,
    attempts: 1,
    scheduledAtMs: 5,
    lastScheduledAtMs: 5,
    dueAtMs: 5,
    startedAtMs: 5,
    finishedAtMs: 5,
    tookUs: 5,
    count: 1,
    missedCount: 0,
    detail: undefined,
  };
  const findsRow = (message: RegExp, parts: Partial<HistoryRow>): void =>
    finds(message, ({ state, slot }) => state.history.add(slot, { ...row, ...parts }));
  findsRow(/has a MISSED of run 3/, { outcome: "MISSED" });
  findsRow(/has a DEAD of run 0/, { outcome: "DEAD", run: 0 });
  findsRow(/has a SKIPPED_OVERLAP of run 3/, { outcome: "SKIPPED_OVERLAP" });
  findsRow(/which no record made/, { run: 1_000 });
  findsRow(/has a run for 2 occurrences/, { count: 2 });
  findsRow(/has a row for no occurrence/, { count: 0 });
  findsRow(/has a row for no occurrence/, { lastScheduledAtMs: 4 });
  finds(/which is live/, ({ state, slot, running }) => state.history.add(slot, { ...row, run: running.id }));
  finds(/has run 3 twice/, ({ state, slot }) => {
    state.history.add(slot, row);
    state.history.add(slot, row);
  });
});

test("a history whose lists are broken is found, and does not hold the check up", () => {
  const broken = (parts: Partial<History>): Partial<History> => ({
    lengthOf: () => 0,
    visit: () => undefined,
    rowCount: 0,
    limits: { perTimerMax: 1, rowsMax: 2 },
    ...parts,
  });
  const findsHistory = (message: RegExp, parts: Partial<History>): void =>
    finds(message, ({ state }) => damaged(state, { history: broken(parts) }));
  findsHistory(/counts 2 rows and has 0/, { lengthOf: () => 2 });
  findsHistory(/has 2 rows, . were ever added/, { lengthOf: () => 2 });
  findsHistory(/history counts 7 rows and has 0/, { rowCount: 7 });
  const circle: History["visit"] = (_slot, visit) => {
    const row = { outcome: "SUCCEEDED", run: 1, count: 1, scheduledAtMs: 1, lastScheduledAtMs: 1 } as HistoryRow;
    while (visit(row)) assert.ok(true);
  };
  findsHistory(/counts 1 rows and has 2/, { lengthOf: () => 1, visit: circle });
  findsHistory(/history has .* rows, at most 2/, { lengthOf: () => 1, visit: circle });
});

test.run();

import * as assert from "uvu/assert";
import {
  type Child,
  type ChildAction,
  type ChildEvent,
  type ChildState,
  newChild,
} from "../../src/supervisor/child.ts";
import { type ChildPolicy, defaultChildPolicy, type ExitInfo } from "../../src/supervisor/child-policy.ts";
import { stepChild } from "../../src/supervisor/child-table.ts";
import { suite } from "../support/suite.ts";

const test = suite("child table");

const policy: ChildPolicy = { ...defaultChildPolicy, restartsMax: 3, windowMs: 100_000 };
const crash: ExitInfo = { code: 7, signal: undefined, isFailure: true };
const clean: ExitInfo = { code: 0, signal: undefined, isFailure: false };

const states: Readonly<Record<string, ChildState>> = {
  idle: { kind: "idle" },
  starting: { kind: "starting" },
  ready: { kind: "ready" },
  reloading: { kind: "reloading" },
  "stopping/stop": { kind: "stopping", goal: "stop" },
  "stopping/start": { kind: "stopping", goal: "start" },
  "stopping/judge": { kind: "stopping", goal: "judge" },
  backoff: { kind: "backoff" },
  failed: { kind: "failed" },
  stopped: { kind: "stopped" },
};

const events: readonly ChildEvent[] = [
  { kind: "startAsked" },
  { kind: "stopAsked" },
  { kind: "forceAsked" },
  { kind: "reloadAsked" },
  { kind: "restartAsked" },
  { kind: "memoryHigh", bytes: 9 },
  { kind: "ready" },
  { kind: "exited", exit: crash },
  { kind: "nextReady" },
  { kind: "nextExited", exit: crash },
  { kind: "readyTimeout" },
  { kind: "stopTimeout" },
  { kind: "restartDue" },
];

/** What is not named here stays as it is and has nothing done. */
const expected: Readonly<Record<string, Readonly<Partial<Record<ChildEvent["kind"], string>>>>> = {
  idle: {
    startAsked: "starting: spawn current, arm readyTimeout",
    stopAsked: "stopped: disarm, tell stopped",
    forceAsked: "stopped: disarm, killRetired, tell stopped",
    reloadAsked: "idle: tell reload-failed",
    restartAsked: "idle: tell reload-failed",
  },
  starting: {
    stopAsked: "stopping/stop: term, arm stopTimeout",
    forceAsked: "stopping/stop: kill, killRetired, arm stopTimeout",
    reloadAsked: "stopping/start: term, arm stopTimeout",
    restartAsked: "stopping/start: term, arm stopTimeout",
    ready: "ready: disarm, tell ready",
    exited: "backoff: disarm, tell exited, tell restarting, arm restartDue",
    readyTimeout: "stopping/judge: tell not-ready, term, arm stopTimeout",
  },
  ready: {
    stopAsked: "stopping/stop: term, arm stopTimeout",
    forceAsked: "stopping/stop: kill, killRetired, arm stopTimeout",
    reloadAsked: "reloading: spawn next, arm readyTimeout",
    restartAsked: "stopping/start: term, arm stopTimeout",
    memoryHigh: "reloading: tell memory-high, spawn next, arm readyTimeout",
    exited: "backoff: disarm, tell exited, tell restarting, arm restartDue",
  },
  reloading: {
    stopAsked: "stopping/stop: discard, term, arm stopTimeout",
    forceAsked: "stopping/stop: discard, kill, killRetired, arm stopTimeout",
    reloadAsked: "reloading: discard, spawn next, arm readyTimeout",
    restartAsked: "stopping/start: discard, term, arm stopTimeout",
    exited: "starting: tell exited, promote",
    nextReady: "ready: disarm, promote, tell reloaded",
    nextExited: "ready: disarm, tell reload-failed",
    readyTimeout: "ready: disarm, discard, tell reload-failed",
  },
  "stopping/stop": {
    startAsked: "stopping/start",
    forceAsked: "stopping/stop: kill, killRetired, arm stopTimeout",
    reloadAsked: "stopping/stop: tell reload-failed",
    restartAsked: "stopping/stop: tell reload-failed",
    exited: "stopped: disarm, tell exited, tell stopped",
    stopTimeout: "stopping/stop: tell killed, kill, arm stopTimeout",
  },
  "stopping/start": {
    stopAsked: "stopping/stop",
    forceAsked: "stopping/stop: kill, killRetired, arm stopTimeout",
    exited: "starting: disarm, tell exited, spawn current, arm readyTimeout",
    stopTimeout: "stopping/start: tell killed, kill, arm stopTimeout",
  },
  "stopping/judge": {
    startAsked: "stopping/start",
    stopAsked: "stopping/stop",
    forceAsked: "stopping/stop: kill, killRetired, arm stopTimeout",
    reloadAsked: "stopping/start",
    restartAsked: "stopping/start",
    exited: "backoff: disarm, tell exited, tell restarting, arm restartDue",
    stopTimeout: "stopping/judge: tell killed, kill, arm stopTimeout",
  },
  backoff: {
    startAsked: "starting: disarm, spawn current, arm readyTimeout",
    stopAsked: "stopped: disarm, tell stopped",
    forceAsked: "stopped: disarm, killRetired, tell stopped",
    reloadAsked: "starting: disarm, spawn current, arm readyTimeout",
    restartAsked: "starting: disarm, spawn current, arm readyTimeout",
    restartDue: "starting: spawn current, arm readyTimeout",
  },
  failed: {
    startAsked: "starting: disarm, spawn current, arm readyTimeout",
    stopAsked: "stopped: disarm, tell stopped",
    forceAsked: "stopped: disarm, killRetired, tell stopped",
    reloadAsked: "starting: disarm, spawn current, arm readyTimeout",
    restartAsked: "starting: disarm, spawn current, arm readyTimeout",
  },
  stopped: {
    startAsked: "starting: disarm, spawn current, arm readyTimeout",
    forceAsked: "stopped: killRetired",
    reloadAsked: "stopped: tell reload-failed",
    restartAsked: "stopped: tell reload-failed",
  },
};

for (const [name, state] of Object.entries(states)) {
  test(`stepChild() of a child that is ${name}, for each event`, () => {
    const cells = expected[name] ?? {};
    for (const event of events) {
      assert.is(stepText({ ...newChild, state }, event), cells[event.kind] ?? name, `${name} × ${event.kind}`);
    }
  });
}

test("stepChild() starts again, stops or gives up by the policy and the exit code", () => {
  const child: Child = { ...newChild, state: { kind: "ready" }, readyAtMs: 0 };
  const after = (restart: ChildPolicy["restart"], exit: ExitInfo): string => {
    const step = stepChild(child, { kind: "exited", exit }, { ...policy, restart }, 1);
    return step.child.state.kind;
  };
  assert.is(after("always", clean), "backoff");
  assert.is(after("always", crash), "backoff");
  assert.is(after("on-failure", clean), "stopped");
  assert.is(after("on-failure", crash), "backoff");
  assert.is(after("never", clean), "stopped");
  assert.is(after("never", crash), "failed");
});

test("a process that never got ready has failed, whatever code it ends with", () => {
  const child: Child = { ...newChild, state: { kind: "stopping", goal: "judge" } };
  const step = stepChild(child, { kind: "exited", exit: clean }, policy, 1);
  assert.is(step.child.state.kind, "backoff");
  const never = stepChild(child, { kind: "exited", exit: clean }, { ...policy, restart: "never" }, 1);
  assert.is(never.child.state.kind, "failed");
});

test("restarts wait longer each time, and as at first after a stable life", () => {
  const long: ChildPolicy = { ...policy, restartsMax: 100 };
  const delays: number[] = [];
  let child: Child = { ...newChild, state: { kind: "starting" } };
  for (let i = 0; i < 9; i++) {
    const step = stepChild(child, { kind: "exited", exit: crash }, long, i);
    delays.push(delayOf(step.actions));
    child = { ...step.child, state: { kind: "starting" } };
  }
  assert.equal(delays, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  const lived = (ms: number): number =>
    delayOf(
      stepChild({ ...child, state: { kind: "ready" }, readyAtMs: 100 }, { kind: "exited", exit: crash }, long, 100 + ms)
        .actions,
    );
  assert.is(lived(9_999), 60_000);
  assert.is(lived(10_000), 0);
});

test("a child is given up with one restart more than its policy allows within the window", () => {
  const exits = (gapMs: number): string => {
    let child: Child = { ...newChild, state: { kind: "starting" } };
    const kinds: string[] = [];
    for (let i = 0; i < 4; i++) {
      child = { ...stepChild(child, { kind: "exited", exit: crash }, policy, i * gapMs).child };
      kinds.push(child.state.kind);
      if (child.state.kind === "backoff") child = { ...child, state: { kind: "starting" } };
    }
    return kinds.join(" ");
  };
  // The window of the first restart ends with the fourth exit in the second case.
  assert.is(exits(33_333), "backoff backoff backoff failed");
  assert.is(exits(33_334), "backoff backoff backoff backoff");
});

test("starting a child that failed forgives its failures", () => {
  const child: Child = { state: { kind: "failed" }, restartsAtMs: [1, 2, 3], failures: 3, readyAtMs: undefined };
  const { child: after } = stepChild(child, { kind: "startAsked" }, policy, 5);
  assert.equal([after.restartsAtMs, after.failures], [[], 0]);
});

test.run();

function delayOf(actions: readonly ChildAction[]): number {
  const arm = actions.find((action) => action.do === "arm");
  return arm?.do === "arm" ? arm.delayMs : -1;
}

function stepText(child: Child, event: ChildEvent): string {
  const step = stepChild(child, event, policy, 50);
  const { state } = step.child;
  const name = state.kind === "stopping" ? `${state.kind}/${state.goal}` : state.kind;
  return step.actions.length === 0 ? name : `${name}: ${step.actions.map(actionText).join(", ")}`;
}

function actionText(action: ChildAction): string {
  switch (action.do) {
    case "spawn":
      return `spawn ${action.role}`;
    case "signal":
      return action.how;
    case "arm":
      return `arm ${action.timer}`;
    case "report":
      return `tell ${action.report.what}`;
    default:
      return action.do;
  }
}

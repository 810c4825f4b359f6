import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import type { AttemptEnd, AttemptOrder, Runner } from "../../src/ports.ts";
import { RemoteRunner } from "../../src/runners/remote-runner.ts";
import { AppRunners, type AttachedApp } from "../../src/runtime/app-runners.ts";
import { toDate } from "../../src/system.ts";
import { VirtualClock } from "../../src/testing.ts";
import { type LinkEnd, linkPair } from "../support/link-pair.ts";
import { suite } from "../support/suite.ts";

const test = suite("app runners");

test("an app takes runs when it is ready, and no more when it drains or is gone", () => {
  const rig = new Rig();
  const { app, link } = rig.attach();
  rig.runners.register(app, 5);
  assert.not.ok(rig.runners.canRun(5));
  rig.runners.ready(app);
  rig.runners.ready(app);
  assert.ok(rig.runners.canRun(5));
  void rig.runners.drain(app);
  assert.not.ok(rig.runners.canRun(5));
  rig.runners.remove(app, new KronError("KRON_RUNNER_LOST", "gone"));
  link.close();
  assert.equal(rig.told, ["gained 5", "lost 5", "lost 5"]);
});

test("each run goes to one app, the one with the least to do", () => {
  const rig = new Rig();
  const one = rig.attach(5);
  const other = rig.attach(5);
  for (let run = 0; run < 4; run++) rig.start(5);
  assert.equal([one.app.remote.activeCount, other.app.remote.activeCount], [2, 2]);
  void rig.runners.drain(one.app);
  rig.start(5);
  assert.equal([one.app.remote.activeCount, other.app.remote.activeCount], [2, 3]);
  assert.equal(rig.told, ["gained 5", "gained 5", "lost "], "the other one can still run it");
});

test("a timer that took the place of another has no callback until it is registered", () => {
  const rig = new Rig();
  const { app } = rig.attach(5);
  rig.reference = 2;
  assert.not.ok(rig.runners.canRun(5));
  rig.runners.register(app, 5);
  assert.ok(rig.runners.canRun(5));
});

test("callbacks of this process come before those of others", () => {
  const started: number[] = [];
  const own: Runner = {
    canRun: (slot) => slot === 1,
    start: ({ slot }) => {
      started.push(slot);
      return { abort: () => undefined };
    },
  };
  const rig = new Rig(own);
  const { app } = rig.attach(1, 2);
  rig.start(1);
  rig.start(2);
  assert.equal(started, [1]);
  assert.is(app.remote.activeCount, 1);
});

test("attempts of an app that is gone are lost, as is one that found nobody to begin it", () => {
  const rig = new Rig();
  const { app, link } = rig.attach(5);
  const ends = [rig.start(5)];
  link.close();
  rig.runners.remove(app, new KronError("KRON_RUNNER_LOST", "gone"));
  ends.push(rig.start(5));
  assert.equal(
    ends.map((end) => end.value?.kind),
    ["lost", "lost"],
  );
});

test.run();

class Rig {
  reference = 1;
  readonly told: string[] = [];
  readonly runners: AppRunners;

  constructor(own?: Runner) {
    this.runners = new AppRunners({
      own,
      referenceOf: () => this.reference,
      onGained: (slots) => this.told.push(`gained ${slots}`),
      onLost: (slots) => this.told.push(`lost ${slots}`),
    });
  }

  attach(...slots: readonly number[]): { readonly app: AttachedApp; readonly link: LinkEnd } {
    const [link] = linkPair();
    const output = { toDate, line: () => undefined, progress: () => undefined };
    const remote = new RemoteRunner(link, { clock: new VirtualClock(), output, outputOf: () => undefined });
    const app: AttachedApp = { remote, slots: new Map(), isReady: false, isDraining: false, whenIdle: [] };
    for (const slot of slots) this.runners.register(app, slot);
    if (slots.length > 0) this.runners.ready(app);
    return { app, link };
  }

  start(slot: number): { value: AttemptEnd | undefined } {
    const end: { value: AttemptEnd | undefined } = { value: undefined };
    this.runners.start({ ...order, slot }, (value) => {
      end.value = value;
    });
    return end;
  }
}

const order: AttemptOrder = {
  ...{ slot: 0, timerId: "t", target: { kind: "callback" }, runId: "run_1", attempt: 1, maxAttempts: 1 },
  ...{ isManual: false, scheduledAtMs: 1, dueAtMs: 1, startedAtMs: 1, timeoutMs: 0, missedCount: 0, payload: null },
  ...{ idempotencyKey: "k", fencingToken: 1 },
};

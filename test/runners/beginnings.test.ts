/** What a remote runner knows of when its attempts began, over a link in memory. */

import * as assert from "uvu/assert";
import type { AttemptEnd, AttemptHandle, AttemptOrder } from "../../src/ports.ts";
import { RemoteHost } from "../../src/runners/remote-host.ts";
import { Answer } from "../../src/runners/remote-protocol.ts";
import { RemoteRunner } from "../../src/runners/remote-runner.ts";
import { toDate } from "../../src/system.ts";
import { VirtualClock } from "../../src/testing.ts";
import { EngineRig } from "../support/engine-rig.ts";
import { type MemoryLink, memoryLinks } from "../support/memory-link.ts";
import { Seeded, seedFromEnvironment } from "../support/seeded.ts";
import { suite } from "../support/suite.ts";
import { orderOf } from "./target-rig.ts";

const test = suite("runners/beginnings");

const silent = (): void => undefined;

/** An attempt at the other end, which begins and ends when the test says. */
class Hand implements AttemptHandle {
  beganAtMs: number | undefined;
  abortedAtMs: number | undefined;
  readonly end: (end: AttemptEnd) => void;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, end: (end: AttemptEnd) => void) {
    this.#clock = clock;
    this.end = end;
  }

  begin(): void {
    this.beganAtMs = this.#clock.monotonicMs();
  }

  abort(reason: Error): void {
    this.abortedAtMs = this.#clock.monotonicMs();
    this.end({ kind: "failed", error: reason });
  }

  executingMs(): number | undefined {
    return this.beganAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.beganAtMs;
  }
}

interface Pair {
  readonly runner: RemoteRunner;
  readonly near: MemoryLink;
  readonly far: MemoryLink;
  readonly hands: Hand[];
  /** What was told of beginnings. */
  readonly told: () => (readonly unknown[])[];
}

function pair(clock: VirtualClock, onHand: (hand: Hand, order: AttemptOrder) => void = silent): Pair {
  const [near, far] = memoryLinks();
  const output = { toDate, line: silent, progress: silent };
  const runner = new RemoteRunner(near, { clock, output, outputOf: () => undefined, hasQueue: true });
  const hands: Hand[] = [];
  const start = (order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle => {
    const hand = new Hand(clock, done);
    hands.push(hand);
    onHand(hand, order);
    return hand;
  };
  new RemoteHost(far, { start }, { clock, graceMs: 0, onOver: silent });
  return { runner, near, far, hands, told: () => far.sent.filter(([kind]) => kind === Answer.BEGAN) };
}

const order = (timeoutMs: number): AttemptOrder => orderOf({ module: "./x.js" }, { timeoutMs });

test("the beginning of an attempt is told once, with its time, though it is told later", async () => {
  const clock = new VirtualClock();
  const { runner, hands, told } = pair(clock);
  const handle = runner.start(order(4_000), silent);
  await clock.advance("10s");
  assert.is(handle.executingMs?.(), undefined);
  await clock.advance(100);
  hands[0]?.begin();
  await clock.advance("1m");
  assert.equal(told(), [[Answer.BEGAN, 1, 10_100]]);
  assert.is(handle.executingMs?.(), 60_000);
});

test("an attempt without a timeout, or that ends within a quarter of it, costs no message", async () => {
  const clock = new VirtualClock();
  const { runner, hands, told } = pair(clock);
  for (const timeoutMs of [0, 4_000]) runner.start(order(timeoutMs), silent);
  await clock.settle();
  for (const hand of hands) hand.begin();
  await clock.advance(999);
  hands[1]?.end({ kind: "succeeded", result: undefined });
  await clock.advance("1m");
  assert.equal(told(), []);
});

test("a quick look is not kept waiting by a slow one, and nothing is looked at once the link is closed", async () => {
  const clock = new VirtualClock();
  const { runner, far, hands, told } = pair(clock);
  for (const timeoutMs of [400_000, 40, 2 ** 40]) runner.start(order(timeoutMs), silent);
  await clock.settle();
  for (const hand of hands) hand.begin();
  await clock.advance(10);
  assert.equal(
    told().map(([, id]) => id),
    [2],
  );
  far.close();
  await clock.advance("3h");
  assert.is(told().length, 1);
});

test("what executes at the other end at once counts from its start", async () => {
  const clock = new VirtualClock();
  const [near, far] = memoryLinks();
  const runner = new RemoteRunner(near, {
    ...{ clock, output: { toDate, line: silent, progress: silent }, outputOf: () => undefined },
  });
  new RemoteHost(far, { start: () => ({ abort: silent }) }, { clock, graceMs: 0, onOver: silent });
  const handle = runner.start(order(40), silent);
  await clock.advance("1s");
  assert.is(handle.executingMs?.(), Number.POSITIVE_INFINITY);
  assert.equal(far.sent, []);
});

test("a beginning in the future counts as now, one that is told twice counts once, one of nobody not at all", async () => {
  const clock = new VirtualClock();
  const { runner, far } = pair(clock);
  const handle = runner.start(order(4_000), silent);
  await clock.advance(500);
  for (const [id, atMs] of [[1, 1e12] as const, [1, 0] as const, [9, 1] as const]) far.send([Answer.BEGAN, id, atMs]);
  await clock.settle();
  assert.is(handle.executingMs?.(), 0);
  assert.is(far.isClosed, false);
});

test("timeouts of attempts that waited at the other end come when they have executed for so long, and not earlier", async () => {
  const random = new Seeded(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  for (let round = 0; round < 10; round++) {
    const rig = new EngineRig();
    const waits = Array.from({ length: 10 }, () => random.int(0, 3_000));
    const hands = new Map<string, Hand>();
    const { runner } = pair(rig.clock, (hand, { timerId }) => {
      hands.set(timerId, hand);
      rig.clock.wakeAfter(waits[Number(timerId)] ?? 0, () => hand.begin());
    });
    rig.targets.start = (given, done) => runner.start(given, done);
    const timeouts = waits.map(() => random.int(4, 1_000));
    const once = { after: 0, module: "./x.js", retry: false } as const;
    await Promise.all(timeouts.map((timeout, n) => rig.add(String(n), { ...once, timeout })));
    await rig.clock.advance("10s");
    for (const [id, { beganAtMs, abortedAtMs }] of hands) {
      const timeout = timeouts[Number(id)] ?? 0;
      const executedMs = (abortedAtMs ?? Number.NaN) - (beganAtMs ?? Number.NaN);
      const what = `round ${round}: waited ${waits[Number(id)]}, timeout ${timeout}, stopped after ${executedMs}`;
      assert.ok(executedMs >= timeout && executedMs <= timeout + 2, what);
    }
    assert.is(hands.size, 10);
  }
});

test.run();

import * as assert from "uvu/assert";
import { EngineRig } from "../support/engine-rig.ts";
import type { RigAttempt } from "../support/rig-targets.ts";
import { Seeded, seedFromEnvironment } from "../support/seeded.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/timeouts");

const module = "./job.js";
const once = { after: 0, module, retry: false } as const;

/** Threads in virtual time: attempts wait for a free one, in order, and say how long they have been executing. */
class Threads {
  /** When each began, by timer id. */
  readonly beganAtMs = new Map<string, number>();
  readonly abortedAtMs = new Map<string, number>();
  readonly #rig: EngineRig;
  readonly #tookMs: (attempt: RigAttempt) => number;
  #freeCount: number;
  #waiting: RigAttempt[] = [];

  /** Attempts end after `tookMs`, by an abort before that at once. */
  constructor(rig: EngineRig, count: number, tookMs: (attempt: RigAttempt) => number) {
    this.#rig = rig;
    this.#freeCount = count;
    this.#tookMs = tookMs;
    rig.targets.onStart = (attempt) => this.#started(attempt);
  }

  #started(attempt: RigAttempt): void {
    const { timerId } = attempt.order;
    attempt.executingMs = () => {
      const beganAtMs = this.beganAtMs.get(timerId);
      return beganAtMs === undefined ? undefined : this.#rig.clock.monotonicMs() - beganAtMs;
    };
    attempt.onAbort = () => {
      this.abortedAtMs.set(timerId, this.#rig.clock.monotonicMs());
      if (this.beganAtMs.has(timerId)) return;
      this.#waiting = this.#waiting.filter((other) => other !== attempt);
      attempt.end({ kind: "failed", error: attempt.aborts[0] });
    };
    this.#waiting.push(attempt);
    this.#next();
  }

  #next(): void {
    const attempt = this.#freeCount > 0 ? this.#waiting.shift() : undefined;
    if (attempt === undefined) return;
    this.#freeCount -= 1;
    this.beganAtMs.set(attempt.order.timerId, this.#rig.clock.monotonicMs());
    const end = (kind: "succeeded" | "failed"): void => {
      cancel();
      attempt.end(kind === "failed" ? { kind, error: attempt.aborts[0] } : { kind, result: undefined });
      this.#freeCount += 1;
      this.#next();
    };
    const cancel = this.#rig.clock.wakeAfter(this.#tookMs(attempt), () => end("succeeded"));
    const { onAbort } = attempt;
    attempt.onAbort = () => {
      onAbort?.();
      end("failed");
    };
  }
}

async function schedule(rig: EngineRig, count: number, options: (n: number) => object): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => `t${n}`);
  await Promise.all(ids.map((id, n) => rig.add(id, { ...once, ...options(n) })));
  return ids;
}

test("attempts that wait for a thread longer than their timeout do not time out", async () => {
  const rig = new EngineRig();
  new Threads(rig, 1, () => 100);
  const ids = await schedule(rig, 8, () => ({ timeout: 150 }));
  await rig.clock.advance("1m");
  assert.equal(
    ids.map((id) => rig.history(id)[0]?.outcome),
    ids.map(() => "SUCCEEDED"),
  );
  assert.ok((rig.history("t7")[0]?.durationMs ?? 0) >= 800, "the wait is part of the duration");
});

test("an attempt that had to wait times out when it has executed for so long, and the error tells of the wait", async () => {
  const rig = new EngineRig();
  const threads = new Threads(rig, 1, ({ order }) => (order.timerId === "t0" ? 3_000 : 60_000));
  await schedule(rig, 2, (n) => (n === 0 ? {} : { timeout: "2s" }));
  await rig.clock.advance("4999ms");
  assert.is(rig.view("t1").state, "running");
  await rig.clock.advance("1m");
  assert.is(threads.abortedAtMs.get("t1"), 5_000);
  const [failure] = rig.history("t1")[0]?.failures ?? [];
  assert.equal([failure?.outcome, failure?.durationMs], ["TIMED_OUT", 5_000]);
  assert.match(failure?.error.message ?? "", /took longer than 2000 ms, after it had waited 3000 ms to begin$/);
  assert.equal(failure?.error.details, { waitedMs: 3_000 });
});

test("an attempt that had not to wait times out to the millisecond, and its error tells of no wait", async () => {
  for (const executing of ["known", "unknown", "not asked"] as const) {
    const rig = new EngineRig();
    rig.targets.onStart = (attempt) => {
      const beganMs = rig.clock.monotonicMs();
      if (executing === "known") attempt.executingMs = () => rig.clock.monotonicMs() - beganMs;
      if (executing === "unknown") attempt.executingMs = () => Number.POSITIVE_INFINITY;
      attempt.onAbort = () => attempt.end({ kind: "failed", error: attempt.aborts[0] });
    };
    await rig.add("t", { ...once, timeout: "2s" });
    await rig.clock.advance("1999ms");
    assert.is(rig.targets.last.aborts.length, 0, executing);
    await rig.clock.advance("1ms");
    assert.match(rig.targets.last.aborts[0]?.message ?? "", /took longer than 2000 ms$/, executing);
  }
});

test("a timeout never comes earlier than that after the beginning, and at most a wake-up later", async () => {
  const random = new Seeded(seedFromEnvironment());
  const below = (n: number): number => random.int(0, n - 1);
  console.log(`seed ${random.seed}`);
  for (let round = 0; round < 20; round++) {
    const rig = new EngineRig();
    const timeouts = Array.from({ length: 12 }, () => 1 + below(500));
    const tookMs = timeouts.map(() => below(600) + below(1_000) / 1_000);
    const indexOf = (id: string): number => Number(id.slice(1));
    const threads = new Threads(rig, 1 + below(3), ({ order }) => tookMs[indexOf(order.timerId)] ?? 0);
    const ids = await schedule(rig, 12, (n) => ({ timeout: timeouts[n], after: below(300) }));
    await rig.clock.advance("1m");
    for (const id of ids) {
      const [timeout, took] = [timeouts[indexOf(id)] ?? 0, tookMs[indexOf(id)] ?? 0];
      const executedMs = (threads.abortedAtMs.get(id) ?? Number.NaN) - (threads.beganAtMs.get(id) ?? Number.NaN);
      const what = `round ${round}, ${id}: timeout ${timeout}, took ${took}, stopped after ${executedMs}`;
      if (threads.abortedAtMs.has(id)) assert.ok(executedMs >= timeout && executedMs <= timeout + 2, what);
      else assert.ok(took <= timeout + 1, what);
      assert.is(rig.history(id)[0]?.outcome, threads.abortedAtMs.has(id) ? "DEAD" : "SUCCEEDED", what);
    }
  }
});

test("an attempt that waits for ever does not time out, and is cancelled at once", async () => {
  const rig = new EngineRig();
  const threads = new Threads(rig, 0, () => 0);
  await schedule(rig, 2, () => ({ timeout: "1s", grace: "1h" }));
  await rig.clock.advance("1h");
  assert.is(threads.abortedAtMs.size, 0);
  await rig.settle(rig.commands.cancel("t0", true));
  assert.is(rig.history("t0")[0]?.outcome, "CANCELLED");
  rig.engine.dispatcher.abortAll("shutdown");
  assert.is(rig.engine.dispatcher.executingCount, 0, "nor does a shutdown wait for one");
});

test.run();

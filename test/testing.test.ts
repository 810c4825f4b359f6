import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { AssertionError } from "../src/core/assert.ts";
import { isKronError } from "../src/core/errors.ts";
import { VirtualClock } from "../src/testing.ts";
import { suite } from "./support/suite.ts";

const test = suite("testing");
const startMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;

async function failureOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("did not fail");
}

test("a new clock shows its start and stands still", async () => {
  const clock = new VirtualClock();
  assert.is(clock.nowMs(), startMs);
  assert.is(clock.monotonicMs(), 0);
  await clock.settle();
  assert.is(clock.nowMs(), startMs);
  assert.is(new VirtualClock("2026-03-29T02:00:00+02:00").nowMs(), Date.UTC(2026, 2, 29));
  assert.is(new VirtualClock(5).nowMs(), 5);
  assert.is(new VirtualClock(new Date(6)).nowMs(), 6);
  assert.throws(() => new VirtualClock("2026-03-29"), /Expected start to be an instant/);
});

test("advance() moves both times and wakes what is due, showing each its due time", async () => {
  const clock = new VirtualClock();
  const seen: [string, number][] = [];
  for (const [name, delayMs] of [
    ["late", 3_001],
    ["b", 2_000],
    ["a", 1_000],
    ["b again", 2_000],
    ["edge", 3_000],
    ["fraction", 1_000.2],
  ] as const)
    clock.wakeAfter(delayMs, () => seen.push([name, clock.nowMs() - startMs]));
  assert.is(clock.pendingWaits, 6);
  await clock.advance("3s");
  assert.equal(seen, [
    ["a", 1_000],
    ["fraction", 1_001],
    ["b", 2_000],
    ["b again", 2_000],
    ["edge", 3_000],
  ]);
  assert.is(clock.nowMs(), startMs + 3_000);
  assert.is(clock.monotonicMs(), 3_000);
  assert.is(clock.pendingWaits, 1);
  await clock.advance(1);
  assert.is(seen.length, 6);
});

test("a wait may be cancelled before, after and by another", async () => {
  const clock = new VirtualClock();
  let wakes = 0;
  const count = (): void => {
    wakes += 1;
  };
  const cancelFirst = clock.wakeAfter(10, count);
  cancelFirst();
  cancelFirst();
  const cancelVictim = clock.wakeAfter(30, count);
  const cancelKiller = clock.wakeAfter(20, cancelVictim);
  await clock.advance(100);
  cancelKiller();
  assert.is(wakes, 0);
  assert.is(clock.pendingWaits, 0);
});

test("a virtual hour of a program with promises and turns in between is deterministic", async () => {
  const run = async (): Promise<number[]> => {
    const clock = new VirtualClock();
    const starts: number[] = [];
    const wake = (): void => void work();
    const work = async (): Promise<void> => {
      starts.push(clock.monotonicMs());
      // As much as a run takes without waiting for time: promises and a few turns of the loop.
      for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
      await Promise.resolve();
      clock.wakeAfter(3_600, wake);
    };
    clock.wakeAfter(0, wake);
    await clock.advance("1h");
    return starts;
  };
  const starts = await run();
  assert.equal(
    starts,
    Array.from({ length: 1_001 }, (_, index) => index * 3_600),
  );
  assert.equal(await run(), starts);
});

test("advance() waits for what the idle checks say is under way", async () => {
  const clock = new VirtualClock();
  let reads = 0;
  const seen: number[] = [];
  const forget = clock.onIdle(() => reads === 0);
  const step = (): void => {
    reads += 1;
    void readFile(fileURLToPath(import.meta.url)).then(() => {
      reads -= 1;
      seen.push(clock.monotonicMs());
      clock.wakeAfter(1_000, step);
    });
  };
  clock.wakeAfter(1_000, step);
  await clock.advance("10s");
  assert.equal(seen, [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000]);
  forget();
  forget();
});

test("an idle check may be a promise, and is waited for", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  let reading: Promise<void> = Promise.resolve();
  clock.onIdle(() => reading);
  clock.wakeAfter(10, () => {
    reading = readFile(fileURLToPath(import.meta.url)).then(() => {
      seen.push(clock.monotonicMs());
    });
  });
  await clock.advance(1_000);
  assert.equal(seen, [10]);
});

test("advance() gives up on work that does not end", async () => {
  const patient = { patienceMs: 20 };
  for (const check of [() => false, () => new Promise<void>(() => undefined)]) {
    const clock = new VirtualClock(undefined, patient);
    const forget = clock.onIdle(check);
    assert.match(
      (await failureOf(clock.advance(1))).message,
      /still under way after 20 ms of real time, at 2026-01-01T/,
    );
    forget();
    await clock.advance(1);
    assert.is(clock.monotonicMs(), 1);
  }
});

test("advance() tells when time no longer moves", async () => {
  const clock = new VirtualClock(undefined, { quietTurns: 1 });
  const again = (): void => {
    clock.wakeAfter(0, again);
  };
  clock.wakeAfter(5, again);
  assert.match((await failureOf(clock.advance(10))).message, /^Time stands still at 2026-01-01T00:00:00.005Z/);
});

test("advance() rejects with what a wake threw, and can go on", async () => {
  const clock = new VirtualClock();
  const trouble = new Error("wake failed");
  clock.wakeAfter(5, () => {
    throw trouble;
  });
  let wakes = 0;
  clock.wakeAfter(6, () => {
    wakes += 1;
  });
  assert.is(await failureOf(clock.advance(10)), trouble);
  assert.is(clock.monotonicMs(), 5);
  await clock.advance(1);
  assert.is(wakes, 1);
});

test("advance() is for one caller at a time", async () => {
  const clock = new VirtualClock();
  const first = clock.advance(10);
  assert.ok(isKronError(await failureOf(clock.advance(10)), "KRON_CONFLICT"));
  await first;
  assert.is(clock.monotonicMs(), 10);
});

test("advanceTo() goes to an instant of the wall clock, and not back", async () => {
  const clock = new VirtualClock();
  await clock.advanceTo("2026-01-01T02:00:00+01:00");
  assert.is(clock.nowMs(), startMs + 60 * minuteMs);
  await clock.advanceTo(clock.nowMs());
  assert.is(clock.monotonicMs(), 60 * minuteMs);
  const error = await failureOf(clock.advanceTo(startMs));
  assert.ok(isKronError(error, "KRON_OPTION_INVALID"));
  assert.match(error.message, /^Expected an instant from 2026-01-01T01:00:00.000Z on$/);
});

test("set() and jumpWall() move the wall clock alone", async () => {
  const clock = new VirtualClock();
  let wokenAtMs = 0;
  clock.wakeAfter(1_000, () => {
    wokenAtMs = clock.nowMs();
  });
  clock.jumpWall("2m");
  assert.is(clock.nowMs(), startMs + 2 * minuteMs);
  clock.jumpWall("-3m");
  clock.jumpWall(-minuteMs);
  clock.jumpWall(500);
  assert.is(clock.nowMs(), startMs - 2 * minuteMs + 500);
  assert.is(clock.monotonicMs(), 0);
  clock.set("2030-01-01T00:00:00Z");
  await clock.advance(1_000);
  assert.is(wokenAtMs, Date.UTC(2030, 0, 1) + 1_000);
  assert.throws(() => clock.jumpWall("--2m"), /Expected by to be a duration/);
});

test("suspend() moves the wall clock while waits stand still", async () => {
  const clock = new VirtualClock();
  let wakes = 0;
  clock.wakeAfter(1_000, () => {
    wakes += 1;
  });
  await clock.advance(999);
  clock.suspend("8h");
  assert.is(clock.nowMs(), startMs + 8 * 60 * minuteMs + 999);
  assert.is(clock.monotonicMs(), 999);
  await clock.settle();
  assert.is(wakes, 0);
  await clock.advance(1);
  assert.is(wakes, 1);
  assert.throws(() => clock.suspend(-1), /must not be negative/);
});

test("waits and options out of range are programming errors", () => {
  const isAssertion = (error: unknown): boolean => error instanceof AssertionError;
  for (const delayMs of [-1, Number.NaN, 2 ** 31])
    assert.throws(() => new VirtualClock().wakeAfter(delayMs, () => undefined), isAssertion);
  for (const quietTurns of [0, 1.5]) assert.throws(() => new VirtualClock(0, { quietTurns }), isAssertion);
  for (const patienceMs of [-1, 2 ** 31]) assert.throws(() => new VirtualClock(0, { patienceMs }), isAssertion);
});

test("any waits end in the order of their due times, then of their making", async () => {
  const delays = fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(delays, fc.nat(25), async (asked, advanceMs) => {
      const clock = new VirtualClock(0, { quietTurns: 1 });
      const woken: number[] = [];
      const cancels = asked.map(([delayMs], index) => clock.wakeAfter(delayMs, () => woken.push(index)));
      for (const [index, cancel] of cancels.entries()) if (asked[index]?.[1]) cancel();
      await clock.advance(advanceMs);
      const expected = asked
        .map(([delayMs, isCancelled], index) => ({ delayMs, isCancelled, index }))
        .filter(({ delayMs, isCancelled }) => !isCancelled && delayMs <= advanceMs)
        .sort((a, b) => a.delayMs - b.delayMs || a.index - b.index);
      assert.equal(
        woken,
        expected.map(({ index }) => index),
      );
    }),
  );
});

test.run();

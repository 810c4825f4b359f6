import * as assert from "uvu/assert";
import type { AttemptEnd, AttemptHandle, AttemptOrder, TargetRunner } from "../../src/ports.ts";
import { LazyRunner } from "../../src/runners/lazy.ts";
import { VirtualClock } from "../../src/testing.ts";
import { suite } from "../support/suite.ts";
import { show, timeout } from "./module-rig.ts";
import { orderOf } from "./target-rig.ts";

const test = suite("runners/lazy");

const order: AttemptOrder = orderOf({ module: "./x.js" });

/** A lazy runner whose load the test ends; attempts have what `handle` has besides. */
function rig(handle: Partial<AttemptHandle> = {}) {
  const clock = new VirtualClock();
  const begun: ((end: AttemptEnd) => void)[] = [];
  const ends: AttemptEnd[] = [];
  const runner: TargetRunner = {
    start: (_, done) => {
      begun.push(done);
      return { abort: () => undefined, ...handle };
    },
    close: () => Promise.resolve(),
  };
  let loaded = (): void => undefined;
  let failed = (_: Error): void => undefined;
  const load = (): Promise<TargetRunner> =>
    new Promise((resolve, reject) => {
      loaded = () => resolve(runner);
      failed = reject;
    });
  const lazy = new LazyRunner(load, clock);
  const start = (): AttemptHandle => lazy.start(order, (end) => ends.push(end));
  return { clock, begun, ends, start, loaded: () => loaded(), failed: (error: Error) => failed(error) };
}

test("an attempt waits while its runner is loaded, and executes from when it is", async () => {
  const { clock, begun, start, loaded } = rig();
  const handle = start();
  await clock.advance("1m");
  assert.is(handle.executingMs?.(), undefined);
  loaded();
  await clock.settle();
  assert.is(begun.length, 1);
  await clock.advance("3s");
  assert.is(handle.executingMs?.(), 3_000);
  assert.is(start().executingMs, undefined, "the next one is the runner's own");
});

test("once loaded, the runner says how long an attempt has been executing", async () => {
  let executingMs: number | undefined;
  const { clock, start, loaded } = rig({ executingMs: () => executingMs });
  const handle = start();
  loaded();
  await clock.advance("3s");
  assert.is(handle.executingMs?.(), undefined);
  executingMs = 5;
  assert.is(handle.executingMs?.(), 5);
});

test("abort() ends an attempt at once that waits, and it never begins", async () => {
  const { clock, begun, ends, start, loaded } = rig();
  start().abort(timeout);
  assert.equal(ends.map(show), ["failed KRON_RUN_TIMEOUT: Took too long"]);
  loaded();
  await clock.settle();
  assert.is(begun.length, 0);
});

test("an attempt fails with the reason that its runner could not be loaded for", async () => {
  const { clock, ends, start, failed } = rig();
  start();
  failed(new Error("no memory"));
  await clock.settle();
  assert.equal(ends.map(show), ["failed Error: no memory"]);
});

test.run();

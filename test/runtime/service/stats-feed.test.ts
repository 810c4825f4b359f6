import { equal, is } from "uvu/assert";
import { type RuntimeStats, statsMethod } from "../../../src/runtime/service/stats-feed.ts";
import { FakeStream, ServiceRig } from "../../support/service-rig.ts";
import { suite } from "../../support/suite.ts";

const test = suite("stats");

/** A stream of figures, in virtual time. */
async function watch(service: ServiceRig): Promise<FakeStream> {
  const method = methods.get(service) ?? statsMethod({ ...service.runtime, realClock: service.rig.clock });
  methods.set(service, method);
  if (method.kind !== "stream") throw new Error("Expected a stream");
  const stream = new FakeStream(100);
  await method.open(null, stream);
  await service.rig.clock.settle();
  return stream;
}

const methods = new WeakMap<ServiceRig, ReturnType<typeof statsMethod>>();

function last(stream: FakeStream): RuntimeStats {
  return stream.items.at(-1) as RuntimeStats;
}

test("the first figures come at once, then one a second", async () => {
  const service = new ServiceRig();
  await service.rig.add("a", { every: "1h" });
  const stream = await watch(service);
  is(stream.items.length, 1);
  is(last(stream).status.timers, 1);
  is(last(stream).isWhole, true);
  await service.rig.clock.advance("5s");
  is(stream.items.length, 6);
  is(last(stream).monotonicMs - (stream.items[0] as RuntimeStats).monotonicMs, 5_000);
});

test("timers are counted by state", async () => {
  const service = new ServiceRig();
  await service.rig.add("a", { every: "1h" });
  await service.rig.add("b", { every: "1h" });
  await service.rig.add("busy", { after: "1s" }, () => new Promise(() => undefined));
  await service.rig.settle(service.rig.commands.pause("b"));
  await service.rig.clock.advance("2s");
  const { states } = last(await watch(service));
  equal([states.scheduled, states.paused, states.running, states.dead], [1, 1, 1, 0]);
});

test("runs are counted by how they ended, from when somebody looks", async () => {
  const service = new ServiceRig();
  const retry = { maxAttempts: 2, base: "1s", jitter: false } as const;
  await service.rig.add("good", { every: "1m", overlap: "skip" });
  await service.rig.add("bad", { every: "1m", overlap: "skip", retry }, () => {
    throw new Error("boom");
  });
  await service.rig.clock.advance("90s");
  const stream = await watch(service);
  is(last(stream).totals.started, 0);
  await service.rig.clock.advance("60s");
  equal(last(stream).totals, {
    ...{ started: 2, succeeded: 1, failed: 2, dead: 1, cancelled: 0, missed: 0, skipped: 0 },
  });
});

test("lateness is that of the last minute, and leaves out runs asked for by hand", async () => {
  const service = new ServiceRig({ concurrency: 1 });
  const wait = () => new Promise<void>((resolve) => service.rig.clock.wakeAfter(3_000, resolve));
  await service.rig.add("first", { after: "10s" }, wait);
  await service.rig.add("second", { after: "10s" }, wait);
  const stream = await watch(service);
  await service.rig.clock.advance("11s");
  equal(last(stream).lateness, { count: 1, p50Ms: 0, p99Ms: 0 });
  await service.rig.clock.advance("9s");
  const { count, p50Ms, p99Ms } = last(stream).lateness;
  equal([count, p50Ms], [2, 0]);
  is((p99Ms ?? 0) >= 3_000 && (p99Ms ?? 0) < 3_600, true, `${p99Ms}`);
  await service.rig.add("hand", { every: "1d" });
  await service.rig.settle(service.rig.commands.trigger("hand", undefined, 0));
  await service.rig.clock.advance("1s");
  is(last(stream).lateness.count, 2);
  await service.rig.clock.advance("70s");
  equal(last(stream).lateness, { count: 0, p50Ms: null, p99Ms: null });
});

test("those who look share one counting, which ends with the last of them", async () => {
  const service = new ServiceRig();
  await service.rig.add("a", { every: "1s", overlap: "skip" });
  is(service.runtime.events.tap, undefined);
  const one = await watch(service);
  await service.rig.clock.advance("10s");
  const other = await watch(service);
  await service.rig.clock.advance("1s");
  equal(last(other).totals, last(one).totals);
  one.cancel();
  is(service.runtime.events.tap === undefined, false);
  other.cancel();
  is(service.runtime.events.tap, undefined);
  const before = [one.items.length, other.items.length];
  await service.rig.clock.advance("10s");
  equal([one.items.length, other.items.length], before);
  const again = await watch(service);
  is(last(again).totals.started, 0);
});

test("who is not ready for figures gets later ones, and nothing is kept for them", async () => {
  const service = new ServiceRig();
  await service.rig.add("a", { every: "1s", overlap: "skip" });
  const stream = await watch(service);
  stream.credit = 0;
  await service.rig.clock.advance("10s");
  is(stream.items.length, 1);
  stream.grant(1);
  await service.rig.clock.advance("1s");
  is(stream.items.length, 2);
  is(last(stream).totals.started, 10);
});

test.run();

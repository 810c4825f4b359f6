import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../../src/core/errors.ts";
import type { Timeline } from "../../../src/runtime/service/timer-timeline.ts";
import type { Place, TimerWindow } from "../../../src/runtime/service/timer-window.ts";
import { unpackTimer } from "../../../src/runtime/service/wire-views.ts";
import { ServiceRig } from "../../support/service-rig.ts";
import { suite } from "../../support/suite.ts";

const test = suite("timer.window, strips and timeline");

const seconds = [40, 10, 30, 20, 50, 90, 80, 70, 60, 99];

/** Timers `t0` to `t9`, due next after as many seconds as `seconds` says. */
async function ten(): Promise<ServiceRig> {
  const service = new ServiceRig();
  for (const [at, second] of seconds.entries()) await service.rig.add(`t${at}`, { every: second * 1_000 });
  return service;
}

async function window(service: ServiceRig, params: object): Promise<TimerWindow & { readonly ids: string }> {
  const found = (await service.call("timer.window", params)) as TimerWindow;
  return { ...found, ids: found.rows.map((tuple) => unpackTimer(tuple).timer.id).join(" ") };
}

test("timer.window gives a part of the sorted list", async () => {
  const service = await ten();
  const first = await window(service, { limit: 3 });
  equal([first.ids, first.position, first.total], ["t0 t1 t2", 0, 10]);
  equal((await window(service, { sort: "next", limit: 4 })).ids, "t1 t3 t2 t0");
  equal((await window(service, { sort: "next", descending: true, limit: 2 })).ids, "t9 t5");
  equal((await window(service, { descending: true, limit: 2 })).ids, "t9 t8");
});

test("timer.window goes on from a place it gave, either way, and stops at the ends", async () => {
  const service = await ten();
  const { places } = await window(service, { sort: "next", limit: 5 });
  const anchor = places[3] as Place;
  const from = async (shift: number, limit = 3) => {
    const { ids, position } = await window(service, { sort: "next", anchor, shift, limit });
    return [ids, position];
  };
  equal(await from(0), ["t0 t4 t8", 3]);
  equal(await from(2), ["t8 t7 t6", 5]);
  equal(await from(-2), ["t3 t2 t0", 1]);
  equal(await from(-100), ["t1 t3 t2", 0]);
  equal(await from(100), ["t6 t5 t9", 7]);
  equal(await from(0, 100), ["t1 t3 t2 t0 t4 t8 t7 t6 t5 t9", 0]);
  const end = await window(service, { sort: "next", anchor: "end", shift: -3, limit: 3 });
  equal([end.ids, end.position], ["t6 t5 t9", 7]);
});

test("timer.window finds its place again when the timer there has gone", async () => {
  const service = await ten();
  const { places } = await window(service, { limit: 10 });
  const anchor = [(places[4] as Place)[0], "t4x"] as const;
  const found = await window(service, { anchor, limit: 2 });
  equal([found.ids, found.position], ["t5 t6", 5]);
});

test("timer.window narrows by id and by state", async () => {
  const service = await ten();
  await service.rig.settle(service.rig.commands.pause("t7"));
  equal((await window(service, { state: ["paused"] })).ids, "t7");
  equal((await window(service, { sort: "state" })).ids.slice(0, 5), "t7 t0");
  const found = await window(service, { match: "t3" });
  equal([found.ids, found.total], ["t3", 1]);
  equal((await window(service, { match: "none" })).total, 0);
});

test("timer.window sorts by what has ended and how long it took, what has not comes last", async () => {
  const service = await ten();
  const wait = (ms: number) => () => new Promise<void>((resolve) => service.rig.clock.wakeAfter(ms, resolve));
  await service.rig.add("slow", { after: "1s" }, wait(3_000));
  await service.rig.add("fast", { after: "2s" }, wait(10));
  await service.rig.clock.advance("9s");
  equal((await window(service, { sort: "duration", limit: 3 })).ids, "fast slow t0");
  equal((await window(service, { sort: "duration", descending: true, limit: 3 })).ids, "slow fast t0");
  equal((await window(service, { sort: "last", descending: true, limit: 3 })).ids, "slow fast t0");
});

test("timer.window agrees with sorting everything, wherever one looks", async () => {
  const service = new ServiceRig();
  const all = Array.from({ length: 300 }, (_, at) => ({ id: `x${(at * 7_919) % 300}`, second: 1 + ((at * 31) % 17) }));
  const made = all.map(({ id, second }) => service.rig.schedule(id, { every: second * 1_000 }));
  await service.rig.settle(Promise.all(made));
  const sorted = [...all].sort((a, b) => a.second - b.second || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
  const { places } = await window(service, { sort: "next", limit: 300 });
  for (const [at, shift, limit] of [
    [0, 0, 7],
    [150, 20, 9],
    [150, -20, 9],
    [299, 5, 3],
    [10, -3, 200],
  ] as const) {
    const found = await window(service, { sort: "next", anchor: places[at], shift, limit });
    const start = Math.max(0, Math.min(at + shift, 300 - limit));
    equal([found.position, found.ids], [start, sorted.slice(start, start + limit).join(" ")]);
  }
});

test("timer.window refuses what it does not know", async () => {
  const service = await ten();
  for (const params of [{ sort: "size" }, { limit: 501 }, { anchor: 3 }, { shift: 1.5 }, { order: 1 }]) {
    try {
      await window(service, params);
      ok(false, JSON.stringify(params));
    } catch (error) {
      ok(isKronError(error, "KRON_OPTION_INVALID"), String(error));
    }
  }
});

test("timer.strips gives the last outcomes, the newest last", async () => {
  const service = new ServiceRig();
  let runs = 0;
  await service.rig.add("mixed", { every: "1s", overlap: "skip", retry: false }, () => {
    runs += 1;
    if (runs % 3 === 0) throw new Error("boom");
  });
  await service.rig.add("idle", { every: "1h" });
  await service.rig.clock.advance("7s");
  equal(await service.call("timer.strips", { ids: ["mixed", "idle", "nobody"] }), ["SSDSSDS", "", ""]);
  equal(await service.call("timer.strips", { ids: ["mixed"], count: 2 }), ["DS"]);
});

test("timer.timeline counts what is due in each part of the time ahead", async () => {
  const service = new ServiceRig();
  await service.rig.add("pace", { every: "20s", overlap: "skip" });
  await service.rig.add("cron", { cron: "*/2 * * * *" });
  await service.rig.add("once", { after: "90s" });
  await service.rig.add("busy", { every: "1s", overlap: "skip" });
  await service.rig.add("held", { every: "1s", overlap: "skip" });
  await service.rig.settle(service.rig.commands.pause("held"));
  const timeline = (await service.call("timer.timeline", { horizonMs: 240_000, buckets: 4 })) as Timeline;
  is(timeline.bucketMs, 60_000);
  // In each minute the pace twice or three times, and the busy one sixty times, its first after a second.
  equal(timeline.counts, [2 + 59, 3 + 1 + 60, 3 + 1 + 60, 3 + 60]);
  is(timeline.overdue, 0);
});

test("timer.timeline shows the seconds in which most are due", async () => {
  const service = new ServiceRig();
  for (let at = 0; at < 30; at++) await service.rig.add(`s${at}`, { cron: "0 * * * *" });
  await service.rig.add("pair-1", { after: "10m" });
  await service.rig.add("pair-2", { after: "10m" });
  const { peaks } = (await service.call("timer.timeline", { horizonMs: 5_400_000, buckets: 90 })) as Timeline;
  const nowMs = service.rig.clock.nowMs();
  equal(
    peaks.map(({ atMs, count }) => [atMs - nowMs, count]),
    [
      [600_000, 2],
      [3_600_000, 30],
    ],
  );
  equal(peaks[0]?.ids, ["pair-1", "pair-2"]);
});

test.run();

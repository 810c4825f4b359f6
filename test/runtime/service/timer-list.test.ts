import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../../src/core/errors.ts";
import { packTimer, type Tuple, unpackTimer } from "../../../src/runtime/service/wire-views.ts";
import { ServiceRig } from "../../support/service-rig.ts";
import { suite } from "../../support/suite.ts";

const test = suite("timer.list");

interface TimerPage {
  readonly timers: readonly Tuple[];
  readonly next: number | null;
}

async function list(service: ServiceRig, params: unknown = null): Promise<TimerPage[]> {
  return (await service.collect("timer.list", params)) as TimerPage[];
}

function idsOf(pages: readonly TimerPage[]): string[] {
  return pages.flatMap(({ timers }) => timers.map((tuple) => unpackTimer(tuple).timer.id));
}

async function withTimers(count: number, payload?: unknown): Promise<ServiceRig> {
  const service = new ServiceRig();
  const options = { every: "1h", ...(payload !== undefined && { payload }) } as const;
  const scheduled = Array.from({ length: count }, (_, i) => service.rig.schedule(`timer-${i}`, options));
  await service.rig.settle(Promise.all(scheduled));
  return service;
}

test("timers arrive whole, as they were viewed", async () => {
  const service = new ServiceRig();
  const payload = { big: 2n ** 60n, bytes: new Uint8Array([1, 2]), text: "ü" };
  await service.rig.add("cron", { cron: "0 9 * * MON", timezone: "Europe/Rome", history: { count: 5 }, payload });
  await service.rig.add("fails", { every: "1m", retry: { maxAttempts: 2, base: "1h", jitter: false } }, () => {
    throw new Error("boom");
  });
  await service.rig.clock.advance("90s");
  const [page] = await list(service);
  const rows = (page?.timers ?? []).map(unpackTimer);
  equal(
    rows.map(({ timer }) => timer),
    [service.rig.view("cron"), service.rig.view("fails")],
  );
  is(rows[1]?.timer.state, "retrying");
  is(rows[1]?.timer.lastError?.message, "boom");
  is(rows[0]?.anchorMs, service.rig.engine.data.timers.anchorMs.get(0));
});

test("a page has at most 500 timers, and all of them come once", async () => {
  const pages = await list(await withTimers(1_201));
  equal(
    pages.map(({ timers }) => timers.length),
    [500, 500, 201],
  );
  is(new Set(idsOf(pages)).size, 1_201);
  is(pages.at(-1)?.next, null);
});

test("a page ends before 256 KiB, and a timer that is larger comes by itself", async () => {
  const service = await withTimers(3, "x".repeat(100 * 1024));
  await service.rig.add("large", { every: "1h", payload: "y".repeat(256 * 1024 - 10) });
  await service.rig.add("small", { every: "1h" });
  const pages = await list(service);
  equal(
    pages.map(({ timers }) => timers.length),
    [2, 1, 1, 1],
  );
});

test("a payload as deep as any may be is carried", async () => {
  const service = new ServiceRig();
  let payload: unknown = "deepest";
  for (let level = 0; level < 28; level++) payload = [payload];
  await service.rig.add("deep", { every: "1h", payload });
  const [page] = await list(service);
  equal(unpackTimer(page?.timers[0]).timer.payload, payload);
});

test("without timers there is one empty page", async () => {
  equal(await list(new ServiceRig()), [{ timers: [], next: null }]);
});

test("state and match leave out the others", async () => {
  const service = await withTimers(30);
  await service.rig.settle(service.rig.commands.pause("timer-7"));
  await service.rig.settle(service.rig.commands.pause("timer-17"));
  equal(idsOf(await list(service, { state: ["paused"] })), ["timer-7", "timer-17"]);
  equal(idsOf(await list(service, { match: "-17", state: null })), ["timer-17"]);
  equal(idsOf(await list(service, { state: ["dead"] })), []);
});

test("limit ends the list, and after goes on where it ended", async () => {
  const service = await withTimers(25);
  const first = await list(service, { limit: 10 });
  is(idsOf(first).length, 10);
  const rest = await list(service, { after: first.at(-1)?.next });
  is(new Set([...idsOf(first), ...idsOf(rest)]).size, 25);
});

test("wrong parameters are refused, with what may have been meant", async () => {
  const service = new ServiceRig();
  for (const [params, hint] of [
    [{ state: ["pausd"] }, /Did you mean "paused"/],
    [{ states: ["paused"] }, /Did you mean state/],
    [{ limit: 0 }, undefined],
    [{ after: -1 }, undefined],
    [{ match: "" }, undefined],
    [[1], undefined],
  ] as const) {
    try {
      await list(service, params);
      ok(false, JSON.stringify(params));
    } catch (error) {
      ok(isKronError(error, "KRON_OPTION_INVALID"), String(error));
      if (hint !== undefined) ok(hint.test(error.hint ?? ""), error.hint);
    }
  }
});

test("timers that come and go during the walk change nothing for those that stay", async () => {
  const service = await withTimers(2_000);
  const stream = service.open("timer.list", null, 1);
  while (stream.items.length < 1) await turn();
  is(stream.credit, 0, "the reader has stopped");
  await service.rig.settle(Promise.all([0, 600, 1_999].map((i) => service.rig.commands.cancel(`timer-${i}`, false))));
  await service.rig.add("late", { every: "1h" });
  while (!stream.isOver) {
    stream.grant(1);
    await turn();
  }
  const ids = idsOf(stream.items as TimerPage[]);
  is(new Set(ids).size, ids.length);
  const stayed = Array.from({ length: 2_000 }, (_, i) => `timer-${i}`);
  ok(stayed.every((id) => ids.includes(id)));
});

test("a walk whose client has gone goes no further", async () => {
  const service = await withTimers(2_000);
  const stream = service.open("timer.list", null, 1);
  while (stream.items.length < 1) await turn();
  stream.cancel();
  stream.credit = 100;
  for (let turns = 0; turns < 10; turns++) await turn();
  is(stream.items.length, 1);
});

test("unpackTimer() refuses what is no timer", () => {
  for (const value of [null, {}, [], ["a", "b"]]) {
    try {
      unpackTimer(value);
      ok(false);
    } catch (error) {
      ok(isKronError(error, "KRON_IPC_PROTOCOL"));
    }
  }
});

test("unpackTimer() passes over fields that a later version has added", async () => {
  const service = await withTimers(1);
  const timer = service.rig.view("timer-0");
  equal(unpackTimer([...packTimer({ timer, anchorMs: 5 }), "new"]), { timer, anchorMs: 5 });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test.run();

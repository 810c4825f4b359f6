import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../../src/core/errors.ts";
import type { FeedItem } from "../../../src/runtime/service/event-feed.ts";
import { type EventType, eventTypes } from "../../../src/runtime/service/event-types.ts";
import { type Tuple, unpackHistory } from "../../../src/runtime/service/wire-views.ts";
import { ServiceRig } from "../../support/service-rig.ts";
import { suite } from "../../support/suite.ts";

const test = suite("timer.history and events");

async function history(service: ServiceRig, params: unknown) {
  const pages = (await service.collect("timer.history", params)) as { readonly entries: readonly Tuple[] }[];
  return pages.map(({ entries }) => entries.map(unpackHistory));
}

test("timer.history gives what kron.history() would, in pages", async () => {
  const service = new ServiceRig({ limits: { history: { perTimerMax: 2_000 } } });
  await service.rig.add("quick", { every: "1s", retry: false }, ({ attempt }) => {
    if (service.rig.clock.nowMs() % 3_000 === 0) throw new Error("boom");
    return { attempt };
  });
  await service.rig.clock.advance("20m");
  const pages = await history(service, { id: "quick", limit: 1_000 });
  equal(
    pages.map((page) => page.length),
    [500, 500],
  );
  equal(pages.flat(), service.rig.history("quick"));
  const since = service.rig.clock.nowMs() - 10_500;
  is((await history(service, { id: "quick", since })).flat().length, 11);
  is((await history(service, { id: "quick", before: since, limit: 3 })).flat().length, 3);
});

test("timer.history refuses ids and options that are not known", async () => {
  const service = new ServiceRig();
  await service.rig.add("a", { every: "1s" });
  equal(await history(service, { id: "a" }), [[]]);
  for (const [params, code] of [
    [{ id: "b" }, "KRON_TIMER_NOT_FOUND"],
    [{ id: "a", limit: 0 }, "KRON_OPTION_INVALID"],
    [{ id: "a", since: "yesterday" }, "KRON_OPTION_INVALID"],
    [{ id: "a", sinse: 1 }, "KRON_OPTION_INVALID"],
  ] as const) {
    try {
      await history(service, params);
      ok(false, JSON.stringify(params));
    } catch (error) {
      ok(isKronError(error, code), String(error));
    }
  }
});

test("events tells what happens from then on, and only of what was asked for", async () => {
  const service = new ServiceRig();
  await service.rig.add("a", { every: "1m" }, ({ log, progress }) => {
    log.info("hello", { at: 1 });
    progress(0.5, "half");
    return "done";
  });
  await service.rig.add("b", { every: "1m" });
  const all = service.open("events");
  const some = service.open("events", { types: ["RUN_SUCCEEDED", "TIMER_PAUSED"], timerId: "a" });
  await service.rig.clock.advance("61s");
  await service.rig.settle(service.rig.commands.pause("a"));
  equal(typesOf(some.items), ["RUN_SUCCEEDED", "TIMER_PAUSED"]);
  const [succeeded] = some.items as { readonly name: string; readonly event: Record<string, unknown> }[];
  equal([succeeded?.name, succeeded?.event.timerId, succeeded?.event.result], ["run", "a", "done"]);
  is(typesOf(all.items).filter((type) => type === "RUN_SUCCEEDED").length, 2);
  ok(typesOf(all.items).includes("TIMER_PAUSED"));
});

test("log lines and progress are told even where what they hold cannot be carried", () => {
  const service = new ServiceRig();
  const stream = service.open("events", { types: ["LOG", "PROGRESS", "WARNING", "WRITABLE"] });
  const base = { timerId: "a", runId: "run_0", attempt: 1, atMs: 5 };
  return Promise.resolve().then(() => {
    const { events } = service.runtime;
    const around: { self?: unknown } = {};
    around.self = around;
    events.emit("log", { ...base, level: "info", message: "half \ud800", fields: around });
    events.emit("log", { ...base, level: "warn", message: "plain", fields: { at: [1] } });
    events.emit("progress", { ...base, fraction: 0.5, note: "\udc00" });
    events.emit("writable", false);
    const [odd, plain, progress, writable] = (stream.items as { readonly event: Record<string, unknown> }[]).map(
      ({ event }) => event,
    );
    is(odd?.message, "half \ufffd");
    ok(/contains it/.test(String(odd?.fieldsNote)), String(odd?.fieldsNote));
    equal(plain?.fields, { at: [1] });
    is(progress?.note, "\ufffd");
    equal(writable, { isWritable: false });
  });
});

test("a client that stops reading loses events beyond a bound, and is told how many in their place", async () => {
  const service = new ServiceRig();
  const stream = service.open("events", { types: ["CLOCK_STEPPED"] }, 1);
  await Promise.resolve();
  for (let i = 0; i < 5_000; i++) service.runtime.events.emit("clock", { atMs: i, deltaMs: 1 });
  is(stream.items.length, 1);
  stream.grant(10_000);
  service.runtime.events.emit("clock", { atMs: 5_000, deltaMs: 1 });
  const items = stream.items as (FeedItem & { readonly event: { readonly atMs: number } })[];
  const dropped = items.findIndex(({ kind }) => kind === "dropped");
  equal(items[dropped], { kind: "dropped", count: 5_000 - dropped });
  is(dropped, 1 + 4_096);
  ok(items.slice(0, dropped).every(({ event }, i) => event.atMs === i));
  equal(
    items.slice(dropped + 1).map(({ event }) => event.atMs),
    [5_000],
  );
});

test("a client may say how many events are kept for it", async () => {
  const service = new ServiceRig();
  const stream = service.open("events", { types: ["CLOCK_STEPPED"], keep: 3 }, 0);
  await Promise.resolve();
  for (let i = 0; i < 10; i++) service.runtime.events.emit("clock", { atMs: i, deltaMs: 1 });
  stream.grant(10);
  equal(
    (stream.items as FeedItem[]).map((item) => (item.kind === "dropped" ? item.count : "event")),
    ["event", "event", "event", 7],
  );
});

test("without listeners nobody is told anything", async () => {
  const service = new ServiceRig();
  const { events } = service.runtime;
  is(events.has("run"), false);
  const stream = service.open("events", { types: ["RUN_DEAD"] });
  await Promise.resolve();
  equal([events.has("run"), events.has("log")], [true, false]);
  stream.cancel();
  is(events.has("run"), false);
});

test("a client that has gone before its feed begins is not listened for", async () => {
  const service = new ServiceRig();
  const stream = service.open("events");
  stream.cancel();
  await Promise.resolve();
  await Promise.resolve();
  is(service.runtime.events.has("run"), false);
});

test("every type of event belongs to a name under which kron.on() knows it", () => {
  const names = new Set(Object.values(eventTypes));
  equal([...names].sort(), [
    ...["clock", "error", "log", "missed", "progress", "run", "shutdown", "timer", "warning", "writable"],
  ]);
});

function typesOf(items: readonly unknown[]): EventType[] {
  return (items as { readonly type: EventType }[]).map(({ type }) => type);
}

test.run();

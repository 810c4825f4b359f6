/** What an application may ask of the runtime it attaches to, in the right order and in the wrong one. */

import * as assert from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { Zones } from "../../src/core/zone.ts";
import { Kron } from "../../src/index.ts";
import { IpcClient, type IpcClientOptions } from "../../src/ipc/client.ts";
import { idsMax, packRegistration } from "../../src/runtime/app-requests.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { readRegistration } from "../../src/supervisor/registration.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { scratchDirectory, silent } from "../bin/command-line.ts";
import { codeOf } from "../support/runtimes.ts";
import { suite } from "../support/suite.ts";

const test = suite("app service");

const dataDir = scratchDirectory();
const holder = new Kron({ dataDir, logger: silent, snapshot: "file" });
const clients: IpcClient[] = [];
const tuple = packRegistration(read("t", { cron: "0 9 * * *", payload: { n: 1 } }));

test.before(() => holder.start());
test.after(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await holder.shutdown();
});

test("nothing about callbacks may be asked before app.attach, which may be asked once", async () => {
  const client = await connect();
  for (const method of ["app.schedule", "app.register", "app.ready", "app.drain"]) {
    assert.is(await codeOf(() => client.call(method, null)), "KRON_IPC_PROTOCOL", method);
  }
  await client.link("app.attach");
  assert.is(await codeOf(() => client.link("app.attach")), "KRON_IPC_PROTOCOL");
  // The code is loaded now, and asks the connection rather than whether anybody is there.
  const other = await connect();
  assert.is(await codeOf(() => other.call("app.ready")), "KRON_IPC_PROTOCOL");
});

test("two that attach at once are served by one service", async () => {
  const [one, other] = await Promise.all([connect(), connect()]);
  await Promise.all([one.link("app.attach"), other.link("app.attach")]);
  const status = (await one.call("runtime.status")) as { apps: readonly { pid: number; state: string }[] };
  assert.ok(status.apps.length >= 2);
  assert.ok(status.apps.every(({ pid, state }) => pid === process.pid && state === "starting"));
});

test("what is attached with is checked", async () => {
  const client = await connect();
  for (const params of [
    1,
    "x",
    [],
    {},
    { key: 1, instance: 0 },
    { key: "k", instance: "0" },
    { key: "k".repeat(101), instance: 0 },
  ]) {
    assert.is(await codeOf(() => client.link("app.attach", params)), "KRON_IPC_PROTOCOL", JSON.stringify(params));
  }
});

test("a registration is checked as one that is made here", async () => {
  const client = await attach();
  const changed = (at: number, value: unknown): unknown[] =>
    tuple.map((field, index) => (index === at ? value : field));
  const codes: [params: unknown, code: string][] = [
    [null, "KRON_IPC_PROTOCOL"],
    [{}, "KRON_IPC_PROTOCOL"],
    [tuple.slice(0, 4), "KRON_IPC_PROTOCOL"],
    [changed(0, ""), "KRON_ID_INVALID"],
    [changed(0, 5), "KRON_ID_INVALID"],
    [changed(1, [99]), "KRON_IPC_PROTOCOL"],
    [changed(1, [1, [0, "* * * * 99", "UTC", 0, 0], ...(tuple[1] as unknown[]).slice(2)]), "KRON_CRON_INVALID"],
    [changed(2, "soon"), "KRON_IPC_PROTOCOL"],
    [changed(3, "x".repeat(300_000)), "KRON_PAYLOAD_INVALID"],
    [changed(4, 0), "KRON_IPC_PROTOCOL"],
  ];
  for (const [params, code] of codes) assert.is(await codeOf(() => client.call("app.schedule", params)), code);
  assert.equal(await client.call("app.schedule", tuple), { timerId: "t", action: "created" });
  assert.equal((await holder.status("t"))?.payload, { n: 1 });
});

test("app.register takes timers that are on record, and names those that are not", async () => {
  const client = await attach();
  await holder.schedule("here", { every: "1h" }, () => "here");
  await holder.schedule("over", { every: "1h" }, () => "here");
  await holder.cancel("over");
  assert.equal(await client.call("app.register", { ids: ["here", "over", "none"] }), { unknown: ["over", "none"] });
  for (const ids of [undefined, "here", [5], Array(idsMax + 1).fill("here")]) {
    assert.is(await codeOf(() => client.call("app.register", { ids: ids ?? null })), "KRON_IPC_PROTOCOL");
  }
});

test("an application that leaves takes what it was given with it, and nothing else", async () => {
  const client = await attach();
  await client.call("app.schedule", packRegistration(read("away", { every: "1h" })));
  await client.call("app.ready");
  const lost = new Promise((resolve) =>
    holder.on("run", ({ type, timerId }) => {
      if (type === "RUN_LOST" && timerId === "away") resolve(undefined);
    }),
  );
  // Nobody at the other end of the link answers.
  await holder.trigger("away");
  await client.call("app.drain");
  const { state } = await holder.trigger("away");
  assert.is(state, "waiting", "it takes no more");
  await client.close();
  await lost;
  assert.ok(isKronError(await client.call("app.ready").then(undefined, (error) => error), "KRON_DISCONNECTED"));
});

test.run();

function read(id: string, options: object) {
  return readRegistration(id, options, new Recurrences(new Zones(intlOffsetSource())), 1_700_000_000_000);
}

async function connect(): Promise<IpcClient> {
  const options: IpcClientOptions = { clock: systemClock(), name: "test", version: "1" };
  const client = await IpcClient.connect(dataDir, options);
  clients.push(client);
  return client;
}

async function attach(): Promise<IpcClient> {
  const client = await connect();
  await client.link("app.attach");
  return client;
}

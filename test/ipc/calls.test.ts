/** Calls, streams and links between a server and a client over a real socket. */

import { equal, is, ok } from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import type { IpcMethod } from "../../src/ipc/server.ts";
import { suite } from "../support/suite.ts";
import { rejection, serve } from "./ipc-rig.ts";

const test = suite("ipc calls");

const count: IpcMethod = {
  kind: "stream",
  async open(params, stream) {
    for (let item = 0; item < (params as number); item += 1) {
      await stream.ready();
      if (!stream.push(item)) return;
    }
    stream.end();
  },
};

test("a call gets the answer of its method, now or later, or its error with all that belongs to it", async () => {
  const rig = await serve({
    now: { kind: "unary", call: (params) => ({ got: params }) },
    later: { kind: "unary", call: async (params, { peer }) => [params, peer.name, peer.pid, peer.version] },
    fail: {
      kind: "unary",
      call() {
        throw new KronError("KRON_TIMER_NOT_FOUND", "No such timer", { hint: "Look", details: { id: "a" } });
      },
    },
    crash: { kind: "unary", call: () => Promise.reject(new TypeError("oops")) },
  });
  const client = await rig.connect();
  equal(client.server, { uuid: "uuid-1", mode: "embedded", version: "1.2.3", pid: process.pid, features: ["test"] });
  equal(await client.call("now", { a: [1, "é", null] }), { got: { a: [1, "é", null] } });
  equal(await client.call("later", 7), [7, "test", process.pid, "1"]);
  const failed = (await rejection(client.call("fail"))) as KronError;
  equal(
    [failed.code, failed.message, failed.hint, failed.details],
    ["KRON_TIMER_NOT_FOUND", "No such timer", "Look", { id: "a" }],
  );
  const crashed = (await rejection(client.call("crash"))) as KronError;
  equal([crashed.code, crashed.message], ["KRON_INTERNAL", "oops"]);
  is(rig.log.lines.filter(({ level }) => level === "error").length, 1);
  const unknown = (await rejection(client.call("nothing"))) as KronError;
  is(unknown.code, "KRON_IPC_METHOD_UNKNOWN");
  await rig.stop();
});

test("a stream gives its items in order, as fast as they are taken", async () => {
  const rig = await serve({ count });
  const client = await rig.connect();
  const items: unknown[] = [];
  for await (const item of client.stream("count", 1_000, { window: 8 })) items.push(item);
  equal(
    items,
    Array.from({ length: 1_000 }, (_, item) => item),
  );
  await rig.stop();
});

test("a link carries messages both ways until one side closes it", async () => {
  const heard: unknown[] = [];
  const rig = await serve({
    talk: {
      kind: "link",
      open(params, link) {
        link.send(["early", params]);
        link.onMessages((messages) => {
          heard.push(...messages);
          for (const message of messages) link.send(["echo", ...message]);
        });
        return "opened";
      },
    },
  });
  const client = await rig.connect();
  const { link, reply } = await client.link("talk", "p");
  is(reply, "opened");
  const got: unknown[] = [];
  await new Promise<void>((resolve) => {
    link.onMessages((messages) => {
      got.push(...messages);
      if (got.length === 4) resolve();
    });
    for (const n of [1, 2, 3]) link.send(["m", n]);
  });
  equal(heard, [
    ["m", 1],
    ["m", 2],
    ["m", 3],
  ]);
  equal(got, [
    ["early", "p"],
    ["echo", "m", 1],
    ["echo", "m", 2],
    ["echo", "m", 3],
  ]);
  const closed = new Promise((resolve) => link.onClose(resolve));
  link.close();
  is(await closed, undefined);
  ok(link.queuedBytes >= 0);
  await rig.stop();
});

test("two links and a stream that speak in the same turn do not mix", async () => {
  const rig = await serve({
    count,
    talk: {
      kind: "link",
      open(params, link) {
        link.onMessages((messages) => {
          for (const message of messages) link.send([params, ...message]);
        });
        return null;
      },
    },
  });
  const client = await rig.connect();
  const links = await Promise.all(["a", "b"].map((name) => client.link("talk", name)));
  const heard = links.map(({ link }) => {
    const got: unknown[] = [];
    return new Promise<unknown[]>((resolve) => {
      link.onMessages((messages) => {
        got.push(...messages);
        if (got.length === 3) resolve(got);
      });
    });
  });
  const items = client.stream("count", 2);
  for (const n of [1, 2, 3]) for (const { link } of links) link.send([n]);
  equal(
    await Promise.all(heard),
    ["a", "b"].map((name) => [1, 2, 3].map((n) => [name, n])),
  );
  equal(
    [await items.next(), await items.next()],
    [0, 1].map((value) => ({ done: false, value })),
  );
  await rig.stop();
});

test.run();

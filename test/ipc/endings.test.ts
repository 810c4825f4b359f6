/** How things end: deadlines, cancellation, lost connections, closed links, and a server that goes. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { equal, is, ok } from "uvu/assert";
import { isKronError, KronError } from "../../src/core/errors.ts";
import type { IpcMethod, IpcPeer, IpcStream } from "../../src/ipc/server.ts";
import type { Link } from "../../src/ports.ts";
import { suite } from "../support/suite.ts";
import { makeDirectory, rejection, serve } from "./ipc-rig.ts";

const test = suite("ipc endings");

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await rejection(promise);
  return isKronError(error) ? error.code : String(error);
};
const never = new Promise<never>(() => undefined);

/** A method that never answers, and the reasons for which its signal was aborted. */
function stubborn(): { method: IpcMethod; aborted: () => Promise<string>; started: () => Promise<void> } {
  const reasons: string[] = [];
  let calls = 0;
  let notify: () => void = () => undefined;
  const until = async <T>(found: () => T | undefined): Promise<T> => {
    for (let value = found(); ; value = found()) {
      if (value !== undefined) return value;
      await new Promise<void>((resolve) => {
        notify = resolve;
      });
    }
  };
  return {
    method: {
      kind: "unary",
      call(_params, { signal }) {
        calls += 1;
        signal.addEventListener("abort", () => {
          reasons.push((signal.reason as KronError).code);
          notify();
        });
        notify();
        return never;
      },
    },
    aborted: () => until(() => reasons.shift()),
    started: () => until(() => (calls > 0 ? calls-- : undefined)).then(() => undefined),
  };
}

test("a deadline ends a call on both sides, and the connection goes on", async () => {
  const slow = stubborn();
  const rig = await serve({ slow: slow.method, echo: { kind: "unary", call: (params) => params } });
  const client = await rig.connect();
  const error = (await rejection(client.call("slow", 1, { deadlineMs: 20 }))) as KronError;
  equal([error.code, error.details], ["KRON_DEADLINE", { method: "slow", deadlineMs: 20 }]);
  ok(["KRON_DEADLINE", "KRON_CANCELLED"].includes(await slow.aborted()));
  is(await client.call("echo", 1, { deadlineMs: 0 }), 1);
  await rig.stop();
});

test("a signal takes a call back, before it is sent, while it runs, and not after its answer", async () => {
  const slow = stubborn();
  const rig = await serve({ slow: slow.method, echo: { kind: "unary", call: (params) => params } });
  const client = await rig.connect();
  is(await codeOf(client.call("slow", 1, { signal: AbortSignal.abort() })), "KRON_CANCELLED");
  const controller = new AbortController();
  const call = client.call("slow", 1, { signal: controller.signal });
  await slow.started();
  controller.abort();
  is(await codeOf(call), "KRON_CANCELLED");
  is(await slow.aborted(), "KRON_CANCELLED");
  const reasoned = new AbortController();
  const other = client.call("slow", 1, { signal: reasoned.signal });
  reasoned.abort(new KronError("KRON_STOPPED", "That is why"));
  is(await codeOf(other), "KRON_STOPPED");
  const late = new AbortController();
  is(await client.call("echo", 1, { signal: late.signal }), 1);
  late.abort();
  is(await client.call("echo", 2), 2);
  await rig.stop();
});

test("a client that goes aborts what it asked for; a server that goes rejects what was asked", async () => {
  const slow = stubborn();
  const peers: IpcPeer[] = [];
  const rig = await serve({ slow: slow.method, who: { kind: "unary", call: (_params, { peer }) => peers.push(peer) } });
  const leaving = await rig.connect();
  const left = rejection(leaving.call("slow"));
  await slow.started();
  await leaving.close();
  is(((await left) as KronError).code, "KRON_DISCONNECTED");
  is(await slow.aborted(), "KRON_DISCONNECTED");
  is(await codeOf(leaving.call("slow")), "KRON_DISCONNECTED");
  is(await codeOf(leaving.stream("slow").next() as Promise<unknown>), "KRON_DISCONNECTED");

  const staying = await rig.connect();
  await staying.call("who");
  const closed = new Promise<unknown>((resolve) => staying.onClose(resolve));
  const gone = new Promise<unknown>((resolve) => peers[0]?.onClose(resolve));
  const waiting = rejection(staying.call("slow"));
  await slow.started();
  await rig.server.close();
  const error = (await waiting) as KronError;
  is(error.code, "KRON_DISCONNECTED");
  is((error.cause as KronError).code, "KRON_STOPPED", "and why");
  is(((await closed) as KronError).code, "KRON_STOPPED");
  is(((await gone) as KronError).code, "KRON_STOPPED");
  is(
    ((await new Promise<unknown>((resolve) => staying.onClose(resolve))) as KronError).code,
    "KRON_STOPPED",
    "told late",
  );
  is(((await new Promise<unknown>((resolve) => peers[0]?.onClose(resolve))) as KronError).code, "KRON_STOPPED");
  is(rig.server.connectionCount, 0);
  await rig.stop();
});

test("a server closes a client that it does not want any more, with or without a reason", async () => {
  const rig = await serve({
    leave: {
      kind: "unary",
      call: (params, { peer }) => peer.close(params === true ? new KronError("KRON_CONFLICT", "No more") : undefined),
    },
  });
  const told = await rig.connect();
  const reason = new Promise<unknown>((resolve) => told.onClose(resolve));
  is(await codeOf(told.call("leave", true)), "KRON_DISCONNECTED");
  is(((await reason) as KronError).code, "KRON_CONFLICT");
  const untold = await rig.connect();
  is(await codeOf(untold.call("leave", false)), "KRON_DISCONNECTED");
  await rig.stop();
});

test("close() cuts off a client that takes nothing, within its limit", async () => {
  const rig = await serve(
    { big: { kind: "unary", call: () => "x".repeat(2_000_000) } },
    { limits: { closeMs: 30, queuedBytesMax: 64_000_000 } },
  );
  const directory = JSON.stringify(rig.directory);
  const script = `
    const { IpcClient } = await import(${JSON.stringify(new URL("../../src/ipc/client.js", import.meta.url).href)});
    const { systemClock } = await import(${JSON.stringify(new URL("../../src/system.js", import.meta.url).href)});
    const client = await IpcClient.connect(${directory}, { clock: systemClock(), name: "stuck" });
    for (let call = 0; call < 5; call += 1) client.call("big").catch(() => undefined);
    setImmediate(() => setImmediate(() => { process.stdout.write("up"); process.kill(process.pid, "SIGSTOP"); }));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  is(rig.server.connectionCount, 1);
  await rig.server.close();
  is(rig.server.connectionCount, 0);
  child.kill("SIGKILL");
  await once(child, "exit");
  await rig.stop();
});

test("a reader that stops early takes the stream back; what the method throws ends it with an error", async () => {
  let stream: IpcStream | undefined;
  const rig = await serve({
    ticks: {
      kind: "stream",
      open(_params, opened) {
        stream = opened;
        const more = (): void => {
          while (opened.push("tick"));
        };
        opened.onCredit(more);
        more();
      },
    },
    broken: { kind: "stream", open: () => Promise.reject(new KronError("KRON_CONFLICT", "No")) },
    worse: {
      kind: "stream",
      open() {
        throw new TypeError("oops");
      },
    },
    short: {
      kind: "stream",
      open(_params, opened) {
        opened.push(1);
        opened.fail(new KronError("KRON_QUEUE_FULL", "Enough"));
        is(opened.push(2), false);
        opened.end();
      },
    },
  });
  const client = await rig.connect();
  const seen: unknown[] = [];
  for await (const item of client.stream("ticks", null, { window: 4 })) {
    seen.push(item);
    if (seen.length === 6) break;
  }
  is(seen.length, 6);
  await once(stream?.signal as unknown as EventTarget, "abort").catch(() => undefined);
  is(stream?.credit, 0);
  await stream?.ready();
  is(await codeOf(client.stream("broken").next() as Promise<unknown>), "KRON_CONFLICT");
  is(await codeOf(client.stream("worse").next() as Promise<unknown>), "KRON_INTERNAL");
  const short = client.stream("short");
  equal(await short.next(), { done: false, value: 1 });
  is(await codeOf(short.next()), "KRON_QUEUE_FULL");
  equal(await short.next(), { done: true, value: undefined });
  const controller = new AbortController();
  const cancelled = client.stream("ticks", null, { signal: controller.signal, window: 1 });
  await cancelled.next();
  const [next, another] = [rejection(drain(cancelled)), client.call("nothing").catch(() => "goes on")];
  controller.abort();
  is(((await next) as KronError).code, "KRON_CANCELLED");
  is(await another, "goes on");
  is(await codeOf(client.stream("ticks", null, { signal: controller.signal }).next()), "KRON_CANCELLED");
  await rig.stop();
});

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

test("a link ends for both when either closes it, its listener throws, it cannot open, or the connection goes", async () => {
  const links: Link[] = [];
  const ends: (KronError | undefined)[] = [];
  let notify: () => void = () => undefined;
  const ended = (): Promise<void> =>
    new Promise((resolve) => {
      notify = resolve;
    });
  const rig = await serve({
    open: {
      kind: "link",
      open(params, link) {
        if (params === "refuse") throw new KronError("KRON_CONFLICT", "Not you");
        if (params === "unfit") return new Map([[1, 2]]);
        if (params === "close") link.close();
        links.push(link);
        link.onClose((error) => {
          ends.push(error);
          notify();
        });
        if (params === "broken")
          link.onMessages(() => {
            throw new TypeError("oops");
          });
        return "ok";
      },
    },
  });
  const client = await rig.connect();
  is(await codeOf(client.link("open", "refuse")), "KRON_CONFLICT");
  is(await codeOf(client.link("open", "unfit")), "KRON_PAYLOAD_INVALID");
  is(await codeOf(client.link("open", "close")), "KRON_CANCELLED");
  links.length = 0;

  const mine = await client.link("open");
  let wait = ended();
  mine.link.close();
  await wait;
  is(ends.pop(), undefined);
  mine.link.send(["ignored"]);

  const theirs = await client.link("open");
  const gone = new Promise<unknown>((resolve) => theirs.link.onClose(resolve));
  links.at(-1)?.close();
  is(await gone, undefined);
  is(await new Promise<unknown>((resolve) => theirs.link.onClose(resolve)), undefined, "told late");

  const broken = await client.link("open", "broken");
  const failed = new Promise<unknown>((resolve) => broken.link.onClose(resolve));
  broken.link.send(["x"]);
  is(((await failed) as KronError).code, "KRON_INTERNAL");
  ok(rig.log.lines.some(({ message }) => message === "A listener of a link failed"));

  const both = await client.link("open");
  links.at(-1)?.close();
  both.link.close();
  const last = await client.link("open");
  const lost = new Promise<unknown>((resolve) => last.link.onClose(resolve));
  wait = ended();
  await client.close();
  is(await lost, undefined, "this side closed in order");
  await wait;
  is(ends.at(-1)?.code, "KRON_DISCONNECTED");
  await rig.stop();
});

test("messages that nobody listens for are kept up to a limit", async () => {
  const rig = await serve({ open: { kind: "link", open: () => null } }, { limits: { keptBytesMax: 10_000 } });
  const client = await rig.connect();
  const { link } = await client.link("open");
  const closed = new Promise<unknown>((resolve) => link.onClose(resolve));
  for (let message = 0; message < 20; message += 1) link.send(["x".repeat(1_000)]);
  is(((await closed) as KronError).code, "KRON_IPC_OVERLOADED");
  is(await codeOf(client.call("nothing")), "KRON_IPC_METHOD_UNKNOWN", "the connection goes on");
  await rig.stop();
});

test("what cannot be carried is refused where it is sent, and answers of 10 MB arrive whole", async () => {
  const rig = await serve({
    big: { kind: "unary", call: (params) => "x".repeat(params as number) },
    odd: { kind: "unary", call: () => new Map([[1, 2]]) },
  });
  const client = await rig.connect();
  is(((await client.call("big", 10_000_000)) as string).length, 10_000_000);
  is(await codeOf(client.call("big", 17_000_000)), "KRON_PAYLOAD_INVALID");
  is(await codeOf(client.call("odd")), "KRON_PAYLOAD_INVALID");
  is(await codeOf(client.call("big", "x".repeat(1_100_000))), "KRON_PAYLOAD_INVALID");
  is(await codeOf(client.call("big", new Map([[1, 2]]))), "KRON_PAYLOAD_INVALID");
  is(await client.call("big", 3), "xxx");
  await rig.stop();
});

test("more calls than the server takes at a time wait for each other; each has its answer", async () => {
  const asked: unknown[] = [];
  let most = 0;
  let now = 0;
  const rig = await serve(
    {
      stuck: {
        kind: "unary",
        call: (_params, { signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)),
      },
      slow: {
        kind: "unary",
        async call(params) {
          asked.push(params);
          now += 1;
          most = Math.max(most, now);
          await new Promise(setImmediate);
          now -= 1;
          return params;
        },
      },
    },
    { limits: { inFlightMax: 3 } },
  );
  const client = await rig.connect();
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => client.call("slow", index)));
  equal(
    answers,
    Array.from({ length: 50 }, (_, index) => index),
  );
  ok(most <= 3);
  const leave = new AbortController();
  const blocked = [0, 1, 2].map(() => rejection(client.call("stuck", null, { signal: leave.signal })));
  is(await codeOf(client.call("slow", "waits", { deadlineMs: 5 })), "KRON_DEADLINE");
  const controller = new AbortController();
  const waiting = rejection(client.call("slow", "waits", { signal: controller.signal }));
  controller.abort();
  is(((await waiting) as KronError).code, "KRON_CANCELLED");
  leave.abort();
  for (const error of await Promise.all(blocked)) is((error as KronError).code, "KRON_CANCELLED");
  is(await client.call("slow", "last"), "last");
  ok(!asked.includes("waits"), "what was given up in time is never asked");
  await rig.stop();
});

test("many large calls at once wait for the socket instead of filling the memory", async () => {
  const rig = await serve({ size: { kind: "unary", call: (params) => (params as string).length } });
  const client = await rig.connect();
  const text = "x".repeat(1_000_000);
  const sizes = Array.from({ length: 60 }, () => client.call("size", text));
  ok(client.queuedBytes < 3_000_000, `${client.queuedBytes} bytes are queued`);
  equal(new Set(await Promise.all(sizes)), new Set([1_000_000]));
  await rig.stop();
});

test("with keepAlive: false neither server nor client keeps a process running", async () => {
  const rig = await serve({});
  const own = makeDirectory();
  const module = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    const { IpcClient } = await import(${module("../../src/ipc/client.js")});
    const { IpcServer } = await import(${module("../../src/ipc/server.js")});
    const { systemClock, systemRandom } = await import(${module("../../src/system.js")});
    const options = { clock: systemClock(), random: systemRandom(), keepAlive: false };
    const client = await IpcClient.connect(${JSON.stringify(rig.directory)}, { ...options, name: "idle" });
    const directory = ${JSON.stringify(own)};
    const identity = { uuid: "u", mode: "m", version: "v" };
    await IpcServer.listen(directory, { ...options, methods: new Map(), identity, logger: console });
    await IpcClient.connect(directory, { ...options, name: "idle" });
    console.log(client.server.uuid);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [code] = await once(child, "exit");
  is(code, 0);
  rmSync(own, { recursive: true });
  await rig.stop();
});

test.run();

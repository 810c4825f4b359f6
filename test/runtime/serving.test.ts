/** A runtime on its socket: when it listens, when it does not, and how it shuts down because a client asks. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { equal, is, match, ok } from "uvu/assert";
import { isKronError, type KronError } from "../../src/core/errors.ts";
import { Kron, type KronOptions } from "../../src/index.ts";
import { IpcClient } from "../../src/ipc/client.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { methodKinds } from "../../src/runtime/service/lazy-service.ts";
import type { RuntimeStatus } from "../../src/runtime/service/runtime-methods.ts";
import { systemClock } from "../../src/system.ts";
import { VirtualClock } from "../../src/testing.ts";
import { keptLog } from "../ipc/ipc-rig.ts";
import { codeOf, freshDirectory, removeDirectories } from "../support/runtimes.ts";
import { ServiceRig } from "../support/service-rig.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";

const test = suite("serving");
const open = new Set<Kron>();

test.after(async () => {
  await Promise.all([...open].map((kron) => kron.shutdown({ timeoutMs: 0 }).catch(() => undefined)));
  removeDirectories();
});

async function started(options: KronOptions = {}, dataDir = freshDirectory()) {
  const log = keptLog();
  const kron = new Kron({ dataDir, logger: log, ...options });
  open.add(kron);
  await kron.start();
  return { kron, dataDir, log };
}

function connect(dataDir: string): Promise<IpcClient> {
  return IpcClient.connect(dataDir, { clock: systemClock(), name: "test" });
}

test("a started runtime answers on its socket", async () => {
  const { kron, dataDir } = await started();
  const client = await connect(dataDir);
  const status = (await client.call("runtime.status")) as RuntimeStatus;
  equal(
    [status.state, status.mode, status.dataDir, status.pid, status.timers, status.isWritable],
    ["running", "embedded", dataDir, process.pid, 0, true],
  );
  equal([status.uuid, status.version], [client.server.uuid, client.server.version]);
  match(status.version, /^\d+\.\d+\.\d+/);
  ok(status.lastIndex >= 0 && status.rssBytes > 0);
  await client.close();
  await kron.shutdown();
  is(existsSync(join(dataDir, "kron.sock")), false);
});

test("every method that is offered before its code is loaded is there afterwards, and no other", () => {
  const kinds = [...new ServiceRig().methods].map(([name, { kind }]) => [name, kind]);
  equal(Object.fromEntries(kinds), methodKinds);
});

test("docs/ipc-methods.md has every method, and no other", () => {
  const text = readFileSync(repositoryPath("docs/ipc-methods.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([a-z.]+)` +\| (call|stream) /gm)];
  const documented = rows.map(([, name, kind]) => [name, kind === "call" ? "unary" : kind]);
  equal(Object.fromEntries(documented), methodKinds);
});

test("what is scheduled through the socket is on record for the application", async () => {
  const { kron, dataDir } = await started();
  const client = await connect(dataDir);
  await client.call("timer.schedule", { id: "c", options: { every: "1h", command: ["true"] } });
  is((await kron.status("c"))?.state, "scheduled");
  await client.call("timer.pause", { id: "c" });
  is((await kron.status("c"))?.state, "paused");
  await client.close();
});

test("ipc: false, and a disk of one's own, keep the runtime to itself", async () => {
  for (const options of [{ ipc: false }, { disk: { ...nodeDisk } }]) {
    const { dataDir } = await started(options);
    equal([existsSync(join(dataDir, "kron.sock")), existsSync(join(dataDir, "kron.token"))], [false, false]);
  }
});

test("a socket that cannot be made is a warning, and the runtime starts all the same", async () => {
  const dataDir = freshDirectory();
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(join(dataDir, "kron.token"), "too short", { mode: 0o600 });
  const warnings: KronError[] = [];
  const log = keptLog();
  const kron = new Kron({ dataDir, logger: log });
  open.add(kron);
  kron.on("warning", (error) => warnings.push(error));
  await kron.start();
  is(kron.state, "running");
  equal(
    warnings.map(({ code }) => code),
    ["KRON_TOKEN_INVALID"],
  );
  ok(log.lines.some(({ level, message }) => level === "warn" && message.startsWith("No commands are taken")));
});

test("a start that fails after it began to listen leaves no socket behind", async () => {
  const dataDir = freshDirectory();
  const disk = {
    ...nodeDisk,
    write(file: number, from: Uint8Array, position: number) {
      if (Buffer.from(from).includes("not-to-be-written"))
        throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      return nodeDisk.write(file, from, position);
    },
  };
  const kron = new Kron({ dataDir, logger: keptLog(), disk, ipc: true });
  open.add(kron);
  await kron.schedule("not-to-be-written", { every: "1h" }, () => undefined);
  is(await codeOf(() => kron.start()), "KRON_DISK_FULL");
  equal([kron.state, existsSync(join(dataDir, "kron.sock"))], ["new", false]);
  await kron.cancel("not-to-be-written");
  await kron.start();
  is(existsSync(join(dataDir, "kron.sock")), true);
});

test("deadlines of clients are real time, whatever clock the runtime goes by", async () => {
  const clock = new VirtualClock("2026-01-01T00:00:00Z");
  const { dataDir, kron } = await started({ clock });
  let finish: () => void = () => undefined;
  await kron.schedule("endless", { every: "1h" }, () => {
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  const client = await connect(dataDir);
  const { runId } = await kron.trigger("endless");
  const late: unknown = await client.call("run.wait", { timerId: "endless", runId }, { deadlineMs: 20 }).then(
    () => undefined,
    (error: unknown) => error,
  );
  ok(isKronError(late, "KRON_DEADLINE"), String(late));
  await client.close();
  finish();
  await kron.shutdown();
});

test("a client can ask for a shutdown: it is answered, the application is told, runs finish", async () => {
  const { kron, dataDir } = await started();
  let finish: () => void = () => undefined;
  let isFinished = false;
  await kron.schedule("slow", { every: "1h" }, async () => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    isFinished = true;
  });
  await kron.trigger("slow");
  const told = new Promise<number>((resolve) => kron.on("shutdown", ({ timeoutMs }) => resolve(timeoutMs)));
  const client = await connect(dataDir);
  const closed = new Promise<KronError | undefined>((resolve) => client.onClose(resolve));
  const answer = (await client.call("runtime.shutdown", { timeoutMs: 60_000 })) as Record<string, unknown>;
  equal([answer.state, answer.pid, answer.timeoutMs], ["draining", process.pid, 60_000]);
  is(await told, 60_000);
  is(((await client.call("runtime.status")) as RuntimeStatus).state, "draining");
  finish();
  is((await closed)?.code, "KRON_STOPPED");
  await kron.shutdown();
  equal([kron.state, isFinished], ["stopped", true]);
});

test.run();

import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../../src/core/errors.ts";
import { RunLogWriter } from "../../../src/logs/run-log-writer.ts";
import { RunLogs } from "../../../src/logs/run-logs.ts";
import { systemClock } from "../../../src/system.ts";
import { logDirectory } from "../../logs/log-directory.ts";
import { ServiceRig } from "../../support/service-rig.ts";
import { suite } from "../../support/suite.ts";

const test = suite("run.log");
const { path: dataDir, dispose } = logDirectory();
const limits = { runBytes: 1 << 20, runs: 20, ageMs: 86_400_000, bytes: 1 << 26 };
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const logs = new RunLogs({ dataDir, limits, clock: systemClock(), logger });

test.after(() => {
  logs.close();
  dispose();
});

/** A service with one run under way, and a writer of its log. */
async function oneRun() {
  const service = new ServiceRig({ dataDir });
  let finish = (): void => undefined;
  await service.rig.add("t", { every: "1h" }, () => new Promise<void>((resolve) => (finish = resolve)));
  const triggered = await service.rig.settle(service.rig.commands.trigger("t", undefined, 0));
  const { runId } = triggered;
  const file = logs.fileOf("t", runId);
  const writer = new RunLogWriter(file, { attempt: 1, startedAtMs: 0, onTrouble: () => undefined });
  return { service, runId, writer, finish: () => finish() };
}

const textOf = (items: readonly unknown[]): string => Buffer.concat(items as Uint8Array[]).toString();

test("what is there is sent in pieces, whole", async () => {
  const { service, runId, writer } = await oneRun();
  const text = "a line of output\n".repeat(20_000);
  writer.write(Buffer.from(text));
  writer.close();
  const items = await service.collect("run.log", { timerId: "t", runId });
  ok(items.length > 1);
  ok(items.every((item) => item instanceof Uint8Array && item.length <= 64 * 1024));
  ok(textOf(items).endsWith(text));
  equal(await service.collect("run.log", { timerId: "t", runId: "run_00000000zz" }), []);
});

test("with follow, what is added comes too, until the run is over", async () => {
  const { service, runId, writer, finish } = await oneRun();
  const stream = service.open("run.log", { timerId: "t", runId, follow: true });
  writer.write(Buffer.from("first\n"));
  while (!textOf(stream.items).includes("first")) await new Promise((resolve) => setImmediate(resolve));
  is(stream.isOver, false);
  writer.write(Buffer.from("last\n"));
  writer.close();
  finish();
  await service.rig.clock.advance("1s");
  while (!stream.isOver) await new Promise((resolve) => setImmediate(resolve));
  is(stream.error, undefined);
  ok(textOf(stream.items).endsWith("first\nlast\n"));
});

test("a client without credit is waited for, and one that leaves is not", async () => {
  const { service, runId, writer } = await oneRun();
  writer.write(Buffer.alloc(300_000, "x"));
  writer.close();
  const stream = service.open("run.log", { timerId: "t", runId, follow: true }, 1);
  while (stream.items.length < 1) await new Promise((resolve) => setImmediate(resolve));
  stream.grant(1);
  while (stream.items.length < 2) await new Promise((resolve) => setImmediate(resolve));
  stream.cancel();
  stream.grant(10);
  await new Promise((resolve) => setImmediate(resolve));
  is(stream.items.length, 2);
});

test("no name leads out of the folder of logs", async () => {
  const service = new ServiceRig({ dataDir });
  for (const runId of ["../../kron.token", "run_1", "run_", "x", ""]) {
    const error = await service.collect("run.log", { timerId: "t", runId }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    ok(isKronError(error, "KRON_RUN_NOT_FOUND"), runId);
  }
  equal(await service.collect("run.log", { timerId: "../..", runId: "run_0000000001" }), []);
});

test.run();

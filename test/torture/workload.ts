/**
 * A process that uses a directory as hard as it can until it is killed, and tells its parent all that was
 * acknowledged to it, at once. Started by `life.ts`: `node workload.js <life plan as JSON>`.
 */

import { isKronError, Kron, type RunContext } from "../../src/index.ts";
import { Seeded } from "../support/seeded.ts";
import { Asker } from "./asker.ts";
import type { Mark } from "./facts.ts";
import { faultyDisk } from "./faulty-disk.ts";
import type { LifePlan } from "./life-plan.ts";
import { drawBulkOptions, drawFill, drawOptions, oneDayOff } from "./random-options.ts";
import { runtimeOptions } from "./runtime-options.ts";
import { survey } from "./survey.ts";
import { tell } from "./tell.ts";

const life = JSON.parse(process.argv[2] ?? "") as LifePlan;
const random = new Seeded(life.seed);
const ids = Array.from({ length: 12 }, (_, n) => `t${n}`);
const bulkMax = 3_000;
const settleMs = 30_000;
const silent = (): void => undefined;
let markCount = 0;

const options = runtimeOptions(random, life.plan);
tell({ kind: "options", isSyncedFirst: options.durability !== "everysec" });
const kron = new Kron({
  ...options,
  ...(life.disk !== undefined && {
    disk: faultyDisk(life.disk, random, (trouble) => tell({ kind: "disk", trouble })),
  }),
  dataDir: life.directory,
  logger: { debug: silent, info: silent, warn: silent, error: silent },
});
kron.on("run", ({ type, timerId, runId, attempt }) => tell({ kind: "run", event: { type, timerId, runId, attempt } }));
kron.on("missed", (event) => tell({ kind: "missed", event }));
kron.on("timer", (event) => tell({ kind: "timer", event }));
kron.on("error", ({ code, message }) => tell({ kind: "failed", code, message }));
process.on("uncaughtException", (error) => trouble(error));
process.on("unhandledRejection", (error) => trouble(error));

const asker = new Asker(kron);
await main();

async function main(): Promise<void> {
  if (!life.settles) for (const id of ids) if (random.chance(0.25)) void schedule(id);
  tell({ kind: "loaded" });
  try {
    await kron.start();
  } catch (error) {
    if (!isKronError(error)) throw error;
    tell({ kind: "failed", code: error.code, message: error.stack ?? error.message });
    return;
  }
  asker.noteOpen();
  tell({ kind: "survey", timers: await survey(kron) });
  tell({ kind: "open" });
  await adoptAll();
  if (life.settles) return settle();
  if (life.closesAfterMs !== undefined) setTimeout(() => void close(), life.closesAfterMs);
  if (life.checkpointsAfterMs !== undefined) setTimeout(() => void asker.checkpoint(), life.checkpointsAfterMs);
  if (life.plan.isBulky && random.chance(0.2)) {
    for (let n = random.int(500, bulkMax); n > 0; n--) {
      void asker.schedule(`b${n}`, drawBulkOptions(random, nextMark()), callback);
    }
  }
  // Kept going by the parent's mercy alone.
  while (kron.state === "running" || kron.state === "failed") {
    for (let n = random.int(0, 4); n > 0; n--) act();
    await sleep(random.int(1, 8));
  }
}

/** Gives the timers of earlier lives their callback, as an application does that starts again; some are forgotten. */
async function adoptAll(): Promise<void> {
  for (const { id, payload } of await kron.list()) {
    if (!life.settles && random.chance(0.1)) continue;
    if ((await kron.status(id))?.state === "cancelled") continue;
    const { options } = payload as Mark;
    void asker.schedule(id, { ...options, payload: payload as Mark }, callback);
  }
}

async function callback(context: RunContext<Mark>): Promise<unknown> {
  const { timerId, runId, attempt, fencingToken: token, isManual, scheduledAtMs, dueAtMs } = context;
  tell({ kind: "began", timerId, runId, attempt, token, isManual, scheduledMs: scheduledAtMs, dueMs: dueAtMs });
  if (life.settles || random.chance(0.3)) return { token };
  const { signal } = context;
  const isDeaf = random.chance(0.05);
  await Promise.race([
    sleep(random.int(0, 60)),
    new Promise((_, reject) => {
      if (!isDeaf) signal.addEventListener("abort", () => reject(signal.reason));
    }),
  ]);
  if (random.chance(0.25)) throw new Error("no luck");
  return { token, fill: drawFill(random) };
}

function act(): void {
  const id = random.pick(ids);
  switch (random.int(0, 7)) {
    case 0:
      void asker.change("pause", id, () => kron.pause(id));
      break;
    case 1:
    case 2:
      void asker.change("resume", id, () => kron.resume(id));
      break;
    case 3: {
      const abort = random.chance(0.5);
      void asker.change("cancel", id, () => kron.cancel(id, { abort }));
      break;
    }
    case 4:
    case 5:
      void asker.trigger(id, random.chance(0.3) ? drawFill(random) : undefined);
      break;
    default:
      void schedule(id);
  }
}

function schedule(id: string): Promise<void> {
  // An instant that was the last occurrence of an earlier life would keep the runtime from starting.
  const earliestMs = Date.now() + (kron.state === "new" ? 1 : -100);
  return asker.schedule(id, drawOptions(random, nextMark(), earliestMs), callback);
}

function nextMark(): string {
  markCount += 1;
  return `${life.seed}/${markCount}`;
}

/** Holds all timers, waits until no run is alive and nothing is on its way to the log, and closes. */
async function settle(): Promise<void> {
  for (const { id, state } of await kron.list()) {
    if (!["cancelled", "completed", "dead"].includes(state)) void asker.change("pause", id, () => kron.pause(id));
  }
  const isAlive = async (): Promise<boolean> =>
    (await kron.list()).some(({ runningCount, waitingCount, nextRetryAtMs }) => {
      return runningCount + waitingCount > 0 || nextRetryAtMs !== undefined;
    });
  for (const endMs = Date.now() + settleMs; ; await sleep(10)) {
    // The log keeps its order: when this is durable, so is all that was proposed before it.
    const wasAlive = asker.isBusy || (await isAlive());
    await asker.schedule("fence", oneDayOff(nextMark()), callback);
    if (!wasAlive && !(await isAlive())) break;
    if (Date.now() > endMs) return trouble(new Error(`Runs are alive after ${settleMs} ms`));
  }
  tell({ kind: "survey", timers: await survey(kron) });
  tell({ kind: "settled" });
  await close();
}

async function close(): Promise<void> {
  tell({ kind: "closing" });
  try {
    await kron.shutdown({ timeoutMs: random.int(0, 50) });
  } catch (error) {
    if (!isKronError(error)) throw error;
    // Runs that were given up are as good as lost; a disk that fails now has failed before.
    if (error.code !== "KRON_SHUTDOWN_TIMEOUT") tell({ kind: "failed", code: error.code, message: error.message });
  }
  tell({ kind: "closed" });
}

function trouble(error: unknown): void {
  tell({ kind: "trouble", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * A process that uses a real directory as hard as it can until it is killed, and tells everything that was
 * acknowledged to it on file descriptor 3, at once. Started by `kill.slow.test.ts`.
 *
 *     node workload.js <directory> <seed>
 */

import { writeSync } from "node:fs";
import { overlapPolicies } from "../../src/core/definition.ts";
import { Kron, type ScheduleOptions } from "../../src/index.ts";
import type { RunContext } from "../../src/kron.ts";
import { Seeded } from "../support/seeded.ts";
import type { Fact } from "./facts.ts";

const [directory = "", seedText = "0"] = process.argv.slice(2);
const random = new Seeded(Number(seedText));
const ids = Array.from({ length: 12 }, (_, n) => `t${n}`);
/** Makes every definition of every life a different one, so that it can be found in the log. */
let mark = 0;

function tell(fact: Fact): void {
  const line = Buffer.from(`${JSON.stringify(fact)}\n`);
  for (let sent = 0; sent < line.length; ) {
    try {
      sent += writeSync(3, line, sent);
    } catch (error) {
      // The pipe is full: the parent will read on.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

const silent = (): void => undefined;
const kron = new Kron({
  dataDir: directory,
  concurrency: 6,
  orphanGrace: 20,
  logger: { debug: silent, info: silent, warn: silent, error: silent },
});
kron.on("run", (event) => tell({ kind: "run", event }));
kron.on("missed", (event) => tell({ kind: "missed", event }));
kron.on("timer", (event) => tell({ kind: "timer", event }));
kron.on("error", (error) => tell({ kind: "trouble", message: error.message }));

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function callback({ fencingToken, signal }: RunContext): Promise<unknown> {
  tell({ kind: "began", token: fencingToken });
  if (random.chance(0.3)) return fencingToken;
  await Promise.race([
    sleep(random.int(0, 60)),
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  ]);
  if (random.chance(0.25)) throw new Error("no luck");
  return "x".repeat(random.int(0, 200));
}

function options(): ScheduleOptions {
  const schedule: ScheduleOptions = random.pick([
    { every: random.int(10, 50) },
    { every: random.int(10, 50) },
    { cron: random.pick(["* * * * * *", "@reboot"]) },
    { after: random.int(0, 100) },
    { at: Date.now() + random.int(-100, 100) },
  ]);
  const overlap = random.pick(overlapPolicies);
  mark += 1;
  return {
    ...schedule,
    overlap,
    payload: `${seedText}/${mark}`,
    retry: { maxAttempts: random.int(1, 4), backoff: "fixed", base: random.int(0, 30) },
    misfire: random.pick(["skip", "once", "all"]),
    grace: random.int(0, 20),
    ...(random.chance(0.3) && { timeout: random.int(5, 40) }),
    ...(overlap === "allow" && { concurrency: random.int(1, 3) }),
  };
}

/** Asks for one change and tells what came of it; conflicts and states that do not allow it are as good. */
async function act(): Promise<void> {
  const id = random.pick(ids);
  try {
    switch (random.int(0, 7)) {
      case 0: {
        const { changed } = await kron.pause(id);
        return tell({ kind: "changed", what: "TIMER_PAUSED", id, changed });
      }
      case 1:
      case 2: {
        const { changed } = await kron.resume(id);
        return tell({ kind: "changed", what: "TIMER_RESUMED", id, changed });
      }
      case 3: {
        const { changed } = await kron.cancel(id, { abort: random.chance(0.5) });
        return tell({ kind: "changed", what: "TIMER_CANCELLED", id, changed });
      }
      case 4:
      case 5: {
        const { runId } = await kron.trigger(id);
        return tell({ kind: "triggered", runId });
      }
      default:
        return await schedule(id);
    }
  } catch (error) {
    const { code, message, stack } = error as { code?: string; message: string; stack?: string };
    const isExpected = ["KRON_TIMER_NOT_FOUND", "KRON_TIMER_STATE", "KRON_QUEUE_FULL", "KRON_CONFLICT"].includes(
      code ?? "",
    );
    if (!isExpected) tell({ kind: "trouble", message: stack ?? message });
  }
}

async function schedule(id: string): Promise<void> {
  const asked = options();
  const { action } = await kron.schedule(id, asked, callback);
  if (action !== "queued") tell({ kind: "scheduled", id, mark: String(asked.payload), action });
}

process.on("uncaughtException", (error) => tell({ kind: "trouble", message: `uncaught ${error.stack}` }));
process.on("unhandledRejection", (error) => tell({ kind: "trouble", message: `unhandled ${String(error)}` }));

for (const id of ids) if (random.chance(0.7)) await schedule(id);
await kron.start();
tell({ kind: "open" });
for (;;) {
  for (let n = random.int(0, 4); n > 0; n--) void act();
  await sleep(random.int(1, 8));
}

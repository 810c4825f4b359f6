/**
 * Timeliness: 10,000 timers due at one instant, and one timer on an idle process.
 * `node dist/bench/due.js [rounds]`
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kron } from "../src/index.ts";
import { median, printTable, quantile, show } from "./support/figures.ts";

const rounds = Number(process.argv[2] ?? 5);
const burst = 10_000;
const singles = 200;

interface Burst {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly allDoneMs: number;
  readonly ranOnce: boolean;
}

/** Milliseconds from the due time to the callback, whose start is durable by then. */
async function measureBurst(directory: string): Promise<Burst> {
  const kron = new Kron({ dataDir: directory, concurrency: 4_096 });
  await kron.start();
  const dueMs = Date.now() + 3_000;
  const lateness: number[] = [];
  const ran = new Map<string, number>();
  const scheduled = [];
  for (let i = 0; i < burst; i++) {
    const callback = ({ timerId }: { timerId: string }): void => {
      lateness.push(Date.now() - dueMs);
      ran.set(timerId, (ran.get(timerId) ?? 0) + 1);
    };
    scheduled.push(kron.schedule(`timer-${i}`, { at: dueMs }, callback));
  }
  await Promise.all(scheduled);
  await wait(dueMs + 1_000 - Date.now());
  const finished = kron.list().map((timer) => timer.lastFinishedAtMs ?? Number.NaN);
  await kron.shutdown();
  return {
    p50Ms: quantile(lateness, 0.5),
    p99Ms: quantile(lateness, 0.99),
    allDoneMs: Math.max(...finished) - dueMs,
    ranOnce: ran.size === burst && [...ran.values()].every((count) => count === 1),
  };
}

async function measureSingle(directory: string): Promise<number[]> {
  const kron = new Kron({ dataDir: directory });
  await kron.start();
  const lateness: number[] = [];
  for (let i = 0; i < singles; i++) {
    const dueMs = Date.now() + 50;
    await new Promise<void>((resolve) => {
      void kron.schedule(`single-${i}`, { at: dueMs }, () => {
        lateness.push(performance.timeOrigin + performance.now() - dueMs);
        resolve();
      });
    });
  }
  await kron.shutdown();
  return lateness;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const root = mkdtempSync(join(tmpdir(), "kron-bench-"));
const bursts: Burst[] = [];
for (let round = 0; round < rounds; round++) bursts.push(await measureBurst(join(root, `burst-${round}`)));
const single = await measureSingle(join(root, "single"));
rmSync(root, { recursive: true });
printTable(
  "10,000 timers due at one instant",
  ["start durable p50", "p99", "all finished", "each exactly once"],
  [
    [
      `${show(median(bursts.map((one) => one.p50Ms)))} ms`,
      `${show(median(bursts.map((one) => one.p99Ms)))} ms`,
      `${show(median(bursts.map((one) => one.allDoneMs)))} ms`,
      bursts.every((one) => one.ranOnce) ? "yes" : "NO",
    ],
  ],
);
printTable(
  `One timer on an idle process, ${singles} times`,
  ["start durable p50", "p99"],
  [[`${show(quantile(single, 0.5), 1)} ms`, `${show(quantile(single, 0.99), 1)} ms`]],
);

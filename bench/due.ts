/**
 * Timeliness: 10,000 timers due at one instant, 10,000 due within one second, and one timer on an idle process.
 * `node dist/bench/due.js [rounds]`
 *
 * The first burst of a process runs code that has never run before, so it is shown apart from the later ones.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kron } from "../src/index.ts";
import { median, printTable, quantile, show } from "./support/figures.ts";
import { floorLatenciesUs } from "./support/floor.ts";

const rounds = Number(process.argv[2] ?? 5);
const burst = 10_000;
const singles = 200;
const spreadMs = 1_000;

interface Burst {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly allDoneMs: number;
  readonly ranOnce: boolean;
}

/** Milliseconds from the due time to the callback, whose start is durable by then. */
async function measureBurst(kron: Kron, name: string, withinMs: number): Promise<Burst> {
  const startMs = Date.now() + 1_000;
  const lateness: number[] = [];
  const ran = new Map<string, number>();
  const scheduled = [];
  for (let i = 0; i < burst; i++) {
    const dueMs = startMs + Math.floor((i * withinMs) / burst);
    const callback = ({ timerId }: { timerId: string }): void => {
      lateness.push(Date.now() - dueMs);
      ran.set(timerId, (ran.get(timerId) ?? 0) + 1);
    };
    scheduled.push(kron.schedule(`${name}-${i}`, { at: dueMs }, callback));
  }
  await Promise.all(scheduled);
  await wait(startMs + withinMs + 1_000 - Date.now());
  const finished = (await kron.list()).filter((timer) => timer.id.startsWith(name));
  return {
    p50Ms: quantile(lateness, 0.5),
    p99Ms: quantile(lateness, 0.99),
    allDoneMs: Math.max(...finished.map((timer) => timer.lastFinishedAtMs ?? Number.NaN)) - startMs - withinMs,
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

function row(name: string, bursts: readonly Burst[]): string[] {
  return [
    name,
    `${show(median(bursts.map((one) => one.p50Ms)))} ms`,
    `${show(median(bursts.map((one) => one.p99Ms)))} ms`,
    `${show(median(bursts.map((one) => one.allDoneMs)))} ms`,
    bursts.every((one) => one.ranOnce) ? "yes" : "NO",
  ];
}

const root = mkdtempSync(join(tmpdir(), "kron-bench-"));
const kron = new Kron({ dataDir: join(root, "bursts"), concurrency: burst });
await kron.start();
const first = await measureBurst(kron, "first", 0);
const later: Burst[] = [];
for (let round = 0; round < rounds; round++) later.push(await measureBurst(kron, `later-${round}`, 0));
const spread: Burst[] = [];
for (let round = 0; round < rounds; round++) spread.push(await measureBurst(kron, `spread-${round}`, spreadMs));
await kron.shutdown();
const single = await measureSingle(join(root, "single"));
const floor = await floorLatenciesUs(root, 512, 2_000);
rmSync(root, { recursive: true });
printTable(
  "10,000 timers due together, 10,000 slots",
  ["", "start durable p50", "p99", "all finished", "each exactly once"],
  [
    row("at one instant, first burst of the process", [first]),
    row("at one instant, later bursts", later),
    row("within one second", spread),
  ],
);
printTable(
  `One timer on an idle process, ${singles} times`,
  ["start durable p50", "p99", "floor: write + fdatasync p50", "p99"],
  [
    [
      `${show(quantile(single, 0.5), 1)} ms`,
      `${show(quantile(single, 0.99), 1)} ms`,
      `${show(quantile(floor, 0.5) / 1_000, 1)} ms`,
      `${show(quantile(floor, 0.99) / 1_000, 1)} ms`,
    ],
  ],
);

/**
 * Snapshots of 10,000, 100,000 and 1,000,000 timers: cold start of a process, the longest stall of the event loop while
 * a checkpoint is written, and the replay of a long tail. Ids of 20 characters, 100 distinct schedules.
 * `node dist/bench/snapshot.js [rounds]`
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { Kron } from "kron-scheduler";
import { median, printTable, show } from "./support/figures.ts";

const sizes = [10_000, 100_000, 1_000_000];
/** Of all timers, how many change before a checkpoint, in percent. */
const dirtyPercents = [0, 0.1, 1, 10, 100];
const tailRecords = 1_000_000;
const inFlight = 10_000;

type Figures = Readonly<Record<string, number>>;

/** No checkpoint comes by itself: those that are measured are asked for. */
const byHand = { checkpoint: { records: 2 ** 40, bytes: 2 ** 40, every: "30d" } } as const;

function idOf(index: number): string {
  return `timer-${String(index).padStart(14, "0")}`;
}

async function scheduleAll(kron: Kron, count: number): Promise<void> {
  let pending: Promise<unknown>[] = [];
  for (let i = 0; i < count; i++) {
    pending.push(kron.schedule(idOf(i), { cron: `${i % 50} ${i % 2} 1 1 *` }, () => undefined));
    if (pending.length < inFlight) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
}

/** Makes a directory with `count` timers, closed in good order, so that a snapshot holds them all. */
async function build(dataDir: string, count: number): Promise<Figures> {
  const kron = new Kron({ dataDir, ...byHand });
  await kron.start();
  await scheduleAll(kron, count);
  const beganMs = performance.now();
  await kron.shutdown();
  return { shutdownMs: performance.now() - beganMs };
}

/** A tail of records behind a snapshot: runs of 1,000 timers, and an end without a checkpoint. */
async function buildTail(dataDir: string, records: number): Promise<Figures> {
  const kron = new Kron({ dataDir, concurrency: 1_000, ...byHand });
  await kron.start();
  await scheduleAll(kron, 1_000);
  await kron.checkpoint();
  for (let done = 0; done < records; done += 2_000) {
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => kron.trigger(idOf(i))));
    while ((await kron.runtime()).running > 0) await turn();
  }
  process.exit(0);
}

/** From the start of the process to a runtime that has started. */
async function start(dataDir: string): Promise<Figures> {
  const kron = new Kron({ dataDir, ...byHand });
  await kron.start();
  const startMs = performance.now();
  return { startMs, timers: (await kron.runtime()).timers, rssMb: process.memoryUsage().rss / 2 ** 20 };
}

/** The longest stall while a checkpoint is written of which `percent` of the timers have changed. */
async function stall(dataDir: string, count: number): Promise<Figures> {
  const kron = new Kron({ dataDir, ...byHand });
  await kron.start();
  await kron.checkpoint();
  const figures: Record<string, number> = {};
  for (const percent of dirtyPercents) {
    const changed = Math.round((count * percent) / 100);
    await pauseOrResume(kron, count, changed);
    await quiet();
    const stalls = watchLoop();
    const beganMs = performance.now();
    if (percent === 0) await new Promise((resolve) => setTimeout(resolve, 300));
    else await kron.checkpoint();
    figures[`ms${percent}`] = performance.now() - beganMs;
    figures[`stall${percent}`] = stalls();
  }
  return figures;
}

let paused = new Set<number>();

/** Changes `changed` timers, spread evenly at random over all. */
async function pauseOrResume(kron: Kron, count: number, changed: number): Promise<void> {
  const wanted = new Set<number>();
  if (changed === count) for (let i = 0; i < count; i++) wanted.add(i);
  while (wanted.size < changed) wanted.add(Math.floor(Math.random() * count));
  let pending: Promise<unknown>[] = [];
  for (const index of wanted) {
    pending.push(paused.has(index) ? kron.resume(idOf(index)) : kron.pause(idOf(index)));
    if (pending.length < inFlight) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
  paused = new Set([...paused, ...wanted].filter((index) => !(paused.has(index) && wanted.has(index))));
}

function watchLoop(): () => number {
  let longest = 0;
  let last = performance.now();
  let isOn = true;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isOn) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    isOn = false;
    return longest;
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets what is left of earlier work, garbage above all, pass. */
async function quiet(): Promise<void> {
  globalThis.gc?.();
  for (let i = 0; i < 20; i++) await turn();
}

/** The floor of a cold start: Node itself, and a read of the files with a checksum over them. */
async function floor(dataDir: string): Promise<Figures> {
  const { readFileSync } = await import("node:fs");
  const nodeMs = performance.now();
  for (const name of readdirSync(dataDir)) {
    if (name.startsWith("kron.snapshot") && !name.endsWith("-lock")) crc32(readFileSync(join(dataDir, name)));
  }
  return { nodeMs, readMs: performance.now() };
}

function snapshotMb(dataDir: string): number {
  let bytes = 0;
  for (const name of readdirSync(dataDir)) {
    if (name.startsWith("kron.snapshot")) bytes += statSync(join(dataDir, name)).size;
  }
  return bytes / 2 ** 20;
}

const tasks = { build, buildTail, start, stall, floor } as const;

function inChild(task: keyof typeof tasks, dataDir: string, count = 0): Figures {
  const args = ["--expose-gc", fileURLToPath(import.meta.url), task, dataDir, String(count)];
  const output = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return output === "" ? {} : (JSON.parse(output) as Figures);
}

function times<T>(rounds: number, make: () => T): T[] {
  return Array.from({ length: rounds }, make);
}

function medianOf(runs: readonly Figures[], name: string): number {
  return median(runs.map((run) => run[name] ?? Number.NaN));
}

function main(rounds: number): void {
  const starts: string[][] = [];
  const stalls: string[][] = [];
  for (const count of sizes) {
    const dataDir = join(mkdtempSync(join(tmpdir(), "kron-bench-")), "data");
    const { shutdownMs = Number.NaN } = inChild("build", dataDir, count);
    const floors = times(rounds, () => inChild("floor", dataDir));
    const runs = times(rounds, () => inChild("start", dataDir));
    starts.push([
      show(count),
      show(medianOf(runs, "startMs")),
      show(medianOf(floors, "nodeMs")),
      show(medianOf(floors, "readMs")),
      show(medianOf(runs, "rssMb")),
      show(snapshotMb(dataDir), 1),
      show(shutdownMs),
    ]);
    const stallRuns = times(rounds, () => inChild("stall", dataDir, count));
    for (const percent of dirtyPercents) {
      stalls.push([
        show(count),
        percent === 0 ? "no checkpoint" : `${percent} %`,
        show(medianOf(stallRuns, `stall${percent}`), 1),
        percent === 0 ? "" : show(medianOf(stallRuns, `ms${percent}`)),
      ]);
    }
    rmSync(join(dataDir, ".."), { recursive: true });
  }
  const headings = [
    "timers",
    "cold start ms",
    "bare Node ms",
    "Node + read ms",
    "RSS MB",
    "snapshot MB",
    "shutdown ms",
  ];
  printTable("Cold start from a snapshot", headings, starts);
  printTable("Checkpoints", ["timers", "changed", "longest stall ms", "checkpoint ms"], stalls);
  printTail(rounds);
}

function printTail(rounds: number): void {
  const runs = times(rounds, () => {
    const dataDir = join(mkdtempSync(join(tmpdir(), "kron-bench-")), "data");
    inChild("buildTail", dataDir, tailRecords);
    const { startMs = Number.NaN } = inChild("start", dataDir);
    inChild("build", dataDir, 0);
    const { startMs: withoutMs = Number.NaN } = inChild("start", dataDir);
    rmSync(join(dataDir, ".."), { recursive: true });
    return { startMs, withoutMs };
  });
  printTable(
    "Cold start with a tail of records behind the snapshot",
    ["records", "cold start ms", "without the tail ms"],
    [[show(tailRecords), show(medianOf(runs, "startMs")), show(medianOf(runs, "withoutMs"))]],
  );
}

const [task, dataDir = "", count = "0"] = process.argv.slice(2);
if (task !== undefined && task in tasks) {
  const figures = await tasks[task as keyof typeof tasks](dataDir, Number(count));
  process.stdout.write(JSON.stringify(figures), () => process.exit(0));
} else {
  main(Number(task ?? 3));
}

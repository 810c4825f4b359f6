/**
 * The disk under a runtime that has been running for long: runs of 1,000 timers with the default retention, the size
 * of the directory as they pass, bytes written a run, and what checkpoints cost in runs a second.
 * `node dist/bench/disk.js [runs] [rounds]`
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kron, type KronOptions } from "../src/index.ts";
import { median, printTable, show } from "./support/figures.ts";

const runsWanted = Number(process.argv[2] ?? 10_000_000);
const rounds = Number(process.argv[3] ?? 3);
/** Timers whose directory is watched, and timers that keep the runtime busy. */
const timers = 1_000;
const busyTimers = [5_000, 20_000];
const inFlight = 4_096;
const rateSeconds = 12;
const never = { checkpoint: { records: 2 ** 40, bytes: 2 ** 40, every: "30d" } } as const;

interface Work {
  readonly kron: Kron;
  readonly directory: string;
  readonly done: () => number;
  end(): Promise<void>;
}

/** Timers that are due again as soon as they may, which is 10 ms after their finish. */
async function begin(timers: number, options: KronOptions): Promise<Work> {
  const directory = mkdtempSync(join(tmpdir(), "kron-bench-"));
  const kron = new Kron({ dataDir: join(directory, "data"), concurrency: inFlight, ...options });
  await kron.start();
  let count = 0;
  const callback = (): void => {
    count += 1;
  };
  const scheduled = [];
  for (let i = 0; i < timers; i++) scheduled.push(kron.schedule(`timer-${i}`, { every: 10 }, callback));
  await Promise.all(scheduled);
  return {
    kron,
    directory,
    done: () => count,
    async end() {
      await kron.shutdown({ timeoutMs: 5_000 });
      rmSync(directory, { recursive: true });
    },
  };
}

function directoryMb(path: string): number {
  let bytes = 0;
  // A segment may be dropped between the two looks.
  for (const name of readdirSync(path)) bytes += statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes / 2 ** 20;
}

/** Bytes that this process had written to files, as the kernel counts them; none where it does not. */
function writtenBytes(): number {
  try {
    const counted = /^wchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "latin1"));
    return Number(counted?.[1] ?? Number.NaN);
  } catch {
    return Number.NaN;
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function steadyState(): Promise<void> {
  const work = await begin(timers, {});
  const rows: string[][] = [];
  const beganMs = performance.now();
  const step = runsWanted / 10;
  let written = writtenBytes();
  let before = 0;
  for (let goal = step; goal <= runsWanted; goal += step) {
    while (work.done() < goal) await wait(20);
    const bytes = writtenBytes();
    const perRun = (bytes - written) / (work.done() - before);
    rows.push([show(goal), show(directoryMb(join(work.directory, "data"))), show(perRun)]);
    written = bytes;
    before = work.done();
  }
  await work.end();
  console.log(`\n${show((runsWanted * 1_000) / (performance.now() - beganMs))} runs/s`);
  printTable(`The directory under ${timers} timers`, ["runs", "directory MB", "bytes written a run"], rows);
}

/** What one life of a busy runtime gave, in the seconds that were measured. */
interface Rate {
  readonly perSecond: number;
  /** Of all threads. Other work on the machine disturbs it less than the rate. */
  readonly cpuUsPerRun: number;
}

async function rate(timers: number, options: KronOptions): Promise<Rate> {
  const work = await begin(timers, options);
  await wait(1_000);
  const before = work.done();
  const beganMs = performance.now();
  const cpu = process.cpuUsage();
  await wait(rateSeconds * 1_000);
  const { user, system } = process.cpuUsage(cpu);
  const runs = work.done() - before;
  const perSecond = (runs * 1_000) / (performance.now() - beganMs);
  await work.end();
  return { perSecond, cpuUsPerRun: (user + system) / runs };
}

/** Pairs, one of each kind in turn, so that whatever else the machine does meets both alike. */
async function rates(timers: number): Promise<void> {
  const on: Rate[] = [];
  const off: Rate[] = [];
  for (let round = 0; round < rounds; round++) {
    off.push(await rate(timers, never));
    on.push(await rate(timers, {}));
  }
  const row = (name: string, digits: number, of: (rate: Rate) => number): string[] => {
    const [offs, ons] = [median(off.map(of)), median(on.map(of))];
    const shares = on.map((each, i) => (100 * of(each)) / of(off[i] as Rate));
    const range = `${show(Math.min(...shares))} to ${show(Math.max(...shares))} %`;
    return [
      name,
      show(offs, digits),
      show(ons, digits),
      `${show((100 * ons) / offs)} %`,
      `${show(median(shares))} %`,
      range,
    ];
  };
  printTable(
    `${show(timers)} timers, checkpoints off and on (goal: 90 % of the runs)`,
    ["", "off", "on", "on, of off", "median of pairs", "pairs"],
    [row("runs/s", 0, ({ perSecond }) => perSecond), row("CPU µs a run", 2, ({ cpuUsPerRun }) => cpuUsPerRun)],
  );
}

for (const timers of busyTimers) await rates(timers);
await steadyState();

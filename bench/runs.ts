/**
 * Durable runs: no-op callbacks with durability `always`, timers kept always due, 1, 64 and 4,096 in flight,
 * beside the floor of the same records a run. `node dist/bench/runs.js [seconds] [rounds]`
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kron } from "../src/index.ts";
import { nodeDisk } from "../src/journal/node-disk.ts";
import type { Disk } from "../src/ports.ts";
import { median, printTable, quantile, show } from "./support/figures.ts";
import { appendFloor, floorLatenciesUs } from "./support/floor.ts";

const seconds = Number(process.argv[2] ?? 2);
const rounds = Number(process.argv[3] ?? 3);

interface Result {
  readonly runsPerSecond: number;
  readonly bytesPerRun: number;
  /** Two records a run: the same bytes written bare, and each record packed on its own first. */
  readonly diskRunsPerSecond: number;
  readonly floorRunsPerSecond: number;
  readonly cycleP50Us: number;
  readonly floorP50Us: number;
}

async function measure(inFlight: number): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "kron-bench-"));
  const written = { bytes: 0 };
  const kron = new Kron({ dataDir: join(directory, "data"), concurrency: inFlight, disk: counting(written) });
  await kron.start();
  const timers = inFlight === 1 ? 64 : 20_000;
  let count = 0;
  const callback = (): void => {
    count += 1;
  };
  const scheduled = [];
  for (let i = 0; i < timers; i++) scheduled.push(kron.schedule(`timer-${i}`, { every: 10 }, callback));
  await Promise.all(scheduled);
  await wait(500);
  const bytesBefore = written.bytes;
  const countBefore = count;
  const startMs = performance.now();
  await wait(seconds * 1_000);
  const runsPerSecond = ((count - countBefore) * 1_000) / (performance.now() - startMs);
  const runs = count - countBefore;
  const bytesPerRun = (written.bytes - bytesBefore) / runs;
  const cycles = inFlight === 1 ? await cycleUs(kron) : [];
  await kron.shutdown({ timeoutMs: 1_000 });
  // A batch holds the starts of one half and the ends of the other half of what is in flight.
  const batchBytes = Math.max(64, Math.round((bytesPerRun / 2) * inFlight));
  const floor = await floorLatenciesUs(directory, batchBytes, 1_000);
  const floorRunsPerSecond = (await appendFloor(directory, inFlight, 1_000)) / 2;
  rmSync(directory, { recursive: true });
  const meanUs = floor.reduce((sum, us) => sum + us, 0) / floor.length;
  return {
    runsPerSecond,
    bytesPerRun,
    diskRunsPerSecond: (inFlight * 1e6) / meanUs / 2,
    floorRunsPerSecond,
    cycleP50Us: median(cycles),
    floorP50Us: quantile(floor, 0.5),
  };
}

/** Microseconds from one durable finish to the next with one in flight: the start record, the callback, the finish record. */
async function cycleUs(kron: Kron): Promise<number[]> {
  const cycles: number[] = [];
  let last = 0;
  kron.on("run", (event) => {
    if (event.type !== "RUN_SUCCEEDED") return;
    const now = performance.now();
    if (last > 0) cycles.push((now - last) * 1_000);
    last = now;
  });
  await wait(2_000);
  kron.removeAllListeners("run");
  return cycles;
}

/** The real disk, with what is written of batches added up; preparing segments ahead writes zeros and is left out. */
function counting(written: { bytes: number }): Disk {
  return {
    ...nodeDisk,
    write(file, from, position) {
      const count = nodeDisk.write(file, from, position);
      if (from[0] !== 0) written.bytes += count;
      return count;
    },
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const rows: string[][] = [];
for (const inFlight of [1, 64, 4_096]) {
  const results: Result[] = [];
  for (let round = 0; round < rounds; round++) results.push(await measure(inFlight));
  const rate = median(results.map((result) => result.runsPerSecond));
  const floor = median(results.map((result) => result.floorRunsPerSecond));
  const cycle = median(results.map((result) => result.cycleP50Us));
  const floorUs = median(results.map((result) => result.floorP50Us));
  rows.push([
    show(inFlight),
    show(rate),
    show(median(results.map((result) => result.diskRunsPerSecond))),
    show(floor),
    `${show((100 * rate) / floor)} %`,
    show(median(results.map((result) => result.bytesPerRun))),
    inFlight === 1 ? `${show(cycle)} µs (${show(cycle / floorUs, 1)} × ${show(floorUs)} µs)` : "",
  ]);
}
printTable(
  "Durable runs",
  [
    "in flight",
    "runs/s",
    "bare bytes runs/s",
    "floor runs/s (as many callers of a bare log)",
    "of the floor",
    "bytes/run",
    "p50 start to durable finish (× write + fdatasync)",
  ],
  rows,
);

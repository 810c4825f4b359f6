/**
 * Durable `schedule()` of new timers, 1, 256 and 4,096 calls in flight.
 * `node dist/bench/schedule.js [timers] [rounds]`
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kron } from "../src/index.ts";
import { median, printTable, show } from "./support/figures.ts";
import { floorLatenciesUs } from "./support/floor.ts";

const timers = Number(process.argv[2] ?? 200_000);
const rounds = Number(process.argv[3] ?? 5);
const callback = (): void => undefined;

/** Calls settled per second, with `inFlight` callers that each await their last call before the next. */
async function measure(inFlight: number, count: number, directory: string): Promise<number> {
  const kron = new Kron({ dataDir: join(directory, `data-${inFlight}-${Math.random()}`) });
  await kron.start();
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await kron.schedule(`customer-${next}`, { every: `${1 + (next % 100)}h` }, callback);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, caller));
  const rate = (count * 1_000) / (performance.now() - startMs);
  await kron.shutdown();
  return rate;
}

const directory = mkdtempSync(join(tmpdir(), "kron-bench-"));
const rows: string[][] = [];
for (const inFlight of [1, 256, 4_096]) {
  const count = inFlight === 1 ? Math.min(timers, 10_000) : timers;
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) rates.push(await measure(inFlight, count, directory));
  const floor = await floorLatenciesUs(directory, Math.max(512, inFlight * 40), 1_000);
  rows.push([show(inFlight), show(median(rates)), show((inFlight * 1e6) / median(floor))]);
}
rmSync(directory, { recursive: true });
printTable(
  "Durable schedule() of new timers",
  ["in flight", "calls/s", "floor: write + fdatasync of the same records/s"],
  rows,
);

/**
 * Reading history: the last 10 rows of a timer with 1,000,000 recorded runs, in the runtime and by the command line,
 * beside a timer with ten. `node dist/bench/history.js [runs]`
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kron } from "../src/index.ts";
import { median, printTable, quantile, show } from "./support/figures.ts";

const runs = Number(process.argv[2] ?? 1_000_000);
const inFlight = 4_000;
const looks = 1_000;

/** Microseconds of each of so many looks at the newest ten rows. */
async function look(kron: Kron, id: string): Promise<number[]> {
  const tooksUs: number[] = [];
  while (tooksUs.length < looks) {
    const beganMs = performance.now();
    const { length } = await kron.history(id, { limit: 10 });
    const tookUs = (performance.now() - beganMs) * 1_000;
    if (length !== 10) throw new Error(`Expected 10 rows, got ${length}`);
    tooksUs.push(tookUs);
  }
  return tooksUs;
}

async function runMany(kron: Kron, id: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += inFlight) {
    await Promise.all(Array.from({ length: Math.min(inFlight, count - done) }, () => kron.trigger(id)));
    while ((await kron.runtime()).running > 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function commandMs(dataDir: string, id: string): number {
  const bin = fileURLToPath(new URL("../lib/kron.js", import.meta.url));
  const beganMs = performance.now();
  execFileSync(process.execPath, [bin, "job", "history", id, "--limit", "10", "--json", "--data-dir", dataDir]);
  return performance.now() - beganMs;
}

const directory = mkdtempSync(join(tmpdir(), "kron-bench-"));
const dataDir = join(directory, "data");
const kron = new Kron({ dataDir, concurrency: inFlight, history: { bytes: 2 ** 33 } });
await kron.start();
const options = { every: "10d", overlap: "allow", history: { count: 2_000_000 } } as const;
await kron.schedule("busy", options, () => undefined);
await kron.schedule("quiet", options, () => undefined);
await runMany(kron, "busy", runs);
await runMany(kron, "quiet", 10);
await kron.checkpoint();
const total = (await kron.history("busy", { limit: 100_000 })).length;
if (total !== Math.min(runs, 100_000)) throw new Error(`Expected the history of ${runs} runs, got ${total} rows`);
const timers: readonly [string, number][] = [
  ["busy", runs],
  ["quiet", 10],
];
const inRuntime: number[][] = [];
for (const [id] of timers) inRuntime.push(await look(kron, id));
await kron.shutdown();
const rows = timers.map(([id, count], at) => {
  const tookUs = inRuntime[at] ?? [];
  const commands = [1, 2, 3].map(() => commandMs(dataDir, id));
  return [show(count), show(median(tookUs)), show(quantile(tookUs, 0.99)), show(median(commands))];
});
rmSync(directory, { recursive: true });
printTable("The last 10 rows of a timer's history", ["rows", "p50 µs", "p99 µs", "`kron job history` ms"], rows);

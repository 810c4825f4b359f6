/**
 * What an idle runtime costs: CPU and wake-ups with 10,000 timers, and resident memory beside bare Node with
 * 10 timers. `node dist/bench/idle.js [seconds] [rounds]`
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kron } from "../src/index.ts";
import { systemClock } from "../src/system.ts";
import { median, printTable, show } from "./support/figures.ts";

interface Idle {
  readonly cpuPercent: number;
  readonly wakeUps: number;
  readonly rssMb: number;
}

/** Runs in a process of its own: `timers` timers due in hours, watched for `seconds`. */
async function idle(directory: string, timers: number, seconds: number): Promise<Idle> {
  const clock = systemClock();
  let wakeUps = 0;
  const counted = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    wakeAfter(delayMs: number, wake: () => void, keepAlive?: boolean) {
      return clock.wakeAfter(
        delayMs,
        () => {
          wakeUps += 1;
          wake();
        },
        keepAlive,
      );
    },
  };
  const kron = new Kron({ dataDir: directory, clock: counted });
  await kron.start();
  const scheduled = [];
  for (let i = 0; i < timers; i++) scheduled.push(kron.schedule(`timer-${i}`, { every: "5h" }, () => undefined));
  await Promise.all(scheduled);
  // Past the grace for orphans and the start's own wake-ups.
  await wait(6_000);
  wakeUps = 0;
  const before = process.cpuUsage();
  await wait(seconds * 1_000);
  const used = process.cpuUsage(before);
  const result = {
    cpuPercent: (used.user + used.system) / (seconds * 10_000),
    wakeUps,
    rssMb: process.memoryUsage().rss / 2 ** 20,
  };
  await kron.shutdown();
  return result;
}

function inChild(args: readonly string[]): Idle {
  const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...args], { encoding: "utf8" });
  return JSON.parse(output) as Idle;
}

function bareRssMb(): number {
  const script = "setTimeout(() => console.log(process.memoryUsage().rss / 2 ** 20), 500)";
  return Number(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 60);
  const rounds = Number(process.argv[3] ?? 3);
  const root = mkdtempSync(join(tmpdir(), "kron-bench-"));
  const busy = Array.from({ length: rounds }, (_, i) =>
    inChild(["child", join(root, `many-${i}`), "10000", String(seconds)]),
  );
  const small = Array.from({ length: rounds }, (_, i) => inChild(["child", join(root, `few-${i}`), "10", "2"]));
  const bare = Array.from({ length: rounds }, bareRssMb);
  rmSync(root, { recursive: true });
  printTable(
    `Idle with 10,000 timers, ${seconds} s`,
    ["CPU", "wake-ups"],
    [[`${show(median(busy.map((one) => one.cpuPercent)), 3)} %`, show(median(busy.map((one) => one.wakeUps)))]],
  );
  const rss = median(small.map((one) => one.rssMb));
  printTable(
    "Resident memory, 10 timers",
    ["Kron", "bare Node", "more"],
    [[`${show(rss, 1)} MB`, `${show(median(bare), 1)} MB`, `${show(rss - median(bare), 1)} MB`]],
  );
}

if (process.argv[2] === "child") {
  const [, , , directory = "", timers = "0", seconds = "1"] = process.argv;
  console.log(JSON.stringify(await idle(directory, Number(timers), Number(seconds))));
} else {
  await main();
}

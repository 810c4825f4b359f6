/**
 * Resident memory with many timers, ids of 20 characters, 100 distinct schedules, no callbacks; and the pause of a
 * full garbage collection. Every figure comes from a process of its own, which opens a directory that another one
 * wrote. The floor: as many ids in a plain Map, to a number and to a small object.
 * `node dist/bench/memory.js [timers] [rounds]` (all of 10,000, 100,000 and 1,000,000 by default)
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kron } from "../src/index.ts";
import { median, printTable, show } from "./support/figures.ts";

const schedules = 100;
const callers = 4_096;

/** What a child tells: bytes resident after the garbage is gone, and how long one more collection then took. */
interface Held {
  readonly rssBytes: number;
  readonly gcMs: number;
}

function idOf(timer: number): string {
  return `customer-${String(timer).padStart(11, "0")}`;
}

/** Does `work` for all timers, as many at a time as make a good batch. */
async function forAll(timers: number, work: (timer: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < timers) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** Leaves a directory of `timers` timers that are due in days; each has run once if `haveRun`. */
async function write(directory: string, timers: number, haveRun: boolean): Promise<void> {
  const kron = new Kron({ dataDir: directory, concurrency: callers, durability: "everysec" });
  await kron.start();
  let ran = 0;
  const callback = (): void => {
    ran += 1;
  };
  await forAll(timers, (timer) => kron.schedule(idOf(timer), { every: `${100 + (timer % schedules)}h` }, callback));
  if (haveRun) {
    await forAll(timers, async (timer) => {
      await kron.trigger(idOf(timer));
      // What is triggered waits for a slot, and only so many may.
      while (timer - ran > callers) await wait(1);
    });
    while ((await kron.runtime()).running + (await kron.runtime()).waiting > 0) await wait(10);
  }
  await kron.shutdown();
}

/** Opens the directory, and goes on holding it while it is measured. */
async function load(directory: string): Promise<Held> {
  const kron = new Kron({ dataDir: directory, orphanGrace: 0 });
  await kron.start();
  await wait(1_000);
  const held = await settled();
  await kron.shutdown();
  return held;
}

async function hold(make: (timer: number) => unknown, timers: number): Promise<Held> {
  const map = new Map<string, unknown>();
  for (let timer = 0; timer < timers; timer++) map.set(idOf(timer), make(timer));
  const held = await settled();
  return map.size === timers ? held : { rssBytes: 0, gcMs: 0 };
}

function plainTimer(timer: number): object {
  const atMs = 1_763_911_503_123 + timer;
  const times = { anchorMs: atMs, nextAtMs: atMs + 3_600_000, createdAtMs: atMs };
  return { id: idOf(timer), definition: timer % schedules, revision: timer, status: 1, ...times };
}

async function settled(): Promise<Held> {
  // Twice and with a pause, as buffers are given back to the system in the background.
  for (let i = 0; i < 2; i++) {
    collect();
    await wait(500);
  }
  const startMs = performance.now();
  collect();
  return { gcMs: performance.now() - startMs, rssBytes: process.memoryUsage().rss };
}

function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Expected to run with --expose-gc");
  gc();
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function inChild(...args: readonly string[]): Held {
  const path = fileURLToPath(import.meta.url);
  const output = execFileSync(process.execPath, ["--expose-gc", path, "child", ...args], { encoding: "utf8" });
  return JSON.parse(output) as Held;
}

/** As long as it holds nothing it is bare Node, with the modules of this file. */
async function beChild(what = "", timersOrDirectory = "", timers = "", haveRun = ""): Promise<Held> {
  switch (what) {
    case "write":
      await write(timersOrDirectory, Number(timers), haveRun === "ran");
      return { rssBytes: 0, gcMs: 0 };
    case "load":
      return load(timersOrDirectory);
    case "numbers":
      return hold((timer) => timer, Number(timersOrDirectory));
    case "objects":
      return hold(plainTimer, Number(timersOrDirectory));
    default:
      return settled();
  }
}

function bareNode(): Held {
  const script = "setTimeout(() => { gc(); console.log(process.memoryUsage().rss); }, 500)";
  const args = ["--expose-gc", "--input-type=module", "-e", script];
  return { rssBytes: Number(execFileSync(process.execPath, args, { encoding: "utf8" })), gcMs: 0 };
}

function megabytes(bytes: number): string {
  return `${show(bytes / 2 ** 20, 1)} MB`;
}

function main(): void {
  const sizes = process.argv[2] === undefined ? [10_000, 100_000, 1_000_000] : [Number(process.argv[2])];
  const rounds = Number(process.argv[3] ?? 3);
  const times = (measure: () => Held): Held => {
    const all = Array.from({ length: rounds }, measure);
    return { rssBytes: median(all.map((one) => one.rssBytes)), gcMs: median(all.map((one) => one.gcMs)) };
  };
  const root = mkdtempSync(join(tmpdir(), "kron-bench-"));
  const bare = times(bareNode).rssBytes;
  const modules = times(() => inChild("nothing")).rssBytes;
  const idle = times(() => inChild("load", join(root, "idle"))).rssBytes;
  const rows: string[][] = [];
  for (const timers of sizes) {
    const row = (name: string, { rssBytes, gcMs }: Held, without: number): void => {
      const each = (from: number): string => `${show((rssBytes - from) / timers)} bytes`;
      rows.push([show(timers), name, megabytes(rssBytes), each(bare), each(without), `${show(gcMs, 1)} ms`]);
    };
    for (const state of ["fresh", "ran"]) {
      const directory = join(root, `${timers}-${state}`);
      inChild("write", directory, String(timers), state);
      row(
        state === "ran" ? "Kron, each has run once" : "Kron",
        times(() => inChild("load", directory)),
        idle,
      );
      rmSync(directory, { recursive: true });
    }
    row(
      "Map to a number",
      times(() => inChild("numbers", String(timers))),
      modules,
    );
    row(
      "Map to an object",
      times(() => inChild("objects", String(timers))),
      modules,
    );
  }
  rmSync(root, { recursive: true });
  const beside = `bare Node ${megabytes(bare)}, Kron's modules ${megabytes(modules)}, an idle Kron ${megabytes(idle)}`;
  printTable(
    `Resident memory (${beside})`,
    ["timers", "held as", "RSS", "a timer, above bare Node", "a timer, above the same without timers", "full GC"],
    rows,
  );
}

if (process.argv[2] === "child") console.log(JSON.stringify(await beChild(...process.argv.slice(3))));
else main();

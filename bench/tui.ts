/**
 * What the live view costs: the time to its first screen, its CPU while 10,000 runs go by a second, with the overview and
 * with 100,000 timers listed, and what a runtime at full speed gets done with one attached and without, in turns.
 * `node dist/bench/tui.js [seconds] [pairs]`; needs tmux.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Kron } from "../src/index.ts";
import { hasTmux, Terminal } from "../test/tui/tmux.ts";
import { median, printTable, show } from "./support/figures.ts";

/** Clock ticks a second of proc(5). */
const ticksPerSecond = 100;
const silent = (): void => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A runtime in a process of its own that says how many runs it has done when it is asked. */
async function runtime(directory: string, timers: number, everyMs: number, idle: number): Promise<void> {
  const kron = new Kron({ dataDir: directory, logger, concurrency: 4_096, durability: "everysec" });
  let count = 0;
  const callback = (): void => {
    count += 1;
  };
  await kron.start();
  const scheduled = [];
  const options = { every: everyMs, overlap: "skip" } as const;
  for (let i = 0; i < timers; i++) scheduled.push(kron.schedule(`busy-${i}`, options, callback));
  for (let i = 0; i < idle; i++) scheduled.push(kron.schedule(`idle-${i}`, { every: "5h" }, callback));
  await Promise.all(scheduled);
  createInterface(process.stdin).on("line", () => process.stdout.write(`${count} ${performance.now()}\n`));
  process.stdin.on("end", () => process.exit(0));
  process.stdout.write("ready\n");
}

/** Such a process. */
class Busy {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(directory: string, timers: number, everyMs: number, idle: number) {
    const args = [directory, timers, everyMs, idle].map(String);
    this.#child = spawn(process.execPath, [fileURLToPath(import.meta.url), "runtime", ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("Expected a pipe");
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
  }

  async ready(): Promise<void> {
    await this.#lines.next();
  }

  /** Runs a second over so many seconds. */
  async rate(seconds: number): Promise<number> {
    const [before, fromMs] = await this.#count();
    await wait(seconds * 1_000);
    const [after, toMs] = await this.#count();
    return ((after - before) * 1_000) / (toMs - fromMs);
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await once(this.#child, "exit");
  }

  async #count(): Promise<[count: number, ms: number]> {
    this.#child.stdin?.write("?\n");
    const { value } = await this.#lines.next();
    const [count = 0, ms = 0] = String(value).split(" ").map(Number);
    return [count, ms];
  }
}

/** Seconds of CPU that a process has used. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** From the start of a terminal, a shell and `kron` to figures on the screen. */
async function firstScreenMs(dataDir: string): Promise<number> {
  const startMs = performance.now();
  const terminal = new Terminal(["tui", "--data-dir", dataDir], { columns: 160, rows: 50 });
  while (!terminal.screen.includes("in flight")) await wait(2);
  const tookMs = performance.now() - startMs;
  terminal.close();
  return tookMs;
}

async function cpuPercent(terminal: Terminal, busy: Busy, seconds: number): Promise<[cpu: number, runs: number]> {
  const { pid } = terminal;
  const before = cpuSeconds(pid);
  const runs = await busy.rate(seconds);
  return [((cpuSeconds(pid) - before) * 100) / seconds, runs];
}

async function steady(directory: string, seconds: number): Promise<void> {
  const busy = new Busy(directory, 1_000, 100, 100_000);
  await busy.ready();
  await wait(2_000);
  const first = [];
  for (let i = 0; i < 5; i++) first.push(await firstScreenMs(directory));
  const terminal = new Terminal(["tui", "--data-dir", directory], { columns: 160, rows: 50 });
  await terminal.shows(/in flight/);
  await wait(3_000);
  const rows: string[][] = [["first screen", `${show(median(first))} ms`, ""]];
  for (const [key, name] of [
    ["1", "overview"],
    ["2", "timers"],
    ["3", "timeline"],
    ["4", "runs"],
    ["6", "events"],
  ] as const) {
    terminal.press(key);
    await wait(1_000);
    const [cpu, runs] = await cpuPercent(terminal, busy, seconds);
    rows.push([`CPU, ${name}`, `${show(cpu, 1)} %`, `${show(runs)} runs/s`]);
  }
  terminal.close();
  await busy.end();
  printTable("The live view beside 101,000 timers, 10,000 runs/s asked for", ["what", "figure", "beside"], rows);
}

async function pairs(directory: string, seconds: number, count: number): Promise<void> {
  const busy = new Busy(directory, 20_000, 10, 0);
  await busy.ready();
  await wait(2_000);
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let i = 0; i < count; i++) {
    const alone = await busy.rate(seconds);
    const terminal = new Terminal(["tui", "--data-dir", directory], { columns: 160, rows: 50 });
    await terminal.shows(/in flight/);
    await wait(500);
    const watched = await busy.rate(seconds);
    terminal.close();
    await wait(500);
    const again = await busy.rate(seconds);
    // Beside what came before and after, so that a drift of the machine is no cost of ours.
    ratios.push((2 * watched) / (alone + again));
    rates.push(alone, again);
  }
  await busy.end();
  printTable(
    "Runs a second of a runtime at full speed, with the live view attached, pairs",
    ["alone", "attached / alone", "worst pair"],
    [[show(median(rates)), show(median(ratios), 3), show(Math.min(...ratios), 3)]],
  );
}

async function main(): Promise<void> {
  const [first, directory = "", timers, everyMs, idle] = process.argv.slice(2);
  if (first === "runtime") {
    await runtime(directory, Number(timers), Number(everyMs), Number(idle));
    return;
  }
  if (!hasTmux()) {
    console.log("skipped: tmux is not installed");
    return;
  }
  const seconds = Number(first ?? 4);
  const root = mkdtempSync(join(tmpdir(), "kron-bench-"));
  await steady(join(root, "steady"), seconds);
  await pairs(join(root, "pairs"), seconds, Number(process.argv[3] ?? 5));
  rmSync(root, { recursive: true });
}

await main();

/**
 * Durable runs of a module that does nothing: in one thread of this process, in one thread of a host over the socket, beside
 * a bare echo of as many bytes over a socket of the same kind; and how soon a module begins when nothing else is
 * going on. `node dist/bench/pool.js [seconds] [rounds]`
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kron } from "../src/index.ts";
import { median, printTable, quantile, show } from "./support/figures.ts";

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 3);
const inFlight = 4_096;
/** Timers that are always due. With many of them history asks for a checkpoint every few seconds. */
const timerCounts = [5_000, 20_000];
const tries = 200;
/** Bytes of a run on the socket, both ways: the start and its share of the answer. */
const bytesPerRun = 160;

const directory = mkdtempSync(join(tmpdir(), "kron-bench-"));
writeFileSync(join(directory, "none.mjs"), "export default () => undefined;\nexport const pid = () => process.pid;\n");
writeFileSync(join(directory, "clock.mjs"), "export default () => Number(process.hrtime.bigint()) / 1e6;\n");

/** Where the module runs; undefined: a callback, for comparison. */
type Isolate = "thread" | "process" | undefined;

let directories = 0;

async function withKron<T>(concurrency: number, body: (kron: Kron) => Promise<T>): Promise<T> {
  directories += 1;
  const dataDir = join(directory, `d${directories}`);
  const kron = new Kron({ dataDir, concurrency, threads: 1, baseDir: directory });
  await kron.start();
  try {
    return await body(kron);
  } finally {
    await kron.shutdown({ timeoutMs: 2_000 });
    rmSync(dataDir, { recursive: true });
  }
}

/** What a round showed: runs per second, and CPU time a run took here and in the host, in microseconds. */
interface Rate {
  readonly runsPerSecond: number;
  readonly ownUs: number;
  readonly hostUs: number;
}

/** With as many in flight as may be. */
function rate(isolate: Isolate, timers: number): Promise<Rate> {
  return withKron(inFlight, async (kron) => {
    const target = isolate === undefined ? {} : { module: "none.mjs", isolate };
    const callback = isolate === undefined ? () => undefined : undefined;
    const scheduled = [];
    for (let n = 0; n < timers; n++) scheduled.push(kron.schedule(`timer-${n}`, { every: 10, ...target }, callback));
    await Promise.all(scheduled);
    const host = isolate === "process" ? await hostPid(kron) : undefined;
    await wait(2_000);
    const before = await countOf(kron);
    const cpuBefore = process.cpuUsage();
    const hostBefore = cpuUs(host);
    const startMs = performance.now();
    await wait(seconds * 1_000);
    const tookMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    const tookHostUs = cpuUs(host) - hostBefore;
    const runs = (await countOf(kron)) - before;
    return { runsPerSecond: (runs * 1_000) / tookMs, ownUs: (user + system) / runs, hostUs: tookHostUs / runs };
  });
}

/** Runs so far. Asked of the timers, as listening to each run would cost as much as the run. */
async function countOf(kron: Kron): Promise<number> {
  const views = await kron.list();
  return views.reduce((sum, { succeededCount }) => sum + succeededCount, 0);
}

/** The host of the module, which tells its process id through another export. */
async function hostPid(kron: Kron): Promise<number> {
  await kron.schedule("pid", { after: 0, module: "none.mjs", export: "pid", isolate: "process" });
  for (;;) {
    const [entry] = await kron.history("pid");
    if (entry !== undefined) return Number(entry.result);
    await wait(20);
  }
}

/** CPU time of another process so far, in microseconds; 0 where it cannot be told. */
function cpuUs(pid: number | undefined): number {
  if (pid === undefined || process.platform !== "linux") return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Milliseconds from the start of an attempt, durable, to the first line of its module, one at a time. */
function dispatchMs(isolate: "thread" | "process"): Promise<number[]> {
  return withKron(1, async (kron) => {
    const delays: number[] = [];
    let startedMs = 0;
    let ended: () => void = () => undefined;
    kron.on("run", (event) => {
      if (event.type === "RUN_STARTED") startedMs = Number(process.hrtime.bigint()) / 1e6;
      if (event.type === "RUN_SUCCEEDED") ended();
    });
    await kron.schedule("timer", { every: "1d", module: "clock.mjs", isolate });
    for (let n = 0; n < tries; n++) {
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      await kron.trigger("timer");
      await end;
      const [entry] = await kron.history("timer", { limit: 1 });
      // The first runs wait for the thread to be there and the module to be loaded.
      if (n >= 10) delays.push(Number(entry?.result) - startedMs);
      await wait(10);
    }
    return delays;
  });
}

const echoScript = "require('node:net').createServer((s) => s.pipe(s)).listen(process.argv[1])";

/** Runs' worth of bytes per second through a process that only sends back what it gets, as many in flight. */
async function echo(): Promise<number> {
  directories += 1;
  const path = join(directory, `echo-${directories}`);
  const child = spawn(process.execPath, ["-e", echoScript, path], { stdio: "ignore" });
  const socket = await connected(path, child);
  let bytes = 0;
  const batch = new Uint8Array((bytesPerRun * inFlight) / 8);
  socket.on("data", (chunk: Uint8Array) => {
    const batches = Math.floor((bytes + chunk.length) / batch.length) - Math.floor(bytes / batch.length);
    bytes += chunk.length;
    for (let n = 0; n < batches; n++) socket.write(batch);
  });
  for (let n = 0; n < 8; n++) socket.write(batch);
  await wait(500);
  const before = bytes;
  const startMs = performance.now();
  await wait(seconds * 1_000);
  const perSecond = ((bytes - before) * 1_000) / (performance.now() - startMs) / bytesPerRun;
  socket.destroy();
  child.kill();
  return perSecond;
}

async function connected(path: string, child: ChildProcess): Promise<Socket> {
  while (child.exitCode === null) {
    const socket = connect(path);
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    if (isThere) return socket;
    await wait(20);
  }
  throw new Error("The echo did not start");
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function medianRow(name: string, isolate: Isolate, timers: number): Promise<string[]> {
  const figures: Rate[] = [];
  for (let round = 0; round < rounds; round++) figures.push(await rate(isolate, timers));
  const of = (field: keyof Rate): number => median(figures.map((figure) => figure[field]));
  const host = isolate === "process" ? show(of("hostUs"), 1) : "";
  return [name, show(timers), show(of("runsPerSecond")), show(of("ownUs"), 1), host];
}

const echoes: number[] = [];
for (let round = 0; round < rounds; round++) echoes.push(await echo());
const rateRows: string[][] = [];
for (const timers of timerCounts) {
  rateRows.push(await medianRow("a callback", undefined, timers));
  rateRows.push(await medianRow("one thread of the process", "thread", timers));
  rateRows.push(await medianRow("one thread of a host, over the socket", "process", timers));
}
rateRows.push([`echo of ${bytesPerRun} bytes a run over such a socket`, "", show(median(echoes)), "", ""]);
printTable(
  `Durable runs of a module that does nothing, ${show(inFlight)} in flight`,
  ["executed in", "timers", "runs/s", "CPU here, µs a run", "CPU in the host, µs a run"],
  rateRows,
);
const rows: string[][] = [];
for (const isolate of ["thread", "process"] as const) {
  const delays = await dispatchMs(isolate);
  rows.push([isolate, `${show(quantile(delays, 0.5), 2)} ms`, `${show(quantile(delays, 0.99), 2)} ms`]);
}
printTable("From the durable start to the module, one at a time", ["isolate", "p50", "p99"], rows);
rmSync(directory, { recursive: true });

/** The situations that documents describe: directories and runtimes in trouble, made anew for each block of commands. */

import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Kron, type KronOptions } from "../../src/index.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Disk } from "../../src/ports.ts";
import { VirtualClock } from "../../src/testing.ts";
import { promptDisk, scratchDirectory, silent } from "../bin/command-line.ts";
import { nextRun } from "../support/runtimes.ts";

/** A situation: commands are run in `folder`, on the data directory `home`. */
export interface Scene {
  readonly folder: string;
  readonly home: string;
  end(): Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();
const stuck = (): Promise<never> => new Promise(() => undefined);
const minuteMs = 60_000;

/** Every situation by its name. */
export const scenarios: Readonly<Record<string, () => Promise<Scene>>> = {
  day,
  lost,
  busy: () => live({ concurrency: 1 }, { hog: stuck, report: () => "sent" }),
  live: () => live({}, { report: () => "sent" }),
  damaged,
  "damaged-snapshot": damagedSnapshot,
  full,
  orphaned,
  "broken-module": brokenModule,
  "long-path": () => live({}, { report: () => "sent" }, "x".repeat(120)),
  clock,
};

function place(name = "data"): { readonly folder: string; readonly home: string } {
  const folder = scratchDirectory();
  return { folder, home: join(folder, name) };
}

/** Nine hours of a day: a pause, a run that takes too long, failures, and five hours asleep. */
async function day(): Promise<Scene> {
  const { folder, home } = place();
  const clock = new VirtualClock("2026-11-24T00:00:00Z");
  const kron = new Kron({ dataDir: home, clock, disk: promptDisk, logger: silent });
  const retry = { maxAttempts: 2, base: "10s" } as const;
  await kron.schedule("flaky", { every: "1h", overlap: "skip", retry }, () => {
    throw new Error("connect ECONNREFUSED 10.0.0.5:5432");
  });
  await kron.schedule("paused", { cron: "0 * * * *" }, () => "ok");
  await kron.schedule("slow", { cron: "*/10 * * * *", overlap: "skip" }, async () => {
    await new Promise<void>((done) => clock.wakeAfter(25 * minuteMs, done));
  });
  await kron.schedule("tight", { cron: "0 * * * *", misfire: "skip" }, () => "ok");
  await kron.start();
  await kron.pause("paused");
  await clock.advance("3h");
  await clock.suspend("5h");
  await clock.advance("2m");
  await closed(kron, clock);
  return { folder, home, end: nothing };
}

/** Shuts down at once, and lets the virtual time pass that it takes to give up what does not stop. */
async function closed(kron: Kron, clock: VirtualClock): Promise<void> {
  const done = kron.shutdown({ timeoutMs: 0 }).catch(nothing);
  await clock.advance("1m");
  await done;
}

/** A run whose process ended in its midst, and which has succeeded since. */
async function lost(): Promise<Scene> {
  const { folder, home } = place();
  const clock = new VirtualClock("2026-11-24T09:00:00Z");
  const options = { after: "1m", retry: { base: "10s" } } as const;
  for (const callback of [stuck, () => "charged"]) {
    const kron = new Kron({ dataDir: home, clock, disk: promptDisk, logger: silent });
    await kron.schedule("charge", options, callback);
    await kron.start();
    await clock.advance("2m");
    await closed(kron, clock);
  }
  return { folder, home, end: nothing };
}

/** A runtime at work, whose timers have each been asked to run once, in the order given. */
async function live(
  options: KronOptions,
  callbacks: Readonly<Record<string, () => unknown>>,
  name?: string,
): Promise<Scene> {
  const { folder, home } = place(name);
  const kron = new Kron({ dataDir: home, logger: silent, ...options });
  for (const [id, callback] of Object.entries(callbacks)) await kron.schedule(id, { after: 0 }, callback);
  const started = nextRun(kron, "RUN_STARTED");
  await kron.start();
  await started;
  return { folder, home, end: () => kron.shutdown({ timeoutMs: 0 }).catch(nothing) };
}

/** A journal in which a byte of a synced entry has changed. */
async function damaged(): Promise<Scene> {
  const scene = await day();
  const path = join(scene.home, "kron.aof");
  const bytes = readFileSync(path);
  // The third frame that holds entries, some bytes behind its header of 40 (docs/journal-format.md).
  const frames = Array.from({ length: bytes.length / 8 }, (_, at) => at * 8).filter(
    (at) => bytes.readUInt16LE(at) === 0x4e4b && bytes[at + 3] !== 0,
  );
  const place = (frames[3] ?? 0) + 44;
  bytes[place] = (bytes[place] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
  return scene;
}

async function damagedSnapshot(): Promise<Scene> {
  const scene = await day();
  appendFileSync(join(scene.home, "kron.snapshot.pages"), "not ours");
  return scene;
}

/** A runtime at work whose disk takes nothing more. */
async function full(): Promise<Scene> {
  const faults = { isFull: false };
  const disk: Disk = {
    ...nodeDisk,
    write(file, from, position) {
      if (faults.isFull) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      return nodeDisk.write(file, from, position);
    },
  };
  const { folder, home } = place();
  const kron = new Kron({ dataDir: home, logger: silent, disk, ipc: true });
  await kron.schedule("report", { every: "1h" }, () => "sent");
  await kron.start();
  faults.isFull = true;
  await kron.pause("report").catch(nothing);
  return {
    ...{ folder, home },
    end: () => {
      faults.isFull = false;
      return kron.shutdown({ timeoutMs: 0 }).catch(nothing);
    },
  };
}

/** A timer on record whose code is gone. */
async function orphaned(): Promise<Scene> {
  const { folder, home } = place();
  const before = new Kron({ dataDir: home, logger: silent });
  await before.schedule("old-name", { every: "1h" }, () => "sent");
  await before.start();
  await before.shutdown();
  const kron = new Kron({ dataDir: home, logger: silent, orphanGrace: 0 });
  await kron.schedule("report", { every: "1h" }, () => "sent");
  await kron.start();
  return { folder, home, end: () => kron.shutdown() };
}

async function brokenModule(): Promise<Scene> {
  const { folder, home } = place();
  mkdirSync(join(folder, "jobs"));
  writeFileSync(join(folder, "jobs", "broken.mjs"), "export default () => { retrun 1; };\n");
  const kron = new Kron({ dataDir: home, logger: silent, baseDir: folder });
  await kron.schedule("clean", { after: 0, module: "./jobs/broken.mjs", retry: false });
  const died = nextRun(kron, "RUN_DEAD");
  await kron.start();
  await died;
  return { folder, home, end: () => kron.shutdown() };
}

/** A log whose clock was set back by an hour. */
async function clock(): Promise<Scene> {
  const { folder, home } = place();
  const virtual = new VirtualClock("2026-11-24T09:00:00Z");
  const kron = new Kron({ dataDir: home, clock: virtual, disk: promptDisk, logger: silent });
  await kron.schedule("report", { every: "1m", overlap: "skip" }, () => "sent");
  await kron.start();
  await virtual.advance("5m");
  virtual.jumpWall("-1h");
  await kron.pause("report");
  await closed(kron, virtual);
  return { folder, home, end: nothing };
}

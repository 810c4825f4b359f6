/** All that is known of one module as a target: the attempts that wait for it, how quick it is, whether it can be loaded. */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ModuleTarget } from "../core/target.ts";
import type { ModuleJob } from "./module-job.ts";
import { ModulePace } from "./module-pace.ts";
import { Quarantine } from "./module-quarantine.ts";

/** The version of a file that is not there. */
export const missingVersion = "missing";
const versionAgeMsMax = 1_000;
/** So many attempts that have ended may stand among those that wait, or as many as wait. */
const endedMax = 1_024;

/** The waiting attempts of one target, the oldest first. They are as many as may be under way, at most. */
export class ModuleLane {
  readonly target: ModuleTarget;
  readonly url: string;
  /** Its file, as people know it. */
  readonly path: string;
  /** What a thread knows its function by. */
  readonly key: string;
  readonly pace = new ModulePace();
  readonly quarantine = new Quarantine();
  /** Some thread has loaded it as it is now. */
  isProven = false;
  /** Batches under way. */
  batchCount = 0;
  #queue: ModuleJob[] = [];
  #head = 0;
  #waitingCount = 0;
  #version = "";
  #versionReadAtMs = Number.NEGATIVE_INFINITY;

  constructor(target: ModuleTarget, baseDir: string) {
    this.target = target;
    this.url = target.path.startsWith("file:") ? target.path : pathToFileURL(resolve(baseDir, target.path)).href;
    this.path = pathOf(this.url);
    this.key = `${this.url}\n${target.exportName}`;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Those that stand in it, some of which may have ended there. */
  get queuedCount(): number {
    return this.#queue.length - this.#head;
  }

  add(job: ModuleJob): void {
    // While no thread is free nobody takes those out that have ended where they stand.
    if (this.queuedCount > 2 * this.#waitingCount + endedMax) this.#compact();
    this.#queue.push(job);
    this.#waitingCount += 1;
  }

  /** Puts attempts that were taken back in front of all others, in their order. */
  addFirst(jobs: readonly ModuleJob[]): void {
    this.#queue = [...jobs, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#waitingCount += jobs.length;
  }

  /** A waiting attempt has ended where it stands. */
  forget(): void {
    this.#waitingCount -= 1;
  }

  /** The next `countMax` attempts. */
  take(countMax: number): ModuleJob[] {
    const jobs: ModuleJob[] = [];
    while (jobs.length < countMax && this.#head < this.#queue.length) {
      const job = this.#queue[this.#head] as ModuleJob;
      this.#head += 1;
      if (!job.isOver) jobs.push(job);
    }
    if (this.#head > 1_024 || this.#head === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#waitingCount -= jobs.length;
    return jobs;
  }

  #compact(): void {
    this.#queue = this.#queue.slice(this.#head).filter((job) => !job.isOver);
    this.#head = 0;
  }

  /** What its file is like, as a text that changes when the file does; looked up at most once a second. */
  version(nowMs: number): string {
    if (nowMs - this.#versionReadAtMs < versionAgeMsMax) return this.#version;
    this.#versionReadAtMs = nowMs;
    const version = versionOf(this.url);
    if (version !== this.#version) this.isProven = false;
    this.#version = version;
    return version;
  }
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    // A URL of another host, which whoever loads it will refuse.
    return url;
  }
}

function versionOf(url: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(fileURLToPath(url));
    return `${mtimeMs}-${size}-${ino}`;
  } catch {
    // Why it cannot be read, whoever loads it will say.
    return missingVersion;
  }
}

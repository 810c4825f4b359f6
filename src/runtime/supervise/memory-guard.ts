/**
 * Says when an instance takes too much memory: when it has been over its limit for a few looks on end, so that a moment
 * of much work is no reason, and not again before a while has passed, so that an app that needs more than its limit is
 * reloaded now and then and not all the time.
 */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";

/** Looks on end that have to be over the limit. */
export const overMin = 3;
/** Between two reloads of one instance for its memory. */
export const quietMs = 60_000;

/** Judges one instance. Times are monotonic. */
export class MemoryGuard {
  readonly #bytesMax: number;
  #pid: number | undefined;
  #overCount = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes what process `pid` has resident now; true when it should be reloaded. */
  isTooMuch(pid: number, bytes: number, nowMs: number): boolean {
    if (pid !== this.#pid) this.#overCount = 0;
    this.#pid = pid;
    this.#overCount = bytes > this.#bytesMax ? this.#overCount + 1 : 0;
    if (this.#overCount < overMin || nowMs - this.#saidAtMs < quietMs) return false;
    this.#saidAtMs = nowMs;
    this.#overCount = 0;
    return true;
  }
}

const pageBytes = 4_096;

/** The resident memory of a process in bytes; undefined when that cannot be said. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    // proc(5): the second number of statm counts resident pages.
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
    return Number.isFinite(pages) ? pages * pageBytes : undefined;
  } catch {
    // No Linux, or no such process any more.
    return process.platform === "linux" ? undefined : askPs(pid);
  }
}

function askPs(pid: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile("ps", ["-o", "rss=", "-p", String(pid)], { timeout: 5_000 }, (error, stdout) => {
      const kibibytes = Number.parseInt(stdout, 10);
      resolve(error === null && Number.isFinite(kibibytes) ? kibibytes * 1_024 : undefined);
    });
  });
}

/**
 * A `Disk` over the real one that is slow to sync, refuses writes for a while, fails a sync, or ends the process
 * in the midst of one of its operations. What it says it did, it did.
 */

import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Disk, FileHandle } from "../../src/ports.ts";
import type { Seeded } from "../support/seeded.ts";

/** What a disk does besides its work. Counts are of operations of the kind they name, from 1. */
export interface DiskPlan {
  /** A sync takes up to so much longer. */
  readonly syncDelayMsMax: number;
  /** Writes from `fromWrite` on are refused, so many times. */
  readonly full: { readonly fromWrite: number; readonly times: number } | undefined;
  /** This sync fails. */
  readonly failsAtSync: number | undefined;
  /** The process ends during this operation that changes something. */
  readonly diesAtOperation: number | undefined;
}

/** Told when the plan has struck. */
export type OnDiskTrouble = (trouble: "full" | "sync") => void;

/** Makes the disk of one process. */
export function faultyDisk(plan: DiskPlan, random: Seeded, onTrouble: OnDiskTrouble): Disk {
  const faults = new Faults(plan, random, onTrouble);
  return {
    ...nodeDisk,
    openWrite(path, options) {
      if (options.create) faults.refuse();
      return faults.around(() => nodeDisk.openWrite(path, options));
    },
    write: (file, from, position) => faults.write(file, from, position),
    truncate: (file, bytes) => faults.around(() => nodeDisk.truncate(file, bytes)),
    syncData(file, done) {
      const delayMs = random.int(0, plan.syncDelayMsMax);
      const failure = faults.syncFailure();
      faults.around(() =>
        nodeDisk.syncData(file, (error) => {
          if (delayMs === 0) done(failure ?? error);
          else setTimeout(() => done(failure ?? error), delayMs);
        }),
      );
    },
    syncDataNow: (file) => faults.around(() => nodeDisk.syncDataNow(file)),
    syncDirectory: (path) => faults.around(() => nodeDisk.syncDirectory(path)),
    rename: (from, to) => faults.around(() => nodeDisk.rename(from, to)),
    remove: (path) => faults.around(() => nodeDisk.remove(path)),
  };
}

class Faults {
  readonly #plan: DiskPlan;
  readonly #random: Seeded;
  readonly #onTrouble: OnDiskTrouble;
  #writes = 0;
  #refusals = 0;
  #syncs = 0;
  #operations = 0;

  constructor(plan: DiskPlan, random: Seeded, onTrouble: OnDiskTrouble) {
    this.#plan = plan;
    this.#random = random;
    this.#onTrouble = onTrouble;
  }

  write(file: FileHandle, from: Uint8Array, position: number): number {
    const part = from.subarray(0, this.#random.int(0, from.length));
    if (this.#isLast()) {
      if (part.length > 0) nodeDisk.write(file, part, position);
      die();
    }
    this.#writes += 1;
    const { full } = this.#plan;
    if (full !== undefined && this.#writes >= full.fromWrite && this.#refusals < full.times) {
      // A disk that fills up takes what still fits before it says so.
      if (part.length > 0 && this.#random.chance(0.5)) nodeDisk.write(file, part, position);
      this.refuse();
    }
    return nodeDisk.write(file, from, position);
  }

  /** Throws what a full disk throws, while it is one. */
  refuse(): void {
    const { full } = this.#plan;
    if (full === undefined || this.#writes < full.fromWrite || this.#refusals >= full.times) return;
    this.#refusals += 1;
    if (this.#refusals === 1) this.#onTrouble("full");
    throw Object.assign(new Error("ENOSPC: no space left on device, by plan"), { code: "ENOSPC", errno: -28 });
  }

  syncFailure(): Error | undefined {
    this.#syncs += 1;
    if (this.#syncs !== this.#plan.failsAtSync) return undefined;
    this.#onTrouble("sync");
    return Object.assign(new Error("EIO: i/o error, by plan"), { code: "EIO", errno: -5 });
  }

  /** Does the operation, unless it is the one before or after which the process ends. */
  around<T>(operation: () => T): T {
    const isLast = this.#isLast();
    if (isLast && this.#random.chance(0.5)) die();
    const result = operation();
    if (isLast) die();
    return result;
  }

  #isLast(): boolean {
    this.#operations += 1;
    return this.#operations === this.#plan.diesAtOperation;
  }
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

/** Starts the thread in which LMDB writes, and holds up the exit of the process while LMDB is at it. */

import { Worker } from "node:worker_threads";
import { quietly, writeFully } from "../journal/files.ts";
import type { Disk } from "../ports.ts";
import type { BatchChunk } from "./batch-chunks.ts";
import { packEmptyFile } from "./lmdb-format.ts";
import { gateBusy, gateEnding, gateOpen, gateShut, type LmdbJob, type LmdbResult, lmdbPageBytes } from "./lmdb-job.ts";
import { lmdbLockPath, removeIfThere } from "./snapshot-files.ts";

/** The longest an exiting process waits for a transaction; a disk that takes longer will not do it at all. */
const exitWaitMsMax = 30_000;

/** Enough for LMDB's lock file, whatever the size of its mutexes here. */
const lockBytes = 16_384;

/**
 * Writes all of `chunks`, which are gone afterwards, to the LMDB file at `path` in one transaction. The file has been
 * judged or is an empty one. Throws only what `disk` throws before anything is changed.
 *
 * Nobody else opens the file with LMDB, so its lock file is made anew each time. All of its bytes are written here:
 * LMDB maps it, and would be killed by the first touch of a byte that a full disk has no room for.
 */
export function writeLmdb(disk: Disk, path: string, chunks: readonly BatchChunk[]): Promise<LmdbResult> {
  return withLockFile(disk, path, () => runLmdb(path, chunks));
}

/** Does `work` while the lock file of the LMDB file at `path` is there. */
export async function withLockFile<T>(disk: Disk, path: string, work: () => Promise<T>): Promise<T> {
  const lock = lmdbLockPath(path);
  try {
    writeFile(disk, lock, new Uint8Array(lockBytes));
    return await work();
  } finally {
    quietly(() => removeIfThere(disk, lock));
  }
}

/** Makes an empty LMDB file, as LMDB itself would; when LMDB fails to, it ends the process. */
export function makeEmptyFile(disk: Disk, path: string): void {
  writeFile(disk, path, packEmptyFile(lmdbPageBytes));
}

function writeFile(disk: Disk, path: string, bytes: Uint8Array): void {
  removeIfThere(disk, path);
  const file = disk.openWrite(path, { create: true, exclusive: true });
  try {
    writeFully(disk, file, bytes, 0);
  } finally {
    disk.close(file);
  }
}

/** As `writeLmdb`, where the lock file is there already. Never rejects on its own. */
export async function runLmdb(path: string, chunks: readonly BatchChunk[]): Promise<LmdbResult> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const job: LmdbJob = { path, chunks, gate };
  const onExit = (): void => {
    if (Atomics.compareExchange(gate, 0, gateOpen, gateShut) !== gateBusy) return;
    Atomics.compareExchange(gate, 0, gateBusy, gateEnding);
    Atomics.wait(gate, 0, gateEnding, exitWaitMsMax);
  };
  process.on("exit", onExit);
  try {
    return await resultOf(job);
  } finally {
    process.off("exit", onExit);
  }
}

function resultOf(job: LmdbJob): Promise<LmdbResult> {
  return new Promise((resolve) => {
    let result: LmdbResult = { kind: "failed", message: "The thread ended without a word", code: undefined };
    const worker = new Worker(new URL("./lmdb-thread.js", import.meta.url), {
      name: "kron-snapshot",
      workerData: job,
      transferList: job.chunks.map(({ bytes }) => bytes.buffer as ArrayBuffer),
      // What the application loads into its threads has no business in this one.
      execArgv: [],
    });
    worker.on("message", (message: LmdbResult) => {
      result = message;
    });
    worker.on("error", (error) => {
      result = { kind: "failed", message: error.message, code: undefined };
    });
    // Not before it has ended: its memory and the map are gone then.
    worker.on("exit", () => resolve(result));
  });
}

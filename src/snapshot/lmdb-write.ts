/**
 * Starts the thread in which LMDB writes, and holds up the exit of the process while LMDB is at it.
 *
 *     gate   0 not begun   1 LMDB is at work   2 over   3 the process is ending, do not begin
 */

import { Worker } from "node:worker_threads";
import type { BatchChunk } from "./batch-chunks.ts";

/** What the thread is to do. */
export interface LmdbJob {
  readonly path: string;
  readonly chunks: readonly BatchChunk[];
  readonly gate: Int32Array<SharedArrayBuffer>;
}

/** What became of it. */
export type LmdbResult =
  | { readonly kind: "done" }
  /** lmdb or its binary is missing here; nothing was written. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** `code` is LMDB's: an error number of the operating system, or a negative one of its own. */
  | { readonly kind: "failed"; readonly message: string; readonly code: number | undefined };

/** The longest an exiting process waits for a transaction; a disk that takes longer will not do it at all. */
const exitWaitMsMax = 30_000;

/** Writes all of `chunks`, which are gone afterwards, to the LMDB file at `path` in one transaction. Never rejects. */
export async function writeLmdb(path: string, chunks: readonly BatchChunk[]): Promise<LmdbResult> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const job: LmdbJob = { path, chunks, gate };
  const onExit = (): void => {
    if (Atomics.compareExchange(gate, 0, 0, 3) === 1) Atomics.wait(gate, 0, 1, exitWaitMsMax);
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

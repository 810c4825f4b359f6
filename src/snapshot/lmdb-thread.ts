/**
 * The thread in which LMDB writes: one transaction, then it ends. The only file that imports lmdb.
 *
 * A thread of its own, because loading lmdb takes 40 ms and a transaction of 100 MB half a second; because the
 * synchronous transaction of lmdb needs none of the machinery that leaves promises without handlers when a commit
 * fails; and because the file is unmapped when it ends, so that the process is as small as before.
 *
 * The transaction happens in one go, without a turn of this thread's event loop while a transaction is open: a thread that
 * is ended in the middle of one hangs for ever in lmdb's clean-up, and the process with it. See lmdb-write.ts for
 * how the exit of the process waits for it.
 */

import { closeSync, openSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { changesOf } from "./batch-chunks.ts";
import type { LmdbJob, LmdbResult } from "./lmdb-job.ts";
import { gateBusy, gateOpen, gateOver, lmdbPageBytes } from "./lmdb-job.ts";

const handlesMin = 8;
const openOptions = {
  // One file, keys and values as they are; a commit is synced when it returns.
  noSubdir: true,
  encoding: "binary",
  keyEncoding: "binary",
  overlappingSync: false,
  maxDbs: 1,
  pageSize: lmdbPageBytes,
  // Missing from lmdb's types.
  permissionsMode: 0o600,
} as const;

const { path, chunks, gate } = workerData as LmdbJob;
let result: LmdbResult | undefined;
// From here on an exit of the process waits: a thread that is ended while lmdb is being loaded aborts the process.
if (Atomics.compareExchange(gate, 0, gateOpen, gateBusy) === gateOpen) {
  try {
    const lmdb = await load();
    if (typeof lmdb === "string") result = { kind: "unavailable", reason: lmdb };
    // Whoever ends the process meanwhile wants no write to begin.
    else if (Atomics.load(gate, 0) === gateBusy) result = writeAll(lmdb);
  } finally {
    Atomics.store(gate, 0, gateOver);
    Atomics.notify(gate, 0);
  }
}
if (result !== undefined) parentPort?.postMessage(result);

async function load(): Promise<typeof import("lmdb") | string> {
  try {
    return await import("lmdb");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function writeAll(lmdb: typeof import("lmdb")): LmdbResult {
  try {
    requireHandles();
    const db = lmdb.open<Uint8Array, Uint8Array>({ ...openOptions, path });
    try {
      db.transactionSync(() => {
        for (const chunk of chunks) {
          for (const { key, sealed } of changesOf(chunk)) {
            if (sealed === undefined) db.removeSync(key);
            else db.putSync(key, sealed);
          }
        }
      });
    } finally {
      // Its promise has nothing to wait for: there were no asynchronous writes.
      void db.close();
    }
    return { kind: "done" };
  } catch (error) {
    // LMDB's errors have a number for a code, those of Node one in `errno`.
    const { code, errno } = error as { readonly code?: unknown; readonly errno?: number };
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "failed", message, code: typeof code === "number" ? code : errno === undefined ? errno : -errno };
  }
}

/** Throws unless some files can be opened: LMDB does not survive that it cannot open its own. */
function requireHandles(): void {
  const handles: number[] = [];
  try {
    for (let left = handlesMin; left > 0; left -= 1) handles.push(openSync(path, "r+"));
  } finally {
    for (const handle of handles) closeSync(handle);
  }
}

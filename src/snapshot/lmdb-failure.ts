/** What a failed transaction of LMDB means. */

import { statfsSync } from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import { KronError } from "../core/errors.ts";
import type { LmdbResult } from "./lmdb-job.ts";
import { fullError } from "./snapshot-error.ts";

const { ENOSPC, EDQUOT, EIO } = constants.errno;
const mapFull = -30792;

/**
 * With less space than this a disk counts as full. LMDB reports a write that was cut short as EIO, and only the space
 * that is left tells it from a failing disk; a quota may still be taken for one.
 */
const freeBytesMin = 1024 * 1024;

/** The error for a write of `path` that came to `result`: `KRON_DISK_FULL` or `KRON_SNAPSHOT_FAILED`. */
export function lmdbFailure(path: string, result: Exclude<LmdbResult, { kind: "done" }>): KronError {
  if (result.kind === "unavailable") {
    return new KronError("KRON_SNAPSHOT_FAILED", `Expected lmdb to load, got: ${result.reason}`, {
      hint: 'Install lmdb, or use `snapshot: "file"`',
    });
  }
  const { code, message } = result;
  const cause = Object.assign(new Error(message), { code });
  const isFull = code === ENOSPC || code === EDQUOT || code === mapFull;
  if (isFull || (code === EIO && freeBytes(dirname(path)) < freeBytesMin)) return fullError(path, cause);
  return new KronError("KRON_SNAPSHOT_FAILED", `Cannot write ${path}: ${message}`, { cause, details: { path } });
}

/** Whether it is the disk that failed, which may be over later, and not LMDB. */
export function isDiskTrouble(result: LmdbResult): boolean {
  return result.kind === "failed" && (result.code === ENOSPC || result.code === EDQUOT || result.code === EIO);
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

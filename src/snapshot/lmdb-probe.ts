/** Whether LMDB works here: by writing a small file with it and reading that back, not by names of platforms. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quietly } from "../journal/files.ts";
import type { Disk } from "../ports.ts";
import { appendPut, type BatchChunk } from "./batch-chunks.ts";
import { checkLmdbFile } from "./lmdb-check.ts";
import { isDiskTrouble, lmdbFailure } from "./lmdb-failure.ts";
import type { LmdbResult } from "./lmdb-job.ts";
import { makeEmptyFile, runLmdb, withLockFile } from "./lmdb-write.ts";
import { writeError } from "./snapshot-error.ts";
import { lmdbName, nextPath, removeIfThere } from "./snapshot-files.ts";

/** The longest a probe may take; on the slowest machines a process starts in a few seconds. */
const probeMsMax = 60_000;

/**
 * Why LMDB does not work in `directory`, or undefined when it does: its binary loads, the file system lets it map a
 * file, and what it writes is what we read (on machines with words of 32 bits it is not).
 *
 * Where LMDB cannot map a file it ends the process with a segmentation fault. So where it never wrote before, it is
 * tried in a process of its own.
 *
 * Rejects with `KRON_DISK_FULL` or `KRON_SNAPSHOT_FAILED` when the disk does not let us find out.
 */
export async function probeLmdb(directory: string, disk: Disk): Promise<string | undefined> {
  const target = join(directory, lmdbName);
  const path = nextPath(target);
  try {
    makeEmptyFile(disk, path);
    const result = await withLockFile(disk, path, () => (disk.exists(target) ? runProbe(path) : spawnProbe(path)));
    if (result.kind === "unavailable") return result.reason;
    if (result.kind === "done") return whyUnreadable(disk, path);
    if (isDiskTrouble(result)) throw lmdbFailure(path, result);
    return result.message;
  } catch (error) {
    throw writeError(path, error);
  } finally {
    quietly(() => removeIfThere(disk, path));
  }
}

/** Writes one value to the empty LMDB file at `path`, whose lock file is there. */
export function runProbe(path: string): Promise<LmdbResult> {
  const chunks: BatchChunk[] = [];
  appendPut(chunks, Uint8Array.of(1), Uint8Array.of(1));
  return runLmdb(path, chunks);
}

/** The same in a process of its own; a process that dies of it did not work. */
function spawnProbe(path: string): Promise<LmdbResult> {
  const script = fileURLToPath(new URL("./lmdb-probe-process.js", import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [script, path], { timeout: probeMsMax, encoding: "utf8" }, (error, stdout) => {
      const said = error === null ? stdout.trim().split("\n").at(-1) : undefined;
      if (said?.startsWith("{")) resolve(JSON.parse(said) as LmdbResult);
      else {
        const end = error?.signal ?? error?.code ?? "no result";
        resolve({ kind: "unavailable", reason: `a trial of it ended with ${end}` });
      }
    });
  });
}

function whyUnreadable(disk: Disk, path: string): string | undefined {
  try {
    checkLmdbFile(disk, path);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

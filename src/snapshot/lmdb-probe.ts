/** Whether LMDB works here: by writing a small file with it and reading that back, not by names of platforms. */

import { join } from "node:path";
import { quietly } from "../journal/files.ts";
import type { Disk } from "../ports.ts";
import { appendPut, type BatchChunk } from "./batch-chunks.ts";
import { checkLmdbFile } from "./lmdb-check.ts";
import { isDiskTrouble, lmdbFailure } from "./lmdb-failure.ts";
import { writeLmdb } from "./lmdb-write.ts";
import { lmdbLockPath, lmdbName, nextPath, removeIfThere } from "./snapshot-files.ts";

/**
 * Why LMDB does not work in `directory`, or undefined when it does: its binary loads, the file system lets it map a
 * file, and what it writes is what we read (on machines with words of 32 bits it is not).
 *
 * Rejects with `KRON_DISK_FULL` or `KRON_SNAPSHOT_FAILED` when the disk does not let us find out.
 */
export async function probeLmdb(directory: string, disk: Disk): Promise<string | undefined> {
  const path = nextPath(join(directory, lmdbName));
  const chunks: BatchChunk[] = [];
  appendPut(chunks, Uint8Array.of(1), Uint8Array.of(1));
  try {
    const result = await writeLmdb(path, chunks);
    if (result.kind === "unavailable") return result.reason;
    if (result.kind === "failed") {
      if (isDiskTrouble(result)) throw lmdbFailure(path, result);
      return result.message;
    }
    return whyUnreadable(disk, path);
  } finally {
    for (const name of [path, lmdbLockPath(path)]) quietly(() => removeIfThere(disk, name));
  }
}

function whyUnreadable(disk: Disk, path: string): string | undefined {
  try {
    checkLmdbFile(disk, path);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

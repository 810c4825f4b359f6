/** Makes a journal that begins behind a snapshot, for a directory that is restored from a backup. */

import { join } from "node:path";
import { assert } from "../core/assert.ts";
import { KronError } from "../core/errors.ts";
import type { Disk } from "../ports.ts";
import { uuidBytes } from "./codec.ts";
import { prepareDirectory } from "./directory.ts";
import { activeName, quietly, sidecarName } from "./files.ts";
import { type AcquireLock, acquireLock, type DirectoryLock } from "./lock.ts";
import { asOpenError } from "./opening.ts";
import { Sidecar } from "./sidecar.ts";

/** Which journal to make. */
export interface NewJournal {
  /** The journal's id, 16 bytes: that of the snapshot. */
  readonly uuid: Uint8Array;
  /** The index of its first entry: the one behind the snapshot's. */
  readonly firstIndex: number;
  /** How the directory is locked meanwhile; `flock(2)` unless given. */
  readonly acquireLock?: AcquireLock;
}

/**
 * Makes an empty journal in `directory`, which is created when nothing is there. Once this returns the journal
 * survives power loss; if it throws, none is there. Only the sidecar is made; the first start makes a segment.
 *
 * Throws `KRON_DIR_UNUSABLE`, also when any file of a journal is there already, `KRON_DIR_LOCKED`, `KRON_DISK_FULL`.
 */
export function createJournal(directory: string, disk: Disk, options: NewJournal): void {
  const { uuid, firstIndex } = options;
  assert(uuid.length === uuidBytes, "a journal's uuid has 16 bytes");
  assert(Number.isSafeInteger(firstIndex) && firstIndex >= 1, "indexes count from 1");
  let lock: DirectoryLock | undefined;
  try {
    prepareDirectory(directory, disk);
    lock = (options.acquireLock ?? acquireLock)(directory);
    const found = disk.list(directory).find((name) => name === sidecarName || name.startsWith(activeName));
    if (found !== undefined) throw occupied(directory, found);
    writeSidecar(directory, disk, uuid, firstIndex);
  } catch (error) {
    throw asOpenError(error, directory);
  } finally {
    lock?.release();
  }
}

function writeSidecar(directory: string, disk: Disk, uuid: Uint8Array, firstIndex: number): void {
  // Under another name until it is whole, so that a crash leaves either a journal or none.
  const path = join(directory, sidecarName);
  const unfinished = `${path}.new`;
  const file = disk.openWrite(unfinished, { create: true });
  try {
    try {
      disk.truncate(file, 0);
      new Sidecar(disk, file, uuid, firstIndex, 0).create(firstIndex - 1);
    } finally {
      disk.close(file);
    }
    disk.rename(unfinished, path);
  } catch (error) {
    quietly(() => disk.remove(unfinished));
    throw error;
  }
  try {
    disk.syncDirectory(directory);
  } catch (error) {
    quietly(() => disk.remove(path));
    throw error;
  }
}

function occupied(directory: string, name: string): KronError {
  return new KronError("KRON_DIR_UNUSABLE", `Expected no journal in ${directory}, found ${name}`, {
    hint: "Restore into an empty directory, or move the files of the old journal away",
  });
}

/**
 * The names of a snapshot's files, and what is done with them as a whole.
 *
 *     kron.snapshot             LMDB, one file (kron.snapshot-lock beside it while it is written)
 *     kron.snapshot.pages       the plain file, where LMDB is not to be had
 *     <name>.1                  the generation before
 *     <name>.next               being written, never read
 *     <name>.damaged-<time>     set aside, never read again by Kron
 */

import { dirname, join } from "node:path";
import { quietly } from "../journal/files.ts";
import type { Disk, FileHandle } from "../ports.ts";

/** The name of the LMDB file. */
export const lmdbName = "kron.snapshot";
/** The name of the plain file. */
export const pagesName = "kron.snapshot.pages";

/** Where a file is prepared that will stand at `path`. */
export function nextPath(path: string): string {
  return `${path}.next`;
}

/** The name of the generation before, of an LMDB or a plain file. */
export function olderName(name: string): string {
  return `${name}.1`;
}

/**
 * Renames the bad file at `path` to `<path>.damaged-<time>`, durably, and returns its new path. Nothing is deleted.
 * Throws what the disk throws.
 */
export function setAside(disk: Disk, path: string, nowMs: number): string {
  const plain = `${path}.damaged-${nowMs}`;
  let aside = plain;
  for (let copy = 2; disk.exists(aside); copy += 1) aside = `${plain}-${copy}`;
  disk.rename(path, aside);
  disk.syncDirectory(dirname(path));
  return aside;
}

/** Removes what an interrupted write left in `directory`. */
export function removeLeftovers(disk: Disk, directory: string): void {
  for (const name of [lmdbName, pagesName]) {
    const next = nextPath(join(directory, name));
    for (const path of [next, lmdbLockPath(next), nextPath(olderName(join(directory, name)))])
      removeIfThere(disk, path);
  }
}

/** The lock file that LMDB keeps beside the file at `path`. */
export function lmdbLockPath(path: string): string {
  return `${path}-lock`;
}

/** Removes `path` when something is there. */
export function removeIfThere(disk: Disk, path: string): void {
  if (disk.exists(path)) disk.remove(path);
}

/** Resolves when the data of `file` survives power loss. */
export function synced(disk: Disk, file: FileHandle): Promise<void> {
  return new Promise((resolve, reject) => {
    disk.syncData(file, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Gives up a file that was being written: closes and removes it, whatever of that works. */
export function discard(disk: Disk, file: FileHandle | undefined, path: string): void {
  if (file !== undefined) quietly(() => disk.close(file));
  quietly(() => removeIfThere(disk, path));
}

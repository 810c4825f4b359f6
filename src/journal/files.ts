/**
 * The names of the journal's files, and small things one does with whole files.
 *
 *     kron.aof                  the segment being written
 *     kron.aof.<first index>    sealed, 16 hexadecimal digits
 *     kron.aof.next             being prepared, holds no entries yet
 *     kron.aof.torn-<time>      bytes set aside by recovery or repair, never read again by Kron
 *     kron.sync                 the durable-index sidecar
 *     kron.lock                 held by the one process that writes
 */

import { join } from "node:path";
import type { Disk, FileHandle } from "../ports.ts";

/** The name of the segment being written. */
export const activeName = "kron.aof";
/** The name of the segment being prepared. */
export const nextName = "kron.aof.next";
/** The name of the sidecar. */
export const sidecarName = "kron.sync";
/** The name of the lock file. */
export const lockName = "kron.lock";

/** The unit in which a disk keeps or loses what was not synced. */
export const sectorBytes = 512;

/** `bytes` rounded up to whole sectors. */
export function roundToSectors(bytes: number): number {
  return Math.ceil(bytes / sectorBytes) * sectorBytes;
}

/** The name of the sealed segment whose first entry is `firstIndex`. */
export function sealedName(firstIndex: number): string {
  return `${activeName}.${firstIndex.toString(16).padStart(16, "0")}`;
}

/** A sealed segment in a listing. */
export interface SealedSegment {
  readonly name: string;
  readonly firstIndex: number;
}

/** The sealed segments among `names`, in index order. */
export function findSealed(names: readonly string[]): SealedSegment[] {
  return names
    .filter((name) => /^kron\.aof\.[0-9a-f]{16}$/.test(name))
    .map((name) => ({ name, firstIndex: Number.parseInt(name.slice(-16), 16) }))
    .sort((one, other) => one.firstIndex - other.firstIndex);
}

/** A path in `directory` for bytes set aside at `nowMs`, at which nothing is yet. */
export function asidePath(directory: string, disk: Disk, nowMs: number): string {
  const plain = join(directory, `${activeName}.torn-${nowMs}`);
  let path = plain;
  for (let copy = 2; disk.exists(path); copy += 1) path = `${plain}-${copy}`;
  return path;
}

/** Writes all of `bytes` at `position`, however short the single writes are. */
export function writeFully(disk: Disk, file: FileHandle, bytes: Uint8Array, position: number): void {
  let done = disk.write(file, bytes, position);
  while (done < bytes.length) {
    const written = disk.write(file, bytes.subarray(done), position + done);
    // A disk that takes nothing and reports nothing would keep this loop for ever.
    if (written === 0) throw Object.assign(new Error("The disk accepted no bytes"), { code: "EIO" });
    done += written;
  }
}

/** Reads from `position` until `into` is full or the file ends; returns the bytes read. */
export function readFully(disk: Disk, file: FileHandle, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const got = disk.read(file, done === 0 ? into : into.subarray(done), position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

/** Does what is only cleaning up, where a failure changes nothing that anybody relies on. */
export function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // The caller has either everything safe already or a better error to report.
  }
}

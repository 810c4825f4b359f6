/**
 * The real `Disk`, over `node:fs`. Synchronous calls on purpose: a write of one buffer costs microseconds
 * and going through the thread pool costs more; only the sync of data is handed to the pool.
 */

import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import type { Disk, FileHandle } from "../ports.ts";

// Windows has no O_NOFOLLOW, and `|` takes the undefined there for 0.
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;

/** A `Disk` on the file system of this machine. */
export const nodeDisk: Disk = {
  openRead: (path) => openSync(path, O_RDONLY | O_NOFOLLOW),
  openWrite(path, { create, exclusive = false }) {
    const flags = O_RDWR | O_NOFOLLOW | (create ? O_CREAT : 0) | (exclusive ? O_EXCL : 0);
    return openSync(path, flags, 0o600);
  },
  close: (file) => closeSync(file),
  read: (file, into, position) => readSync(file, into, 0, into.length, position),
  write: (file, from, position) => writeSync(file, from, 0, from.length, position),
  size: (file) => fstatSync(file).size,
  truncate: (file, bytes) => ftruncateSync(file, bytes),
  syncData: (file, done) => fdatasync(file, done),
  syncDataNow: (file) => fdatasyncSync(file),
  syncDirectory: (path) => syncDirectory(path, process.platform),
  rename: (from, to) => renameSync(from, to),
  remove: (path) => unlinkSync(path),
  list: (path) => readdirSync(path),
  exists: (path) => existsSync(path),
  makeDirectory(path) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  },
  stat,
};

/** Syncs a directory; does nothing on Windows, which cannot open one and orders its changes by itself. */
export function syncDirectory(path: string, platform: string): void {
  if (platform === "win32") return;
  const directory: FileHandle = openSync(path, O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function stat(path: string): ReturnType<Disk["stat"]> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const kind = found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
  return { kind, mode: found.mode & 0o7777, uid: found.uid, bytes: found.size };
}

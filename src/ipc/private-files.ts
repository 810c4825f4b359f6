/**
 * Files that only their owner may see. Node cannot ask a socket who is at its other end, so what keeps strangers out
 * is the directory (0700, ours, no symbolic link) and the token in it; both are checked each time they are used.
 */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from "node:fs";
import { KronError } from "../core/errors.ts";

/** The user this process acts as; undefined on Windows, which has neither users by number nor modes. */
export const userOfProcess = (): number | undefined => process.geteuid?.();

/** What is wrong with the owner or the mode of a file, or undefined. */
export function exposure(found: Stats, uid: number | undefined): string | undefined {
  if (uid === undefined) return undefined;
  if (found.uid !== uid) return `it belongs to user ${found.uid}, this is user ${uid}`;
  if ((found.mode & 0o077) === 0) return undefined;
  return `its mode is ${(found.mode & 0o777).toString(8).padStart(4, "0")}`;
}

/** Whether `directory` is there. Throws `KRON_DIR_UNUSABLE` unless it is a directory of ours that nobody else may enter. */
export function isPrivateDirectory(directory: string, uid = userOfProcess()): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return false;
  const why = found.isDirectory() ? exposure(found, uid) : "it is not a directory (symbolic links are not followed)";
  if (why === undefined) return true;
  throw new KronError("KRON_DIR_UNUSABLE", `Expected a private directory at ${directory}: ${why}`, {
    hint: `If it is yours and nobody else needs it: chmod 700 ${directory}`,
  });
}

/**
 * The content of a small private file, or undefined when nothing is there. `refuse` makes the error for a file that is
 * too large, no plain file, not ours, or open to others.
 */
export function readPrivateFile(
  path: string,
  bytesMax: number,
  refuse: (why: string) => KronError,
  uid = userOfProcess(),
): Buffer | undefined {
  let file: number;
  try {
    // Windows has no O_NOFOLLOW, and `|` takes the undefined there for 0. A pipe must not keep us waiting.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw refuse(code === "ELOOP" ? "it is a symbolic link" : `it cannot be opened (${code})`);
  }
  try {
    const found = fstatSync(file);
    const why = found.isFile() ? exposure(found, uid) : "it is no plain file";
    if (why !== undefined) throw refuse(why);
    if (found.size > bytesMax) throw refuse(`it has ${found.size} bytes`);
    const bytes = Buffer.alloc(bytesMax);
    return bytes.subarray(0, readSync(file, bytes, 0, bytesMax, 0));
  } finally {
    closeSync(file);
  }
}

/** Writes a small file (0600) that is there whole or not at all. Only one process may do so at a time. */
export function writePrivateFile(path: string, content: Uint8Array): void {
  const next = `${path}.next`;
  // Left by a process that was killed; whoever holds the directory may remove it.
  rmSync(next, { force: true });
  const file = openSync(next, "wx", 0o600);
  try {
    for (let done = 0; done < content.length; ) done += writeSync(file, content, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}

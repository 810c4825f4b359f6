/** The data directory: made private when it is made here, and refused when it is not ours or open to others. */

import { dirname } from "node:path";
import { KronError } from "../core/errors.ts";
import type { Disk } from "../ports.ts";

/** The user this process acts as; undefined on Windows, which has neither users by number nor modes. */
const userOfProcess = (): number | undefined => process.geteuid?.();

/**
 * Makes sure that `directory` is a directory of this user's that nobody else may enter; creates it (0700) when
 * nothing is there. Somebody's existing directory is never changed. Throws `KRON_DIR_UNUSABLE`.
 */
export function prepareDirectory(directory: string, disk: Disk, userOf = userOfProcess): void {
  if (disk.stat(directory) === undefined) {
    disk.makeDirectory(directory);
    disk.syncDirectory(dirname(directory));
  }
  const found = disk.stat(directory);
  if (found === undefined) throw unusable(directory, "nothing is there", "Check the path");
  if (found.kind !== "directory") {
    throw unusable(directory, "it is not a directory (symbolic links are not followed)", "Give the real path");
  }
  const uid = userOf();
  if (uid === undefined) return;
  if (found.uid !== uid) {
    throw unusable(directory, `it belongs to user ${found.uid}, this is user ${uid}`, "Run as its owner");
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
    throw unusable(directory, `its mode is ${mode}`, `If nobody else needs it: chmod 700 ${directory}`);
  }
}

function unusable(directory: string, why: string, hint: string): KronError {
  return new KronError("KRON_DIR_UNUSABLE", `Expected a private directory at ${directory}: ${why}`, { hint });
}

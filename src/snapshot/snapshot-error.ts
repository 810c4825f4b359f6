/** The errors of the stores, and how a disk's own errors become them. */

import { isKronError, KronError } from "../core/errors.ts";

const wayOut = "Run `kron doctor`; the older generation or a backup may hold what this file does not";

/** `KRON_SNAPSHOT_CORRUPT` for the file at `path`. */
export function corruptError(path: string, what: string, cause?: unknown): KronError {
  return new KronError("KRON_SNAPSHOT_CORRUPT", `${what} in ${path}`, { hint: wayOut, details: { path }, cause });
}

/** What reading `path` failed with: a medium that cannot be read counts as damage. */
export function readError(path: string, cause: unknown): KronError {
  if (isKronError(cause)) return cause;
  if (codeOf(cause) === "EIO") return corruptError(path, "Unreadable bytes", cause);
  return new KronError("KRON_SNAPSHOT_FAILED", `Cannot read ${path}`, { cause, details: { path } });
}

/** What writing `path` failed with; errors of Kron's own, such as those of the caller, stay what they are. */
export function writeError(path: string, cause: unknown): KronError {
  if (isKronError(cause)) return cause;
  const code = codeOf(cause);
  if (code === "ENOSPC" || code === "EDQUOT") return fullError(path, cause);
  return new KronError("KRON_SNAPSHOT_FAILED", `Cannot write ${path}`, { cause, details: { path } });
}

/** `KRON_DISK_FULL` for a write of `path`. */
export function fullError(path: string, cause: unknown): KronError {
  return new KronError("KRON_DISK_FULL", `No space to write ${path}`, { cause, details: { path } });
}

/** The `code` of an error of the operating system. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

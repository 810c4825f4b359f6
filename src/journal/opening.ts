/**
 * The opening of a journal, up to the point where it can be written: the directory is locked and looked at, a
 * snapshot may be loaded meanwhile, then the journal is recovered from there. Whoever begins one either
 * completes or abandons it.
 */

import { isKronError, KronError } from "../core/errors.ts";
import { type Base, baseMissingError, type FoundJournal } from "./base.ts";
import { prepareDirectory } from "./directory.ts";
import type { OnPlacedEntry } from "./journal-files.ts";
import { type AcquireLock, acquireLock, type DirectoryLock } from "./lock.ts";
import { type Recovered, type RecoveryContext, recover } from "./recovery.ts";
import { findJournal } from "./survey.ts";

/** What an opening works with. */
export interface OpeningContext extends RecoveryContext {
  /** How the directory is locked; `flock(2)` unless given. */
  readonly acquireLock?: AcquireLock;
}

/** A directory that is locked and not yet recovered. */
export class JournalOpening {
  readonly lock: DirectoryLock;
  readonly found: FoundJournal;
  readonly #context: OpeningContext;

  /** Locks the directory and looks at it. Throws as `openJournal` does, with the lock given back. */
  constructor(context: OpeningContext) {
    const { directory, disk } = context;
    this.#context = context;
    let lock: DirectoryLock | undefined;
    try {
      prepareDirectory(directory, disk);
      lock = (context.acquireLock ?? acquireLock)(directory);
      this.found = findJournal(directory, disk);
      this.lock = lock;
    } catch (error) {
      lock?.release();
      throw asOpenError(error, directory);
    }
  }

  /** Reads what follows `base` and makes it whole. The lock stays, also when this throws. */
  recover(base: Base | undefined, replay: OnPlacedEntry): Recovered {
    const { firstIndex } = this.found;
    if (base === undefined && firstIndex > 1) throw baseMissingError(this.#context.directory, firstIndex);
    return recover(this.#context, base, replay);
  }

  /** Gives the lock back. */
  abandon(): void {
    this.lock.release();
  }
}

/** Errors of the file system get a code of ours; all others, those of `replay` included, stay as they are. */
export function asOpenError(error: unknown, directory: string): unknown {
  if (isKronError(error) || !(error instanceof Error) || !("code" in error)) return error;
  const isFull = error.code === "ENOSPC" || error.code === "EDQUOT";
  return new KronError(
    isFull ? "KRON_DISK_FULL" : "KRON_DIR_UNUSABLE",
    `Expected to open the journal in ${directory}: ${error.message}`,
    { cause: error, hint: isFull ? "Free some space" : "Check the disk, the owner and the mode of the directory" },
  );
}

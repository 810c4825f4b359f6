/** A backup file opened and judged as a whole: its checksums, its content, and that the content makes sense. */

import { KronError } from "../../src/core/errors.ts";
import { checkState } from "../../src/core/invariants.ts";
import { State } from "../../src/core/state.ts";
import { countedDisk } from "../../src/journal/counted-disk.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Progress, SnapshotStore } from "../../src/ports.ts";
import { openFileStore } from "../../src/snapshot/file-store.ts";
import { loadSnapshot, readMeta } from "../../src/snapshot/load.ts";
import type { SnapshotMeta } from "../../src/snapshot/meta.ts";
import { systemClock } from "../../src/system.ts";
import { CommandError, ExitCode } from "../exit-codes.ts";
import { printable } from "../printable.ts";

/** A backup that is whole. */
export interface OpenedBackup {
  /** To be closed by whoever asked. */
  readonly store: SnapshotStore;
  readonly meta: SnapshotMeta;
  readonly state: State;
}

/**
 * Reads all of the backup at `path`. Rejects with a `CommandError` when no plain file is there, and with
 * `KRON_SNAPSHOT_CORRUPT`, `KRON_SNAPSHOT_VERSION` or `KRON_SNAPSHOT_FAILED`.
 */
export async function openBackup(path: string, progress: Progress): Promise<OpenedBackup> {
  const found = nodeDisk.stat(path);
  if (found?.kind !== "file") {
    const got = found === undefined ? "nothing is there" : "that is no plain file";
    throw new CommandError(ExitCode.NOT_FOUND, `Expected a backup at ${printable(path)}, ${got}`);
  }
  progress.begin("reading the backup", "bytes");
  const store = await openFileStore(path, { disk: countedDisk(nodeDisk, progress), clock: systemClock() });
  try {
    const meta = readMeta(store);
    if (meta === undefined) throw senseless(path, "it is empty");
    const state = new State();
    loadSnapshot(store, meta, state);
    const [problem] = checkState(state);
    if (problem !== undefined) throw senseless(path, problem);
    return { store, meta, state };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function senseless(path: string, what: string): KronError {
  return new KronError("KRON_SNAPSHOT_CORRUPT", `Expected a backup that makes sense at ${path}: ${what}`, {
    hint: "Use another backup",
    details: { path },
  });
}

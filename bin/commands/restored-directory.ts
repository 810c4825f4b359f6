/**
 * Makes a data directory of a backup, beside the place where it will stand, and gives it its name at the end: a
 * crash leaves either nothing there or all of it.
 *
 * The directory gets a journal of its own, with an id of its own, so that files of the original are known to be
 * foreign. Its sequence numbers, from which run ids and fencing tokens come, go on far above those of the backup:
 * the original may have given out more of them since, and none may be given out twice.
 */

import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { digest } from "../../src/core/digest.ts";
import { uuidBytes } from "../../src/journal/codec.ts";
import { createJournal } from "../../src/journal/create.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Progress, SnapshotStore } from "../../src/ports.ts";
import { everything, metaKey } from "../../src/snapshot/keys.ts";
import { encodeMeta, type SnapshotMeta } from "../../src/snapshot/meta.ts";
import { openStore } from "../../src/snapshot/open-store.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { CommandError, ExitCode } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import type { OpenedBackup } from "./backup-check.ts";
import { ChangeableDirectory } from "./changeable-directory.ts";

/** How far a restored directory is ahead of its backup in sequence numbers. */
export const sequenceLeap = 2 ** 40;

/** What was made. */
export interface RestoredDirectory {
  /** The id of the new journal, in hexadecimal. */
  readonly uuid: string;
  readonly kind: SnapshotStore["kind"];
}

/** Throws a `CommandError` unless nothing, or an empty directory, stands at `directory`. */
export function requireVacant(directory: string): void {
  const found = nodeDisk.stat(directory);
  if (found === undefined) return;
  const names = found.kind === "directory" ? nodeDisk.list(directory).sort() : undefined;
  if (names?.length === 0) return;
  const shown = names?.slice(0, 3).map(printable).join(", ");
  const got =
    shown === undefined ? "something else is there" : `it holds ${shown}${names?.[3] === undefined ? "" : ", …"}`;
  throw new CommandError(
    ExitCode.FAILURE,
    `Expected no directory, or an empty one, at ${printable(directory)}: ${got}`,
    "Restore to a new path with --data-dir, or move away what is there",
  );
}

/** Makes `directory`, which must be vacant, of a backup. Rejects with what the disk throws, and leaves nothing then. */
export async function makeDirectoryOf(
  backup: OpenedBackup,
  directory: string,
  progress: Progress,
): Promise<RestoredDirectory> {
  const unfinished = join(dirname(directory), `${basename(directory)}.restoring-${randomBytes(4).toString("hex")}`);
  const uuid = systemRandom().bytes(uuidBytes);
  try {
    createJournal(unfinished, nodeDisk, { uuid, firstIndex: backup.meta.appliedIndex + 1 });
    progress.begin("writing the snapshot", "bytes");
    const kind = await writeStore(backup, unfinished, uuid);
    await checkOpens(unfinished, backup, progress);
    nodeDisk.syncDirectory(unfinished);
    place(unfinished, directory);
    return { uuid: Buffer.from(uuid).toString("hex"), kind };
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function writeStore(backup: OpenedBackup, directory: string, uuid: Uint8Array): Promise<SnapshotStore["kind"]> {
  const clock = systemClock();
  const store = await openStore(directory, { disk: nodeDisk, clock, wish: "auto", age: () => 0 });
  try {
    await store.write(async (batch) => {
      backup.store.visit(everything, (key, value) => {
        batch.put(key, value);
        return true;
      });
      batch.put(metaKey, encodeMeta(metaOf(backup.meta, uuid, clock.nowMs())));
    });
    return store.kind;
  } finally {
    await store.close();
  }
}

function metaOf(meta: SnapshotMeta, uuid: Uint8Array, writtenAtMs: number): SnapshotMeta {
  const leapt = meta.recordCount + sequenceLeap;
  const recordCount = leapt <= Number.MAX_SAFE_INTEGER / 2 ? leapt : meta.recordCount;
  return { ...meta, uuid, recordCount, serial: meta.serial + 1, writtenAtMs };
}

/** Opens it as a start does, which also makes the first segment: it has to hold the same state. */
async function checkOpens(directory: string, { state: wanted }: OpenedBackup, progress: Progress): Promise<void> {
  const notices: string[] = [];
  const opened = await ChangeableDirectory.open(directory, ({ kind }) => notices.push(kind), progress);
  const { state } = opened;
  await opened.close();
  state.recordCount = wanted.recordCount;
  if (notices.length === 0 && digest(state) === digest(wanted)) return;
  const what = notices.length === 0 ? "it is not" : `opening it reports ${notices.join(", ")}`;
  throw new CommandError(ExitCode.FAILURE, `Expected the restored state to be that of the backup, ${what}`);
}

/** Gives the finished directory its name; an empty one that is there gives way. */
function place(unfinished: string, directory: string): void {
  try {
    nodeDisk.rename(unfinished, directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EBUSY" && code !== "EXDEV") throw error;
    throw new CommandError(
      ExitCode.FAILURE,
      `Expected ${printable(directory)} to be a directory that can be replaced, got a mount point`,
      "Restore into a directory below it with --data-dir",
    );
  }
  nodeDisk.syncDirectory(dirname(directory));
}

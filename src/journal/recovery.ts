/**
 * Recovery: reads a directory that this process holds the lock of, cuts a torn tail, and leaves everything
 * that was handed to `replay` synced. Acknowledged data that is damaged is refused and left untouched.
 * Every step may be interrupted by a crash and is then simply done again.
 */

import { join } from "node:path";
import type { Clock, Disk, FileHandle, Random } from "../ports.ts";
import type { ActiveState } from "./active-segment.ts";
import { uuidBytes } from "./codec.ts";
import { endOfData, FileWindow } from "./file-window.ts";
import { activeName, asidePath, nextName, sectorBytes, sidecarName, writeFully } from "./files.ts";
import {
  type ActiveReading,
  type JournalFiles,
  type OnPlacedEntry,
  readJournalFiles,
  sealedPath,
} from "./journal-files.ts";
import { corruptError } from "./judge.ts";
import type { Report } from "./notice.ts";
import type { Chain } from "./segment-scan.ts";
import { Sidecar } from "./sidecar.ts";

/** What recovery works with. */
export interface RecoveryContext {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
}

/** A journal that is whole again. */
export interface Recovered {
  readonly uuid: Uint8Array;
  /** The oldest index that the journal holds, or would hold were it not empty. */
  readonly firstIndex: number;
  readonly chain: Chain;
  readonly sidecar: Sidecar;
  /** The segment to go on in, open; undefined when a new one is needed. */
  readonly active: ActiveState | undefined;
}

/** Recovers the directory. Throws `KRON_JOURNAL_CORRUPT`, `KRON_JOURNAL_VERSION`, and what the disk throws. */
export function recover(context: RecoveryContext, replay: OnPlacedEntry): Recovered {
  const { directory, disk } = context;
  // A change of segments may have been cut short before its directory was synced.
  disk.syncDirectory(directory);
  removeIfThere(disk, join(directory, nextName));
  const files = readJournalFiles(directory, disk, replay);
  if (files.damage !== undefined) throw corruptError(directory, files.damage);
  const uuid = files.chain.uuid ?? files.sidecar?.uuid ?? context.random.bytes(uuidBytes);
  const active = files.active === undefined ? undefined : reopenActive(context, files, files.active);
  try {
    const sidecar = openSidecar(context, files, uuid);
    return { uuid, firstIndex: files.firstIndex, chain: files.chain, sidecar, active };
  } catch (error) {
    if (active !== undefined) disk.close(active.file);
    throw error;
  }
}

function removeIfThere(disk: Disk, path: string): void {
  if (disk.exists(path)) disk.remove(path);
}

/** Makes the active segment fit to be written again, or seals it and returns undefined. */
function reopenActive(context: RecoveryContext, files: JournalFiles, active: ActiveReading): ActiveState | undefined {
  const { directory, disk } = context;
  const path = join(directory, activeName);
  const file = disk.openWrite(path, { create: false });
  let isKept = false;
  try {
    const { end, salt, firstIndex } = active;
    const isTorn = end.kind === "bad" || active.isBatchOpen;
    if (isTorn) cutTail(context, file, end.offset, files.chain.index + 1);
    else if (files.sidecar?.syncFailed === true) rewriteTail(context, file, end.offset);
    // What was read may so far be in the machine's memory only, and is about to be relied on.
    disk.syncDataNow(file);
    if (!isTorn && salt !== undefined) {
      isKept = true;
      return { file, salt, offset: end.offset, capacity: Math.max(active.bytes, sectorBytes), firstIndex };
    }
    // A segment without entries is replaced by the next one; others are sealed as they are.
    if (active.entries > 0) {
      disk.rename(path, sealedPath(directory, firstIndex));
      disk.syncDirectory(directory);
    }
    return undefined;
  } finally {
    if (!isKept) disk.close(file);
  }
}

/** Sets aside what stands from `offset` on, then removes it. */
function cutTail(context: RecoveryContext, file: FileHandle, offset: number, firstIndex: number): void {
  const { directory, disk, clock, report } = context;
  const window = new FileWindow(disk, file);
  const bytes = endOfData(window, offset) - offset;
  const savedAs = bytes === 0 ? undefined : asidePath(directory, disk, clock.nowMs());
  if (savedAs !== undefined) {
    copyAside(disk, window, offset, bytes, savedAs);
    disk.syncDirectory(directory);
  }
  if (offset < window.size) disk.truncate(file, offset);
  report({ kind: "torn-tail-cut", segment: activeName, offset, bytes, savedAs, firstIndex });
}

/** Copies `bytes` from `offset` to a new file and syncs it. */
export function copyAside(disk: Disk, from: FileWindow, offset: number, bytes: number, path: string): void {
  const file = disk.openWrite(path, { create: true, exclusive: true });
  try {
    let done = 0;
    while (done < bytes) {
      const count = Math.min(bytes - done, from.available(offset + done));
      const start = from.ensure(offset + done, count);
      writeFully(disk, file, from.bytes.subarray(start, start + count), done);
      done += count;
    }
    disk.syncDataNow(file);
  } finally {
    disk.close(file);
  }
}

/**
 * Writes the segment's bytes once more. After a failed sync the system may hold pages that differ from the
 * disk and call them clean, so that syncing alone would do nothing.
 */
function rewriteTail(context: RecoveryContext, file: FileHandle, offset: number): void {
  const { disk, report } = context;
  const window = new FileWindow(disk, file);
  let at = 0;
  while (at < offset) {
    const count = Math.min(offset - at, window.available(at));
    // The last batch ends in padding that a cut may have taken.
    if (count === 0) break;
    const start = window.ensure(at, count);
    writeFully(disk, file, window.bytes.subarray(start, start + count), at);
    at += count;
  }
  report({ kind: "tail-rewritten", segment: activeName, offset: 0, bytes: at });
}

function openSidecar(context: RecoveryContext, files: JournalFiles, uuid: Uint8Array): Sidecar {
  const { directory, disk, report } = context;
  const path = join(directory, sidecarName);
  const file = disk.openWrite(path, { create: true });
  try {
    const { chain, firstIndex, sidecar: state } = files;
    const sidecar = new Sidecar(disk, file, uuid, firstIndex, state?.serial ?? 0);
    if (state === undefined) {
      sidecar.create(chain.index);
      disk.syncDirectory(directory);
      if (files.hasSegments) report({ kind: "sidecar-rebuilt", path });
    } else if (state.durable < chain.index || state.syncFailed) {
      sidecar.write(chain.index);
      sidecar.syncNow();
    }
    return sidecar;
  } catch (error) {
    disk.close(file);
    throw error;
  }
}

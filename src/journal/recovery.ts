/**
 * Recovery: reads a directory that this process holds the lock of, cuts a torn tail, and leaves everything
 * that was handed to `replay` synced. Acknowledged data that is damaged is refused and left untouched.
 * Every step may be interrupted by a crash and is then simply done again.
 */

import { join } from "node:path";
import type { Clock, Disk, FileHandle, Random } from "../ports.ts";
import type { ActiveState } from "./active-segment.ts";
import type { Base } from "./base.ts";
import { uuidBytes } from "./codec.ts";
import { endOfData, FileWindow } from "./file-window.ts";
import { activeName, asidePath, nextName, sealedName, sectorBytes, sidecarName, writeFully } from "./files.ts";
import { type ActiveReading, type JournalFiles, type OnPlacedEntry, readJournalFiles } from "./journal-files.ts";
import { corruptError } from "./judge.ts";
import type { Report } from "./notice.ts";
import type { Chain } from "./segment-scan.ts";
import { Sidecar } from "./sidecar.ts";
import type { SealedFile } from "./survey.ts";

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
  readonly chain: Chain;
  readonly sidecar: Sidecar;
  /** The sealed segments there are, in index order; those that could not be removed among them. */
  readonly sealed: readonly SealedFile[];
  /** The segment to go on in, open; undefined when a new one is needed. */
  readonly active: ActiveState | undefined;
}

/**
 * Recovers the directory; entries up to `base` are not handed to `replay`. Throws `KRON_JOURNAL_CORRUPT`,
 * `KRON_JOURNAL_VERSION`, `KRON_SNAPSHOT_FOREIGN`, and what the disk throws.
 */
export function recover(context: RecoveryContext, base: Base | undefined, replay: OnPlacedEntry): Recovered {
  const { directory, disk } = context;
  // A change of segments may have been cut short before its directory was synced.
  disk.syncDirectory(directory);
  removeIfThere(disk, join(directory, nextName));
  const files = readJournalFiles(directory, disk, replay, { base });
  if (files.damage !== undefined) throw corruptError(directory, files.damage);
  const uuid = files.chain.uuid ?? files.sidecar?.uuid ?? context.random.bytes(uuidBytes);
  const reopened = files.active === undefined ? nothingReopened : reopenActive(context, files, files.active);
  const { active } = reopened;
  try {
    const sidecar = openSidecar(context, files, uuid);
    const kept = removeLeftovers(context, files.leftovers);
    const sealed = [...kept, ...files.sealed, ...reopened.sealed];
    return { uuid, chain: files.chain, sidecar, sealed, active };
  } catch (error) {
    if (active !== undefined) disk.close(active.file);
    throw error;
  }
}

/** What became of the active segment: it goes on, was sealed, or is to be replaced. */
interface Reopened {
  readonly active: ActiveState | undefined;
  readonly sealed: readonly SealedFile[];
}

const nothingReopened: Reopened = { active: undefined, sealed: [] };

/**
 * Ends a drop that a crash has cut short, oldest first; returns what could not be removed, for the next drop. The
 * sidecar that says they are not needed is synced by now. Their removal need not be: it would only be done again.
 */
function removeLeftovers(context: RecoveryContext, leftovers: readonly SealedFile[]): readonly SealedFile[] {
  for (const [at, { name }] of leftovers.entries()) {
    try {
      context.disk.remove(join(context.directory, name));
    } catch (cause) {
      context.report({ kind: "drop-failed", file: name, cause });
      return leftovers.slice(at);
    }
  }
  return [];
}

function removeIfThere(disk: Disk, path: string): void {
  if (disk.exists(path)) disk.remove(path);
}

/** Makes the active segment fit to be written again, or seals it. */
function reopenActive(context: RecoveryContext, files: JournalFiles, active: ActiveReading): Reopened {
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
      const capacity = Math.max(active.bytes, sectorBytes);
      return { active: { file, salt, offset: end.offset, capacity, firstIndex }, sealed: [] };
    }
    // A segment without entries is replaced by the next one; others are sealed as they are.
    if (active.entries === 0) return nothingReopened;
    const name = sealedName(firstIndex);
    disk.rename(path, join(directory, name));
    disk.syncDirectory(directory);
    return { active: undefined, sealed: [{ name, firstIndex, bytes: Math.min(active.bytes, end.offset) }] };
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
    const { chain, firstIndex, leftovers, sidecar: state } = files;
    const sidecar = new Sidecar(disk, file, uuid, firstIndex, state?.serial ?? 0);
    if (state === undefined) {
      sidecar.create(chain.index);
      disk.syncDirectory(directory);
      if (files.hasSegments) report({ kind: "sidecar-rebuilt", path });
    } else if (state.durable < chain.index || state.syncFailed || leftovers.length > 0) {
      sidecar.write(chain.index);
      sidecar.syncNow();
    }
    return sidecar;
  } catch (error) {
    disk.close(file);
    throw error;
  }
}

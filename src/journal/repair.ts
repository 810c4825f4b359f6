/**
 * Repair: makes a journal with damaged acknowledged entries usable again, at the price of everything from the
 * damage on. Nothing is deleted: the bytes that are given up are set aside under `kron.aof.torn-…` names.
 *
 * The order of the steps matters, as a crash may come between any two: until the very last one the directory
 * still counts as damaged, so that an interrupted repair is refused by `openJournal` and can be repeated.
 */

import { join } from "node:path";
import { KronError } from "../core/errors.ts";
import type { Clock, Disk } from "../ports.ts";
import { endOfData, FileWindow } from "./file-window.ts";
import { activeName, asidePath, findSealed, nextName, sidecarName } from "./files.ts";
import { type JournalFiles, readJournalFiles } from "./journal-files.ts";
import type { Damage } from "./judge.ts";
import { type AcquireLock, acquireLock } from "./lock.ts";
import { copyAside } from "./recovery.ts";
import { Sidecar } from "./sidecar.ts";

/** How to repair. */
export interface RepairOptions {
  /** False only looks: nothing is changed. */
  readonly acceptLoss: boolean;
  readonly clock: Clock;
  /** How the directory is locked; `flock(2)` unless given. */
  readonly acquireLock?: AcquireLock;
}

/** What a repair did, or would do. */
export interface RepairReport {
  /** "nothing to do", "loss not accepted" (only looked), or "repaired". */
  readonly outcome: "nothing to do" | "loss not accepted" | "repaired";
  readonly damage: Damage | undefined;
  /** The last index that is kept. */
  readonly lastIndex: number;
  /** Paths of what was set aside. */
  readonly setAside: readonly string[];
}

/**
 * Cuts the journal in `directory` in front of the first damaged entry, if there is one.
 *
 * Throws `KRON_DIR_LOCKED` while a process holds the directory, `KRON_JOURNAL_VERSION`, and what the disk throws.
 */
export function repairJournal(directory: string, disk: Disk, options: RepairOptions): RepairReport {
  const lock = (options.acquireLock ?? acquireLock)(directory);
  try {
    const files = readJournalFiles(directory, disk, () => undefined);
    const { damage } = files;
    const lastIndex = files.chain.index;
    if (damage === undefined) return { outcome: "nothing to do", damage, lastIndex, setAside: [] };
    if (!options.acceptLoss) return { outcome: "loss not accepted", damage, lastIndex, setAside: [] };
    const setAside = cut(directory, disk, options.clock, files, damage);
    return { outcome: "repaired", damage, lastIndex, setAside };
  } finally {
    lock.release();
  }
}

function cut(directory: string, disk: Disk, clock: Clock, files: JournalFiles, damage: Damage): string[] {
  const { uuid } = files.chain;
  const known = uuid ?? files.sidecar?.uuid;
  if (known === undefined) {
    throw new KronError("KRON_JOURNAL_CORRUPT", `Expected a readable segment or sidecar in ${directory}`, {
      hint: "Restore a backup, or move the kron.aof files away to begin anew",
    });
  }
  const setAside: string[] = [];
  // The segments are whole then, and only the sidecar is not theirs.
  if (damage.segment === sidecarName) {
    writeSidecar(directory, disk, known, files);
    return setAside;
  }
  const names = disk.list(directory);
  if (names.includes(nextName)) disk.remove(join(directory, nextName));
  // The newest first, so that what is left never looks like a whole journal that merely ends earlier.
  const later = findSealed(names).filter(({ firstIndex }) => firstIndex > files.chain.index);
  const whole = later.map(({ name }) => name).reverse();
  const isInActive = damage.segment === activeName && files.active !== undefined && files.active.entries > 0;
  if (names.includes(activeName) && !isInActive) whole.unshift(activeName);
  for (const name of whole) {
    const aside = asidePath(directory, disk, clock.nowMs());
    disk.rename(join(directory, name), aside);
    setAside.push(aside);
  }
  disk.syncDirectory(directory);
  if (!whole.includes(damage.segment) && names.includes(damage.segment)) {
    setAside.push(...cutSegment(directory, disk, clock, damage));
  }
  writeSidecar(directory, disk, known, files);
  return setAside;
}

/** Copies what stands behind the damage and removes it from the segment. */
function cutSegment(directory: string, disk: Disk, clock: Clock, { segment, offset }: Damage): string[] {
  const file = disk.openWrite(join(directory, segment), { create: false });
  try {
    const window = new FileWindow(disk, file);
    const bytes = endOfData(window, offset) - offset;
    const aside = asidePath(directory, disk, clock.nowMs());
    if (bytes > 0) copyAside(disk, window, offset, bytes, aside);
    disk.syncDirectory(directory);
    if (offset < window.size) disk.truncate(file, offset);
    disk.syncDataNow(file);
    return bytes > 0 ? [aside] : [];
  } finally {
    disk.close(file);
  }
}

/** From here on the directory counts as whole: nothing is known to have been durable beyond the cut. */
function writeSidecar(directory: string, disk: Disk, uuid: Uint8Array, files: JournalFiles): void {
  const file = disk.openWrite(join(directory, sidecarName), { create: true });
  const sidecar = new Sidecar(disk, file, uuid, files.firstIndex, files.sidecar?.serial ?? 0);
  try {
    sidecar.create(files.chain.index);
    disk.syncDirectory(directory);
  } finally {
    sidecar.close();
  }
}

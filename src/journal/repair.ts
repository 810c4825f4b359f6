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
import type { Base } from "./base.ts";
import { endOfData, FileWindow } from "./file-window.ts";
import { activeName, asidePath, findSealed, nextName, sidecarName } from "./files.ts";
import { foreignSidecar, type JournalFiles, readJournalFiles } from "./journal-files.ts";
import type { Damage } from "./judge.ts";
import { type AcquireLock, acquireLock } from "./lock.ts";
import { copyAside } from "./recovery.ts";
import { Sidecar } from "./sidecar.ts";

/** How to repair. */
export interface RepairOptions {
  /** False only looks: nothing is changed. */
  readonly acceptLoss: boolean;
  readonly clock: Clock;
  /** The snapshot that the next start will use: entries up to it need not be in the journal, and those behind must follow. */
  readonly base?: Base | undefined;
  /** How the directory is locked; `flock(2)` unless given. */
  readonly acquireLock?: AcquireLock;
}

/** What a repair did, or would do. */
export interface RepairReport {
  /** "nothing to do", "loss not accepted" (only looked), or "repaired". */
  readonly outcome: "nothing to do" | "loss not accepted" | "repaired";
  readonly damage: Damage | undefined;
  /** The last index that is kept, in the journal or in the snapshot. */
  readonly lastIndex: number;
  /** Paths of what was set aside. */
  readonly setAside: readonly string[];
}

/**
 * Cuts the journal in `directory` in front of the first damaged entry, if there is one.
 *
 * Throws `KRON_DIR_LOCKED` while a process holds the directory, `KRON_JOURNAL_VERSION`, `KRON_SNAPSHOT_FOREIGN`,
 * and what the disk throws.
 */
export function repairJournal(directory: string, disk: Disk, options: RepairOptions): RepairReport {
  const lock = (options.acquireLock ?? acquireLock)(directory);
  try {
    const { base } = options;
    const files = readJournalFiles(directory, disk, () => undefined, { base });
    const { damage } = files;
    const lastIndex = Math.max(files.chain.index, base?.index ?? 0);
    if (damage === undefined) return { outcome: "nothing to do", damage, lastIndex, setAside: [] };
    if (!options.acceptLoss) return { outcome: "loss not accepted", damage, lastIndex, setAside: [] };
    const setAside = cut(directory, disk, options, files, damage);
    return { outcome: "repaired", damage, lastIndex, setAside };
  } finally {
    lock.release();
  }
}

function cut(
  directory: string,
  disk: Disk,
  { clock, base }: RepairOptions,
  files: JournalFiles,
  damage: Damage,
): string[] {
  const known = files.chain.uuid ?? files.sidecar?.uuid;
  if (known === undefined) {
    throw new KronError("KRON_JOURNAL_CORRUPT", `Expected a readable segment or sidecar in ${directory}`, {
      hint: "Restore a backup, or move the kron.aof files away to begin anew",
    });
  }
  const setAside: string[] = [];
  const lastIndex = Math.max(files.chain.index, base?.index ?? 0);
  // What is left would end before the snapshot does: the journal goes on behind it, and keeps nothing.
  const isOvertaken = files.chain.index < lastIndex;
  const statement: Statement = {
    uuid: known,
    firstIndex: isOvertaken ? lastIndex + 1 : Math.min(files.firstIndex, lastIndex + 1),
    durable: lastIndex,
    serial: files.sidecar?.serial ?? 0,
  };
  // The segments are whole then, and only the sidecar is not theirs.
  if (damage.fault === foreignSidecar) {
    writeSidecar(directory, disk, statement);
    return setAside;
  }
  const names = disk.list(directory);
  if (names.includes(nextName)) disk.remove(join(directory, nextName));
  // The newest first, so that what is left never looks like a whole journal that merely ends earlier.
  const later = findSealed(names).filter(({ firstIndex }) => isOvertaken || firstIndex > files.chain.index);
  const whole = later.map(({ name }) => name).reverse();
  const isInActive =
    !isOvertaken && damage.segment === activeName && files.active !== undefined && files.active.entries > 0;
  if (names.includes(activeName) && !isInActive) whole.unshift(activeName);
  for (const name of whole) {
    const aside = asidePath(directory, disk, clock.nowMs());
    disk.rename(join(directory, name), aside);
    setAside.push(aside);
  }
  disk.syncDirectory(directory);
  const isSegment = damage.segment !== sidecarName && names.includes(damage.segment);
  if (isSegment && !whole.includes(damage.segment)) {
    setAside.push(...cutSegment(directory, disk, clock, damage));
  }
  writeSidecar(directory, disk, statement);
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

/** What the sidecar is to say from now on. */
interface Statement {
  readonly uuid: Uint8Array;
  readonly firstIndex: number;
  readonly durable: number;
  readonly serial: number;
}

/** From here on the directory counts as whole: nothing is known to have been durable beyond the cut. */
function writeSidecar(directory: string, disk: Disk, { uuid, firstIndex, durable, serial }: Statement): void {
  const file = disk.openWrite(join(directory, sidecarName), { create: true });
  const sidecar = new Sidecar(disk, file, uuid, firstIndex, serial);
  try {
    sidecar.create(durable);
    disk.syncDirectory(directory);
  } finally {
    sidecar.close();
  }
}

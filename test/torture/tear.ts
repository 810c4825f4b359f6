/**
 * What a loss of power does to a journal, done to the files of a killed process.
 *
 * A kill leaves every written byte in place, because the system still holds it. A loss of power also takes from
 * the active segment whatever was not synced, sector by sector. So only bytes behind the last frame that may
 * have been synced are changed here. That frame is the last of those
 *
 *   - that the sidecar calls durable: it is written after each sync and before anybody is told, so under
 *     `always` and `group` nothing that was acknowledged lies behind it (unless its own write was refused: after a
 *     life with a full disk, or with `everysec`, where an acknowledgement precedes the sync, nothing is torn until
 *     another process has opened the directory, which syncs all there is);
 *   - that a frame anywhere in the active segment calls durable, those behind an unreadable one included: a
 *     process may be killed between a sync and the note of it, with the next batch, which knows, written already;
 *   - that an earlier tear, of which the sidecar may have had its share, found in one of these ways;
 *   - that are in a sealed segment: nothing is written to the next before all of one is synced.
 *
 * Batches begin at sectors of their own, so no sector holds both kinds of bytes. The newest slot of the sidecar may be
 * torn as well: it too is written long before it is synced. Its loss can hide damage, but there is none.
 */

import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FileWindow } from "../../src/journal/file-window.ts";
import { activeName, findSealed, sectorBytes, sidecarName } from "../../src/journal/files.ts";
import { readJournalFiles } from "../../src/journal/journal-files.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { findDurable } from "../../src/journal/segment-scan.ts";
import { readSidecar, slotBytes } from "../../src/journal/sidecar.ts";
import type { Seeded } from "../support/seeded.ts";

/** The bytes of the active segment that a loss of power may take: from `start` (a whole sector) up to `end`. */
interface Unsynced {
  readonly start: number;
  readonly end: number;
  /** The last index that may have been synced. */
  readonly durable: number;
}

/** What a loss of power did. */
export interface Tear {
  /** In words. */
  readonly how: string;
  /** As `durableBefore` of the next tear. */
  readonly durable: number;
}

function findUnsynced(directory: string, durableBefore: number): Unsynced | undefined {
  const path = join(directory, activeName);
  if (!nodeDisk.exists(path)) return undefined;
  const offsets = new Map<number, number>();
  const files = readJournalFiles(directory, nodeDisk, (segment, index, _term, _entry, { offset }) => {
    if (segment === activeName) offsets.set(index, offset);
  });
  const { active, chain, sidecar } = files;
  if (active === undefined || files.damage !== undefined) return undefined;
  const sealedIndex = findSealed(nodeDisk.list(directory)).length > 0 ? active.firstIndex - 1 : 0;
  const stated = Math.max(chain.durable, statedBehind(path, active.end.offset));
  const durable = Math.max(durableBefore, sidecar?.durable ?? 0, stated, sealedIndex);
  const start = offsets.get(durable + 1) ?? active.end.offset;
  const end = endOfData(readFileSync(path));
  return start % sectorBytes === 0 && start < end ? { start, end, durable } : undefined;
}

/**
 * Tears a quiet directory; undefined when there was nothing to tear. `durableBefore` is what an earlier tear knew to
 * be durable, which a sidecar that it tore may no longer say; 0 when there was none.
 */
export function tear(directory: string, random: Seeded, durableBefore: number): Tear | undefined {
  const unsynced = findUnsynced(directory, durableBefore);
  if (unsynced === undefined) return undefined;
  const file = openSync(join(directory, activeName), "r+");
  try {
    const how = random.pick([tearSectors, cut, spoil] as const);
    how(file, unsynced, random);
    const isSidecarTorn = random.chance(0.2) && tearSidecar(directory, random);
    const { start, end, durable } = unsynced;
    return { how: `${how.name} of ${start} to ${end}${isSidecarTorn ? ", and of the sidecar" : ""}`, durable };
  } finally {
    closeSync(file);
  }
}

function statedBehind(path: string, offset: number): number {
  const file = nodeDisk.openRead(path);
  try {
    // Without a salt whatever looks like a header counts, which is on the safe side.
    return findDurable(new FileWindow(nodeDisk, file), offset, undefined);
  } finally {
    nodeDisk.close(file);
  }
}

function endOfData(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}

/** Each sector has reached the disk, or is as it was before (zeros), or is neither. */
function tearSectors(file: number, { start, end }: Unsynced, random: Seeded): void {
  for (let at = start; at < end; at += sectorBytes) {
    const bytes = Math.min(sectorBytes, end - at);
    const chance = random.fraction();
    if (chance < 0.15) writeSync(file, noise(bytes, random), 0, bytes, at);
    else if (chance < 0.6) writeSync(file, new Uint8Array(bytes), 0, bytes, at);
  }
}

/** The file had grown, and its new length was not synced. */
function cut(file: number, { start, end }: Unsynced, random: Seeded): void {
  ftruncateSync(file, random.int(start, end));
}

/** Noise somewhere, of any length. */
function spoil(file: number, { start, end }: Unsynced, random: Seeded): void {
  const at = random.int(start, end - 1);
  const bytes = random.int(1, end - at);
  writeSync(file, noise(bytes, random), 0, bytes, at);
}

function tearSidecar(directory: string, random: Seeded): boolean {
  const path = join(directory, sidecarName);
  const file = nodeDisk.openWrite(path, { create: false });
  try {
    const newest = readSidecar(nodeDisk, file, path);
    if (newest === undefined || newest.syncFailed) return false;
    const at = (newest.serial % 2) * slotBytes + random.int(0, 80);
    const before = Buffer.alloc(64);
    nodeDisk.read(file, before, at);
    nodeDisk.write(file, noise(before.length, random), at);
    const older = readSidecar(nodeDisk, file, path);
    if (older !== undefined && !older.syncFailed && older.firstIndex === newest.firstIndex) return true;
    // What only this slot said was synced before anybody relied on it.
    nodeDisk.write(file, before, at);
    return false;
  } finally {
    nodeDisk.close(file);
  }
}

function noise(bytes: number, random: Seeded): Uint8Array {
  return Uint8Array.from({ length: bytes }, () => random.int(0, 255));
}

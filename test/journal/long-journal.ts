/** Journals of many small segments, for tests of what is dropped, skipped or missing. */

import type { Base } from "../../src/journal/base.ts";
import type { JournalOptions } from "../../src/journal/journal.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { commit, directory, entryOf, type Opened, open, testRandom } from "./harness.ts";

/** Every segment of these limits holds a few entries of `longEntry`. */
export const tinyLimits = { segmentBytesMin: 4096, segmentBytesMax: 4096, segmentBytesLeast: 1024 } as const;

/** The id of the journals that are opened with the harness's randomness. */
export const harnessUuid = testRandom().bytes(16);

/** The snapshot of everything up to `index`. */
export function baseAt(index: number): Base {
  return { index, term: 0, uuid: harnessUuid };
}

/** The paths of the sealed segments, oldest first. */
export function sealedPaths(disk: SimDisk): string[] {
  return disk.paths().filter((path) => /\.[0-9a-f]{16}$/.test(path));
}

/** The first index of each sealed segment. */
export function sealedFirsts(disk: SimDisk): number[] {
  return sealedPaths(disk).map((path) => Number.parseInt(path.slice(-16), 16));
}

/** The numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
}

/** Entry `number`, a bit over a sector. */
export function longEntry(number: number): ReturnType<typeof entryOf> {
  return entryOf(number, 600);
}

/** Opens a journal of tiny segments and commits entries up to `count`, one after another. */
export async function openLong(
  disk: SimDisk,
  count: number,
  options: Partial<JournalOptions> = {},
  base?: Base,
): Promise<Opened> {
  const opened = open(disk, { limits: tinyLimits, ...options }, base);
  for (let number = opened.journal.replayedIndex + 1; number <= count; number += 1) {
    await commit(opened, longEntry(number));
    opened.clock.advance(2);
  }
  return opened;
}

/** The disk of a killed process with a journal of `count` entries. */
export async function longDisk(count: number): Promise<SimDisk> {
  const disk = new SimDisk();
  await openLong(disk, count);
  const left = disk.copy();
  if (left.exists(`${directory}/kron.aof.next`)) left.drop(`${directory}/kron.aof.next`);
  return left;
}

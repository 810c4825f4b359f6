/** What a data directory takes on the disk. */

import { join } from "node:path";
import { activeName, findSealed } from "../journal/files.ts";
import type { Disk } from "../ports.ts";
import { olderSnapshotPath, snapshotPath, storeKinds } from "../snapshot/choose-snapshot.ts";

/** Bytes by what they are for; the segment that is being prepared and what was set aside do not count. */
export interface DirectorySizes {
  readonly segments: number;
  readonly journalBytes: number;
  readonly snapshotBytes: number;
}

/** Measures `directory`. */
export function directorySizes(directory: string, disk: Disk): DirectorySizes {
  const names = disk.list(directory);
  const bytesOf = (path: string): number => disk.stat(path)?.bytes ?? 0;
  const segments = [...findSealed(names).map(({ name }) => name), ...names.filter((name) => name === activeName)];
  const snapshots = storeKinds.flatMap((kind) => [snapshotPath(directory, kind), olderSnapshotPath(directory, kind)]);
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  return {
    segments: segments.length,
    journalBytes: sum(segments.map((name) => bytesOf(join(directory, name)))),
    snapshotBytes: sum(snapshots.map(bytesOf)),
  };
}

/** Tells how far the reading of a directory is: bytes that come from the disk, counted on their way. */

import type { Disk, Progress } from "../ports.ts";
import type { Base } from "./base.ts";
import { planReading } from "./reading-plan.ts";
import { surveyJournal } from "./survey.ts";

/** `disk`, with every byte that is read told to `progress`; `disk` itself when there is nobody to tell. */
export function countedDisk(disk: Disk, progress: Progress | undefined): Disk {
  if (progress === undefined) return disk;
  const read: Disk["read"] = (file, into, position) => {
    const count = disk.read(file, into, position);
    progress.add(count, "bytes");
    return count;
  };
  // A disk may be an object of a class, whose methods a copy would not have.
  return new Proxy(disk, {
    get(target, name) {
      if (name === "read") return read;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Tells that the journal behind `base` is read next, and how long it is. Throws as `surveyJournal`. */
export function beginJournal(
  progress: Progress | undefined,
  directory: string,
  disk: Disk,
  base: Pick<Base, "index"> | undefined,
): void {
  progress?.begin("reading the journal", "bytes", bytesToRead(directory, disk, (base?.index ?? 0) + 1));
}

/** Bytes of the segments that a reading of the entries from `from` on reads, preallocated space included. Throws as `surveyJournal`. */
export function bytesToRead(directory: string, disk: Disk, from: number): number {
  const survey = surveyJournal(directory, disk);
  let bytes = 0;
  if (survey.activeFile !== undefined) {
    bytes = disk.size(survey.activeFile);
    disk.close(survey.activeFile);
  }
  const { position } = planReading(survey, from);
  for (const segment of survey.sealed.slice(position)) bytes += segment.bytes;
  return bytes;
}

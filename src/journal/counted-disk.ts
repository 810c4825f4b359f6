/** Tells how far the reading of a directory is: bytes that come from the disk, counted on their way. */

import type { Disk, Progress } from "../ports.ts";
import { planReading } from "./reading-plan.ts";
import { surveyJournal } from "./survey.ts";

/** `disk`, with every byte that is read told to `progress`. */
export function countedDisk(disk: Disk, progress: Progress): Disk {
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

/** How much of everything: every queue, file and buffer of the journal has a limit, and here they are. */

import { roundToSectors, sectorBytes } from "./files.ts";

const kibi = 1024;
const mebi = 1024 * kibi;

/** Limits of one journal, in bytes. */
export interface JournalLimits {
  /** The first segment, and any that must be made in a hurry. */
  readonly segmentBytesMin: number;
  /** The largest segment; each is twice the one before until then. */
  readonly segmentBytesMax: number;
  /** Less than this is not worth a segment of its own; a disk with less is full. */
  readonly segmentBytesLeast: number;
  /** A batch takes no more entries once it has this many bytes. */
  readonly batchBytesMax: number;
  /** Entries may wait for the disk up to here. */
  readonly pendingBytesMax: number;
}

/** The limits of each profile: "edge" is for small machines with slow flash. */
export const profileLimits = {
  standard: {
    segmentBytesMin: mebi,
    segmentBytesMax: 64 * mebi,
    segmentBytesLeast: 64 * kibi,
    batchBytesMax: 4 * mebi,
    pendingBytesMax: 64 * mebi,
  },
  edge: {
    segmentBytesMin: mebi,
    segmentBytesMax: 8 * mebi,
    segmentBytesLeast: 64 * kibi,
    batchBytesMax: mebi,
    pendingBytesMax: 8 * mebi,
  },
} as const satisfies Record<string, JournalLimits>;

const batchBytesLeast = 32 * kibi;
const segmentBytesFloor = 2 * sectorBytes;

/**
 * The limits of a profile with those in `given` in their place. A smaller `segmentBytesMax` takes the other sizes
 * with it, as far as they are not given: no segment is made larger, none is given up for being small that would
 * hold a sixteenth of one, and batches fit.
 */
export function journalLimits(profile: keyof typeof profileLimits, given: Partial<JournalLimits> = {}): JournalLimits {
  const usual: JournalLimits = profileLimits[profile];
  const segmentBytesMax = given.segmentBytesMax ?? usual.segmentBytesMax;
  const segmentBytesMin = Math.min(given.segmentBytesMin ?? usual.segmentBytesMin, segmentBytesMax);
  const sixteenth = Math.max(segmentBytesFloor, roundToSectors(segmentBytesMin / 16));
  return {
    segmentBytesMin,
    segmentBytesMax,
    segmentBytesLeast: given.segmentBytesLeast ?? Math.min(usual.segmentBytesLeast, sixteenth),
    batchBytesMax: given.batchBytesMax ?? Math.min(usual.batchBytesMax, Math.max(batchBytesLeast, segmentBytesMax / 2)),
    pendingBytesMax: given.pendingBytesMax ?? usual.pendingBytesMax,
  };
}

/** How much of everything: every queue, file and buffer of the journal has a limit, and here they are. */

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

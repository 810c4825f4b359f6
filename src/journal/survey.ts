/**
 * A first look at a directory: what the sidecar says, which segments there are, and where the active one begins.
 * A few kilobytes are read, however long the journal is.
 */

import { join } from "node:path";
import type { Disk, FileHandle } from "../ports.ts";
import type { FoundJournal } from "./base.ts";
import { activeName, findSealed, readFully, type SealedSegment, sidecarName } from "./files.ts";
import { emptyHeader, FRAME_KIND, frameHeaderBytes, readHeader } from "./frame.ts";
import { readSegmentHead, segmentHeadBytes } from "./segment-head.ts";
import { readSidecar, type SidecarState } from "./sidecar.ts";

/** A sealed segment and its size on the disk. */
export interface SealedFile extends SealedSegment {
  readonly bytes: number;
}

/** What a directory holds, at a glance. */
export interface Survey {
  readonly sidecar: SidecarState | undefined;
  /** `kron.aof`, open for reading, if it is there; to be closed by whoever asked. */
  readonly activeFile: FileHandle | undefined;
  /** The index of the active segment's first entry; undefined while nothing readable says it. */
  readonly activeFirst: number | undefined;
  /** The sealed segments the journal still has to hold, in index order. */
  readonly sealed: readonly SealedFile[];
  /** Those it has not: what a crash left of a drop. */
  readonly leftovers: readonly SealedFile[];
  /** The first index that should be there. */
  readonly firstIndex: number;
  /** The journal's id, from the sidecar or the head of the oldest segment. */
  readonly uuid: Uint8Array | undefined;
}

/** Looks at `directory`. Throws `KRON_JOURNAL_VERSION`, and what the disk throws. */
export function surveyJournal(directory: string, disk: Disk): Survey {
  // In this order, so that a live writer can do no harm: the journal only ever gets longer than the sidecar
  // says, and a segment sealed after it was opened here shows up among the sealed ones.
  const sidecar = lookAtSidecar(directory, disk);
  const activeFile = openIfThere(disk, join(directory, activeName));
  try {
    const found = findSealed(disk.list(directory)).map((segment) => {
      return { ...segment, bytes: disk.stat(join(directory, segment.name))?.bytes ?? 0 };
    });
    const active = activeFile === undefined ? noStart : peek(disk, activeFile);
    const { sealed, leftovers } = divide(found, active.firstIndex, sidecar?.firstIndex ?? 0);
    return {
      ...{ sidecar, activeFile, sealed, leftovers, activeFirst: active.firstIndex },
      firstIndex: sidecar?.firstIndex ?? sealed[0]?.firstIndex ?? active.firstIndex ?? 1,
      uuid: sidecar?.uuid ?? uuidOf(directory, disk, sealed[0]) ?? active.uuid,
    };
  } catch (error) {
    if (activeFile !== undefined) disk.close(activeFile);
    throw error;
  }
}

/** What `directory` holds, as those who load its snapshot need it. Throws as `surveyJournal`. */
export function findJournal(directory: string, disk: Disk): FoundJournal {
  const { sidecar, activeFile, sealed, firstIndex, uuid } = surveyJournal(directory, disk);
  if (activeFile !== undefined) disk.close(activeFile);
  const hasSegments = activeFile !== undefined || sealed.length > 0;
  return { uuid, firstIndex, durableIndex: sidecar?.durable ?? 0, hasSegments };
}

/** What the sidecar of `directory` says, or undefined when there is none that can be read. */
export function lookAtSidecar(directory: string, disk: Disk): SidecarState | undefined {
  const path = join(directory, sidecarName);
  const file = openIfThere(disk, path);
  if (file === undefined) return undefined;
  try {
    return readSidecar(disk, file, path);
  } finally {
    disk.close(file);
  }
}

/**
 * Opens a file for reading; undefined when it is not there: none yet, a writer between the two renames of a
 * change of segments, or a segment that was dropped since it was listed.
 */
export function openIfThere(disk: Disk, path: string): FileHandle | undefined {
  try {
    return disk.openRead(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Tells the segments that hold `firstIndex` or later entries from those before. */
function divide(
  found: readonly SealedFile[],
  activeFirst: number | undefined,
  firstIndex: number,
): { sealed: SealedFile[]; leftovers: SealedFile[] } {
  const kept = found.findIndex((segment, at) => {
    const next = found[at + 1]?.firstIndex ?? activeFirst;
    // Where the newest ends cannot be told without its successor, which it may be itself (see above).
    return next === undefined || next <= segment.firstIndex || next > firstIndex;
  });
  const count = kept < 0 ? found.length : kept;
  return { sealed: found.slice(count), leftovers: found.slice(0, count) };
}

/** What the first bytes of a segment say, each undefined when it cannot be read. */
interface SegmentStart {
  readonly uuid: Uint8Array | undefined;
  readonly firstIndex: number | undefined;
}

const noStart: SegmentStart = { uuid: undefined, firstIndex: undefined };

function uuidOf(directory: string, disk: Disk, segment: SealedFile | undefined): Uint8Array | undefined {
  const file = segment === undefined ? undefined : openIfThere(disk, join(directory, segment.name));
  if (file === undefined) return undefined;
  try {
    return peek(disk, file).uuid;
  } finally {
    disk.close(file);
  }
}

function peek(disk: Disk, file: FileHandle): SegmentStart {
  const bytes = Buffer.alloc(segmentHeadBytes + frameHeaderBytes);
  readFully(disk, file, bytes, 0);
  const head = readSegmentHead(bytes, 0);
  // What is wrong with it is said by those who read the whole segment.
  if (typeof head === "string") return noStart;
  const header = emptyHeader();
  const fault = readHeader(bytes, segmentHeadBytes, header, head.salt);
  const isEntry = fault === undefined && header.kind === FRAME_KIND.entry && header.stream === 0;
  return { uuid: head.uuid, firstIndex: isEntry ? header.seq : undefined };
}

/**
 * Reads all segments of a directory in order and says how they end. It writes nothing; recovery, the offline
 * reader and repair are built on it.
 */

import { join } from "node:path";
import type { Disk, FileHandle } from "../ports.ts";
import { FileWindow } from "./file-window.ts";
import { activeName, findSealed, type SealedSegment, sealedName, sidecarName } from "./files.ts";
import type { Damage } from "./judge.ts";
import { type Chain, findDurable, type OnEntry, type ScanEnd, SegmentScan, startChain } from "./segment-scan.ts";
import { readSidecar, type SidecarState } from "./sidecar.ts";

/** The active segment after a scan. */
export interface ActiveReading {
  readonly end: ScanEnd;
  readonly salt: number | undefined;
  readonly isBatchOpen: boolean;
  readonly entries: number;
  readonly bytes: number;
  /** Index of its first entry, or of the next entry when it has none. */
  readonly firstIndex: number;
}

/** What a directory holds. */
export interface JournalFiles {
  readonly chain: Chain;
  readonly sidecar: SidecarState | undefined;
  /** The first index that should be there. */
  readonly firstIndex: number;
  /** Whether there is any segment at all. */
  readonly hasSegments: boolean;
  readonly active: ActiveReading | undefined;
  /** Entries that were acknowledged and cannot be read. */
  readonly damage: Damage | undefined;
  readonly segments: number;
  readonly bytes: number;
}

/** Told of each entry, with the segment it stands in. */
export type OnPlacedEntry = (segment: string, ...entry: Parameters<OnEntry>) => void;

/**
 * Reads everything up to the first thing that is not good. `again` is how often what looks
 * like damage is read again, for readers beside a live writer; 0 for those that hold the lock. Throws `KRON_JOURNAL_VERSION`, and what the disk throws.
 */
export function readJournalFiles(directory: string, disk: Disk, onEntry: OnPlacedEntry, again = 0): JournalFiles {
  const reading = new Reading(directory, disk, onEntry, again);
  return reading.run();
}

class Reading {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #onEntry: OnPlacedEntry;
  readonly #again: number;
  #segments = 0;
  #bytes = 0;

  constructor(directory: string, disk: Disk, onEntry: OnPlacedEntry, again: number) {
    this.#directory = directory;
    this.#disk = disk;
    this.#onEntry = onEntry;
    this.#again = again;
  }

  run(): JournalFiles {
    // In this order, so that a live writer can do no harm: the journal only ever gets longer than the sidecar
    // says, and a segment sealed after it was opened here shows up among the sealed ones.
    const sidecar = this.#readSidecar();
    const activeFile = this.#openActive();
    try {
      return this.#readSegments(sidecar, activeFile);
    } finally {
      if (activeFile !== undefined) this.#disk.close(activeFile);
    }
  }

  #readSegments(sidecar: SidecarState | undefined, activeFile: FileHandle | undefined): JournalFiles {
    const sealed = findSealed(this.#disk.list(this.#directory));
    const firstIndex = sidecar?.firstIndex ?? sealed[0]?.firstIndex ?? 1;
    const chain = startChain(firstIndex);
    let damage: Damage | undefined;
    for (const segment of sealed) {
      damage = this.#readSealed(segment, sealed, chain);
      if (damage !== undefined) break;
    }
    let active: ActiveReading | undefined;
    if (damage === undefined && activeFile !== undefined) active = this.#readActive(activeFile, chain);
    damage ??= this.#judge(chain, sidecar, active);
    return {
      chain,
      sidecar,
      firstIndex,
      hasSegments: sealed.length > 0 || activeFile !== undefined,
      active,
      damage,
      segments: this.#segments,
      bytes: this.#bytes,
    };
  }

  #openActive(): FileHandle | undefined {
    const path = join(this.#directory, activeName);
    try {
      return this.#disk.openRead(path);
    } catch (error) {
      // None yet, or a writer is between the two renames of a change of segments.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  #readSidecar(): SidecarState | undefined {
    const path = join(this.#directory, sidecarName);
    if (!this.#disk.exists(path)) return undefined;
    return this.#withFile(path, (file) => readSidecar(this.#disk, file, path));
  }

  #readSealed(segment: SealedSegment, sealed: readonly SealedSegment[], chain: Chain): Damage | undefined {
    const { name, firstIndex } = segment;
    const next = chain.index + 1;
    if (firstIndex !== next) {
      const fault = firstIndex > next ? "a segment or its end is missing" : "segments overlap";
      return { segment: name, offset: 0, firstIndex: next, lastIndex: Math.max(next, firstIndex - 1), fault };
    }
    const path = join(this.#directory, name);
    const { end, entries } = this.#withFile(path, (file) => this.#scan(name, file, chain));
    if (end.kind === "end" && entries > 0) return undefined;
    // A sealed segment was synced to its end, so whatever does not read was acknowledged.
    const following = sealed.find((other) => other.firstIndex > firstIndex);
    return {
      segment: name,
      offset: end.offset,
      firstIndex: chain.index + 1,
      lastIndex: Math.max(chain.index + 1, chain.durable, (following?.firstIndex ?? 0) - 1),
      fault: end.kind === "end" ? "no entries" : end.fault,
    };
  }

  #readActive(file: FileHandle, chain: Chain): ActiveReading | undefined {
    const firstIndex = chain.index + 1;
    const scanned = this.#scan(activeName, file, chain);
    // It was sealed after it was opened here, and has been read under its new name.
    if (this.#again > 0 && scanned.isOld) return undefined;
    return { ...scanned, firstIndex };
  }

  #scan(name: string, file: FileHandle, chain: Chain): Omit<ActiveReading, "firstIndex"> & { isOld: boolean } {
    const window = new FileWindow(this.#disk, file);
    const scan = new SegmentScan(window, join(this.#directory, name), chain);
    const onEntry: OnEntry = (index, term, entry, place) => this.#onEntry(name, index, term, entry, place);
    let end = scan.run(onEntry);
    for (let times = 0; end.kind === "bad"; times += 1) {
      const durable = findDurable(window, end.offset, scan.salt);
      if (times === this.#again || (durable <= chain.index && scan.strayIndex === 0)) {
        chain.durable = Math.max(chain.durable, durable, scan.strayIndex - 1);
        break;
      }
      // A live writer may just have finished what was half there; a reading of damage stays the same.
      window.forget();
      end = scan.run(onEntry);
    }
    this.#segments += 1;
    this.#bytes += window.size;
    const isOld = scan.strayIndex > 0 && scan.strayIndex <= chain.index;
    return { end, salt: scan.salt, isBatchOpen: scan.isBatchOpen, entries: scan.entries, bytes: window.size, isOld };
  }

  #judge(chain: Chain, sidecar: SidecarState | undefined, active: ActiveReading | undefined): Damage | undefined {
    const known = Math.max(chain.durable, sidecar?.durable ?? 0);
    const firstIndex = chain.index + 1;
    const place = { segment: activeName, offset: active?.end.offset ?? 0, firstIndex };
    if (known > chain.index) {
      const fault =
        active === undefined ? "missing" : active.end.kind === "bad" ? active.end.fault : "the end is missing";
      return { ...place, lastIndex: known, fault };
    }
    if (sidecar !== undefined && chain.uuid !== undefined && Buffer.compare(sidecar.uuid, chain.uuid) !== 0) {
      return { ...place, segment: sidecarName, offset: 0, lastIndex: firstIndex, fault: "sidecar of another journal" };
    }
    if (active !== undefined && chain.uuid === undefined && sidecar === undefined) {
      // Neither says how far the journal went, so nothing tells an empty one from a lost one.
      return { ...place, lastIndex: firstIndex, fault: "neither segment head nor sidecar can be read" };
    }
    return undefined;
  }

  #withFile<T>(path: string, use: (file: FileHandle) => T): T {
    const file = this.#disk.openRead(path);
    try {
      return use(file);
    } finally {
      this.#disk.close(file);
    }
  }
}

/** The path under which the active segment is sealed when its first entry is `firstIndex`. */
export function sealedPath(directory: string, firstIndex: number): string {
  return join(directory, sealedName(firstIndex));
}

/**
 * Reads all segments of a directory in order and says how they end. It writes nothing; recovery, the offline
 * reader and repair are built on it.
 */

import { join } from "node:path";
import type { Disk, FileHandle } from "../ports.ts";
import { FileWindow } from "./file-window.ts";
import { activeName, findSealed, sealedName, sidecarName } from "./files.ts";
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
 * Reads everything up to the first thing that is not good. `again` is how often a bad end of the active
 * segment is read again, for readers beside a live writer. Throws `KRON_JOURNAL_VERSION`, and what the disk throws.
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
    // The sidecar is read first: a live writer only ever makes the journal longer than it says.
    const sidecar = this.#readSidecar();
    const sealed = findSealed(this.#disk.list(this.#directory));
    const chain = startChain(sidecar?.firstIndex ?? sealed[0]?.firstIndex ?? 1);
    let damage: Damage | undefined;
    for (const { name, firstIndex } of sealed) {
      damage = this.#readSealed(name, firstIndex, chain);
      if (damage !== undefined) break;
    }
    const activePath = join(this.#directory, activeName);
    const hasActive = this.#disk.exists(activePath);
    let active: ActiveReading | undefined;
    if (damage === undefined && hasActive) active = this.#readActive(chain);
    damage ??= this.#judge(chain, sidecar, active);
    const hasSegments = sealed.length > 0 || hasActive;
    return { chain, sidecar, hasSegments, active, damage, segments: this.#segments, bytes: this.#bytes };
  }

  #readSidecar(): SidecarState | undefined {
    const path = join(this.#directory, sidecarName);
    if (!this.#disk.exists(path)) return undefined;
    return this.#withFile(path, (file) => readSidecar(this.#disk, file, path));
  }

  #readSealed(name: string, firstIndex: number, chain: Chain): Damage | undefined {
    const next = chain.index + 1;
    if (firstIndex !== next) {
      const fault = firstIndex > next ? "a segment or its end is missing" : "segments overlap";
      return { segment: name, offset: 0, firstIndex: next, lastIndex: Math.max(next, firstIndex - 1), fault };
    }
    const { end, entries } = this.#scan(name, chain);
    if (end.kind === "end" && entries > 0) return undefined;
    const fault = end.kind === "end" ? "no entries" : end.fault;
    // A sealed segment was synced to its end, so whatever does not read was acknowledged.
    const lastIndex = Math.max(chain.index + 1, this.#greatestSealedIndex(firstIndex));
    return { segment: name, offset: end.offset, firstIndex: chain.index + 1, lastIndex, fault };
  }

  /** The last index before the sealed segment that follows the one starting at `firstIndex`; 0 if none follows. */
  #greatestSealedIndex(firstIndex: number): number {
    const following = findSealed(this.#disk.list(this.#directory)).find((other) => other.firstIndex > firstIndex);
    return following === undefined ? 0 : following.firstIndex - 1;
  }

  #readActive(chain: Chain): ActiveReading {
    const firstIndex = chain.index + 1;
    const scanned = this.#scan(activeName, chain);
    return { ...scanned, firstIndex };
  }

  #scan(name: string, chain: Chain): Omit<ActiveReading, "firstIndex"> {
    const path = join(this.#directory, name);
    return this.#withFile(path, (file) => {
      const window = new FileWindow(this.#disk, file);
      const scan = new SegmentScan(window, path, chain);
      const onEntry: OnEntry = (index, term, entry, place) => this.#onEntry(name, index, term, entry, place);
      let end = scan.run(onEntry);
      for (let times = 0; times < this.#again && end.kind === "bad"; times += 1) {
        window.forget();
        end = scan.run(onEntry);
      }
      if (end.kind === "bad") chain.durable = Math.max(chain.durable, findDurable(window, end.offset, scan.salt));
      this.#segments += 1;
      this.#bytes += window.size;
      return { end, salt: scan.salt, isBatchOpen: scan.isBatchOpen, entries: scan.entries, bytes: window.size };
    });
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

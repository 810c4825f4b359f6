/**
 * Reads the segments of a directory in order, from where they are wanted, and says how they end. It writes
 * nothing; recovery, the offline reader and repair are built on it.
 */

import { join } from "node:path";
import type { Disk, FileHandle } from "../ports.ts";
import { type Base, foreignError } from "./base.ts";
import { FileWindow } from "./file-window.ts";
import { activeName, sidecarName } from "./files.ts";
import type { Damage } from "./judge.ts";
import { planReading, type ReadingPlan } from "./reading-plan.ts";
import {
  type Chain,
  findDurable,
  foreignSegment,
  type OnEntry,
  type ScanEnd,
  SegmentScan,
  startChain,
} from "./segment-scan.ts";
import type { SidecarState } from "./sidecar.ts";
import { lookAtSidecar, openIfThere, type SealedFile, type Survey, surveyJournal } from "./survey.ts";

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
  /** The sealed segments, whether they were read or not, in index order. */
  readonly sealed: readonly SealedFile[];
  /** Segments before `firstIndex` that a drop cut short by a crash has left. */
  readonly leftovers: readonly SealedFile[];
  /** Entries that were acknowledged and cannot be read. */
  readonly damage: Damage | undefined;
  /** With `again`: what was to be read next has been dropped meanwhile, and the journal begins here now. */
  readonly droppedTo: number | undefined;
  /** Segments of the journal, whether they were read or not. */
  readonly segments: number;
  readonly bytes: number;
}

/** What to read, and beside whom. */
export interface ReadingOptions {
  /** Entries before this one are not handed on, and segments that end before it are not read. */
  readonly from?: number | undefined;
  /** The snapshot that the journal has to go on from; `from` is the index behind it, unless it is given. */
  readonly base?: Base | undefined;
  /** How often what looks like damage is read again, for readers beside a live writer; 0 under the lock. */
  readonly again?: number;
}

/** Told of each entry, with the segment it stands in. */
export type OnPlacedEntry = (segment: string, ...entry: Parameters<OnEntry>) => void;

/**
 * Reads everything that is wanted up to the first thing that is not good. Throws `KRON_JOURNAL_VERSION`,
 * `KRON_SNAPSHOT_FOREIGN` when the base is not of this journal, and what the disk throws.
 */
export function readJournalFiles(
  directory: string,
  disk: Disk,
  onEntry: OnPlacedEntry,
  options: ReadingOptions = {},
): JournalFiles {
  const survey = surveyJournal(directory, disk);
  try {
    const { base } = options;
    if (base !== undefined && survey.uuid !== undefined && Buffer.compare(base.uuid, survey.uuid) !== 0) {
      throw foreignError(directory, base, survey.uuid);
    }
    return new Reading(directory, disk, onEntry, options, survey).run();
  } finally {
    if (survey.activeFile !== undefined) disk.close(survey.activeFile);
  }
}

type Scanned = Omit<ActiveReading, "firstIndex"> & { readonly isOld: boolean };

/** The fault of a sidecar that names another journal than the segments do. */
export const foreignSidecar = "sidecar of another journal";

class Reading {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #onEntry: OnPlacedEntry;
  readonly #base: Base | undefined;
  readonly #again: number;
  readonly #survey: Survey;
  readonly #plan: ReadingPlan;
  #activeBytes = 0;

  constructor(directory: string, disk: Disk, onEntry: OnPlacedEntry, options: ReadingOptions, survey: Survey) {
    this.#directory = directory;
    this.#disk = disk;
    this.#onEntry = onEntry;
    this.#base = options.base;
    this.#again = options.again ?? 0;
    this.#survey = survey;
    this.#plan = planReading(survey, options.from ?? (options.base?.index ?? 0) + 1);
  }

  run(): JournalFiles {
    const { sidecar, firstIndex, sealed, leftovers, activeFile } = this.#survey;
    const { chain, active, damage } = this.#readSegments();
    const droppedTo = damage === undefined ? undefined : this.#droppedTo(damage);
    let bytes = this.#activeBytes;
    for (const segment of sealed) bytes += segment.bytes;
    return {
      ...{ chain, sidecar, firstIndex, active, sealed, leftovers, droppedTo, bytes },
      damage: droppedTo === undefined ? damage : undefined,
      hasSegments: sealed.length > 0 || activeFile !== undefined,
      segments: sealed.length + (activeFile === undefined ? 0 : 1),
    };
  }

  #readSegments(): Pick<JournalFiles, "chain" | "active" | "damage"> {
    const { sealed } = this.#survey;
    const { position, chainFirst } = this.#plan;
    const gap = this.#judgeBeginning();
    if (gap !== undefined) return { chain: startChain(gap.firstIndex, this.#base), active: undefined, damage: gap };
    const reading = this.#readFrom(position, startChain(chainFirst, this.#base));
    const last = sealed.at(-1);
    const isChainLost = position === sealed.length && reading.active?.entries === 0 && last !== undefined;
    // The active segment holds nothing good after all, so the next frame follows the newest sealed one's last.
    return isChainLost ? this.#readFrom(sealed.length - 1, startChain(last.firstIndex, this.#base)) : reading;
  }

  #readFrom(position: number, chain: Chain): Pick<JournalFiles, "chain" | "active" | "damage"> {
    const { sealed, activeFile } = this.#survey;
    for (const segment of sealed.slice(position)) {
      const damage = this.#readSealed(segment, sealed, chain);
      if (damage !== undefined) return { chain, active: undefined, damage };
    }
    const active = activeFile === undefined ? undefined : this.#readActive(activeFile, chain);
    return { chain, active, damage: this.#judge(chain, active, position < sealed.length) };
  }

  /** Entries between the snapshot and the first that the journal says to hold. */
  #judgeBeginning(): Damage | undefined {
    const { firstIndex } = this.#survey;
    if (this.#base === undefined || firstIndex <= this.#base.index + 1) return undefined;
    const fault = `the journal begins at ${firstIndex}, its snapshot ends at ${this.#base.index}`;
    return { segment: sidecarName, offset: 0, firstIndex: this.#base.index + 1, lastIndex: firstIndex - 1, fault };
  }

  /** Where the journal begins now, if that is behind what could not be read: a live writer has dropped it. */
  #droppedTo(damage: Damage): number | undefined {
    for (let times = 0; times < this.#again; times += 1) {
      const firstIndex = lookAtSidecar(this.#directory, this.#disk)?.firstIndex ?? 0;
      if (firstIndex > damage.firstIndex) return firstIndex;
    }
    return undefined;
  }

  #readSealed(segment: SealedFile, sealed: readonly SealedFile[], chain: Chain): Damage | undefined {
    const { name, firstIndex } = segment;
    const next = chain.index + 1;
    if (firstIndex !== next) {
      const fault = firstIndex > next ? "a segment or its end is missing" : "segments overlap";
      return { segment: name, offset: 0, firstIndex: next, lastIndex: Math.max(next, firstIndex - 1), fault };
    }
    const following = sealed.find((other) => other.firstIndex > firstIndex);
    const lastIndex = (following?.firstIndex ?? 0) - 1;
    const file = openIfThere(this.#disk, join(this.#directory, name));
    if (file === undefined) {
      return { segment: name, offset: 0, firstIndex, lastIndex: Math.max(firstIndex, lastIndex), fault: "missing" };
    }
    const { end, entries } = this.#scanAndClose(name, file, chain);
    if (end.kind === "end" && entries > 0) return undefined;
    // A sealed segment was synced to its end, so whatever does not read was acknowledged.
    return {
      segment: name,
      offset: end.offset,
      firstIndex: chain.index + 1,
      lastIndex: Math.max(chain.index + 1, chain.durable, lastIndex),
      fault: end.kind === "end" ? "no entries" : end.fault,
    };
  }

  #scanAndClose(name: string, file: FileHandle, chain: Chain): Scanned {
    try {
      return this.#scan(name, file, chain);
    } finally {
      this.#disk.close(file);
    }
  }

  #readActive(file: FileHandle, chain: Chain): ActiveReading | undefined {
    const firstIndex = chain.index + 1;
    const scanned = this.#scan(activeName, file, chain);
    this.#activeBytes = scanned.bytes;
    // It was sealed after it was opened here, and has been read under its new name.
    if (this.#again > 0 && scanned.isOld) return undefined;
    return { ...scanned, firstIndex };
  }

  #scan(name: string, file: FileHandle, chain: Chain): Scanned {
    const window = new FileWindow(this.#disk, file);
    const scan = new SegmentScan(window, join(this.#directory, name), chain, this.#plan.wanted);
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
    const isOld = scan.strayIndex > 0 && scan.strayIndex <= chain.index;
    return { end, salt: scan.salt, isBatchOpen: scan.isBatchOpen, entries: scan.entries, bytes: window.size, isOld };
  }

  #judge(chain: Chain, active: ActiveReading | undefined, isSealedRead: boolean): Damage | undefined {
    const { sidecar } = this.#survey;
    // What is in a snapshot had been synced here before.
    const known = Math.max(chain.durable, sidecar?.durable ?? 0, this.#base?.index ?? 0);
    const firstIndex = chain.index + 1;
    const place = { segment: activeName, offset: active?.end.offset ?? 0, firstIndex };
    if (known > chain.index) {
      const fault =
        active === undefined ? "missing" : active.end.kind === "bad" ? active.end.fault : "the end is missing";
      return { ...place, lastIndex: known, fault };
    }
    if (sidecar !== undefined && chain.uuid !== undefined && Buffer.compare(sidecar.uuid, chain.uuid) !== 0) {
      return { ...place, segment: sidecarName, offset: 0, lastIndex: firstIndex, fault: foreignSidecar };
    }
    // A good head with another id is no torn write, whatever stands behind it.
    if (active?.end.kind === "bad" && active.end.fault === foreignSegment) {
      return { ...place, lastIndex: firstIndex, fault: foreignSegment };
    }
    if (active !== undefined && active.salt === undefined && sidecar === undefined && !isSealedRead) {
      // Neither says how far the journal went, so nothing tells an empty one from a lost one.
      return { ...place, lastIndex: firstIndex, fault: "neither segment head nor sidecar can be read" };
    }
    return undefined;
  }
}

/**
 * Reads the entries of one segment forward and stops at the first thing that is not the next good frame.
 * What that means (an end, a torn write, damage) is judged elsewhere, with what is known of the whole journal.
 */

import { KronError } from "../core/errors.ts";
import type { Entry } from "../core/record.ts";
import type { Base } from "./base.ts";
import { readEntry } from "./codec.ts";
import { type FileWindow, findNonZero } from "./file-window.ts";
import { roundToSectors } from "./files.ts";
import {
  bodyChecksum,
  emptyHeader,
  FRAME_FLAG,
  FRAME_KIND,
  frameBytes,
  frameHeaderBytes,
  readFields,
  readHeader,
} from "./frame.ts";
import { scanMsgpack } from "./msgpack-scan.ts";
import { readSegmentHead, segmentHeadBytes } from "./segment-head.ts";

/** Where the reading of a journal stands; carried from one segment to the next. */
export interface Chain {
  /** The journal's uuid, once seen. */
  uuid: Uint8Array | undefined;
  /** The index and term of the last good entry; 0 when there is none. */
  index: number;
  term: number;
  /** The header checksum of the last good entry; undefined when it stands in a segment that was dropped or not read. */
  prev: number | undefined;
  /** The greatest durable index that any good frame stated. */
  durable: number;
}

/** A chain before the entry `firstIndex`, of which nothing earlier is read; `base` is the snapshot to start from. */
export function startChain(firstIndex: number, base?: Base): Chain {
  return {
    uuid: base?.uuid,
    index: firstIndex - 1,
    term: base?.index === firstIndex - 1 ? base.term : 0,
    prev: firstIndex === 1 ? 0 : undefined,
    durable: 0,
  };
}

/** The fault of a segment whose head is good and names another journal. */
export const foreignSegment = "segment of another journal";

/** Where an entry stands in its segment; one object is used for all, so copy what you keep. */
export interface EntryPlace {
  offset: number;
  /** Bytes of the whole frame. */
  bytes: number;
}

/** Told of each entry in index order. */
export type OnEntry = (index: number, term: number, entry: Entry, place: EntryPlace) => void;

/** How the scan of a segment ended. */
export type ScanEnd =
  /** Only zeros, or nothing, from `offset` on. */
  | { readonly kind: "end"; readonly offset: number }
  /** Something else stands at `offset`. */
  | { readonly kind: "bad"; readonly offset: number; readonly fault: string };

/** A scan of one segment; `run` may be called again after the file has grown. */
export class SegmentScan {
  /** Where the next frame is expected. */
  offset = 0;
  /** The segment's salt, once its head was read. */
  salt: number | undefined;
  /** Whether the last good frame was not the last of its batch: the rest of that batch was lost. */
  isBatchOpen = false;
  /** Good entries found. */
  entries = 0;
  /**
   * The index of the segment's first entry if it is not the next one, else 0. As nothing is written to a
   * segment before all of the earlier ones is synced, every index below it was durable.
   */
  strayIndex = 0;
  readonly #window: FileWindow;
  readonly #path: string;
  readonly #chain: Chain;
  readonly #wanted: number;
  readonly #header = emptyHeader();
  readonly #place: EntryPlace = { offset: 0, bytes: 0 };

  /** Entries below `wanted` are checked like all others, but neither decoded nor handed on. */
  constructor(window: FileWindow, path: string, chain: Chain, wanted: number) {
    this.#window = window;
    this.#path = path;
    this.#chain = chain;
    this.#wanted = wanted;
  }

  /** Reads on from `offset`. Throws `KRON_JOURNAL_VERSION` at a frame this code cannot know. */
  run(onEntry: OnEntry): ScanEnd {
    this.strayIndex = 0;
    const salt = this.salt ?? this.#readHead();
    if (typeof salt === "string") return this.#stop(salt);
    for (;;) {
      const fault = this.#readEntry(salt, onEntry);
      if (fault !== undefined) return this.#stop(fault);
    }
  }

  #stop(fault: string): ScanEnd {
    const isEmpty = findNonZero(this.#window, this.offset) < 0;
    return isEmpty ? { kind: "end", offset: this.offset } : { kind: "bad", offset: this.offset, fault };
  }

  /** The segment's salt, or what is wrong with its head. */
  #readHead(): number | string {
    const at = this.#window.ensure(0, segmentHeadBytes);
    if (at < 0) return "segment head is cut short";
    const head = readSegmentHead(this.#window.bytes, at);
    if (head === "version") throw versionError(this.#path, 0);
    if (typeof head === "string") return `segment head: ${head}`;
    const known = this.#chain.uuid;
    if (known !== undefined && Buffer.compare(known, head.uuid) !== 0) return foreignSegment;
    this.#chain.uuid = head.uuid;
    this.salt = head.salt;
    this.offset = segmentHeadBytes;
    return head.salt;
  }

  /** One entry and its checks; what was wrong, or undefined when it was handed on. */
  #readEntry(salt: number, onEntry: OnEntry): string | undefined {
    const window = this.#window;
    const header = this.#header;
    let at = window.ensure(this.offset, frameHeaderBytes);
    if (at < 0) return "header is cut short";
    const headerFault = readHeader(window.bytes, at, header, salt);
    if (headerFault === "version") throw versionError(this.#path, this.offset);
    if (headerFault !== undefined) return headerFault;
    const bytes = frameBytes(header.bodyBytes);
    at = window.ensure(this.offset, bytes);
    if (at < 0) return "body is cut short";
    const bodyAt = at + frameHeaderBytes;
    if (bodyChecksum(window.bytes, bodyAt, header.bodyBytes) !== header.bodyCrc) return "body checksum";
    if (header.kind !== FRAME_KIND.entry || header.stream !== 0 || (header.flags & ~FRAME_FLAG.lastOfBatch) !== 0) {
      throw versionError(this.#path, this.offset);
    }
    const chainFault = this.#checkChain();
    if (chainFault !== undefined) return chainFault;
    if (header.seq < this.#wanted) {
      const fault = scanMsgpack(window.bytes, bodyAt, bodyAt + header.bodyBytes);
      if (fault === undefined) this.#accept(bytes);
      return fault;
    }
    const entry = readEntry(window.bytes, bodyAt, bodyAt + header.bodyBytes);
    if (typeof entry === "string") return entry;
    this.#accept(bytes);
    onEntry(header.seq, header.term, entry, this.#place);
    return undefined;
  }

  #checkChain(): string | undefined {
    const chain = this.#chain;
    const header = this.#header;
    if (header.seq !== chain.index + 1) {
      if (this.entries === 0) this.strayIndex = header.seq;
      return `index ${header.seq} where ${chain.index + 1} was expected`;
    }
    if (chain.prev !== undefined && header.prev !== chain.prev) return "does not follow the frame before";
    if (header.term < chain.term) return `term ${header.term} after ${chain.term}`;
    return header.durable < header.seq ? undefined : "durable index ahead of its own";
  }

  #accept(bytes: number): void {
    const chain = this.#chain;
    const header = this.#header;
    chain.index = header.seq;
    chain.term = header.term;
    chain.prev = header.headerCrc;
    if (header.durable > chain.durable) chain.durable = header.durable;
    this.#place.offset = this.offset;
    this.#place.bytes = bytes;
    this.entries += 1;
    this.isBatchOpen = (header.flags & FRAME_FLAG.lastOfBatch) === 0;
    this.offset += bytes;
    // A batch has its sectors to itself, so that writing the next never touches a synced one.
    if (!this.isBatchOpen) this.offset = roundToSectors(this.offset);
  }
}

function versionError(path: string, offset: number): KronError {
  return new KronError("KRON_JOURNAL_VERSION", `Expected frames of version 1 and a known kind at ${path}:${offset}`, {
    hint: "Use the version of Kron that wrote this directory, or a newer one",
    details: { path, offset },
  });
}

/**
 * The greatest durable index stated by any header from `offset` on, looked for in 8-byte steps; 0 if none.
 *
 * It tells a torn write, which nothing was written after, from damage to what had been synced. Without the
 * segment's salt (its head is damaged) a header cannot be checked, and any that looks like one counts: it is
 * better to refuse what could be read than to drop what was acknowledged.
 */
export function findDurable(window: FileWindow, offset: number, salt: number | undefined): number {
  const header = emptyHeader();
  let greatest = 0;
  let at = Math.ceil(offset / 8) * 8;
  for (let start = window.ensure(at, frameHeaderBytes); start >= 0; start = window.ensure(at, frameHeaderBytes)) {
    at += 8;
    if (window.bytes[start] !== 0x4b || window.bytes[start + 1] !== 0x4e) continue;
    if (salt === undefined) readFields(window.bytes, start, header);
    else if (readHeader(window.bytes, start, header, salt) !== undefined) continue;
    const isEntry = header.version === 1 && header.kind === FRAME_KIND.entry && header.stream === 0;
    if (isEntry && header.durable < header.seq && header.durable > greatest) greatest = header.durable;
  }
  return greatest;
}

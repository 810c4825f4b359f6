/**
 * A batch: the frames that go to disk in one write, built while the batch before is being synced.
 *
 * Frames are packed, numbered and checksummed as their entries are proposed. Two things may change later:
 * the last frame is marked when the batch is closed, and all are stamped anew when a batch before them was
 * refused or the segment changed under them.
 */

import { KronError } from "../core/errors.ts";
import type { Entry } from "../core/record.ts";
import { isEntry, packValue } from "./codec.ts";
import { roundToSectors, sectorBytes } from "./files.ts";
import {
  bodyBytesMax,
  bodyChecksum,
  emptyHeader,
  FRAME_FLAG,
  FRAME_KIND,
  frameBytes,
  frameHeaderBytes,
  paddedBytes,
  readFields,
  writeHeader,
} from "./frame.ts";
import { packPlain } from "./plain-packer.ts";
import { viewOf } from "./view-of.ts";

/** What the next frame is stamped with. */
export interface Stamp {
  /** The index of the last frame stamped. */
  index: number;
  /** Its header checksum. */
  prev: number;
  term: number;
  /** The highest index known to be synced. */
  durable: number;
  /** The salt of the segment being written. */
  salt: number;
}

const bytesAtFirst = 64 * 1024;
/** Room behind a packed body for the end of its last item, its padding and that of the batch. */
const spareBytes = 2 * sectorBytes;

/** Frames in the making. */
export class Batch {
  /** The entries, in index order. */
  entries: Entry[] = [];
  /** The index of the first entry; meaningless while there is none. */
  firstIndex = 0;
  /** Bytes of the frames, without the padding of the batch. */
  frameBytes = 0;
  /** The header checksum of the last frame. */
  lastCrc = 0;
  /** Whether no more may be added. */
  isClosed = false;
  #bytes = Buffer.allocUnsafeSlow(bytesAtFirst);
  #lastFrameAt = 0;
  readonly #header = emptyHeader();

  /** What is to be written, whole sectors; closed batches only. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.sectorBytes);
  }

  /** Bytes on disk: the frames and the padding to whole sectors. */
  get sectorBytes(): number {
    return roundToSectors(this.frameBytes);
  }

  /** Adds a frame and returns its bytes. Throws `KRON_PAYLOAD_INVALID` and changes nothing. */
  append(entry: Entry, stamp: Stamp): number {
    if (!isEntry(entry)) {
      throw new KronError("KRON_PAYLOAD_INVALID", "Expected an entry of a whole time in ms and record tuples");
    }
    const at = this.frameBytes;
    const bodyBytes = this.#pack(entry, at + frameHeaderBytes);
    const bytes = frameBytes(bodyBytes);
    const header = this.#header;
    header.kind = FRAME_KIND.entry;
    header.bodyBytes = bodyBytes;
    header.flags = 0;
    header.seq = stamp.index + 1;
    header.term = stamp.term;
    header.durable = stamp.durable;
    header.prev = stamp.prev;
    header.bodyCrc = bodyChecksum(this.#bytes, at + frameHeaderBytes, bodyBytes);
    stamp.prev = writeHeader(this.#bytes, at, header, stamp.salt);
    stamp.index = header.seq;
    this.lastCrc = stamp.prev;

    if (this.entries.length === 0) this.firstIndex = header.seq;
    this.entries.push(entry);
    this.#lastFrameAt = at;
    this.frameBytes = at + bytes;
    return bytes;
  }

  /**
   * Marks the last frame as the batch's last, with the newest durable index, and pads to whole sectors.
   *
   * Must come before the next batch gets its first frame, which chains on to this one's last.
   */
  close(stamp: Stamp): void {
    const header = this.#header;
    readFields(this.#bytes, this.#lastFrameAt, header);
    header.flags = FRAME_FLAG.lastOfBatch;
    header.durable = stamp.durable;
    stamp.prev = writeHeader(this.#bytes, this.#lastFrameAt, header, stamp.salt);
    this.lastCrc = stamp.prev;
    this.#bytes.fill(0, this.frameBytes, this.sectorBytes);
    this.isClosed = true;
  }

  /** Stamps all frames anew, to follow on `stamp`; their bodies stay. */
  restamp(stamp: Stamp): void {
    const header = this.#header;
    this.firstIndex = stamp.index + 1;
    for (let at = 0; at < this.frameBytes; at += frameBytes(header.bodyBytes)) {
      readFields(this.#bytes, at, header);
      header.seq = stamp.index + 1;
      header.prev = stamp.prev;
      stamp.prev = writeHeader(this.#bytes, at, header, stamp.salt);
      stamp.index = header.seq;
    }
    this.lastCrc = stamp.prev;
  }

  /** Makes the batch empty, for use again. A buffer that one large batch blew up is not kept. */
  reset(bytesMax: number): void {
    this.entries = [];
    this.frameBytes = 0;
    this.isClosed = false;
    if (this.#bytes.length > bytesMax) this.#bytes = Buffer.allocUnsafeSlow(bytesAtFirst);
  }

  /** Packs a body at `at`, with its padding, and returns its bytes. */
  #pack(entry: Entry, at: number): number {
    const limit = Math.min(this.#bytes.length, at + bodyBytesMax) - spareBytes;
    let end = packPlain(entry, this.#bytes, viewOf(this.#bytes), at, limit);
    if (end < 0) end = this.#packAny(entry, at);
    const paddedEnd = at + paddedBytes(end - at);
    for (let index = end; index < paddedEnd; index += 1) this.#bytes[index] = 0;
    return end - at;
  }

  /** Packs what is not plain, or comes so near the end of the buffer that a larger one may be needed. */
  #packAny(entry: Entry, at: number): number {
    const { bytes, start, end } = packValue(entry);
    this.#makeRoom(at + paddedBytes(end - start));
    this.#bytes.set(bytes.subarray(start, end), at);
    return at + (end - start);
  }

  #makeRoom(frameEnd: number): void {
    const needed = frameEnd + sectorBytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.frameBytes);
    this.#bytes = larger;
  }
}

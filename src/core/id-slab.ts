/**
 * The bytes of many short texts, in blocks of 64 KiB, so that a million of them are a few objects to the garbage
 * collector and growing copies nothing. Only the first block starts small and doubles.
 *
 *     block     0   1 2     …                          each entry at an even offset
 *               unused      length | bytes | padding   a length of 0 ends the block
 *
 *     position = block * 2^15 + offset / 2             never 0, so 0 can mean "none"; 8 GiB at most
 *
 * Taking an entry out leaves its bytes as garbage. A full block that is garbage by half is *sparse*: its owner, who
 * alone knows which entries live, puts these back in and releases the block. So garbage is never more than what
 * lives, and a block is the most that is moved at a time.
 */

import { assert } from "./assert.ts";

const blockBytes = 2 ** 16;
const firstBlockBytes = 2 ** 10;
const blocksMax = 2 ** 17;
const positionsPerBlock = 2 ** 15;
const firstOffset = 2;

/** The longest entry, in bytes. */
export const slabEntryBytesMax = 255;

/** Texts by position; see the head of this file. */
export class IdSlab {
  readonly #blocks: Uint8Array[] = [new Uint8Array(firstBlockBytes)];
  /** Bytes of entries that live, by block. */
  readonly #live: number[] = [0];
  readonly #released: number[] = [];
  readonly #sparse: number[] = [];
  #last = 0;
  #end = firstOffset;

  /** Bytes allocated. */
  get bytes(): number {
    return this.#blocks.reduce((sum, block) => sum + block.length, 0);
  }

  /** Keeps the bytes from `from` to before `to`, 1 to 255 of them; returns their position. */
  put(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    assert(length > 0 && length <= slabEntryBytesMax, "an entry has 1 to 255 bytes");
    const taken = entryBytes(length);
    if (this.#end + taken > this.#blockOf(this.#last).length) this.#makeRoom();
    const block = this.#blockOf(this.#last);
    const offset = this.#end;
    block[offset] = length;
    for (let i = 0; i < length; i++) block[offset + 1 + i] = bytes[from + i] as number;
    this.#end += taken;
    this.#addLive(this.#last, taken);
    return this.#last * positionsPerBlock + offset / 2;
  }

  /** Forgets an entry. */
  drop(position: number): void {
    const block = Math.floor(position / positionsPerBlock);
    this.#addLive(block, -entryBytes(this.lengthAt(position)));
    if (block !== this.#last) this.#noteIfSparse(block);
  }

  /** A block to be released, or -1. Each is named once. */
  takeSparse(): number {
    return this.#sparse.pop() ?? -1;
  }

  /** Calls `visit` with the position of every entry of a block, also of those that were dropped. */
  visit(block: number, visit: (position: number) => void): void {
    const bytes = this.#blockOf(block);
    for (let offset = firstOffset; offset < bytes.length; ) {
      const length = bytes[offset] as number;
      if (length === 0) return;
      visit(block * positionsPerBlock + offset / 2);
      offset += entryBytes(length);
    }
  }

  /** Gives back a block whose living entries have been put in again. */
  release(block: number): void {
    this.#blocks[block] = new Uint8Array(0);
    this.#live[block] = 0;
    this.#released.push(block);
  }

  /** The bytes among which the entry at `position` is; it starts at `offsetAt(position)`. */
  bytesAt(position: number): Uint8Array {
    return this.#blockOf(Math.floor(position / positionsPerBlock));
  }

  /** Where the text of an entry starts in `bytesAt(position)`. */
  offsetAt(position: number): number {
    return (position % positionsPerBlock) * 2 + 1;
  }

  /** Bytes of the text of an entry. */
  lengthAt(position: number): number {
    return this.bytesAt(position)[this.offsetAt(position) - 1] as number;
  }

  #blockOf(block: number): Uint8Array {
    return this.#blocks[block] as Uint8Array;
  }

  #makeRoom(): void {
    const full = this.#blockOf(this.#last);
    if (full.length < blockBytes) {
      const longer = new Uint8Array(full.length * 2);
      longer.set(full);
      this.#blocks[this.#last] = longer;
      return;
    }
    const before = this.#last;
    this.#last = this.#released.pop() ?? this.#blocks.length;
    assert(this.#last < blocksMax, "there is room for an id");
    this.#blocks[this.#last] = new Uint8Array(blockBytes);
    this.#live[this.#last] = 0;
    this.#end = firstOffset;
    this.#noteIfSparse(before);
  }

  #addLive(block: number, bytes: number): void {
    this.#live[block] = (this.#live[block] as number) + bytes;
  }

  #noteIfSparse(block: number): void {
    const live = this.#live[block] as number;
    if (live >= blockBytes / 2 || this.#sparse.includes(block)) return;
    this.#sparse.push(block);
  }
}

/** With its length, and padded to an even number. */
function entryBytes(length: number): number {
  return (length + 2) & ~1;
}

/**
 * Ids by slot and slots by id, without a string or an object for any of them: 16 bytes an id, and its text.
 *
 * The texts lie in a slab. A hash table leads to them whose buckets are chains through the slots. It grows by one
 * bucket with each id (Litwin, "Linear hashing", VLDB 1980): the buckets below the next power of two are split in
 * order, so growing never means moving them all, and taking out leaves no mark behind.
 *
 *     link = tag * 2^24 + slot      tag: 1 to 255, from the hash, so that nearly no text is compared in vain;
 *                                   0 ends a chain
 */

import { assert } from "./assert.ts";
import { wordColumn } from "./column.ts";
import { idHash } from "./id-hash.ts";
import { IdSlab, slabEntryBytesMax } from "./id-slab.ts";
import { readUtf8, writeUtf8 } from "./utf8-text.ts";

const slotsMax = 2 ** 24;
const slotMask = slotsMax - 1;
const bucketsMin = 16;
/** A text of this many units has at most three times as many bytes. */
const unitsMax = slabEntryBytesMax;

/** Ids of 1 to 255 bytes of UTF-8, each in a slot below 2^24. */
export class IdTable {
  readonly #slab = new IdSlab();
  /**
   * Three words a slot, side by side as they are asked for together: the next link of the chain; the position in the
   * slab, which is 0 when the slot is empty; and the hash, so that splitting a bucket need not look at texts.
   */
  readonly #words = wordColumn();
  /** The first link of the chain, by bucket. */
  readonly #heads = wordColumn();
  #bucketCount = bucketsMin;
  /** One less than the least power of two that is not below the number of buckets. */
  #bucketMask = bucketsMin - 1;
  #size = 0;
  /** The bytes of the id that a caller gave as a string. */
  readonly #scratch = new Uint8Array(3 * unitsMax);
  /** The id that `slotOf` looked for last, not found, with its hash and its end in the scratch: it is inserted next. */
  #missing: string | undefined;
  #missingHash = 0;
  #missingEnd = 0;

  /** Ids held. */
  get size(): number {
    return this.#size;
  }

  /** Bytes allocated for texts. */
  get textBytes(): number {
    return this.#slab.bytes;
  }

  /** Whether a slot holds an id. */
  has(slot: number): boolean {
    return this.#positionOf(slot) !== 0;
  }

  /** The slot of an id. */
  slotOf(id: string): number | undefined {
    this.#missing = undefined;
    if (id.length > unitsMax) return undefined;
    const end = writeUtf8(id, this.#scratch, 0);
    const hash = idHash(this.#scratch, 0, end);
    const slot = this.#find(this.#scratch, 0, end, hash);
    if (slot >= 0) return slot;
    this.#missing = id;
    this.#missingHash = hash;
    this.#missingEnd = end;
    return undefined;
  }

  /** The id in a slot: a new string at each call, 0.1 µs. */
  idOf(slot: number): string | undefined {
    const position = this.#positionOf(slot);
    if (position === 0) return undefined;
    const offset = this.#slab.offsetAt(position);
    return readUtf8(this.#slab.bytesAt(position), offset, offset + this.#slab.lengthAt(position));
  }

  /** Bytes of UTF-8 of the id in a slot; 0 when the slot is empty. */
  byteLengthOf(slot: number): number {
    const position = this.#positionOf(slot);
    return position === 0 ? 0 : this.#slab.lengthAt(position);
  }

  /** Copies the UTF-8 of the id in a slot to `target` from `at` on, where there is room; returns where it ends. */
  copyInto(slot: number, target: Uint8Array, at: number): number {
    const position = this.#positionOf(slot);
    assert(position !== 0, "the slot holds an id");
    const bytes = this.#slab.bytesAt(position);
    const offset = this.#slab.offsetAt(position);
    const length = this.#slab.lengthAt(position);
    assert(at + length <= target.length, "there is room for the id");
    for (let i = 0; i < length; i++) target[at + i] = bytes[offset + i] as number;
    return at + length;
  }

  /** Puts an id, which must be new, into an empty slot. */
  insert(slot: number, id: string): void {
    if (id !== this.#missing) assert(this.slotOf(id) === undefined, "the id is new");
    assert(this.#missing !== undefined, "an id has at most 255 bytes");
    this.#put(slot, this.#scratch, 0, this.#missingEnd, this.#missingHash);
  }

  /** The same for an id in UTF-8, from `from` to before `to`. */
  insertBytes(slot: number, bytes: Uint8Array, from: number, to: number): void {
    assert(this.tryInsertBytes(slot, bytes, from, to), "the id is new");
  }

  /** As `insertBytes`, but false, with nothing changed, when the id is in another slot. */
  tryInsertBytes(slot: number, bytes: Uint8Array, from: number, to: number): boolean {
    const hash = idHash(bytes, from, to);
    if (this.#find(bytes, from, to, hash) >= 0) return false;
    this.#put(slot, bytes, from, to, hash);
    return true;
  }

  /** Makes an empty table ready for `count` ids, so that it need not grow on the way there. */
  reserve(count: number): void {
    assert(this.#size === 0, "the table is empty");
    this.#bucketCount = Math.max(bucketsMin, Math.min(count, slotsMax));
    while (this.#bucketMask < this.#bucketCount - 1) this.#bucketMask = this.#bucketMask * 2 + 1;
  }

  /** Empties a slot. */
  remove(slot: number): void {
    const position = this.#positionOf(slot);
    assert(position !== 0, "the slot holds an id");
    this.#unlink(slot, this.#hashOf(slot));
    for (let i = 0; i < 3; i++) this.#words.set(3 * slot + i, 0);
    this.#slab.drop(position);
    this.#size -= 1;
    this.#compact();
  }

  #put(slot: number, bytes: Uint8Array, from: number, to: number, hash: number): void {
    assert(Number.isInteger(slot) && slot >= 0 && slot < slotsMax, "a slot is below 2^24");
    assert(!this.has(slot), "the slot is empty");
    this.#missing = undefined;
    this.#words.set(3 * slot + 1, this.#slab.put(bytes, from, to));
    this.#words.set(3 * slot + 2, hash);
    this.#link(slot, hash);
    this.#size += 1;
    if (this.#size > this.#bucketCount) this.#splitNext();
    this.#compact();
  }

  #find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const tag = tagOf(hash);
    let link = this.#heads.get(this.#bucketOf(hash));
    while (link !== 0) {
      const slot = link & slotMask;
      if (link >>> 24 === tag && this.#isAt(slot, bytes, from, to)) return slot;
      link = this.#nextOf(slot);
    }
    return -1;
  }

  #isAt(slot: number, bytes: Uint8Array, from: number, to: number): boolean {
    const position = this.#positionOf(slot);
    const length = this.#slab.lengthAt(position);
    if (length !== to - from) return false;
    const held = this.#slab.bytesAt(position);
    const offset = this.#slab.offsetAt(position);
    for (let i = 0; i < length; i++) if (held[offset + i] !== bytes[from + i]) return false;
    return true;
  }

  #bucketOf(hash: number): number {
    const bucket = hash & this.#bucketMask;
    return bucket < this.#bucketCount ? bucket : bucket & (this.#bucketMask >>> 1);
  }

  #link(slot: number, hash: number): void {
    const bucket = this.#bucketOf(hash);
    this.#words.set(3 * slot, this.#heads.get(bucket));
    this.#heads.set(bucket, tagOf(hash) * slotsMax + slot);
  }

  #unlink(slot: number, hash: number): void {
    const bucket = this.#bucketOf(hash);
    const next = this.#nextOf(slot);
    let before = this.#heads.get(bucket) & slotMask;
    if (before === slot) {
      this.#heads.set(bucket, next);
      return;
    }
    while ((this.#nextOf(before) & slotMask) !== slot) before = this.#nextOf(before) & slotMask;
    this.#words.set(3 * before, next);
  }

  /** Adds a bucket and shares the chain of the one it is split from between the two. */
  #splitNext(): void {
    if (this.#bucketCount > this.#bucketMask) this.#bucketMask = this.#bucketMask * 2 + 1;
    const from = this.#bucketCount & (this.#bucketMask >>> 1);
    this.#bucketCount += 1;
    let link = this.#heads.get(from);
    this.#heads.set(from, 0);
    while (link !== 0) {
      const slot = link & slotMask;
      link = this.#nextOf(slot);
      this.#link(slot, this.#hashOf(slot));
    }
  }

  /** Moves what lives out of blocks that are mostly garbage. A move may fill a block up, which may then be one itself. */
  #compact(): void {
    for (let block = this.#slab.takeSparse(); block >= 0; block = this.#slab.takeSparse()) {
      this.#slab.visit(block, (position) => this.#move(position));
      this.#slab.release(block);
    }
  }

  /** Puts the entry at `position` into the slab once more, if it is the id of a slot. */
  #move(position: number): void {
    const bytes = this.#slab.bytesAt(position);
    const from = this.#slab.offsetAt(position);
    const to = from + this.#slab.lengthAt(position);
    let link = this.#heads.get(this.#bucketOf(idHash(bytes, from, to)));
    while (link !== 0 && this.#positionOf(link & slotMask) !== position) link = this.#nextOf(link & slotMask);
    if (link !== 0) this.#words.set(3 * (link & slotMask) + 1, this.#slab.put(bytes, from, to));
  }

  #positionOf(slot: number): number {
    return this.#words.get(3 * slot + 1);
  }

  #nextOf(slot: number): number {
    return this.#words.get(3 * slot);
  }

  #hashOf(slot: number): number {
    return this.#words.get(3 * slot + 2);
  }
}

function tagOf(hash: number): number {
  return Math.max(1, hash >>> 24);
}

/**
 * Ids by slot and slots by id, without a string or an object for any of them: 12 bytes an id and its text.
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
  /** Where in the slab, by slot; 0 when the slot is empty. */
  readonly #positions = wordColumn();
  /** The next link of the chain, by slot. */
  readonly #nexts = wordColumn();
  /** The first link of the chain, by bucket. */
  readonly #heads = wordColumn();
  #bucketCount = bucketsMin;
  /** One less than the least power of two that is not below the number of buckets. */
  #bucketMask = bucketsMin - 1;
  #size = 0;
  /** The bytes of the id that a caller gave as a string. */
  readonly #scratch = new Uint8Array(3 * unitsMax);

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
    return this.#positions.get(slot) !== 0;
  }

  /** The slot of an id. */
  slotOf(id: string): number | undefined {
    if (id.length > unitsMax) return undefined;
    const end = writeUtf8(id, this.#scratch, 0);
    const slot = this.#find(this.#scratch, 0, end, idHash(this.#scratch, 0, end));
    return slot < 0 ? undefined : slot;
  }

  /** The id in a slot: a new string at each call, 0.1 µs. */
  idOf(slot: number): string | undefined {
    const position = this.#positions.get(slot);
    if (position === 0) return undefined;
    const offset = this.#slab.offsetAt(position);
    return readUtf8(this.#slab.bytesAt(position), offset, offset + this.#slab.lengthAt(position));
  }

  /** Bytes of UTF-8 of the id in a slot; 0 when the slot is empty. */
  byteLengthOf(slot: number): number {
    const position = this.#positions.get(slot);
    return position === 0 ? 0 : this.#slab.lengthAt(position);
  }

  /** Copies the UTF-8 of the id in a slot to `target` from `at` on, where there is room; returns where it ends. */
  copyInto(slot: number, target: Uint8Array, at: number): number {
    const position = this.#positions.get(slot);
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
    assert(id.length <= unitsMax, "an id has at most 255 bytes");
    this.insertBytes(slot, this.#scratch, 0, writeUtf8(id, this.#scratch, 0));
  }

  /** The same for an id in UTF-8, from `from` to before `to`. */
  insertBytes(slot: number, bytes: Uint8Array, from: number, to: number): void {
    assert(this.tryInsertBytes(slot, bytes, from, to), "the id is new");
  }

  /** As `insertBytes`, but false, with nothing changed, when the id is in another slot. */
  tryInsertBytes(slot: number, bytes: Uint8Array, from: number, to: number): boolean {
    assert(Number.isInteger(slot) && slot >= 0 && slot < slotsMax, "a slot is below 2^24");
    assert(!this.has(slot), "the slot is empty");
    const hash = idHash(bytes, from, to);
    if (this.#find(bytes, from, to, hash) >= 0) return false;
    this.#positions.set(slot, this.#slab.put(bytes, from, to));
    this.#link(slot, hash);
    this.#size += 1;
    if (this.#size > this.#bucketCount) this.#splitNext();
    this.#compact();
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
    const position = this.#positions.get(slot);
    assert(position !== 0, "the slot holds an id");
    this.#unlink(slot, this.#hashAt(position));
    this.#positions.set(slot, 0);
    this.#nexts.set(slot, 0);
    this.#slab.drop(position);
    this.#size -= 1;
    this.#compact();
  }

  #find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const tag = tagOf(hash);
    let link = this.#heads.get(this.#bucketOf(hash));
    while (link !== 0) {
      const slot = link & slotMask;
      if (link >>> 24 === tag && this.#isAt(slot, bytes, from, to)) return slot;
      link = this.#nexts.get(slot);
    }
    return -1;
  }

  #isAt(slot: number, bytes: Uint8Array, from: number, to: number): boolean {
    const position = this.#positions.get(slot);
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
    this.#nexts.set(slot, this.#heads.get(bucket));
    this.#heads.set(bucket, tagOf(hash) * slotsMax + slot);
  }

  #unlink(slot: number, hash: number): void {
    const bucket = this.#bucketOf(hash);
    const next = this.#nexts.get(slot);
    let before = this.#heads.get(bucket) & slotMask;
    if (before === slot) {
      this.#heads.set(bucket, next);
      return;
    }
    while ((this.#nexts.get(before) & slotMask) !== slot) before = this.#nexts.get(before) & slotMask;
    this.#nexts.set(before, next);
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
      link = this.#nexts.get(slot);
      this.#link(slot, this.#hashAt(this.#positions.get(slot)));
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
    const hash = this.#hashAt(position);
    let link = this.#heads.get(this.#bucketOf(hash));
    while (link !== 0 && this.#positions.get(link & slotMask) !== position) link = this.#nexts.get(link & slotMask);
    if (link === 0) return;
    const from = this.#slab.offsetAt(position);
    const to = from + this.#slab.lengthAt(position);
    this.#positions.set(link & slotMask, this.#slab.put(this.#slab.bytesAt(position), from, to));
  }

  #hashAt(position: number): number {
    const from = this.#slab.offsetAt(position);
    return idHash(this.#slab.bytesAt(position), from, from + this.#slab.lengthAt(position));
  }
}

function tagOf(hash: number): number {
  return Math.max(1, hash >>> 24);
}

/**
 * Rows of a table that are free, as bits. They are given out in the order of the table from where the last one was
 * taken, so that rows filled one after another stand beside each other, in whatever order they became free: with a
 * stack, each row after a checkpoint would be a fresh piece of memory for the processor to fetch.
 *
 * A bit of the second level says that a word of the first has any, so that the search is short when few are free.
 */

import { lowestBit } from "./bit-set.ts";

/** A set of row numbers, each from 0 to 2^32 - 1. */
export class FreeRows {
  #words = new Uint32Array(32);
  #summary = new Uint32Array(1);
  #count = 0;
  /** Where the search goes on. */
  #hand = 0;

  /** How many rows are free. */
  get count(): number {
    return this.#count;
  }

  /** Makes a row free that is not. */
  add(row: number): void {
    const word = row >>> 5;
    if (word >= this.#words.length) this.#grow(word);
    this.#words[word] = (this.#words[word] as number) | (1 << (row & 31));
    this.#summary[word >>> 5] = (this.#summary[word >>> 5] as number) | (1 << (word & 31));
    this.#count += 1;
  }

  /** The next free row, which is free no longer; -1 for none. */
  take(): number {
    if (this.#count === 0) return -1;
    const row = this.#next(this.#hand);
    const word = row >>> 5;
    const left = (this.#words[word] as number) & ~(1 << (row & 31));
    this.#words[word] = left;
    if (left === 0) this.#summary[word >>> 5] = (this.#summary[word >>> 5] as number) & ~(1 << (word & 31));
    this.#count -= 1;
    this.#hand = row;
    return row;
  }

  /** The first free row from `from` on, or else the first of all; there is one. */
  #next(from: number): number {
    const word = from >>> 5;
    const rest = (this.#words[word] as number) & (-1 << (from & 31));
    if (rest !== 0) return word * 32 + lowestBit(rest);
    const found = this.#nextWord(word + 1);
    return found * 32 + lowestBit(this.#words[found] as number);
  }

  /** The first word from `from` on that has a bit, or else the first of all. */
  #nextWord(from: number): number {
    const summary = this.#summary;
    let at = from >>> 5;
    let rest = at < summary.length ? (summary[at] as number) & (-1 << (from & 31)) : 0;
    while (rest === 0) {
      at = at + 1 < summary.length ? at + 1 : 0;
      rest = summary[at] as number;
    }
    return at * 32 + lowestBit(rest);
  }

  #grow(word: number): void {
    let length = this.#words.length * 2;
    while (length <= word) length *= 2;
    const words = new Uint32Array(length);
    words.set(this.#words);
    this.#words = words;
    const summary = new Uint32Array(length / 32);
    summary.set(this.#summary);
    this.#summary = summary;
  }
}

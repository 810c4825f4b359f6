/** Sets of small numbers as two 32-bit words: what a cron field becomes. */

/** A set of whole numbers from 0 to 63. Immutable; its questions cost a few instructions. */
export class BitSet {
  readonly #low: number;
  readonly #high: number;
  /** How many numbers are in the set. */
  readonly size: number;

  private constructor(low: number, high: number) {
    this.#low = low;
    this.#high = high;
    this.size = bitCount(low) + bitCount(high);
  }

  /** The set of the given numbers, each 0 to 63. */
  static of(values: Iterable<number>): BitSet {
    let low = 0;
    let high = 0;
    for (const value of values) {
      if (value < 32) low |= 1 << value;
      else high |= 1 << (value - 32);
    }
    return new BitSet(low, high);
  }

  /** Whether `value` (0 to 63) is in the set. */
  has(value: number): boolean {
    return ((value < 32 ? this.#low >>> value : this.#high >>> (value - 32)) & 1) === 1;
  }

  /** The smallest number in the set that is at least `from` (0 to 64), or -1. */
  next(from: number): number {
    if (from < 32) {
      const word = this.#low & (-1 << from);
      if (word !== 0) return lowestBit(word);
      return this.#high === 0 ? -1 : 32 + lowestBit(this.#high);
    }
    if (from > 63) return -1;
    const word = this.#high & (-1 << (from - 32));
    return word === 0 ? -1 : 32 + lowestBit(word);
  }

  /** The largest number in the set that is at most `from` (-1 to 63), or -1. */
  prev(from: number): number {
    if (from > 31) {
      const word = this.#high & (-1 >>> (63 - from));
      if (word !== 0) return 63 - Math.clz32(word);
      return 31 - Math.clz32(this.#low);
    }
    if (from < 0) return -1;
    return 31 - Math.clz32(this.#low & (-1 >>> (31 - from)));
  }

  /** How many numbers in the set are below `limit` (0 to 64). */
  countBelow(limit: number): number {
    if (limit <= 0) return 0;
    if (limit <= 32) return bitCount(this.#low & (-1 >>> (32 - limit)));
    return bitCount(this.#low) + bitCount(this.#high & (-1 >>> (64 - limit)));
  }

  /** The numbers, smallest first. */
  values(): number[] {
    const values: number[] = [];
    for (let value = this.next(0); value >= 0; value = this.next(value + 1)) values.push(value);
    return values;
  }

  /** A short text that is equal for equal sets only. */
  key(): string {
    return `${(this.#low >>> 0).toString(36)}.${(this.#high >>> 0).toString(36)}`;
  }
}

/** How many bits of a 32-bit word are set. */
export function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The position of the lowest set bit of a 32-bit word that is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Numbers and texts to bytes, in a buffer that grows and is used again. */

const firstBytes = 16 * 1024;
const two28 = 2 ** 28;
const numberBytesMax = 8;

/** Appends; `bytes()` is what was appended since `clear()`. */
export class ByteWriter {
  #buffer = Buffer.alloc(firstBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was appended, valid until the next call of anything here. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  /** A whole number from 0 to 2^53 - 1: seven bits a byte, the lowest first, the top bit set on all but the last. */
  number(value: number): void {
    if (this.#length + numberBytesMax > this.#buffer.length) this.#reserve(numberBytesMax);
    const buffer = this.#buffer;
    let at = this.#length;
    let rest = value;
    // Beyond 31 bits the operators that work on bits would cut the number; of the rest they are the fast ones.
    if (value >= two28) {
      rest = Math.floor(value / two28);
      const low = value - rest * two28;
      buffer[at] = (low & 0x7f) | 0x80;
      buffer[at + 1] = ((low >>> 7) & 0x7f) | 0x80;
      buffer[at + 2] = ((low >>> 14) & 0x7f) | 0x80;
      buffer[at + 3] = (low >>> 21) | 0x80;
      at += 4;
    }
    while (rest >= 0x80) {
      buffer[at] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
      at += 1;
    }
    buffer[at] = rest;
    this.#length = at + 1;
  }

  /** A whole number of either sign: the sign in the lowest bit. At most 2^52 in size. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** The length, then as many bytes, which `fill` writes to the buffer it is given from the place it is given. */
  filled(length: number, fill: (target: Uint8Array, at: number) => void): void {
    this.number(length);
    this.#reserve(length);
    fill(this.#buffer, this.#length);
    this.#length += length;
  }

  /** The length, then the bytes. */
  block(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.number(end - start);
    this.raw(bytes, start, end);
  }

  /** The bytes alone. */
  raw(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#reserve(end - start);
    this.#buffer.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#buffer.length) return;
    const grown = Buffer.alloc(Math.max(this.#buffer.length * 2, this.#length + count));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** Numbers and texts to bytes, in a buffer that grows and is used again. */

const firstBytes = 16 * 1024;
const two28 = 2 ** 28;

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
    this.#reserve(8);
    let rest = value;
    // Beyond 31 bits the operators that work on bits would cut the number.
    if (rest >= two28) {
      const low = rest % two28;
      rest = Math.floor(rest / two28);
      for (let shift = 0; shift < 28; shift += 7) this.#put(0x80 | ((low >>> shift) & 0x7f));
    }
    while (rest >= 0x80) {
      this.#put(0x80 | (rest % 0x80));
      rest = Math.floor(rest / 0x80);
    }
    this.#put(rest);
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

  #put(byte: number): void {
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#buffer.length) return;
    const grown = Buffer.alloc(Math.max(this.#buffer.length * 2, this.#length + count));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

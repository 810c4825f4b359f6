/** What a `ByteWriter` wrote, read back with every length checked. */

import { KronError } from "../core/errors.ts";
import { unpackValue } from "../journal/codec.ts";

/** Reads one value forward. Every method throws `KRON_SNAPSHOT_CORRUPT` when the bytes are not what they should be. */
export class ByteReader {
  /** What is read. */
  readonly bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** `what` names the value in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes;
    this.#what = what;
  }

  get isAtEnd(): boolean {
    return this.#at === this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw this.corrupt("is cut short");
    this.#at += 1;
    return byte;
  }

  number(): number {
    let value = 0;
    let unit = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      unit *= 0x80;
    }
    throw this.corrupt("holds a number beyond 53 bits");
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  /** Where a block stands in `bytes`. */
  range(): { readonly start: number; readonly end: number } {
    const length = this.number();
    const start = this.#at;
    if (length > this.bytes.length - start) throw this.corrupt("is cut short");
    this.#at += length;
    return { start, end: this.#at };
  }

  /** A block that holds one value of msgpack. */
  packed(): unknown {
    const { start, end } = this.range();
    try {
      return unpackValue(this.bytes, start, end);
    } catch (cause) {
      throw this.corrupt("holds msgpack that cannot be read", cause);
    }
  }

  /** To be called at the end: whatever is left over is a mistake. */
  end(): void {
    if (!this.isAtEnd) throw this.corrupt("is too long");
  }

  /** The error that says what is wrong with the value. */
  corrupt(fault: string, cause?: unknown): KronError {
    return new KronError("KRON_SNAPSHOT_CORRUPT", `Expected to read ${this.#what} of the snapshot, it ${fault}`, {
      ...(cause !== undefined && { cause }),
      hint: "Run `kron doctor`; restore the newest backup with `kron restore`",
    });
  }
}

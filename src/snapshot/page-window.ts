/**
 * Pages of a file, read many at a time where they are asked for in order, as a walk over a freshly written file does.
 * Pages that are asked for here and there are read one by one.
 */

const windowBytes = 2 ** 15;

/** Reads pages by number; see the head of this file. */
export class PageWindow {
  readonly #read: (into: Uint8Array, position: number) => number;
  #bytes: Uint8Array = new Uint8Array(0);
  /** The number of the first page in `#bytes`. */
  #first = 0;
  /** The page that was asked for last; NaN when none was. */
  #last = Number.NaN;

  /** `read` fills `into` from `position` on, and returns how many bytes there were. */
  constructor(read: (into: Uint8Array, position: number) => number) {
    this.#read = read;
  }

  /** The bytes of a page, which nothing will change; undefined behind the end of the file. Throws what `read` throws. */
  page(number: number, pageBytes: number): Uint8Array | undefined {
    if (!this.#holds(number, pageBytes)) {
      const isNext = number === this.#last + 1;
      const bytes = Buffer.allocUnsafeSlow(isNext ? Math.max(pageBytes, windowBytes) : pageBytes);
      this.#bytes = bytes.subarray(0, this.#read(bytes, number * pageBytes));
      this.#first = number;
    }
    this.#last = number;
    if (!this.#holds(number, pageBytes)) return undefined;
    const at = (number - this.#first) * pageBytes;
    return this.#bytes.subarray(at, at + pageBytes);
  }

  /** Forgets what was read. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#last = Number.NaN;
  }

  #holds(number: number, pageBytes: number): boolean {
    return number >= this.#first && (number + 1 - this.#first) * pageBytes <= this.#bytes.length;
  }
}

/** The end of a stream of bytes: the last few are kept, however many come. */

/** Keeps the last `bytesMax` bytes of what is added. */
export class TailBuffer {
  readonly #bytesMax: number;
  #kept: Buffer = Buffer.alloc(0);
  #total = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are no longer there. */
  get cutBytes(): number {
    return this.#total - this.#kept.length;
  }

  add(bytes: Uint8Array): void {
    this.#total += bytes.length;
    const last = bytes.subarray(Math.max(0, bytes.length - this.#bytesMax));
    const before = this.#kept.subarray(Math.max(0, this.#kept.length + last.length - this.#bytesMax));
    // A copy, so that the large buffer that `bytes` is a window into can go.
    this.#kept = Buffer.concat([before, last]);
  }

  /**
   * The end as text of at most as many bytes; a character that was cut in two is left out, and what is no UTF-8 becomes
   * U+FFFD, which takes three.
   */
  text(): string {
    let start = 0;
    // The bytes of a character after its first one are 10xxxxxx, three at most.
    while (this.cutBytes > 0 && start < 3 && ((this.#kept[start] ?? 0) & 0xc0) === 0x80) start += 1;
    const text = this.#kept.toString("utf8", start);
    return Buffer.byteLength(text) <= this.#bytesMax ? text : text.slice(-Math.floor(this.#bytesMax / 3));
  }
}

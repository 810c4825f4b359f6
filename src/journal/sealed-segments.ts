/** The sealed segments of an open journal, oldest first: what there is to drop, and how large it all is. */

import { assert } from "../core/assert.ts";
import type { SealedFile } from "./survey.ts";

/** The list, kept by whoever seals and whoever drops. */
export class SealedSegments {
  readonly #files: SealedFile[];
  #bytes = 0;

  constructor(files: readonly SealedFile[]) {
    this.#files = [...files];
    for (const { bytes } of files) this.#bytes += bytes;
  }

  get count(): number {
    return this.#files.length;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A segment was sealed: the newest now. */
  add(file: SealedFile): void {
    this.#files.push(file);
    this.#bytes += file.bytes;
  }

  /** The oldest, `file`, was removed. */
  removeOldest(file: SealedFile): void {
    assert(this.#files[0] === file, "segments are removed oldest first");
    this.#files.shift();
    this.#bytes -= file.bytes;
  }

  /**
   * The segments that hold only entries below `index`, oldest first. `activeFirst` is the index of the active
   * segment's first entry, undefined while it has none: then the newest sealed one stays, as the next frame
   * is chained on to its last.
   */
  below(index: number, activeFirst: number | undefined): { files: readonly SealedFile[]; firstIndex: number } {
    let firstIndex = 0;
    let count = 0;
    while (count < this.#files.length) {
      const next = this.#files[count + 1]?.firstIndex ?? activeFirst;
      if (next === undefined || next > index) break;
      firstIndex = next;
      count += 1;
    }
    return { files: this.#files.slice(0, count), firstIndex };
  }
}

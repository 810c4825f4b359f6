/** The segment being written: where the next batch goes, and how one segment gives way to the next. */

import { join } from "node:path";
import { assert } from "../core/assert.ts";
import type { Disk, FileHandle } from "../ports.ts";
import { activeName, nextName, quietly, sealedName, writeFully } from "./files.ts";
import type { SealedSegments } from "./sealed-segments.ts";
import { segmentHeadBytes } from "./segment-head.ts";
import type { ReadySegment } from "./segment-maker.ts";

/** The state of the active segment. */
export interface ActiveState {
  readonly file: FileHandle;
  readonly salt: number;
  /** Where the next batch goes; a whole number of sectors. */
  readonly offset: number;
  /** Bytes allocated; writing beyond works but makes syncs slower. */
  readonly capacity: number;
  /** Index of its first entry, or of the next entry when it has none. */
  readonly firstIndex: number;
}

/** `kron.aof`, open for writing. */
export class ActiveSegment {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #sealed: SealedSegments;
  #file: FileHandle;
  #salt: number;
  #offset: number;
  #capacity: number;
  #firstIndex: number;

  /** `sealed` is told of this segment and those after it, as they are sealed. */
  constructor(disk: Disk, directory: string, sealed: SealedSegments, state: ActiveState) {
    this.#disk = disk;
    this.#directory = directory;
    this.#sealed = sealed;
    this.#file = state.file;
    this.#salt = state.salt;
    this.#offset = state.offset;
    this.#capacity = state.capacity;
    this.#firstIndex = state.firstIndex;
  }

  /** Puts `ready` in the place of an active segment that is missing or has no entries. Throws what the disk throws. */
  static createFirst(
    disk: Disk,
    directory: string,
    sealed: SealedSegments,
    ready: ReadySegment,
    firstIndex: number,
  ): ActiveSegment {
    disk.rename(join(directory, nextName), join(directory, activeName));
    disk.syncDirectory(directory);
    const { file, salt, capacity } = ready;
    const state = { file, salt, offset: segmentHeadBytes, capacity, firstIndex };
    return new ActiveSegment(disk, directory, sealed, state);
  }

  get file(): FileHandle {
    return this.#file;
  }

  get salt(): number {
    return this.#salt;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Bytes on the disk, preallocated space included. */
  get bytes(): number {
    return Math.max(this.#offset, this.#capacity);
  }

  /** Index of its first entry, or of the next entry when it has none. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  get isEmpty(): boolean {
    return this.#offset <= segmentHeadBytes;
  }

  /** The part of the allocated bytes that is used, 0 to 1 and above. */
  get fill(): number {
    return this.#offset / this.#capacity;
  }

  /** Whether a batch of `bytes` should go here: it fits, or there is nothing here that it could follow. */
  hasRoom(bytes: number): boolean {
    return this.isEmpty || this.#offset + bytes <= this.#capacity;
  }

  /** Writes a batch behind the last. When it throws, `cutBack` must succeed before anything else is written. */
  write(bytes: Uint8Array): void {
    writeFully(this.#disk, this.#file, bytes, this.#offset);
    this.#offset += bytes.length;
  }

  /**
   * Removes what a failed write may have left, and makes sure of it: frames of refused entries must not come
   * back after a crash. The allocated space behind is gone with it.
   */
  cutBack(): void {
    this.#disk.truncate(this.#file, this.#offset);
    this.#disk.syncDataNow(this.#file);
  }

  /**
   * Seals this segment, all of which must be synced, and goes on in `ready`, whose first entry will be
   * `nextIndex`. Returns the cause, with nothing changed, when the disk would not take the first step. Throws
   * when a later step failed: then nothing may be written any more, and the next start sorts it out.
   */
  replaceBy(ready: ReadySegment, nextIndex: number): unknown {
    const activePath = join(this.#directory, activeName);
    const name = sealedName(this.#firstIndex);
    const sealedPath = join(this.#directory, name);
    assert(!this.#disk.exists(sealedPath), "no two segments begin with the same index");
    try {
      this.#disk.rename(activePath, sealedPath);
    } catch (cause) {
      return cause;
    }
    this.#disk.rename(join(this.#directory, nextName), activePath);
    this.#disk.syncDirectory(this.#directory);
    // Only space and a handle can be lost here: zeros at the end of a sealed segment are allowed.
    quietly(() => this.#disk.truncate(this.#file, this.#offset));
    quietly(() => this.#disk.close(this.#file));
    this.#sealed.add({ name, firstIndex: this.#firstIndex, bytes: this.#offset });
    this.#file = ready.file;
    this.#salt = ready.salt;
    this.#offset = segmentHeadBytes;
    this.#capacity = ready.capacity;
    this.#firstIndex = nextIndex;
    return undefined;
  }

  /** Closes the file. */
  close(): void {
    this.#disk.close(this.#file);
  }
}

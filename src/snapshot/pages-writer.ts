/**
 * Writes a plain file from its beginning to its end, beside the place where it will stand. Values go to the disk as
 * they come, in any order, so that only the index is held in memory.
 */

import { createHash, type Hash } from "node:crypto";
import { dirname } from "node:path";
import { writeFully } from "../journal/files.ts";
import type { Clock, Disk, FileHandle } from "../ports.ts";
import { requireKey } from "./key-order.ts";
import { Pace } from "./pace.ts";
import { PagesFile } from "./pages-file.ts";
import { hashBytes, packEntry, packFooter, packHeader, textOfKey, type ValuePlace } from "./pages-format.ts";
import { sealBytes, sealValue } from "./sealed-value.ts";
import { writeError } from "./snapshot-error.ts";
import { discard, nextPath, removeIfThere, synced } from "./snapshot-files.ts";

const bufferBytes = 256 * 1024;

/** A file being written under `nextPath(path)`. */
export class PagesWriter {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  readonly #buffer = new Uint8Array(bufferBytes);
  readonly #places = new Map<string, ValuePlace>();
  #buffered = 0;
  #written = 0;
  /** What a write to the disk failed with; whoever calls `put` may have carried on all the same. */
  #failure: Error | undefined;

  /** Begins the file. Throws `KRON_DISK_FULL` or `KRON_SNAPSHOT_FAILED`, as all methods do. */
  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    let file: FileHandle | undefined;
    try {
      removeIfThere(disk, nextPath(path));
      file = disk.openWrite(nextPath(path), { create: true, exclusive: true });
    } catch (error) {
      throw writeError(path, error);
    }
    this.#file = file;
    this.#append(packHeader());
  }

  /** Adds `value` under `key`, or puts it in the place of what was added under `key` before. */
  put(key: Uint8Array, value: Uint8Array): void {
    requireKey(key);
    const bytes = sealBytes + value.length;
    const at = this.#reserve(bytes);
    if (at !== undefined) sealValue(this.#buffer, at, key, value);
    else {
      const sealed = new Uint8Array(bytes);
      sealValue(sealed, 0, key, value);
      this.#append(sealed);
    }
    this.#places.set(textOfKey(key), { position: this.#position - bytes, bytes });
  }

  /** Adds the sealed value of the key with this text, unchanged. */
  putSealed(text: string, sealed: Uint8Array): void {
    this.#append(sealed);
    this.#places.set(text, { position: this.#position - sealed.length, bytes: sealed.length });
  }

  /** Takes back what was added under `key`. */
  remove(key: Uint8Array): void {
    this.#places.delete(textOfKey(key));
  }

  /** Whether something was added under the key with this text. */
  has(text: string): boolean {
    return this.#places.has(text);
  }

  /** Writes the index and the rest, and syncs it all; for reading the file, which still has its other name. */
  async finish(pace: Pace): Promise<PagesFile> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const texts = [...this.#places.keys()].sort();
      const indexAt = this.#position;
      for (const text of texts) {
        const entry = packEntry(text, this.#places.get(text) as ValuePlace);
        this.#append(entry);
        if (pace.spend(entry.length)) await pace.nextTurn();
      }
      this.#append(packFooter(indexAt, texts.length));
      this.#flush();
      writeFully(this.#disk, this.#file, this.#hash.digest(), this.#written);
      await synced(this.#disk, this.#file);
      const places = texts.map((text) => this.#places.get(text) as ValuePlace);
      return new PagesFile(this.#disk, this.#path, this.#file, this.#written + hashBytes, { keys: texts, places });
    } catch (error) {
      throw writeError(this.#path, error);
    }
  }

  /** Gives up: nothing of the file is left. */
  discard(): void {
    discard(this.#disk, this.#file, nextPath(this.#path));
  }

  get #position(): number {
    return this.#written + this.#buffered;
  }

  /** Where in the buffer `bytes` bytes are to be put; undefined when they are too many. */
  #reserve(bytes: number): number | undefined {
    if (bytes > bufferBytes) return undefined;
    if (this.#buffered + bytes > bufferBytes) this.#flush();
    const at = this.#buffered;
    this.#buffered += bytes;
    return at;
  }

  #append(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    if (at !== undefined) this.#buffer.set(bytes, at);
    else {
      this.#flush();
      this.#write(bytes);
    }
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    try {
      writeFully(this.#disk, this.#file, bytes, this.#written);
    } catch (error) {
      this.#failure = writeError(this.#path, error);
      throw this.#failure;
    }
    this.#hash.update(bytes);
    this.#written += bytes.length;
  }
}

/** What `writePages` takes. */
export type Pairs = Iterable<readonly [Uint8Array, Uint8Array]> | AsyncIterable<readonly [Uint8Array, Uint8Array]>;

/**
 * Writes a plain file at `path` with all of `pairs`; it is there whole or not at all. For backups, anywhere.
 *
 * Rejects with `KRON_DISK_FULL`, `KRON_SNAPSHOT_FAILED`, or what `pairs` throws.
 */
export async function writePages(disk: Disk, clock: Clock, path: string, pairs: Pairs): Promise<void> {
  const writer = new PagesWriter(disk, path);
  const pace = new Pace(clock);
  try {
    for await (const [key, value] of pairs) {
      writer.put(key, value);
      if (pace.spend(value.length)) await pace.nextTurn();
    }
    (await writer.finish(pace)).close();
    placeFile(disk, path);
  } catch (error) {
    writer.discard();
    throw error;
  }
}

/** Gives the finished file its name, durably. */
export function placeFile(disk: Disk, path: string): void {
  try {
    disk.rename(nextPath(path), path);
    disk.syncDirectory(dirname(path));
  } catch (error) {
    throw writeError(path, error);
  }
}

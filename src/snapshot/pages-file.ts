/** A plain file opened for reading: judged as a whole when it is opened, then read value by value. */

import { createHash } from "node:crypto";
import { KronError } from "../core/errors.ts";
import { readFully } from "../journal/files.ts";
import type { Clock, Disk, FileHandle, SnapshotRange } from "../ports.ts";
import { Pace } from "./pace.ts";
import {
  firstNotBelow,
  footerBytes,
  hashBytes,
  headerBytes,
  judgeHeader,
  keyOfText,
  type PagesIndex,
  readFooter,
  readIndex,
  textOfKey,
  type ValuePlace,
} from "./pages-format.ts";
import { openSealed } from "./sealed-value.ts";
import { corruptError, readError } from "./snapshot-error.ts";

const sliceBytes = 256 * 1024;

/** An open plain file and its index. */
export class PagesFile {
  readonly path: string;
  /** The size of the file. */
  readonly bytes: number;
  /** The keys in order, as texts of one character a byte. */
  readonly keys: readonly string[];
  readonly #places: readonly ValuePlace[];
  readonly #disk: Disk;
  #file: FileHandle;

  /** For those who have judged the file, or have just written it. */
  constructor(disk: Disk, path: string, file: FileHandle, bytes: number, index: PagesIndex) {
    this.#disk = disk;
    this.path = path;
    this.#file = file;
    this.bytes = bytes;
    this.keys = index.keys;
    this.#places = index.places;
  }

  /** A copy of the value at `key`, or undefined. Throws `KRON_SNAPSHOT_CORRUPT`. */
  get(key: Uint8Array): Uint8Array | undefined {
    const text = textOfKey(key);
    const index = firstNotBelow(this.keys, text);
    return this.keys[index] === text ? this.#valueAt(index, key) : undefined;
  }

  /** As `SnapshotStore.visit`. */
  visit(range: SnapshotRange, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    const first = firstNotBelow(this.keys, textOfKey(range.from));
    const end = firstNotBelow(this.keys, textOfKey(range.to));
    const step = range.reverse === true ? -1 : 1;
    for (let index = step > 0 ? first : end - 1; index >= first && index < end; index += step) {
      const key = keyOfText(this.keys[index] as string);
      if (!visit(key, this.#valueAt(index, key))) return;
    }
  }

  /** The sealed value with this place in `keys`, not judged. */
  sealedAt(index: number): Uint8Array {
    const { position, bytes } = this.#places[index] as ValuePlace;
    const sealed = new Uint8Array(bytes);
    readExactly(this.#disk, this.path, this.#file, sealed, position);
    return sealed;
  }

  /** Calls `take` with all bytes of the file, in order. */
  async stream(pace: Pace, take: (bytes: Uint8Array) => void): Promise<void> {
    await streamBytes(this.#disk, this.path, this.#file, this.bytes, pace, take);
  }

  /** Does `work` while the file is not open, and opens it again when that fails. */
  whileClosed(work: () => void): void {
    this.close();
    try {
      work();
    } catch (error) {
      this.#file = this.#disk.openRead(this.path);
      throw error;
    }
  }

  close(): void {
    this.#disk.close(this.#file);
  }

  #valueAt(index: number, key: Uint8Array): Uint8Array {
    const value = openSealed(key, this.sealedAt(index));
    if (value === undefined) throw corruptError(this.path, "Bad checksum of a value");
    return value;
  }
}

/**
 * Opens the plain file at `path` after all of it was read and found whole.
 *
 * Rejects with `KRON_SNAPSHOT_CORRUPT`, `KRON_SNAPSHOT_VERSION`, or `KRON_SNAPSHOT_FAILED`.
 */
export async function openPagesFile(disk: Disk, clock: Clock, path: string): Promise<PagesFile> {
  let file: FileHandle;
  try {
    file = disk.openRead(path);
  } catch (error) {
    throw readError(path, error);
  }
  try {
    const bytes = disk.size(file);
    return new PagesFile(disk, path, file, bytes, await judgeFile(disk, clock, path, file, bytes));
  } catch (error) {
    disk.close(file);
    throw readError(path, error);
  }
}

async function judgeFile(disk: Disk, clock: Clock, path: string, file: FileHandle, bytes: number): Promise<PagesIndex> {
  if (bytes < headerBytes + footerBytes) throw corruptError(path, `Expected a whole file, got ${bytes} bytes`);
  const hash = createHash("sha256");
  await streamBytes(disk, path, file, bytes - hashBytes, new Pace(clock), (slice) => hash.update(slice));
  const footer = Buffer.alloc(footerBytes);
  readExactly(disk, path, file, footer, bytes - footerBytes);
  if (!hash.digest().equals(footer.subarray(footerBytes - hashBytes))) throw corruptError(path, "Bad SHA-256");
  const header = new Uint8Array(headerBytes);
  readExactly(disk, path, file, header, 0);
  const judgement = judgeHeader(header);
  if (judgement === "foreign") throw corruptError(path, "Expected a snapshot, got another file");
  if (judgement !== "ours") {
    throw new KronError("KRON_SNAPSHOT_VERSION", `Expected format 1, got ${judgement.version} in ${path}`, {
      hint: "Use the version of Kron that wrote it, or a later one",
    });
  }
  const { indexAt, entries } = readFooter(footer);
  const indexBytes = bytes - footerBytes - indexAt;
  if (!(indexAt >= headerBytes && indexBytes >= 0)) throw corruptError(path, "Expected an index");
  const packed = Buffer.alloc(indexBytes);
  readExactly(disk, path, file, packed, indexAt);
  const index = readIndex(packed, indexAt, entries);
  if (typeof index === "string") throw corruptError(path, `Expected an index, got ${index}`);
  return index;
}

/** Reads from the beginning, `bytes` bytes. */
async function streamBytes(
  disk: Disk,
  path: string,
  file: FileHandle,
  bytes: number,
  pace: Pace,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(sliceBytes, bytes));
  for (let at = 0; at < bytes; at += buffer.length) {
    const slice = buffer.subarray(0, Math.min(buffer.length, bytes - at));
    readExactly(disk, path, file, slice, at);
    take(slice);
    if (pace.spend(slice.length)) await pace.nextTurn();
  }
}

function readExactly(disk: Disk, path: string, file: FileHandle, into: Uint8Array, position: number): void {
  let got: number;
  try {
    got = readFully(disk, file, into, position);
  } catch (error) {
    throw readError(path, error);
  }
  if (got < into.length) throw corruptError(path, `Expected ${into.length} bytes at ${position}, got ${got}`);
}

/**
 * The snapshot in an LMDB file: read by plain reads (lmdb-file.ts), written by LMDB in a thread (lmdb-write.ts).
 *
 * So reads see what was written last, also while a write is under way and after one that failed, and LMDB never
 * meets a file that was not judged before. Only the holder of the directory's lock may write.
 *
 * The changes of a write are gathered in memory, then handed over: LMDB would hold them until its commit too.
 */

import { constants as copying } from "node:fs";
import { copyFile } from "node:fs/promises";
import { dirname } from "node:path";
import { KronError } from "../core/errors.ts";
import { quietly } from "../journal/files.ts";
import type { Disk, SnapshotBatch, SnapshotRange, SnapshotStore } from "../ports.ts";
import { appendPut, appendRemoval, type BatchChunk } from "./batch-chunks.ts";
import { requireKey } from "./key-order.ts";
import { checkOpenFile } from "./lmdb-check.ts";
import { lmdbFailure } from "./lmdb-failure.ts";
import { LmdbFile } from "./lmdb-file.ts";
import { findEntry, visitEntries } from "./lmdb-walk.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { openSealed } from "./sealed-value.ts";
import { writeError } from "./snapshot-error.ts";
import { discard, nextPath, synced } from "./snapshot-files.ts";

/** What else a store needs. */
export interface LmdbStoreOptions {
  /** For reading, and for what is done with whole files. LMDB itself writes past it. */
  readonly disk: Disk;
  /** True refuses writes and leaves the directory as it is; for readers without the lock, beside a writer. */
  readonly readOnly?: boolean;
}

/**
 * Opens the LMDB file at `path`; one that is not there is empty, and made by the first write.
 *
 * Throws `KRON_SNAPSHOT_CORRUPT` when it is damaged, and `KRON_SNAPSHOT_FAILED` when it cannot be read.
 */
export function openLmdbStore(path: string, options: LmdbStoreOptions): SnapshotStore {
  return new LmdbStore(path, options, options.disk.exists(path) ? openChecked(options, path) : undefined);
}

/** A writer may run beside a reader: what was read is good when the meta page is the same before and after. */
function openChecked({ disk, readOnly = false }: LmdbStoreOptions, path: string): LmdbFile {
  const file = new LmdbFile(disk, path);
  for (let tries = readOnly ? 3 : 1; ; tries -= 1) {
    const { txn } = file.meta;
    try {
      checkOpenFile(file);
      return file;
    } catch (error) {
      if (tries === 1 || file.readMeta().txn === txn) {
        file.close();
        throw error;
      }
      file.refresh();
    }
  }
}

class LmdbStore implements SnapshotStore {
  readonly kind = "lmdb";
  readonly #path: string;
  readonly #options: LmdbStoreOptions;
  readonly #disk: Disk;
  readonly #turn: OneAtATime;
  #file: LmdbFile | undefined;
  /** Set by a failed write; then the file is judged anew before LMDB gets it. */
  #isSuspect = false;

  constructor(path: string, options: LmdbStoreOptions, file: LmdbFile | undefined) {
    this.#path = path;
    this.#options = options;
    this.#disk = options.disk;
    this.#turn = new OneAtATime(path);
    this.#file = file;
  }

  get bytes(): number {
    return this.#file?.bytes ?? 0;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const file = this.#readable();
    if (file === undefined) return undefined;
    return this.#reading(file, () => {
      const entry = findEntry(file, key);
      if (entry === undefined) return undefined;
      const value = openSealed(key, file.value(entry.page, entry.index));
      if (value === undefined) throw file.fault("Bad checksum of a value");
      return new Uint8Array(value);
    });
  }

  visit(range: SnapshotRange, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    const file = this.#readable();
    if (file === undefined) return;
    let thrown: { readonly error: unknown } | undefined;
    this.#reading(file, () => {
      visitEntries(file, range, (page, index) => {
        const key = page.key(index);
        const value = openSealed(key, file.value(page, index));
        if (value === undefined) throw file.fault("Bad checksum of a value");
        try {
          return visit(key, value);
        } catch (error) {
          thrown = { error };
          return false;
        }
      });
    });
    if (thrown !== undefined) throw thrown.error;
  }

  write(fill: (batch: SnapshotBatch) => Promise<void>): Promise<void> {
    return this.#turn.run(async () => {
      this.#requireWritable();
      const chunks: BatchChunk[] = [];
      await fill({
        put: (key, value) => {
          requireKey(key);
          this.#turn.requireOpen();
          appendPut(chunks, key, value);
        },
        remove: (key) => {
          requireKey(key);
          this.#turn.requireOpen();
          appendRemoval(chunks, key);
        },
      });
      this.#turn.requireOpen();
      if (this.#file === undefined) await this.#create(chunks);
      else if (chunks.length > 0) await this.#change(this.#file, chunks);
    });
  }

  copyTo(path: string): Promise<void> {
    return this.#turn.run(async () => {
      this.#requireWritable();
      const next = nextPath(path);
      try {
        if (this.#file === undefined) throw new Error("There is nothing to copy yet");
        await copyFile(this.#path, next, copying.COPYFILE_FICLONE);
        await this.#place(next, path);
      } catch (error) {
        discard(this.#disk, undefined, next);
        throw writeError(path, error);
      }
    });
  }

  async close(): Promise<void> {
    await this.#turn.close();
    this.#file?.close();
    this.#file = undefined;
  }

  /** The first write makes a file under another name, so that whatever stands at the path is whole. */
  async #create(chunks: readonly BatchChunk[]): Promise<void> {
    const next = nextPath(this.#path);
    try {
      const { makeEmptyFile } = await import("./lmdb-write.ts");
      makeEmptyFile(this.#disk, next);
      await this.#runLmdb(next, chunks);
      // On machines with words of 32 bits LMDB's files are others, and not for us to read.
      new LmdbFile(this.#disk, next).close();
      await this.#place(next, this.#path);
      this.#file = new LmdbFile(this.#disk, this.#path);
    } catch (error) {
      discard(this.#disk, undefined, next);
      throw writeError(this.#path, error);
    }
  }

  async #change(file: LmdbFile, chunks: readonly BatchChunk[]): Promise<void> {
    if (this.#isSuspect) {
      file.refresh();
      checkOpenFile(file);
    }
    this.#isSuspect = true;
    try {
      await this.#runLmdb(this.#path, chunks);
    } catch (error) {
      quietly(() => this.#cutBack(file));
      throw writeError(this.#path, error);
    }
    file.refresh();
    this.#isSuspect = false;
  }

  async #runLmdb(path: string, chunks: readonly BatchChunk[]): Promise<void> {
    const { writeLmdb } = await import("./lmdb-write.ts");
    const result = await writeLmdb(this.#disk, path, chunks);
    if (result.kind !== "done") throw lmdbFailure(path, result);
  }

  /** Gives back what a failed transaction wrote behind the last page, as others may need the space. */
  #cutBack(file: LmdbFile): void {
    const { lastPage, pageBytes } = file.meta;
    if (file.readMeta().txn !== file.meta.txn || file.bytes <= (lastPage + 1) * pageBytes) return;
    const handle = this.#disk.openWrite(this.#path, { create: false });
    try {
      this.#disk.truncate(handle, (lastPage + 1) * pageBytes);
    } finally {
      this.#disk.close(handle);
    }
  }

  /** Syncs `next` and gives it its name. */
  async #place(next: string, path: string): Promise<void> {
    const handle = this.#disk.openWrite(next, { create: false });
    try {
      await synced(this.#disk, handle);
    } finally {
      this.#disk.close(handle);
    }
    this.#disk.rename(next, path);
    this.#disk.syncDirectory(dirname(path));
  }

  #readable(): LmdbFile | undefined {
    this.#turn.requireOpen();
    return this.#file;
  }

  #requireWritable(): void {
    if (this.#options.readOnly !== true) return;
    throw new KronError("KRON_SNAPSHOT_FAILED", `Expected a writer, got ${this.#path} opened for reading only`);
  }

  /** Runs `read`; beside a writer, what looks like damage may be that the pages were used again. */
  #reading<T>(file: LmdbFile, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (this.#options.readOnly !== true || file.readMeta().txn === file.meta.txn) throw error;
      throw new KronError("KRON_SNAPSHOT_FAILED", `${this.#path} was written while it was read`, {
        cause: error,
        hint: "Try again",
      });
    }
  }
}

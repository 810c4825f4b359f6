/**
 * The snapshot in a plain file, for machines without LMDB and for disks that are not the machine's own. A write
 * makes the whole file anew: first the changes as they come, then what they leave of the file before.
 */

import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { quietly, writeFully } from "../journal/files.ts";
import type { Clock, Disk, FileHandle, SnapshotBatch, SnapshotRange, SnapshotStore } from "../ports.ts";
import { requireKey } from "./key-order.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { Pace } from "./pace.ts";
import { openPagesFile, type PagesFile } from "./pages-file.ts";
import { hashBytes, textOfKey } from "./pages-format.ts";
import { PagesWriter, placeFile } from "./pages-writer.ts";
import { codeOf, corruptError, writeError } from "./snapshot-error.ts";
import { discard, nextPath, removeIfThere, synced } from "./snapshot-files.ts";

/** What else a store needs. */
export interface FileStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
}

/**
 * Opens the plain file at `path`, all of which is read once; one that is not there is empty, and made by the first
 * write. A reader beside a writer keeps what it opened, whatever is written later.
 *
 * Rejects with `KRON_SNAPSHOT_CORRUPT`, `KRON_SNAPSHOT_VERSION`, or `KRON_SNAPSHOT_FAILED`.
 */
export async function openFileStore(path: string, options: FileStoreOptions): Promise<SnapshotStore> {
  const { disk, clock } = options;
  const file = disk.exists(path) ? await openPagesFile(disk, clock, path) : undefined;
  return new FileStore(path, options, file);
}

class FileStore implements SnapshotStore {
  readonly kind = "file";
  readonly #path: string;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #turn: OneAtATime;
  #file: PagesFile | undefined;

  constructor(path: string, { disk, clock }: FileStoreOptions, file: PagesFile | undefined) {
    this.#path = path;
    this.#disk = disk;
    this.#clock = clock;
    this.#turn = new OneAtATime(path);
    this.#file = file;
  }

  get bytes(): number {
    return this.#file?.bytes ?? 0;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#turn.requireOpen();
    const value = this.#file?.get(key);
    return value === undefined ? undefined : new Uint8Array(value);
  }

  visit(range: SnapshotRange, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    this.#turn.requireOpen();
    this.#file?.visit(range, visit);
  }

  write(fill: (batch: SnapshotBatch) => Promise<void>): Promise<void> {
    return this.#turn.run(async () => {
      const writer = new PagesWriter(this.#disk, this.#path);
      try {
        const removed = new Set<string>();
        await fill({
          put: (key, value) => {
            this.#turn.requireOpen();
            writer.put(key, value);
          },
          remove: (key) => {
            requireKey(key);
            this.#turn.requireOpen();
            writer.remove(key);
            removed.add(textOfKey(key));
          },
        });
        const pace = new Pace(this.#clock);
        await this.#keepOthers(writer, removed, pace);
        this.#turn.requireOpen();
        this.#replace(await writer.finish(pace));
      } catch (error) {
        writer.discard();
        throw error;
      }
    });
  }

  copyTo(path: string): Promise<void> {
    return this.#turn.run(async () => {
      const file = this.#file;
      const next = nextPath(path);
      let copy: FileHandle | undefined;
      try {
        if (file === undefined) throw new Error("There is nothing to copy yet");
        removeIfThere(this.#disk, next);
        copy = this.#disk.openWrite(next, { create: true, exclusive: true });
        await this.#copy(file, copy);
        await synced(this.#disk, copy);
        this.#disk.close(copy);
        copy = undefined;
        placeFile(this.#disk, path);
      } catch (error) {
        discard(this.#disk, copy, next);
        throw writeError(path, error);
      }
    });
  }

  async close(): Promise<void> {
    await this.#turn.close();
    this.#file?.close();
    this.#file = undefined;
  }

  /** Takes over what the changes do not touch. */
  async #keepOthers(writer: PagesWriter, removed: ReadonlySet<string>, pace: Pace): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    for (const [index, text] of file.keys.entries()) {
      if (removed.has(text) || writer.has(text)) continue;
      const sealed = file.sealedAt(index);
      writer.putSealed(text, sealed);
      if (pace.spend(sealed.length)) {
        await pace.nextTurn();
        this.#turn.requireOpen();
      }
    }
  }

  /** Puts the file that was written in the place of the old one, which is read from until that is durable. */
  #replace(written: PagesFile): void {
    const old = this.#file;
    const rename = (): void => this.#disk.rename(nextPath(this.#path), this.#path);
    let isOldClosed = false;
    try {
      try {
        rename();
      } catch (error) {
        // Windows does not replace a file that is open.
        if (old === undefined || !isHeldOpen(error)) throw error;
        old.whileClosed(rename);
        isOldClosed = true;
      }
      this.#disk.syncDirectory(dirname(this.#path));
    } catch (error) {
      throw writeError(this.#path, error);
    }
    this.#file = written;
    if (old !== undefined && !isOldClosed) quietly(() => old.close());
  }

  /** Copies all of the file, and makes sure that it is what was written. */
  async #copy(file: PagesFile, copy: FileHandle): Promise<void> {
    const hash = createHash("sha256");
    const tail = new Uint8Array(hashBytes);
    const hashAt = file.bytes - hashBytes;
    let at = 0;
    await file.stream(new Pace(this.#clock), (bytes) => {
      this.#turn.requireOpen();
      writeFully(this.#disk, copy, bytes, at);
      const before = Math.min(bytes.length, Math.max(0, hashAt - at));
      hash.update(bytes.subarray(0, before));
      if (before < bytes.length) tail.set(bytes.subarray(before), at + before - hashAt);
      at += bytes.length;
    });
    if (!hash.digest().equals(tail)) throw corruptError(this.#path, "Bad SHA-256");
  }
}

function isHeldOpen(error: unknown): boolean {
  const code = codeOf(error);
  return code === "EPERM" || code === "EACCES" || code === "EBUSY";
}

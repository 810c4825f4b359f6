/**
 * A store that reads from one place and is written to another: a checkpoint into it makes a plain file of all that
 * is in the first, with the changes in the place of what they change. For backups: the first stays as it is.
 */

import type { Clock, Disk, Progress, SnapshotBatch, SnapshotRange, SnapshotStore } from "../ports.ts";
import { everything } from "./keys.ts";
import { Pace } from "./pace.ts";
import { textOfKey } from "./pages-format.ts";
import { PagesWriter, placeFile } from "./pages-writer.ts";

/** What else a backup needs. */
export interface BackupStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** What is to be backed up; undefined when nothing was ever written. */
  readonly source: SnapshotStore | undefined;
  /** Told how many bytes have come from `source`. */
  readonly progress?: Progress;
}

/** Reads from `source`, and writes all of it to a plain file, once. */
export class BackupStore implements SnapshotStore {
  readonly kind = "file";
  readonly bytes = 0;
  readonly #path: string;
  readonly #options: BackupStoreOptions;

  /** `path` is where the plain file will stand. */
  constructor(path: string, options: BackupStoreOptions) {
    this.#path = path;
    this.#options = options;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#options.source?.get(key);
  }

  visit(range: SnapshotRange, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    this.#options.source?.visit(range, visit);
  }

  async write(fill: (batch: SnapshotBatch) => Promise<void>): Promise<void> {
    const { disk, clock, source, progress } = this.#options;
    const writer = new PagesWriter(disk, this.#path);
    try {
      const removed = new Set<string>();
      await fill({
        put: (key, value) => writer.put(key, value),
        remove: (key) => {
          writer.remove(key);
          removed.add(textOfKey(key));
        },
      });
      // All at once, as a writer beside it soon uses the pages again that these values stand on.
      progress?.begin("copying the snapshot", "bytes", source?.bytes);
      source?.visit(everything, (key, value) => {
        const text = textOfKey(key);
        if (!removed.has(text) && !writer.has(text)) writer.put(key, value);
        return true;
      });
      (await writer.finish(new Pace(clock))).close();
      placeFile(disk, this.#path);
    } catch (error) {
      writer.discard();
      throw error;
    }
  }

  copyTo(): Promise<void> {
    return Promise.reject(new Error("A backup is not copied"));
  }

  async close(): Promise<void> {
    // The source is closed by whoever opened it.
  }
}

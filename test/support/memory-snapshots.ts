/** A snapshot store in memory, which can be made to fail at any of its calls. */

import { KronError } from "../../src/core/errors.ts";
import type { SnapshotBatch, SnapshotRange, SnapshotStore } from "../../src/ports.ts";

/** Keeps its values under the hexadecimal form of their keys, which sorts as the keys do. */
export class MemorySnapshots implements SnapshotStore {
  readonly kind = "file";
  readonly values = new Map<string, Uint8Array>();
  /** The call of put or remove, counted from now, that fails; Infinity for none. */
  failAfter = Number.POSITIVE_INFINITY;
  /** Whether the write fails once all of it is there. */
  failCommit = false;
  puts = 0;

  get bytes(): number {
    let bytes = 0;
    for (const value of this.values.values()) bytes += value.length;
    return bytes;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.values.get(hex(key))?.slice();
  }

  visit(range: SnapshotRange, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    const from = hex(range.from);
    const to = hex(range.to);
    const keys = [...this.values.keys()].filter((key) => key >= from && key < to).sort();
    if (range.reverse === true) keys.reverse();
    for (const key of keys) {
      if (!visit(new Uint8Array(Buffer.from(key, "hex")), this.values.get(key) as Uint8Array)) return;
    }
  }

  async write(fill: (batch: SnapshotBatch) => Promise<void>): Promise<void> {
    const changes = new Map<string, Uint8Array | undefined>();
    const change = (key: Uint8Array, value: Uint8Array | undefined): void => {
      this.failAfter -= 1;
      if (this.failAfter < 0) throw new KronError("KRON_DISK_FULL", "No space left");
      changes.set(hex(key), value);
    };
    await fill({
      put: (key, value) => {
        this.puts += 1;
        // Not `slice`: on a `Buffer` it is a view.
        change(key, new Uint8Array(value));
      },
      remove: (key) => change(key, undefined),
    });
    if (this.failCommit) throw new KronError("KRON_DISK_FULL", "No space left");
    for (const [key, value] of changes) {
      if (value === undefined) this.values.delete(key);
      else this.values.set(key, value);
    }
  }

  copyTo(): Promise<void> {
    throw new Error("A store in memory has no file");
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/**
 * Checks everything in an open snapshot that loading it does not look at: the checksum of each value, the chunks of
 * history, and that they and their index by time hold the same. `kron doctor` and `kron log verify` run it.
 */

import { isKronError } from "../core/errors.ts";
import type { State } from "../core/state.ts";
import { crc32 } from "../journal/crc32.ts";
import type { SnapshotStore } from "../ports.ts";
import { ByteReader } from "./byte-reader.ts";
import { chunkFinishedAtMs, decodeChunk } from "./history-codec.ts";
import { allOf, chunkKeysBytes, everything, readChunkKey, timeKeyOf } from "./keys.ts";
import type { SnapshotMeta } from "./meta.ts";

/** What was found. */
export interface VerifiedSnapshot {
  /** Values whose checksum is good, and their bytes with their keys. */
  readonly values: number;
  readonly bytes: number;
  readonly historyRows: number;
  /** Bytes that chunks of history take, keys included. */
  readonly historyBytes: number;
  /** What is wrong, in words; empty when all is well. */
  readonly problems: readonly string[];
}

/** Problems that are told one by one. */
const problemsKept = 20;

/** Account of chunks, kept once by themselves and once by their index: equal sets give equal numbers. */
interface Tally {
  count: number;
  bytes: number;
  /** The sum of the checksums of their time keys. */
  sum: number;
}

/**
 * Reads every value of `store`, which `meta` and `state` were loaded from. Damage to a value is a problem here, and is
 * not thrown. Throws `KRON_SNAPSHOT_FAILED`, also when a writer has changed the file meanwhile.
 */
export function verifySnapshot(store: SnapshotStore, meta: SnapshotMeta, state: State): VerifiedSnapshot {
  const check = new Check(store, state);
  try {
    check.run(meta);
  } catch (error) {
    if (!isKronError(error, "KRON_SNAPSHOT_CORRUPT")) throw error;
    check.problems.push(error.message);
  }
  const { values, bytes, rows: historyRows, chunks, problems } = check;
  return { values, bytes, historyRows, historyBytes: chunks.bytes, problems };
}

class Check {
  readonly problems: string[] = [];
  readonly chunks: Tally = { count: 0, bytes: 0, sum: 0 };
  values = 0;
  bytes = 0;
  rows = 0;
  readonly #times: Tally = { count: 0, bytes: 0, sum: 0 };
  readonly #store: SnapshotStore;
  readonly #state: State;
  #reference = -1;
  #lastRow = 0;

  constructor(store: SnapshotStore, state: State) {
    this.#store = store;
    this.#state = state;
  }

  run(meta: SnapshotMeta): void {
    const history = allOf("history");
    const time = allOf("time");
    this.#visit(everything.from, history.from, () => undefined);
    this.#visit(history.from, history.to, (key, value) => this.#takeChunk(key, value));
    this.#visit(time.from, time.to, (key, value) => this.#takeTime(key, value));
    this.#visit(time.to, everything.to, () => undefined);
    const { count, bytes, sum } = this.chunks;
    if (count !== this.#times.count || bytes !== this.#times.bytes || sum !== this.#times.sum) {
      this.#problem(
        `${count} chunks of history take ${bytes} bytes, the index by time has others: ${this.#timesText()}`,
      );
    }
    if (bytes !== meta.historyBytes) {
      this.#problem(`Chunks of history take ${bytes} bytes, the snapshot says ${meta.historyBytes}`);
    }
  }

  #visit(from: Uint8Array, to: Uint8Array, take: (key: Uint8Array, value: Uint8Array) => void): void {
    this.#store.visit({ from, to }, (key, value) => {
      this.values += 1;
      this.bytes += key.length + value.length;
      take(key, value);
      return true;
    });
  }

  #takeChunk(key: Uint8Array, value: Uint8Array): void {
    const { reference, lastRow } = readChunkKey(key);
    const name = `The chunk of history of reference ${reference} up to row ${lastRow}`;
    const finishedAtMs = chunkFinishedAtMs(new ByteReader(value, name));
    const rows = decodeChunk(new ByteReader(value, name));
    this.rows += rows.length;
    const before = reference === this.#reference ? this.#lastRow : 0;
    if (rows.length === 0 || lastRow - rows.length < before) this.#problem(`${name} overlaps the one before it`);
    if (rows.at(-1)?.finishedAtMs !== finishedAtMs) this.#problem(`${name} says another time than its newest row`);
    const { timers } = this.#state;
    const slot = timers.resolve(reference);
    // What a timer left that has been forgotten is dropped in time.
    if (slot !== undefined && lastRow > timers.historyCount.get(slot)) this.#problem(`${name} is ahead of its timer`);
    this.#reference = reference;
    this.#lastRow = lastRow;
    tally(this.chunks, timeKeyOf(finishedAtMs, reference, lastRow), value.length + chunkKeysBytes);
  }

  #takeTime(key: Uint8Array, value: Uint8Array): void {
    tally(this.#times, key, new ByteReader(value, "A time of history").number());
  }

  #timesText(): string {
    const { count, bytes } = this.#times;
    return `${count} of ${bytes} bytes`;
  }

  #problem(message: string): void {
    if (this.problems.length < problemsKept) this.problems.push(message);
  }
}

function tally(into: Tally, timeKey: Uint8Array, bytes: number): void {
  into.count += 1;
  into.bytes += bytes;
  into.sum += crc32(timeKey, 0, timeKey.length);
}

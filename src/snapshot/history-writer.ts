/** Moves history from memory to the snapshot, within one checkpoint, and drops what is no longer kept. */

import { keptSinceMs, lastDroppedRow, type Retention } from "../core/retention.ts";
import type { State } from "../core/state.ts";
import type { SnapshotBatch, SnapshotStore } from "../ports.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { chunkBytesMax, chunkFinishedAtMs, chunkRowsMax, encodeChunkHead, encodeRow } from "./history-codec.ts";
import { allOf, chunkKeyOf, chunkKeysBytes, chunksOf, lastRowOf, readTimeKey, timeKeyOf } from "./keys.ts";
import type { Pace } from "./pace.ts";

/** Chunks looked at, by age, in one checkpoint. */
const sweptMax = 2_000;
/** Chunks dropped between two looks at the clock. */
const droppedAtOnce = 256;

/** About what dropping is worth in the pace of a checkpoint. */
const chunkPaceBytes = 4_096;

/** A chunk in the store. */
interface Chunk {
  readonly reference: number;
  readonly lastRow: number;
  readonly finishedAtMs: number;
  readonly bytes: number;
}

/** Rows of a timer that a checkpoint has written and memory can do without, once it is over. */
export interface WrittenRows {
  readonly slot: number;
  readonly reference: number;
  readonly lastRow: number;
  /** How many there are in `places`, with those of the timers before. */
  readonly placesEnd: number;
}

/** Writes and drops chunks of history. */
export class HistoryWriter {
  readonly written: WrittenRows[] = [];
  /** Where in the table of history the written rows are, timer by timer, the oldest first. */
  readonly places: Uint32Array;
  #placeCount = 0;
  readonly #state: State;
  readonly #store: SnapshotStore;
  readonly #batch: SnapshotBatch;
  readonly #retention: Retention;
  readonly #nowMs: number;
  readonly #rows = new ByteWriter();
  readonly #chunk = new ByteWriter();
  /** Chunks dropped here; a store may show them until the checkpoint is over. */
  readonly #dropped = new Set<string>();
  #bytes: number;

  /** To be made when the state is frozen. `bytes` is what all chunks take before this. */
  constructor(
    state: State,
    store: SnapshotStore,
    batch: SnapshotBatch,
    retention: Retention,
    nowMs: number,
    bytes: number,
  ) {
    this.#state = state;
    this.#store = store;
    this.#batch = batch;
    this.#retention = retention;
    this.#nowMs = nowMs;
    this.#bytes = bytes;
    this.places = new Uint32Array(state.history.rowCount);
  }

  /** Bytes that all chunks take now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes the rows that memory holds of a timer and drops what its own retention no longer keeps. */
  write(slot: number): void {
    const { history, timers } = this.#state;
    if (history.lengthOf(slot) === 0) return;
    const reference = timers.reference(slot);
    const lastRow = timers.historyCount.get(slot);
    let number = lastRow - history.lengthOf(slot);
    let count = 0;
    history.visitPlaces(slot, (row, place) => {
      this.places[this.#placeCount++] = place;
      encodeRow(this.#rows, row);
      number += 1;
      count += 1;
      if (number < lastRow && count < chunkRowsMax && this.#rows.length < chunkBytesMax) return;
      this.#put({ reference, lastRow: number, finishedAtMs: row.finishedAtMs, bytes: 0 }, count);
      count = 0;
    });
    this.written.push({ slot, reference, lastRow, placesEnd: this.#placeCount });
    this.#dropOfTimer(slot, reference);
  }

  /** Drops everything of timers that were forgotten. */
  async dropForgotten(references: readonly number[], pace: Pace): Promise<void> {
    for (const reference of references) {
      for (const chunk of this.#chunksOf(reference)) this.#drop(chunk);
      if (pace.spend(chunkPaceBytes)) await pace.nextTurn();
    }
  }

  /**
   * Drops what is too old, the oldest first: at most a few thousand chunks, and the next checkpoint goes on from
   * the time key returned here. A timer may keep its rows for longer than others.
   */
  async dropOld(from: Uint8Array | undefined, pace: Pace): Promise<Uint8Array | undefined> {
    const { from: first, to } = allOf("time");
    let cursor = from ?? first;
    for (let swept = 0; swept < sweptMax; ) {
      const chunks = this.#byTime(cursor, to);
      for (const chunk of chunks) if (this.#isOld(chunk)) this.#drop(chunk);
      swept += chunks.length;
      const last = chunks.at(-1);
      if (last === undefined || last.finishedAtMs >= this.#nowMs - this.#retention.ageMs) return undefined;
      cursor = timeKeyOf(last.finishedAtMs, last.reference, last.lastRow + 1);
      if (pace.spend(chunkPaceBytes)) await pace.nextTurn();
    }
    return cursor;
  }

  /** Drops the oldest of all until the rest is within the bytes there are for it. */
  async dropBeyondBytes(pace: Pace): Promise<void> {
    let { from, to } = allOf("time");
    while (this.#bytes > this.#retention.bytes) {
      const chunks = this.#byTime(from, to);
      const last = chunks.at(-1);
      if (last === undefined) return;
      for (const chunk of chunks) if (this.#bytes > this.#retention.bytes) this.#drop(chunk);
      from = timeKeyOf(last.finishedAtMs, last.reference, last.lastRow + 1);
      if (pace.spend(chunkPaceBytes)) await pace.nextTurn();
    }
  }

  #put(chunk: Chunk, count: number): void {
    const { reference, lastRow, finishedAtMs } = chunk;
    encodeChunkHead(this.#chunk, finishedAtMs, count);
    this.#chunk.raw(this.#rows.bytes());
    this.#rows.clear();
    const value = this.#chunk.bytes();
    const bytes = value.length + chunkKeysBytes;
    this.#batch.put(chunkKeyOf(reference, lastRow), value);
    this.#chunk.clear();
    this.#chunk.number(bytes);
    this.#batch.put(timeKeyOf(finishedAtMs, reference, lastRow), this.#chunk.bytes());
    this.#chunk.clear();
    this.#bytes += bytes;
  }

  #drop({ reference, lastRow, finishedAtMs, bytes }: Chunk): void {
    const name = `${reference}/${lastRow}`;
    if (this.#dropped.has(name)) return;
    this.#dropped.add(name);
    this.#batch.remove(chunkKeyOf(reference, lastRow));
    this.#batch.remove(timeKeyOf(finishedAtMs, reference, lastRow));
    this.#bytes -= bytes;
  }

  /** What the timer's own count, age and bytes no longer keep. */
  #dropOfTimer(slot: number, reference: number): void {
    const { timers, definitions } = this.#state;
    const policy = definitions.get(timers.definition.get(slot)).history;
    const dropped = lastDroppedRow(this.#state, slot, this.#retention);
    if (dropped > 0) for (const chunk of this.#chunksOf(reference, dropped + 1)) this.#drop(chunk);
    if (policy?.ageMs === undefined && policy?.bytes === undefined) return;
    const sinceMs = keptSinceMs(this.#state, slot, this.#retention, this.#nowMs);
    let bytes = 0;
    for (const chunk of this.#chunksOf(reference).reverse()) {
      bytes += chunk.bytes;
      const isBeyond = policy.bytes !== undefined && bytes > policy.bytes;
      if (isBeyond || chunk.finishedAtMs < sinceMs) this.#drop(chunk);
    }
  }

  #isOld({ reference, finishedAtMs }: Chunk): boolean {
    const slot = this.#state.timers.resolve(reference);
    // Of a timer that is no longer known nothing is kept.
    return slot === undefined || finishedAtMs < keptSinceMs(this.#state, slot, this.#retention, this.#nowMs);
  }

  /** The chunks of a timer that end before row `toRow`, the oldest first. */
  #chunksOf(reference: number, toRow?: number): Chunk[] {
    const chunks: Chunk[] = [];
    this.#store.visit(chunksOf(reference, 0, toRow), (key, value) => {
      const finishedAtMs = chunkFinishedAtMs(new ByteReader(value, "a chunk of history"));
      chunks.push({ reference, lastRow: lastRowOf(key), finishedAtMs, bytes: value.length + chunkKeysBytes });
      return true;
    });
    return chunks;
  }

  #byTime(from: Uint8Array, to: Uint8Array): Chunk[] {
    const chunks: Chunk[] = [];
    this.#store.visit({ from, to }, (key, value) => {
      chunks.push({ ...readTimeKey(key), bytes: new ByteReader(value, "a time of history").number() });
      return chunks.length < droppedAtOnce;
    });
    return chunks;
  }
}

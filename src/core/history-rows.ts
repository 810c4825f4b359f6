/**
 * The table of history rows: 64 bytes a row, so that adding one, reading it or taking it off its list touches one
 * line of the processor's cache, and not one for each field as columns would.
 *
 *     0            8        16          24           32    40       48      52      56     60
 *     ├────────────┼────────┼───────────┼────────────┼─────┼────────┼───────┼───────┼──────┼───────┤
 *     │ scheduled  │ due    │ started   │ finished   │ run │ tookUs │ older │ newer │ slot │ flags │
 *     └────────────┴────────┴───────────┴────────────┴─────┴────────┴───────┴───────┴──────┴───────┘
 *
 *     flags        outcome:3, isManual:1, has counts:1, has detail:1, …, attempts:16
 *
 * What most rows lack stands aside: counts in columns, which take memory only where they are used, and details
 * in a map.
 */

import { floatColumn } from "./column.ts";
import type { HistoryDetail, HistoryRow } from "./history.ts";
import { outcomeCode, outcomeOf, type RunOutcome } from "./outcome.ts";

const rowFloats = 8;
const rowWords = 16;
/** Rows are held in chunks of 1 MiB, so that growing copies nothing; only the first one grows by doubling. */
const chunkShift = 14;
const chunkRows = 2 ** chunkShift;
const chunkMask = chunkRows - 1;
const firstRows = 64;

const float = { scheduled: 0, due: 1, started: 2, finished: 3, run: 4, took: 5 } as const;
const word = { older: 12, newer: 13, slot: 14, flags: 15 } as const;
const flag = { isManual: 8, hasCounts: 16, hasDetail: 32 } as const;
const attemptsShift = 16;
const attemptsMax = 65_535;

/** A row that is filled again and again. */
export type ReusedRow = { -readonly [Field in keyof HistoryRow]: HistoryRow[Field] };

/** A row to be filled by `HistoryRows.readInto`. Made field by field: spreading parts together is ten times slower. */
export function emptyRow(): ReusedRow {
  return {
    outcome: "SUCCEEDED",
    run: 0,
    isManual: false,
    attempts: 0,
    scheduledAtMs: 0,
    lastScheduledAtMs: 0,
    dueAtMs: 0,
    startedAtMs: 0,
    finishedAtMs: 0,
    tookUs: 0,
    count: 1,
    missedCount: 0,
    detail: undefined,
  };
}

/** Rows by number, from 0 on; a number never written belongs to slot 0 and reads as nothing of use. */
export class HistoryRows {
  readonly #floats: Float64Array[] = [];
  /** The same memory. */
  readonly #words: Uint32Array[] = [];
  readonly #lastScheduled = floatColumn();
  readonly #count = floatColumn();
  readonly #missed = floatColumn();
  readonly #details = new Map<number, HistoryDetail>();

  /** Writes a row at `at`, where none is, or one that was released. */
  write(at: number, slot: number, row: HistoryRow): void {
    const chunk = at >>> chunkShift;
    const floatAt = (at & chunkMask) * rowFloats;
    if (!(floatAt < (this.#floats[chunk]?.length ?? 0))) this.#grow(chunk, at & chunkMask);
    const floats = this.#floats[chunk] as Float64Array;
    floats[floatAt + float.scheduled] = row.scheduledAtMs;
    floats[floatAt + float.due] = row.dueAtMs;
    floats[floatAt + float.started] = row.startedAtMs;
    floats[floatAt + float.finished] = row.finishedAtMs;
    floats[floatAt + float.run] = row.run;
    floats[floatAt + float.took] = row.tookUs;
    let flags = outcomeCode(row.outcome) | (Math.min(row.attempts, attemptsMax) << attemptsShift);
    if (row.isManual) flags |= flag.isManual;
    if (row.count !== 1 || row.missedCount !== 0 || row.lastScheduledAtMs !== row.scheduledAtMs) {
      flags |= flag.hasCounts;
      this.#lastScheduled.set(at, row.lastScheduledAtMs);
      this.#count.set(at, row.count);
      this.#missed.set(at, row.missedCount);
    }
    if (row.detail !== undefined) {
      flags |= flag.hasDetail;
      this.#details.set(at, row.detail);
    }
    const words = this.#words[chunk] as Uint32Array;
    const wordAt = floatAt * 2;
    words[wordAt + word.slot] = slot;
    words[wordAt + word.flags] = flags;
  }

  /** A row of its own. */
  read(at: number): HistoryRow {
    const row = emptyRow();
    this.readInto(at, row);
    return row;
  }

  /** Fills `row`, so that many can be read without making an object of each. */
  readInto(at: number, row: ReusedRow): void {
    const chunk = at >>> chunkShift;
    const floatAt = (at & chunkMask) * rowFloats;
    const floats = this.#floats[chunk] as Float64Array;
    const flags = (this.#words[chunk] as Uint32Array)[floatAt * 2 + word.flags] as number;
    const hasCounts = (flags & flag.hasCounts) !== 0;
    const scheduledAtMs = floats[floatAt + float.scheduled] as number;
    row.outcome = outcomeOf(flags & 7) as RunOutcome;
    row.run = floats[floatAt + float.run] as number;
    row.isManual = (flags & flag.isManual) !== 0;
    row.attempts = flags >>> attemptsShift;
    row.scheduledAtMs = scheduledAtMs;
    row.lastScheduledAtMs = hasCounts ? this.#lastScheduled.get(at) : scheduledAtMs;
    row.dueAtMs = floats[floatAt + float.due] as number;
    row.startedAtMs = floats[floatAt + float.started] as number;
    row.finishedAtMs = floats[floatAt + float.finished] as number;
    row.tookUs = floats[floatAt + float.took] as number;
    row.count = hasCounts ? this.#count.get(at) : 1;
    row.missedCount = hasCounts ? this.#missed.get(at) : 0;
    row.detail = (flags & flag.hasDetail) === 0 ? undefined : this.#details.get(at);
  }

  /** The row is no longer needed. Its place in a list is left to whoever keeps the lists, and its fields to the next. */
  release(at: number): void {
    // Most have none, and need not be fetched from the memory to know.
    if (this.#details.size > 0) this.#details.delete(at);
  }

  /** The timer slot that the row belongs to. */
  slotOf(at: number): number {
    return this.#word(at, word.slot);
  }

  /** The row before this one in its list. */
  olderThan(at: number): number {
    return this.#word(at, word.older);
  }

  /** The row after this one in its list. */
  newerThan(at: number): number {
    return this.#word(at, word.newer);
  }

  setOlder(at: number, older: number): void {
    (this.#words[at >>> chunkShift] as Uint32Array)[(at & chunkMask) * rowWords + word.older] = older;
  }

  setNewer(at: number, newer: number): void {
    (this.#words[at >>> chunkShift] as Uint32Array)[(at & chunkMask) * rowWords + word.newer] = newer;
  }

  #word(at: number, which: number): number {
    return (this.#words[at >>> chunkShift] as Uint32Array)[(at & chunkMask) * rowWords + which] as number;
  }

  /** Makes the chunk `chunk`, or makes the first one longer, so that it has the row. */
  #grow(chunk: number, row: number): void {
    let rows = chunkRows;
    if (chunk === 0) for (rows = firstRows; rows <= row; ) rows *= 2;
    const floats = new Float64Array(rows * rowFloats);
    const held = this.#floats[chunk];
    if (held !== undefined) floats.set(held);
    this.#floats[chunk] = floats;
    this.#words[chunk] = new Uint32Array(floats.buffer);
  }
}

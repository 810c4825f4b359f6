/**
 * The account of finished occurrences that no checkpoint has written yet, newest first per timer. Rows of a timer
 * are numbered from 1 for its life (`TimerTable.historyCount`), and a checkpoint moves them to the snapshot.
 *
 * Rows live in one table and each timer's rows form a list, oldest to newest. A timer keeps as many rows as its
 * retention allows; beyond that it overwrites its own oldest, so that a busy timer never pushes out the history
 * of a quiet one. When the whole table is full, a timer without rows takes one from where a hand that sweeps
 * the table stands.
 */

import { assert } from "./assert.ts";
import { wordColumn } from "./column.ts";
import { FreeRows } from "./free-rows.ts";
import { emptyRow, HistoryRows } from "./history-rows.ts";
import type { Ending, RunOutcome } from "./outcome.ts";

import type { AttemptRecord } from "./run.ts";

/** What only some rows have. */
export interface HistoryDetail {
  readonly failures?: readonly AttemptRecord[];
  readonly result?: unknown;
  /** Why a result is not here although there was one. */
  readonly resultNote?: string;
  /** Why occurrences were missed or the run was cancelled. */
  readonly reason?: string;
  /** How the last attempt of a run that was cancelled was ended by force. */
  readonly ending?: Ending;
}

/** One finished occurrence, or `count` of them that share an outcome without having run. */
export interface HistoryRow {
  readonly outcome: RunOutcome;
  /** The run's id; 0 when no run was made. */
  readonly run: number;
  readonly isManual: boolean;
  readonly attempts: number;
  readonly scheduledAtMs: number;
  /** The nominal time of the last of `count` occurrences; equals `scheduledAtMs` for one. */
  readonly lastScheduledAtMs: number;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** Microseconds that the last attempt took. */
  readonly tookUs: number;
  /** Occurrences accounted for: 1 for a run. */
  readonly count: number;
  readonly missedCount: number;
  readonly detail: HistoryDetail | undefined;
}

/** Gives the rows of a timer, wherever they are kept. */
export interface HistorySource {
  /**
   * Calls `visit` with the rows of the timer in `slot` and their numbers, newest first, until it returns false; with
   * `below` only with rows of smaller numbers.
   */
  visit(slot: number, visit: (row: HistoryRow, number: number) => boolean, below?: number): void;
  /** The row of this number (see `TimerTable.historyCount`), or undefined when it is no longer kept. */
  row(slot: number, number: number): HistoryRow | undefined;
}

/** How much history the state keeps in memory. */
export interface HistoryLimits {
  /** Of one timer, unless its definition says otherwise. */
  readonly perTimerMax: number;
  readonly rowsMax: number;
}

/** The last 100 of each timer, 1,048,576 in all (64 MB when full, errors and results besides; a checkpoint comes at half of that). */
export const defaultHistoryLimits: HistoryLimits = { perTimerMax: 100, rowsMax: 1_048_576 };

/** Finished occurrences by timer slot. Row numbers start at 1; 0 ends a list. */
export class History {
  readonly #limits: HistoryLimits;
  readonly #oldest = wordColumn();
  readonly #newest = wordColumn();
  readonly #length = wordColumn();
  readonly #rows = new HistoryRows();
  readonly #free = new FreeRows();
  readonly #reused = emptyRow();
  #forgotten: number[] = [];
  #rowCount = 0;
  #hand = 0;

  constructor(limits: Partial<HistoryLimits> = {}) {
    this.#limits = { ...defaultHistoryLimits, ...limits };
    assert(this.#limits.perTimerMax >= 1 && this.#limits.rowsMax >= 1, "there is room for a row");
  }

  get limits(): HistoryLimits {
    return this.#limits;
  }

  /** Rows held of all timers. */
  get rowCount(): number {
    return this.#rowCount - this.#free.count;
  }

  /** Rows held of one timer. */
  lengthOf(slot: number): number {
    return this.#length.get(slot);
  }

  /** Adds the newest row of a timer, of which `perTimerMax` are kept. */
  add(slot: number, row: HistoryRow, perTimerMax: number = this.#limits.perTimerMax): void {
    const at = this.#takeRow(slot, perTimerMax);
    this.#rows.write(at, slot, row);
    this.#append(slot, at);
  }

  /** Calls `visit` with the rows of a timer but the `skipped` newest, newest first, until it returns false. */
  visit(slot: number, visit: (row: HistoryRow) => boolean, skipped = 0): void {
    let at = this.#newest.get(slot);
    for (let left = skipped; left > 0 && at !== 0; left--) at = this.#rows.olderThan(at);
    while (at !== 0 && visit(this.#rows.read(at))) at = this.#rows.olderThan(at);
  }

  /**
   * Calls `visit` with all rows of a timer, oldest first, and the place of each in the table. The row is the same
   * object each time, filled anew; `visit` must not change anything here.
   */
  visitPlaces(slot: number, visit: (row: HistoryRow, place: number) => void): void {
    const row = this.#reused;
    for (let at = this.#oldest.get(slot); at !== 0; at = this.#rows.newerThan(at)) {
      this.#rows.readInto(at, row);
      visit(row, at);
    }
    row.detail = undefined;
  }

  /**
   * Drops the oldest rows of a timer, as a checkpoint has written them: those at `places[from, to)`, oldest first.
   * With their places known it need not look at the rows, which are all over the memory.
   */
  dropOldest(slot: number, places: Uint32Array, from: number, to: number): void {
    if (from >= to) return;
    assert(this.#oldest.get(slot) === places[from], "the oldest rows are dropped");
    const rest = this.#rows.newerThan(places[to - 1] as number);
    for (let i = from; i < to; i++) this.#release(places[i] as number);
    this.#cutBefore(slot, rest, to - from);
  }

  /**
   * Drops all rows of a timer that is forgotten. If it ever had more than are here, `count` in all, the others may
   * be in a snapshot under its `reference`, and that is remembered for the next checkpoint.
   */
  forget(slot: number, reference: number, count: number): void {
    if (count !== this.#length.get(slot)) this.#forgotten.push(reference);
    this.clear(slot);
  }

  /** References of forgotten timers whose rows may be in a snapshot; the list begins anew. */
  takeForgotten(): readonly number[] {
    const taken = this.#forgotten;
    this.#forgotten = [];
    return taken;
  }

  /** Gives back what `takeForgotten` gave: it could not be written. */
  returnForgotten(references: readonly number[]): void {
    for (const reference of references) this.#forgotten.push(reference);
  }

  /** Drops all rows of a timer. */
  clear(slot: number): void {
    const length = this.#length.get(slot);
    if (length === 0) return;
    let at = this.#oldest.get(slot);
    for (let left = length; left > 0; left--) {
      const newer = this.#rows.newerThan(at);
      this.#release(at);
      at = newer;
    }
    this.#cutBefore(slot, at, length);
  }

  /** Lets the list begin with the row at `oldest`, or makes it empty if that is 0. */
  #cutBefore(slot: number, oldest: number, dropped: number): void {
    this.#oldest.set(slot, oldest);
    if (oldest === 0) this.#newest.set(slot, 0);
    else this.#rows.setOlder(oldest, 0);
    this.#length.add(slot, -dropped);
  }

  #release(at: number): void {
    this.#rows.release(at);
    this.#free.add(at);
  }

  #takeRow(slot: number, perTimerMax: number): number {
    if (this.#length.get(slot) >= perTimerMax) return this.#unlinkOldest(slot);
    const free = this.#free.take();
    if (free !== -1) return free;
    if (this.#rowCount < this.#limits.rowsMax) {
      this.#rowCount += 1;
      return this.#rowCount;
    }
    if (this.#length.get(slot) > 0) return this.#unlinkOldest(slot);
    return this.#dropAtHand();
  }

  /** With no row free, every row belongs to a list, so wherever the hand stands there is one to shorten. */
  #dropAtHand(): number {
    this.#hand = (this.#hand % this.#rowCount) + 1;
    return this.#unlinkOldest(this.#rows.slotOf(this.#hand));
  }

  #unlinkOldest(slot: number): number {
    const at = this.#oldest.get(slot);
    this.#cutBefore(slot, this.#rows.newerThan(at), 1);
    this.#rows.release(at);
    return at;
  }

  #append(slot: number, at: number): void {
    const newest = this.#newest.get(slot);
    this.#rows.setOlder(at, newest);
    this.#rows.setNewer(at, 0);
    if (newest === 0) this.#oldest.set(slot, at);
    else this.#rows.setNewer(newest, at);
    this.#newest.set(slot, at);
    this.#length.add(slot, 1);
  }
}

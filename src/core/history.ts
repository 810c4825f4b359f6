/**
 * The account of finished occurrences that no checkpoint has written yet, newest first per timer. Rows of a timer
 * are numbered from 1 for its life (`TimerTable.historyCount`), and a checkpoint moves them to the snapshot.
 *
 * Rows live in columns and each timer's rows form a list, oldest to newest. A timer keeps as many rows as its
 * retention allows; beyond that it overwrites its own oldest, so that a busy timer never pushes out the history
 * of a quiet one. When the whole table is full, a timer without rows takes one from where a hand that sweeps
 * the table stands. What most rows lack (errors, results) is kept aside.
 */

import { assert } from "./assert.ts";
import { byteColumn, floatColumn, shortColumn, wordColumn } from "./column.ts";
import { type Ending, outcomeCode, outcomeOf, type RunOutcome } from "./outcome.ts";
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

/** The last 100 of each timer, 1,048,576 in all (about 75 MB when full; a checkpoint comes at half of that). */
export const defaultHistoryLimits: HistoryLimits = { perTimerMax: 100, rowsMax: 1_048_576 };

/** Finished occurrences by timer slot. Row numbers start at 1; 0 ends a list. */
export class History {
  readonly #limits: HistoryLimits;
  readonly #oldest = wordColumn();
  readonly #newest = wordColumn();
  readonly #length = wordColumn();
  readonly #newer = wordColumn();
  readonly #older = wordColumn();
  readonly #slot = wordColumn();
  readonly #flags = byteColumn();
  readonly #attempts = shortColumn();
  readonly #times = [floatColumn(), floatColumn(), floatColumn(), floatColumn(), floatColumn()] as const;
  readonly #numbers = [floatColumn(), floatColumn(), floatColumn(), floatColumn()] as const;
  readonly #details = new Map<number, HistoryDetail>();
  readonly #free: number[] = [];
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
    return this.#rowCount - this.#free.length;
  }

  /** Rows held of one timer. */
  lengthOf(slot: number): number {
    return this.#length.get(slot);
  }

  /** Adds the newest row of a timer, of which `perTimerMax` are kept. */
  add(slot: number, row: HistoryRow, perTimerMax: number = this.#limits.perTimerMax): void {
    const at = this.#takeRow(slot, perTimerMax);
    this.#slot.set(at, slot);
    this.#flags.set(at, outcomeCode(row.outcome) * 2 + (row.isManual ? 1 : 0));
    this.#attempts.set(at, Math.min(row.attempts, 65_535));
    const [scheduled, lastScheduled, due, started, finished] = this.#times;
    scheduled.set(at, row.scheduledAtMs);
    // Nearly always 0, and then the column takes no memory; the same goes for `count` below.
    lastScheduled.set(at, row.lastScheduledAtMs - row.scheduledAtMs);
    due.set(at, row.dueAtMs);
    started.set(at, row.startedAtMs);
    finished.set(at, row.finishedAtMs);
    const [run, took, count, missed] = this.#numbers;
    run.set(at, row.run);
    took.set(at, row.tookUs);
    count.set(at, row.count - 1);
    missed.set(at, row.missedCount);
    if (row.detail !== undefined) this.#details.set(at, row.detail);
    this.#append(slot, at);
  }

  /** Calls `visit` with the rows of a timer but the `skipped` newest, newest first, until it returns false. */
  visit(slot: number, visit: (row: HistoryRow) => boolean, skipped = 0): void {
    let at = this.#newest.get(slot);
    for (let left = skipped; left > 0 && at !== 0; left--) at = this.#older.get(at);
    while (at !== 0 && visit(this.#read(at))) at = this.#older.get(at);
  }

  /** Drops the `count` oldest rows of a timer, or all if it has fewer: a checkpoint has written them. */
  dropOldest(slot: number, count: number): void {
    for (let left = Math.min(count, this.#length.get(slot)); left > 0; left--) this.#release(this.#unlinkOldest(slot));
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
    for (let at = this.#oldest.get(slot); at !== 0; ) {
      const newer = this.#newer.get(at);
      this.#release(at);
      at = newer;
    }
    this.#oldest.set(slot, 0);
    this.#newest.set(slot, 0);
    this.#length.set(slot, 0);
  }

  #release(at: number): void {
    this.#details.delete(at);
    this.#slot.set(at, 0);
    this.#flags.set(at, 0);
    this.#free.push(at);
  }

  #read(at: number): HistoryRow {
    const flags = this.#flags.get(at);
    const [scheduled, lastScheduled, due, started, finished] = this.#times;
    const [run, took, count, missed] = this.#numbers;
    return {
      outcome: outcomeOf(flags >> 1) as RunOutcome,
      run: run.get(at),
      isManual: (flags & 1) === 1,
      attempts: this.#attempts.get(at),
      scheduledAtMs: scheduled.get(at),
      lastScheduledAtMs: scheduled.get(at) + lastScheduled.get(at),
      dueAtMs: due.get(at),
      startedAtMs: started.get(at),
      finishedAtMs: finished.get(at),
      tookUs: took.get(at),
      count: count.get(at) + 1,
      missedCount: missed.get(at),
      detail: this.#details.get(at),
    };
  }

  #takeRow(slot: number, perTimerMax: number): number {
    if (this.#length.get(slot) >= perTimerMax) return this.#unlinkOldest(slot);
    const free = this.#free.pop();
    if (free !== undefined) return free;
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
    return this.#unlinkOldest(this.#slot.get(this.#hand));
  }

  #unlinkOldest(slot: number): number {
    const at = this.#oldest.get(slot);
    const newer = this.#newer.get(at);
    this.#oldest.set(slot, newer);
    if (newer === 0) this.#newest.set(slot, 0);
    else this.#older.set(newer, 0);
    this.#length.add(slot, -1);
    this.#details.delete(at);
    return at;
  }

  #append(slot: number, at: number): void {
    const newest = this.#newest.get(slot);
    this.#older.set(at, newest);
    this.#newer.set(at, 0);
    if (newest === 0) this.#oldest.set(slot, at);
    else this.#newer.set(newest, at);
    this.#newest.set(slot, at);
    this.#length.add(slot, 1);
  }
}

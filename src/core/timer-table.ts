/**
 * All timers, one slot each, a column per field: some 40 bytes a timer, its id, and 60 more once it has run.
 *
 * A *slot* is an index and is used again after its timer was forgotten. A *reference* is a slot with the
 * number of times it has been given out, and is what records hold, so that a change meant for a forgotten
 * timer can never reach the one that took its slot.
 *
 *     reference = generation * 2^24 + slot        at most 16,777,216 timers at a time
 */

import { assert } from "./assert.ts";
import { byteColumn, type Column, floatColumn, wordColumn } from "./column.ts";
import { IdTable } from "./id-table.ts";
import { RetryWindow } from "./retry-window.ts";

const slotsMax = 2 ** 24;
/** A slot is given out this many times at most, so that references stay exact. */
const generationMax = 2 ** 29 - 1;

type AnyColumn = Column<Float64Array> | Column<Uint32Array> | Column<Uint8Array>;

/** Bounds of a timer table; smaller ones serve tests and small machines. */
export interface TimerTableLimits {
  /** Timers held at a time, of whatever status; at most 2^24. */
  readonly timersMax?: number;
  /** How often a slot is given to another timer before it is left empty; at most 2^29 - 1. */
  readonly generationMax?: number;
}

/** What the log knows of timers. Columns are read by anyone and written by `apply` alone. */
export class TimerTable {
  readonly definition = wordColumn();
  /** The sequence number of the record that defined the timer last. */
  readonly revision = floatColumn();
  readonly status = byteColumn();
  /** The instant from which `every` and `after` count, or the one `at` names. */
  readonly anchorMs = floatColumn();
  /** The nominal time of the earliest occurrence without an outcome; 0 when there is none. */
  readonly nextAtMs = floatColumn();
  readonly createdAtMs = floatColumn();
  /** The nominal time of the latest occurrence that has, or is getting, an outcome. */
  readonly lastScheduledAtMs = floatColumn();
  /** When the latest run became due, as the log stamped it. */
  readonly lastDueAtMs = floatColumn();
  readonly lastFinishedAtMs = floatColumn();
  /** When the latest run that the schedule asked for was finished; `delay` schedules from it. */
  readonly heldUntilMs = floatColumn();
  readonly lastTookUs = floatColumn();
  readonly lastOutcome = byteColumn();
  /** Runs that are not finished: waiting, running or between attempts. */
  readonly liveRuns = wordColumn();
  /** Of these, the ones whose attempt is under way. */
  readonly runningRuns = wordColumn();
  /** Of these, the ones that wait for their first attempt. */
  readonly waitingRuns = wordColumn();
  readonly succeededCount = floatColumn();
  readonly deadCount = floatColumn();
  readonly missedCount = floatColumn();
  readonly skippedCount = floatColumn();
  /** Rows of history ever added; the newest has this number. */
  readonly historyCount = floatColumn();
  /** The newest of these rows that tells of an error; 0 when a run has succeeded since, at the first attempt. */
  readonly errorRow = floatColumn();

  readonly #ids = new IdTable();
  #slotCount = 0;
  readonly #generation = wordColumn();
  readonly #free: number[] = [];
  readonly #freePlace = wordColumn();
  readonly #payloads = new Map<number, unknown>();
  readonly #retries = new Map<number, RetryWindow>();
  readonly #timersMax: number;
  readonly #generationMax: number;
  readonly #columns: readonly AnyColumn[] = this.#allColumns();

  constructor(limits: TimerTableLimits = {}) {
    this.#timersMax = limits.timersMax ?? slotsMax;
    this.#generationMax = limits.generationMax ?? generationMax;
    assert(this.#timersMax <= slotsMax && this.#generationMax <= generationMax, "references are exact");
  }

  /** Timers held, of whatever status. */
  get size(): number {
    return this.#ids.size;
  }

  /** One more than the highest slot ever used; slots below it may be empty. */
  get slotCount(): number {
    return this.#slotCount;
  }

  /** The slot that the next `insert` takes. */
  get nextSlot(): number {
    return this.#free.at(-1) ?? this.#slotCount;
  }

  /** Whether there is no room for one more timer. */
  get isFull(): boolean {
    return this.#free.length === 0 && this.#slotCount >= this.#timersMax;
  }

  slotOf(id: string): number | undefined {
    return this.#ids.slotOf(id);
  }

  /** Whether a slot holds a timer. */
  has(slot: number): boolean {
    return this.#ids.has(slot);
  }

  /** A string made at each call; to know whether there is a timer, ask `has`. */
  idOf(slot: number): string | undefined {
    return this.#ids.idOf(slot);
  }

  reference(slot: number): number {
    return this.#generation.get(slot) * slotsMax + slot;
  }

  /** The slot a reference names, or undefined when its timer has been forgotten. */
  resolve(reference: number): number | undefined {
    const slot = reference % slotsMax;
    const isCurrent = Number.isInteger(slot) && this.#ids.has(slot) && this.reference(slot) === reference;
    return isCurrent ? slot : undefined;
  }

  /** Takes a slot for a new id, all columns zero. */
  insert(id: string): number {
    assert(!this.isFull, "there is room for a timer");
    const slot = this.nextSlot;
    this.#ids.insert(slot, id);
    if (slot === this.#slotCount) this.#slotCount += 1;
    else this.#free.pop();
    this.#freePlace.set(slot, 0);
    return slot;
  }

  /** Forgets a timer: its id is free, its references are stale, its columns zero. */
  remove(slot: number): void {
    assert(this.#ids.has(slot), "the slot holds a timer");
    this.#ids.remove(slot);
    this.#payloads.delete(slot);
    this.#retries.delete(slot);
    for (const column of this.#columns) column.set(slot, 0);
    if (this.#generation.get(slot) >= this.#generationMax) return;
    this.#generation.add(slot, 1);
    this.#free.push(slot);
    this.#freePlace.set(slot, this.#free.length);
  }

  /** The payload, or undefined when the timer has none. */
  payload(slot: number): unknown {
    return this.#payloads.get(slot);
  }

  /** `null`, which is how the log says "none", clears it. */
  setPayload(slot: number, payload: unknown): void {
    if (payload === null || payload === undefined) this.#payloads.delete(slot);
    else this.#payloads.set(slot, payload);
  }

  noteRetry(slot: number, atMs: number): void {
    let window = this.#retries.get(slot);
    if (window === undefined) {
      window = new RetryWindow();
      this.#retries.set(slot, window);
    }
    window.add(atMs);
  }

  /** Retries in the seven days before `nowMs`, to the hour. */
  retriesIn7Days(slot: number, nowMs: number): number {
    return this.#retries.get(slot)?.total(nowMs) ?? 0;
  }

  /** What is remembered of a timer's retries, in a fixed order, for the digest; empty when there were none. */
  retryNumbers(slot: number): readonly number[] {
    return this.#retries.get(slot)?.numbers() ?? [];
  }

  /** Empty slots, the one that is given out next last. */
  get freeSlots(): readonly number[] {
    return this.#free;
  }

  /** Numbers that `copyNumbers` gives of a slot: how often it was given out, then every column. */
  get numberCount(): number {
    return this.#columns.length + 1;
  }

  /** Every number kept of a slot, in a fixed order, for the digest. */
  numbers(slot: number): number[] {
    return [this.reference(slot), ...this.#columns.map((column) => column.get(slot))];
  }

  /** As `numbers`, into the first `numberCount` cells of `into`, with the generation in place of the reference. */
  copyNumbers(slot: number, into: Float64Array): void {
    into[0] = this.#generation.get(slot);
    for (let i = 0; i < this.#columns.length; i++) into[i + 1] = (this.#columns[i] as AnyColumn).get(slot);
  }

  /** The place of an empty slot among `freeSlots`, from 1; 0 when it is never given out again. */
  freePlace(slot: number): number {
    return this.#freePlace.get(slot);
  }

  /** Bytes of UTF-8 of the id in a slot. */
  idByteLength(slot: number): number {
    return this.#ids.byteLengthOf(slot);
  }

  /** Copies the UTF-8 of the id in a slot to `target` from `at` on, without making a string; returns where it ends. */
  copyId(slot: number, target: Uint8Array, at: number): number {
    return this.#ids.copyInto(slot, target, at);
  }

  /** Makes an empty table ready for `count` timers that are about to be put back. */
  reserve(count: number): void {
    this.#ids.reserve(count);
  }

  /**
   * Puts back a timer, its id in UTF-8 from `from` to before `to`, as `copyNumbers` and `copyId` gave it; false when
   * the id is another timer's. Slots are put back once each, in growing order.
   */
  restore(slot: number, bytes: Uint8Array, from: number, to: number, numbers: Float64Array): boolean {
    assert(slot === this.#slotCount, "slots are restored in order");
    if (!this.#ids.tryInsertBytes(slot, bytes, from, to)) return false;
    this.#slotCount += 1;
    this.#generation.set(slot, numbers[0] as number);
    for (let i = 0; i < this.#columns.length; i++) {
      const number = numbers[i + 1] as number;
      if (number !== 0) (this.#columns[i] as AnyColumn).set(slot, number);
    }
    return true;
  }

  /** Puts back an empty slot. */
  restoreEmpty(slot: number, generation: number, freePlace: number): void {
    assert(slot === this.#slotCount, "slots are restored in order");
    this.#slotCount += 1;
    this.#generation.set(slot, generation);
    if (freePlace === 0) return;
    this.#freePlace.set(slot, freePlace);
    this.#free[freePlace - 1] = slot;
  }

  /** Puts back what `retryNumbers` gave. */
  restoreRetries(slot: number, numbers: readonly number[]): void {
    this.#retries.set(slot, RetryWindow.of(numbers));
  }

  #allColumns(): AnyColumn[] {
    return [
      this.definition,
      this.revision,
      this.status,
      this.anchorMs,
      this.nextAtMs,
      this.createdAtMs,
      this.lastScheduledAtMs,
      this.lastDueAtMs,
      this.lastFinishedAtMs,
      this.heldUntilMs,
      this.lastTookUs,
      this.lastOutcome,
      this.liveRuns,
      this.runningRuns,
      this.waitingRuns,
      this.succeededCount,
      this.deadCount,
      this.missedCount,
      this.skippedCount,
      this.historyCount,
      this.errorRow,
    ];
  }
}

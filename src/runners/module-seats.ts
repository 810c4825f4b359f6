/** The threads of a pool: who gets which, when there is another one, and when one has to go. */

import type { Clock } from "../ports.ts";
import type { ModuleBatch } from "./module-batch.ts";
import type { ModuleLane } from "./module-lane.ts";
import { batchesPerThread } from "./module-protocol.ts";
import { ModuleSeat, type SeatListener } from "./module-seat.ts";

/** What threads are made from. */
export interface SeatParts {
  readonly clock: Clock;
  readonly threadEntry: string;
  /** Threads at a time, from 1. */
  readonly threads: number;
}

/** One thread stays; the others end when they had nothing to do for so long. */
const idleMsMax = 30_000;

/** Up to `threads` threads. */
export class ModuleSeats {
  readonly #parts: SeatParts;
  readonly #listener: SeatListener;
  readonly #seats = new Set<ModuleSeat>();
  /** Threads that are about to end. */
  readonly #endings = new Set<Promise<void>>();
  #cancelIdleWait: (() => void) | undefined;

  constructor(parts: SeatParts, listener: SeatListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  get count(): number {
    return this.#seats.size;
  }

  get idleCount(): number {
    let sum = 0;
    for (const seat of this.#seats) if (seat.isIdle && !seat.isRetiring) sum += 1;
    return sum;
  }

  /** Threads that could be made besides. */
  get spareCount(): number {
    return Math.max(0, this.#parts.threads - this.#seats.size);
  }

  /** Whether a batch can be shipped to any of them. */
  get hasRoom(): boolean {
    if (this.spareCount > 0) return true;
    for (const seat of this.#seats) if (!seat.isRetiring && seat.batches.length < batchesPerThread) return true;
    return false;
  }

  /** The batches under way. */
  *batches(): Iterable<ModuleBatch> {
    for (const seat of this.#seats) yield* seat.batches;
  }

  /** The thread that has the batch, unless it is about to end. */
  of(batch: ModuleBatch): ModuleSeat | undefined {
    for (const seat of this.#seats) if (seat.batches.includes(batch)) return seat;
    return undefined;
  }

  /**
   * A thread for the next batch of `lane`: an idle one that fits, a new one, one in place of an idle one that does not
   * fit, or, for quick modules, one that will soon be done with a batch of the same.
   */
  seatFor(lane: ModuleLane, version: string): ModuleSeat | undefined {
    let replaceable: ModuleSeat | undefined;
    let nearlyFree: ModuleSeat | undefined;
    for (const seat of this.#seats) {
      const isFitting = fits(seat, lane, version);
      if (seat.isIdle) {
        if (isFitting) return seat;
        replaceable ??= seat;
      } else if (isFitting && isNearlyFree(seat, lane)) nearlyFree ??= seat;
    }
    if (this.spareCount === 0) {
      if (replaceable === undefined) return nearlyFree;
      this.retire(replaceable, undefined);
    }
    const { clock, threadEntry } = this.#parts;
    const seat = new ModuleSeat(threadEntry, lane.target.heapMbMax, clock, this.#listener);
    this.#seats.add(seat);
    return seat;
  }

  /** Ends a thread now; what it had begun is lost or, for the culprit, terminated. Another may take its place at once. */
  retire(seat: ModuleSeat, error: unknown): void {
    seat.isRetiring = true;
    this.#seats.delete(seat);
    const ending = seat.end(error).finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  /** A thread has ended by itself. */
  forget(seat: ModuleSeat): void {
    this.#seats.delete(seat);
  }

  /** Some thread has become idle: sees to it that not all wait for ever. */
  watchIdle(): void {
    if (this.#cancelIdleWait !== undefined || this.#seats.size < 2) return;
    this.#cancelIdleWait = this.#parts.clock.wakeAfter(idleMsMax, () => this.#endIdle(), false);
  }

  /** Ends all of them; resolves when they have ended. */
  async close(error: unknown): Promise<void> {
    this.#cancelIdleWait?.();
    for (const seat of this.#seats) this.retire(seat, error);
    await Promise.all(this.#endings);
  }

  #endIdle(): void {
    this.#cancelIdleWait = undefined;
    const untilMs = this.#parts.clock.monotonicMs() - idleMsMax;
    for (const seat of this.#seats) {
      if (this.#seats.size > 1 && seat.isIdle && seat.idleSinceMs <= untilMs) this.retire(seat, undefined);
    }
    this.watchIdle();
  }
}

function fits(seat: ModuleSeat, { target, url }: ModuleLane, version: string): boolean {
  if (seat.isRetiring || seat.heapMbMax !== target.heapMbMax) return false;
  if (target.isolate === "thread-per-run" && seat.runCount > 0) return false;
  if (target.runsPerWorkerMax > 0 && seat.runCount >= target.runsPerWorkerMax) return false;
  const loaded = seat.versions.get(url);
  return loaded === undefined || loaded === version;
}

/** Only behind a batch of the same module is it known that there is not long to wait. */
function isNearlyFree(seat: ModuleSeat, lane: ModuleLane): boolean {
  const [batch] = seat.batches;
  const isShort = lane.pace.isQuick && lane.target.runsPerWorkerMax === 0 && lane.target.isolate !== "thread-per-run";
  return isShort && seat.batches.length < batchesPerThread && batch?.lane === lane && !batch.isLoading;
}

/**
 * `stats`: the figures of the runtime, once a second, for whoever looks on. Nothing is counted while nobody does; all
 * who do share one counting. Counts by state come from a walk over the timers that takes at most `sweepMsMax` of each
 * second; with very many timers it takes several seconds to come round, and `isWhole` is false before the first time.
 */

import { statfs } from "node:fs/promises";
import type { IpcMethod, IpcStream } from "../../ipc/methods.ts";
import type { CancelWait } from "../../ports.ts";
import { stateOf, type TimerState } from "../../supervisor/views.ts";
import { type DirectorySizes, directorySizes } from "../directory-sizes.ts";
import { type ClockSteps, type Lateness, RunTally, type RunTotals } from "./run-tally.ts";
import { type RuntimeStatus, runtimeStatus } from "./runtime-methods.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { Slices } from "./slices.ts";
import { timerStates } from "./timer-states.ts";

/** The figures of one moment. Times are epoch milliseconds. */
export interface RuntimeStats {
  readonly atMs: number;
  /** On a clock that is never set, for the time between two items. */
  readonly monotonicMs: number;
  readonly status: RuntimeStatus;
  readonly states: Readonly<Record<TimerState, number>>;
  readonly isWhole: boolean;
  readonly totals: RunTotals;
  readonly lateness: Lateness;
  readonly clock: ClockSteps;
  /** Runs that have not ended. */
  readonly liveRuns: number;
  /** What the directory takes. */
  readonly sizes: DirectorySizes;
  /** Room left on the disk of the directory; null where nobody can say. */
  readonly freeBytes: number | null;
}

const everyMs = 1_000;
const sweepMsMax = 10;
const diskEveryMs = 5_000;
/** Timers that are looked at before the clock is. */
const timersPerLook = 256;

/** Makes the method. */
export function statsMethod(runtime: ServedRuntime): IpcMethod {
  let watch: StatsWatch | undefined;
  return {
    kind: "stream",
    open(_params, stream) {
      watch ??= new StatsWatch(runtime, () => {
        watch = undefined;
      });
      watch.add(stream);
    },
  };
}

/** The counting for all streams, from the first to the last. */
class StatsWatch {
  readonly #runtime: ServedRuntime;
  readonly #onOver: () => void;
  readonly #streams = new Set<IpcStream>();
  readonly #tally: RunTally;
  readonly #untap: () => void;
  #cancelWait: CancelWait | undefined;
  #states = emptyStates();
  #isWhole = false;
  #sweep = { slot: 0, states: emptyStates() };
  #isSweeping = false;
  #sizes: DirectorySizes = { segments: 0, journalBytes: 0, snapshotBytes: 0 };
  #freeBytes: number | null = null;
  #diskDueMs = Number.NEGATIVE_INFINITY;

  constructor(runtime: ServedRuntime, onOver: () => void) {
    this.#runtime = runtime;
    this.#onOver = onOver;
    const tally = new RunTally(runtime.engine.data, runtime.realClock.monotonicMs());
    this.#tally = tally;
    this.#untap = runtime.events.tapRecords((atMs, record, outcome) => tally.take(atMs, record, outcome));
    this.#cancelWait = runtime.realClock.wakeAfter(everyMs, () => void this.#tick(), false);
  }

  add(stream: IpcStream): void {
    this.#streams.add(stream);
    stream.signal.addEventListener("abort", () => this.#remove(stream), { once: true });
    if (stream.signal.aborted) this.#remove(stream);
    else void this.#begin(stream);
  }

  /** The first figures come at once, and again when timers have been counted if that took longer. */
  async #begin(stream: IpcStream): Promise<void> {
    const counted = this.#count();
    stream.push(this.#figures());
    if (this.#isWhole) return;
    await counted;
    if (!stream.signal.aborted) stream.push(this.#figures());
  }

  #remove(stream: IpcStream): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return;
    this.#cancelWait?.();
    this.#untap();
    this.#onOver();
  }

  async #tick(): Promise<void> {
    await this.#count();
    if (this.#streams.size === 0) return;
    const figures = this.#figures();
    // Who is not ready for them gets later ones: they are totals.
    for (const stream of this.#streams) stream.push(figures);
    this.#cancelWait = this.#runtime.realClock.wakeAfter(everyMs, () => void this.#tick(), false);
  }

  #figures(): RuntimeStats {
    const { engine, realClock } = this.#runtime;
    const monotonicMs = realClock.monotonicMs();
    if (monotonicMs >= this.#diskDueMs) this.#lookAtDisk(monotonicMs);
    return {
      ...{ atMs: engine.clock.nowMs(), monotonicMs, status: runtimeStatus(this.#runtime) },
      ...{ states: this.#states, isWhole: this.#isWhole, totals: this.#tally.totals },
      ...{ lateness: this.#tally.lateness(monotonicMs), clock: this.#tally.clockSteps },
      ...{ liveRuns: engine.data.runs.size, sizes: this.#sizes, freeBytes: this.#freeBytes },
    };
  }

  #lookAtDisk(monotonicMs: number): void {
    const { dataDir, disk } = this.#runtime;
    this.#diskDueMs = monotonicMs + diskEveryMs;
    try {
      this.#sizes = directorySizes(dataDir, disk);
    } catch {
      // Figures are no reason to fail; those before stand.
    }
    void statfs(dataDir).then(
      ({ bavail, bsize }) => {
        this.#freeBytes = bavail * bsize;
      },
      () => {
        this.#freeBytes = null;
      },
    );
  }

  /** Goes on with the walk over the timers, for as long as a second may be taken up by it. */
  async #count(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    const { realClock, engine } = this.#runtime;
    const slices = new Slices(realClock);
    let spentMs = 0;
    let fromMs = realClock.monotonicMs();
    while (this.#streams.size > 0 && spentMs < sweepMsMax) {
      if (!this.#countSome(Math.min(engine.data.timers.slotCount, this.#sweep.slot + timersPerLook))) break;
      if (!slices.isOver) continue;
      spentMs += realClock.monotonicMs() - fromMs;
      await slices.next();
      fromMs = realClock.monotonicMs();
    }
    this.#isSweeping = false;
  }

  /** False when the walk has come round. */
  #countSome(to: number): boolean {
    const { engine } = this.#runtime;
    const { timers } = engine.data;
    const { states } = this.#sweep;
    for (; this.#sweep.slot < to; this.#sweep.slot++) {
      const { slot } = this.#sweep;
      if (timers.has(slot)) states[stateOf(engine.data, slot, this.#runtime.isOrphaned(slot))] += 1;
    }
    if (to < timers.slotCount) return true;
    this.#states = states;
    this.#isWhole = true;
    this.#sweep = { slot: 0, states: emptyStates() };
    return false;
  }
}

function emptyStates(): Record<TimerState, number> {
  return Object.fromEntries(timerStates.map((state) => [state, 0])) as Record<TimerState, number>;
}

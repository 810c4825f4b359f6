/** Attempts that were shipped to a thread together, and how far they are. */

import { fromLoggedError } from "../core/logged-error.ts";
import type { LoggedError } from "../core/record.ts";
import type { AttemptEnd } from "../ports.ts";
import type { ModuleJob } from "./module-job.ts";
import type { ModuleLane } from "./module-lane.ts";
import { Cell, cellsOf, End } from "./module-protocol.ts";

/** What a thread shares with the runtime, see `module-protocol.ts`. */
interface SharedColumns {
  readonly cells: Int32Array;
  readonly beganAtMs: Float64Array;
}

/** A batch on the runtime's side. */
export class ModuleBatch {
  readonly serial: number;
  readonly lane: ModuleLane;
  readonly jobs: readonly ModuleJob[];
  readonly shippedAtMs: number;
  /** The version of the module that is to be loaded first, if it is. */
  version = "";
  /** How to stop waiting for that; undefined once it is loaded. */
  cancelLoadWait: (() => void) | undefined;
  readonly #cells: Int32Array;
  readonly #beganAtMs: Float64Array;
  readonly #first: number;
  /** What is before this has been settled. */
  #settled = 0;
  /** Where `moved` found the first attempt that waits. */
  #waitingAt = -1;

  constructor(serial: number, lane: ModuleLane, jobs: readonly ModuleJob[], columns: SharedColumns, nowMs: number) {
    const { cells, beganAtMs } = columns;
    this.serial = serial;
    this.lane = lane;
    this.jobs = jobs;
    this.shippedAtMs = nowMs;
    this.#cells = cells;
    this.#beganAtMs = beganAtMs;
    this.#first = cellsOf(serial);
    cells.fill(Cell.WAITING, this.#first, this.#first + jobs.length);
    for (const job of jobs) job.batch = this;
  }

  /** Takes one attempt back for good, unless the thread has begun it. */
  takeBack(job: ModuleJob): boolean {
    return this.#take(this.jobs.indexOf(job));
  }

  /** Takes all attempts back that the thread has not begun. */
  takeBackAll(): ModuleJob[] {
    const taken = this.jobs.filter((_, index) => this.#take(index));
    for (const job of taken) job.batch = undefined;
    return taken.filter((job) => !job.isOver);
  }

  /** When the thread has begun an attempt, in monotonic milliseconds; undefined when it has not. */
  beganAtMs(job: ModuleJob): number | undefined {
    const index = this.jobs.indexOf(job);
    const cell = this.#cell(index);
    return cell === Cell.WAITING || cell === Cell.TAKEN ? undefined : this.#beganAtMs[this.#first + index];
  }

  get isLoading(): boolean {
    return this.cancelLoadWait !== undefined;
  }

  loadingOver(): void {
    this.cancelLoadWait?.();
    this.cancelLoadWait = undefined;
  }

  /** Whether some attempt has neither been begun nor taken back. */
  get hasWaiting(): boolean {
    return this.jobs.some((_, index) => this.#cell(index) === Cell.WAITING);
  }

  /** The attempt that the thread has begun and not ended. */
  get current(): ModuleJob | undefined {
    return this.jobs.find((_, index) => this.#cell(index) === Cell.CLAIMED);
  }

  /** Whether the thread has begun another attempt since the last call, or none waits. */
  hasMoved(): boolean {
    let index = Math.max(0, this.#waitingAt);
    while (index < this.jobs.length && this.#cell(index) !== Cell.WAITING) index += 1;
    const hasMoved = index !== this.#waitingAt || index === this.jobs.length;
    this.#waitingAt = index;
    return hasMoved;
  }

  /** Ends what the thread says has ended: `ends` as in `Told.TURN`. */
  settle(upTo: number, ends: readonly unknown[]): void {
    for (let at = 0; at < ends.length; at += 3) {
      this.jobs[ends[at] as number]?.end(toEnd(ends[at + 1] as number, ends[at + 2]));
    }
    for (; this.#settled < upTo; this.#settled++) {
      if (this.#cell(this.#settled) === Cell.DONE) this.jobs[this.#settled]?.end(succeeded);
    }
  }

  /** The thread is gone: ends what it had begun, by `endOf`, and gives back what it had not. */
  abandon(endOf: (job: ModuleJob) => AttemptEnd): ModuleJob[] {
    const left = this.takeBackAll();
    this.jobs.forEach((job, index) => {
      const cell = this.#cell(index);
      if (cell === Cell.DONE) job.end(succeeded);
      else if (cell !== Cell.TAKEN) job.end(endOf(job));
    });
    return left;
  }

  #take(index: number): boolean {
    const at = this.#first + index;
    return Atomics.compareExchange(this.#cells, at, Cell.WAITING, Cell.TAKEN) === Cell.WAITING;
  }

  #cell(index: number): number {
    return Atomics.load(this.#cells, this.#first + index);
  }
}

const succeeded: AttemptEnd = Object.freeze({ kind: "succeeded", result: undefined });

function toEnd(kind: number, value: unknown): AttemptEnd {
  if (kind === End.RESULT) return { kind: "succeeded", result: value };
  if (kind === End.NOTE) return { kind: "succeeded", result: undefined, note: String(value) };
  return { kind: "failed", error: fromLoggedError(value as LoggedError) };
}

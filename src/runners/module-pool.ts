/**
 * Runs modules in threads of this process.
 *
 * Attempts wait in a lane per target. Whenever a thread is free, the next lane in turn ships it a batch: one attempt while
 * the module is new or slow, many while it is quick. What a thread has not begun after a few milliseconds is taken
 * back and goes to another. A thread that dies or is terminated takes along the one attempt that it had begun.
 */

import type { KronError } from "../core/errors.ts";
import { fromLoggedError } from "../core/logged-error.ts";
import type { ModuleTarget } from "../core/target.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, Clock, Logger, OutputFile, TargetRunner } from "../ports.ts";
import type { OutputSink } from "./callback-context.ts";
import { ModuleBatch } from "./module-batch.ts";
import { diedLoading, loadTimeout, missing, stopped, threadLost, unusable } from "./module-errors.ts";
import { type JobOwner, ModuleJob } from "./module-job.ts";
import { type ModuleLane, missingVersion } from "./module-lane.ts";
import { ModuleLanes } from "./module-lanes.ts";
import { type BatchReport, packOrder, Told, type ToldMessage, unreadCell } from "./module-protocol.ts";
import type { ModuleSeat, SeatListener } from "./module-seat.ts";
import { ModuleSeats } from "./module-seats.ts";

/** What a pool is given by its owner. */
export interface PoolParts {
  /** The system's clock, as that of threads, also where timers follow a virtual one: threads take the time they take. */
  readonly clock: Clock;
  readonly logger: Logger;
  readonly output: OutputSink;
  /** The file that a thread begins with: `runtime/module-thread-main.ts`, built. */
  readonly threadEntry: string;
  /** Where relative paths of modules begin. */
  readonly baseDir: string;
  /** Threads at a time, from 1. */
  readonly threads: number;
  /** How long a module may take to be loaded; default 10 s. */
  readonly loadTimeoutMs?: number;
  /** Where the output of an attempt goes; undefined: nowhere. */
  readonly outputOf: (order: AttemptOrder) => OutputFile | undefined;
}

const loadTimeoutMsDefault = 10_000;
/** After so long without progress, what a thread has not begun is taken back. */
const patrolMs = 5;

/** Executes modules in threads. */
export class ModulePool implements TargetRunner, JobOwner, SeatListener {
  readonly #parts: PoolParts;
  readonly #lanes: ModuleLanes;
  readonly #seats: ModuleSeats;
  #isPumpDue = false;
  #cancelPatrol: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#lanes = new ModuleLanes(parts.baseDir, parts.clock);
    this.#seats = new ModuleSeats(parts, this);
  }

  /** Threads there are. */
  get threadCount(): number {
    return this.#seats.count;
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const lane = this.#lanes.of(order.target as ModuleTarget);
    const job = new ModuleJob(order, lane, this, done);
    const refusal = this.#isClosed ? stopped() : this.#refusalOf(lane);
    if (refusal !== undefined) {
      job.end({ kind: "failed", error: refusal });
      return job;
    }
    lane.add(job);
    this.#lanes.waiting.add(lane);
    this.#pumpSoon();
    return job;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelPatrol?.();
    for (const lane of this.#lanes.waiting) this.#endWaiting(lane, { kind: "lost", error: stopped() });
    await this.#seats.close(stopped());
  }

  /** See `JobOwner`. */
  abortJob(job: ModuleJob): void {
    const { batch, abortReason } = job;
    if (this.#withdraw(job)) job.end({ kind: "failed", error: abortReason });
    else if (batch !== undefined && abortReason !== undefined) this.#seats.of(batch)?.abort(batch, job, abortReason);
  }

  /** See `JobOwner`. */
  terminateJob(job: ModuleJob): void {
    const { batch } = job;
    const error = job.abortReason ?? stopped();
    if (this.#withdraw(job)) job.end({ kind: "failed", error });
    // When it is not the one under way, it has ended, and its end is on its way.
    else if (batch !== undefined && batch.current === job) {
      const seat = this.#seats.of(batch);
      if (seat === undefined) return;
      seat.culprit = job;
      this.#seats.retire(seat, error);
    }
  }

  /** See `JobOwner`. */
  executingMsOf(job: ModuleJob): number | undefined {
    const beganAtMs = job.batch?.beganAtMs(job);
    return beganAtMs === undefined ? undefined : this.#parts.clock.monotonicMs() - beganAtMs;
  }

  /** See `SeatListener`. */
  told(seat: ModuleSeat, message: ToldMessage): void {
    switch (message[0]) {
      case Told.TURN:
        batchOf(seat, message[1])?.settle(message[2], message[3]);
        return;
      case Told.LOADED:
        this.#loaded(seat, batchOf(seat, message[1]));
        return;
      case Told.UNUSABLE: {
        const [, serial, error, hint] = message;
        const batch = batchOf(seat, serial);
        if (batch !== undefined) this.#notUsable(batch, unusable(fromLoggedError(error).message, hint));
        seat.isRetiring = true;
        return;
      }
      case Told.EXITING:
        seat.exitCode = message[1];
        return;
      default:
        Atomics.sub(seat.cells, unreadCell, 1);
        this.#report(seat, message);
    }
  }

  /** See `SeatListener`. */
  over(seat: ModuleSeat, batch: ModuleBatch, report: BatchReport): void {
    const { lane } = batch;
    const { isolate, runsPerWorkerMax } = lane.target;
    batch.loadingOver();
    lane.batchCount -= 1;
    lane.pace.note(report.executed, report.tookMs);
    this.#putBack(lane, batch.takeBackAll());
    const isWorn = runsPerWorkerMax > 0 && seat.runCount >= runsPerWorkerMax;
    if (!report.isSound || isolate === "thread-per-run" || isWorn) seat.isRetiring = true;
    if (seat.isRetiring && seat.isIdle) this.#seats.retire(seat, undefined);
    this.#pump();
    if (seat.isIdle) this.#seats.watchIdle();
  }

  /** See `SeatListener`. */
  died(seat: ModuleSeat, error: unknown): void {
    this.#seats.forget(seat);
    for (const batch of seat.batches.splice(0)) {
      const { lane } = batch;
      lane.batchCount -= 1;
      if (batch.isLoading && !this.#isClosed) {
        const timeout = seat.isLoadOverdue ? loadTimeout(lane.path, this.#loadTimeoutMs) : undefined;
        this.#notUsable(batch, timeout ?? diedLoading(lane.path, error, seat.exitCode));
      }
      batch.loadingOver();
      const left = batch.abandon((job) => endOf(seat, job, error));
      if (!this.#isClosed) this.#putBack(lane, left);
      else for (const job of left) job.end({ kind: "lost", error: stopped() });
    }
    if (!this.#isClosed) this.#pump();
  }

  get #loadTimeoutMs(): number {
    return this.#parts.loadTimeoutMs ?? loadTimeoutMsDefault;
  }

  /** Takes a job back that has not begun. */
  #withdraw(job: ModuleJob): boolean {
    if (job.batch !== undefined) return job.batch.takeBack(job);
    job.lane.forget();
    return true;
  }

  #refusalOf(lane: ModuleLane): KronError | undefined {
    const nowMs = this.#parts.clock.monotonicMs();
    return lane.quarantine.refusal(nowMs, () => lane.version(nowMs));
  }

  /** All that is started in one go is shipped together. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  /** Gives threads something to do, one batch of each lane in turn. */
  #pump(): void {
    for (let hasShipped = true; hasShipped && !this.#isClosed; ) {
      hasShipped = false;
      for (const lane of this.#lanes.inTurn()) {
        if (!this.#seats.hasRoom) break;
        if (!this.#shipFrom(lane)) continue;
        hasShipped = true;
        this.#lanes.hadTurn(lane);
      }
    }
    this.#patrolLater();
  }

  /** Ships a batch of the lane, if there is a thread for it. */
  #shipFrom(lane: ModuleLane): boolean {
    // Whether a module can be loaded is tried by one thread, not by all of them.
    if (!lane.isProven && lane.batchCount > 0) return false;
    const nowMs = this.#parts.clock.monotonicMs();
    const version = lane.version(nowMs);
    if (version === missingVersion) {
      this.#quarantine(lane, missing(lane.path, this.#parts.baseDir));
      return false;
    }
    const seat = this.#seats.seatFor(lane, version);
    if (seat === undefined) return false;
    const { runsPerWorkerMax, isolate } = lane.target;
    const sizeMax = isolate === "thread-per-run" ? 1 : (runsPerWorkerMax || Number.POSITIVE_INFINITY) - seat.runCount;
    const share = Math.ceil(lane.waitingCount / (1 + this.#seats.idleCount));
    const jobs = lane.take(Math.max(1, Math.min(lane.pace.size, sizeMax, share)));
    const batch = new ModuleBatch(seat.nextSerial, lane, jobs, seat, nowMs);
    if (!seat.loaded.has(lane.key)) this.#awaitLoad(seat, batch, version);
    const orders: unknown[] = [];
    for (const { order } of jobs) packOrder(orders, order, this.#parts.outputOf(order));
    lane.batchCount += 1;
    seat.ship(batch, orders);
    return true;
  }

  #awaitLoad(seat: ModuleSeat, batch: ModuleBatch, version: string): void {
    batch.version = version;
    batch.cancelLoadWait = this.#parts.clock.wakeAfter(this.#loadTimeoutMs, () => {
      seat.isLoadOverdue = true;
      this.#seats.retire(seat, undefined);
    });
  }

  #loaded(seat: ModuleSeat, batch: ModuleBatch | undefined): void {
    if (batch === undefined) return;
    const { lane, version } = batch;
    batch.loadingOver();
    seat.versions.set(lane.url, version);
    seat.loaded.add(lane.key);
    lane.quarantine.loaded();
    lane.isProven = true;
    this.#pumpSoon();
  }

  /** A batch's module cannot be used: its attempts end, as do those that wait for it. */
  #notUsable(batch: ModuleBatch, error: KronError): void {
    batch.loadingOver();
    for (const job of batch.takeBackAll()) job.end({ kind: "failed", error });
    this.#quarantine(batch.lane, error);
  }

  #quarantine(lane: ModuleLane, error: KronError): void {
    const nowMs = this.#parts.clock.monotonicMs();
    lane.isProven = false;
    lane.quarantine.failed(error, nowMs, lane.version(nowMs));
    const waitMs = Math.round(lane.quarantine.waitMs(nowMs));
    this.#parts.logger.warn({ module: lane.path, waitMs, reason: error.message }, "A module cannot be used");
    this.#endWaiting(lane, { kind: "failed", error });
  }

  #endWaiting(lane: ModuleLane, end: AttemptEnd): void {
    for (const job of lane.take(Number.POSITIVE_INFINITY)) job.end(end);
  }

  #putBack(lane: ModuleLane, jobs: readonly ModuleJob[]): void {
    if (jobs.length === 0) return;
    lane.addFirst(jobs);
    this.#lanes.waiting.add(lane);
  }

  #patrolLater(): void {
    if (this.#cancelPatrol !== undefined || this.#isClosed) return;
    for (const batch of this.#seats.batches()) {
      if (!batch.hasWaiting) continue;
      this.#cancelPatrol = this.#parts.clock.wakeAfter(patrolMs, () => this.#patrol(), false);
      return;
    }
  }

  /** Takes back what waits behind a long attempt, or behind a thread that is slow to begin while another is free. */
  #patrol(): void {
    this.#cancelPatrol = undefined;
    for (const batch of this.#seats.batches()) {
      if (batch.hasMoved()) continue;
      const isUnderWay = batch.current !== undefined;
      const isElsewhereFree = batch.lane.isProven && this.#seats.idleCount > 0;
      if (!isUnderWay && !isElsewhereFree) continue;
      if (isUnderWay) batch.lane.pace.noteSlow(this.#parts.clock.monotonicMs() - batch.shippedAtMs);
      this.#putBack(batch.lane, batch.takeBackAll());
    }
    this.#pump();
  }

  /** Passes on what an attempt has said, or what was said or went wrong outside of all attempts. */
  #report(seat: ModuleSeat, message: ToldMessage): void {
    const { logger, output } = this.#parts;
    switch (message[0]) {
      case Told.LINE: {
        const [, serial, index, level, text, fields, atMs] = message;
        const order = batchOf(seat, serial)?.jobs[index]?.order;
        if (order !== undefined) output.line(order, level, text, fields, atMs);
        return;
      }
      case Told.PROGRESS: {
        const [, serial, index, fraction, note, atMs] = message;
        const order = batchOf(seat, serial)?.jobs[index]?.order;
        if (order !== undefined) output.progress(order, fraction, note, atMs);
        return;
      }
      case Told.OUTSIDE:
        logger.info({ runId: message[1] ?? undefined, output: message[2] }, "Output of a thread outside of attempts");
        return;
      case Told.TROUBLE: {
        const runId = message[1] ?? undefined;
        logger.warn({ runId, error: fromLoggedError(message[2]) }, "An attempt left an error behind; thread replaced");
        seat.isRetiring = true;
        if (seat.isIdle) this.#seats.retire(seat, undefined);
        return;
      }
      default:
    }
  }
}

function batchOf(seat: ModuleSeat, serial: number): ModuleBatch | undefined {
  return seat.batches.find((batch) => batch.serial === serial);
}

function endOf(seat: ModuleSeat, job: ModuleJob, error: unknown): AttemptEnd {
  if (seat.culprit === job) return { kind: "failed", error, ending: "thread-terminated" };
  return { kind: "lost", error: threadLost(error, seat.exitCode) };
}

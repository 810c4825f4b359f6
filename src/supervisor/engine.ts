/**
 * The engine: ledger, scheduler and dispatcher around one state, and the one wake-up that drives them.
 *
 * It is told three things: an entry was applied, an attempt ended, the time has come. Start, recovery after a
 * crash and a change of leader are the same path: look at every timer and run once, then at what changes.
 */

import type { Applied } from "../core/applied.ts";
import { KronError } from "../core/errors.ts";
import { type Entry, Kind, type LoggedError, type LogRecord } from "../core/record.ts";
import type { Run } from "../core/run.ts";
import type { State } from "../core/state.ts";
import type { CancelWait, Clock, Log, Logger, Runner } from "../ports.ts";
import type { AbortReason } from "./attempt.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type EventSink, emitRecord } from "./events.ts";
import { Ledger, type LedgerListener } from "./ledger.ts";
import type { Recurrences } from "./recurrences.ts";
import { Scheduler } from "./scheduler.ts";
import { WallWatch } from "./wall-watch.ts";

/** No wait is longer: a clock that was set or a machine that slept is noticed within this time. */
export const wakeMsMax = 30_000;

/** What an engine is made of. */
export interface EngineOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly recurrences: Recurrences;
  readonly runner: Runner;
  readonly events: EventSink;
  readonly logger: Logger;
  /** Attempts under way at a time. */
  readonly concurrency: number;
  /** How long a timer may be without a callback, after the start or when its runner went away, before it is orphaned. */
  readonly orphanGraceMs: number;
  /** Whether waiting for the next due time keeps the process running. */
  readonly keepAlive: boolean;
}

/** Where an engine is in its life. */
export type EngineState = "new" | "running" | "draining" | "stopped" | "failed";

/** Runs timers. */
export class Engine implements LedgerListener {
  readonly ledger: Ledger;
  readonly scheduler: Scheduler;
  readonly dispatcher: Dispatcher;
  readonly recurrences: Recurrences;
  readonly #options: EngineOptions;
  readonly #wall: WallWatch;
  #state: EngineState = "new";
  #cancelWake: CancelWait | undefined;
  #wakeAtMonotonicMs = Number.POSITIVE_INFINITY;
  #graceEndsMonotonicMs = Number.POSITIVE_INFINITY;
  /** No grace ends before this, on the monotonic clock. */
  #gracesEndFromMs = Number.NEGATIVE_INFINITY;
  #onIdle: (() => void) | undefined;
  #onSettled: () => void = () => undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.recurrences = options.recurrences;
    this.#wall = new WallWatch(options.clock);
    this.ledger = new Ledger(options.state, options.clock);
    this.dispatcher = new Dispatcher(this.ledger, options.clock, options.runner, options.logger);
    this.scheduler = new Scheduler({
      ledger: this.ledger,
      recurrences: options.recurrences,
      canRun: (slot) => options.runner.canRun(slot),
      replace: (run) => this.dispatcher.abort(run, "replaced"),
      concurrency: options.concurrency,
    });
  }

  get state(): EngineState {
    return this.#state;
  }

  get data(): State {
    return this.#options.state;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get concurrency(): number {
    return this.#options.concurrency;
  }

  /**
   * Takes the log over: announces the runtime, ends what an earlier one left running as lost, and begins to
   * start runs. `boot` tells this runtime from others in the log.
   */
  start(log: Log, boot: string): void {
    this.#state = "running";
    this.ledger.open(log, this);
    this.ledger.propose([Kind.RUNTIME_STARTED, boot]);
    const { data } = this;
    this.scheduler.open();
    for (const run of data.runs.values()) {
      if (run.state === "running") this.#declareLost(run);
      else this.scheduler.noteRun(run);
    }
    for (let slot = 0; slot < data.timers.slotCount; slot++) {
      if (data.timers.has(slot)) this.scheduler.arm(slot);
    }
    this.#graceEndsMonotonicMs = this.clock.monotonicMs() + this.#options.orphanGraceMs;
    this.#wakeSoon();
  }

  #declareLost(run: Run): void {
    const error: LoggedError = ["Error", "The process ended before the attempt did", "", null];
    this.ledger.propose(this.dispatcher.failure(Kind.RUN_LOST, run, run.token, 0, error), undefined, 512);
  }

  /** Starts no more runs, and calls `whenIdle` once nothing is under way. */
  drain(whenIdle: () => void): void {
    if (this.#state === "running") this.#state = "draining";
    this.scheduler.close();
    this.#onIdle = whenIdle;
    this.#checkIdle();
    this.#rearm();
  }

  /** Asks the attempt of a run to stop. */
  abort(run: Run, reason: AbortReason): void {
    this.dispatcher.abort(run, reason);
    this.#rearm();
  }

  /** The last record and no further one; the log may be closed after it. */
  stop(): void {
    if (this.#state !== "failed") {
      this.ledger.propose([Kind.RUNTIME_STOPPED]);
      this.#state = "stopped";
    }
    this.dispatcher.close();
    this.ledger.close();
    this.#cancelWake?.();
    this.#cancelWake = undefined;
  }

  /** Whether something here can execute the target of the timer in this slot. */
  canRun(slot: number): boolean {
    return this.#options.runner.canRun(slot);
  }

  /** Why a change cannot be taken now, or undefined when it can. */
  whyNoChange(): KronError | undefined {
    if (this.#state === "draining") return new KronError("KRON_STOPPED", "The runtime is shutting down");
    return this.ledger.whyNot();
  }

  /** To be called when a timer has got a callback. */
  noteCallback(slot: number): void {
    this.scheduler.noteCallback(slot);
    this.#wakeSoon();
  }

  /**
   * To be called in the turn in which the runner ceases to be able to execute these timers (`canRun` is false), and
   * `noteCallback` when one of them can be executed again. The ends of their attempts are the runner's to tell.
   */
  noteRunnerGone(slots: Iterable<number>): void {
    const endsMs = this.clock.monotonicMs() + this.#options.orphanGraceMs;
    for (const slot of slots) this.scheduler.noteGone(slot, endsMs);
    this.#rearm();
  }

  /**
   * Lets no grace end until `releaseGraces`: what is to execute timers is being started, however long that takes, and
   * until then nobody can say which of them it will leave without a callback.
   */
  holdGraces(): void {
    this.#gracesEndFromMs = Number.POSITIVE_INFINITY;
  }

  /** Gives those who still have nothing to execute them their grace, from now on. */
  releaseGraces(): void {
    if (this.#gracesEndFromMs !== Number.POSITIVE_INFINITY) return;
    this.#gracesEndFromMs = this.clock.monotonicMs() + this.#options.orphanGraceMs;
    this.#rearm();
  }

  applied(entry: Entry, applied: Applied): void {
    const { events } = this.#options;
    for (let i = 0; i < applied.outcomes.length; i++) {
      const record = entry[i + 1] as LogRecord;
      const outcome = applied.outcomes[i];
      this.scheduler.noteSettled(record, outcome);
      if (outcome !== undefined) emitRecord(events, this.data, entry[0], record, outcome);
    }
    for (const run of applied.runs) {
      this.scheduler.noteRun(run);
      this.dispatcher.reconcile(run);
    }
    for (const slot of applied.slots) this.scheduler.arm(slot);
  }

  /** Has `note` called after each batch of entries. */
  onSettled(note: () => void): void {
    this.#onSettled = note;
  }

  settled(): void {
    this.#pump();
    this.#onSettled();
    this.#checkIdle();
  }

  refused(entry: Entry): void {
    for (let i = 1; i < entry.length; i++) this.scheduler.noteSettled(entry[i] as LogRecord, undefined);
    this.#checkIdle();
  }

  writable(isWritable: boolean): void {
    this.#options.events.emit("writable", isWritable);
    if (isWritable) this.#wakeSoon();
  }

  failed(error: KronError): void {
    this.#state = "failed";
    this.scheduler.close();
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.dispatcher.abortAll("shutdown");
    this.#options.events.emit("error", error);
    this.#checkIdle();
  }

  /** Has the wake-up come at once, after the work at hand. */
  #wakeSoon(): void {
    if (this.#state === "running") this.#wakeIn(0);
  }

  #wake(): void {
    this.#cancelWake = undefined;
    this.#wakeAtMonotonicMs = Number.POSITIVE_INFINITY;
    const monotonicMs = this.clock.monotonicMs();
    const stepMs = this.#wall.stepMs();
    if (stepMs !== 0) this.ledger.propose([Kind.CLOCK_STEPPED, stepMs]);
    if (monotonicMs >= this.#gracesEndFromMs) this.#endGraces(monotonicMs);
    this.dispatcher.expire(monotonicMs);
    this.#pump();
  }

  #endGraces(monotonicMs: number): void {
    if (monotonicMs >= this.#graceEndsMonotonicMs) {
      this.#graceEndsMonotonicMs = Number.POSITIVE_INFINITY;
      this.scheduler.endGrace();
    }
    this.scheduler.endGracesUntil(monotonicMs);
  }

  #pump(): void {
    this.scheduler.pump(this.clock.nowMs());
    this.#rearm();
  }

  /** Sets the one wake-up to the earliest of what is to come. */
  #rearm(): void {
    if (this.#state !== "running" && this.#state !== "draining") return;
    const dueInMs = this.scheduler.nextWakeMs() - this.clock.nowMs();
    const firstGraceEndMs = Math.min(this.#graceEndsMonotonicMs, this.scheduler.nextGraceEndMs());
    const graceEndMs = Math.max(this.#gracesEndFromMs, firstGraceEndMs);
    const deadlineMs = Math.min(this.dispatcher.nextDeadlineMs(), graceEndMs);
    const deadlineInMs = deadlineMs - this.clock.monotonicMs();
    this.#wakeIn(Math.max(0, Math.min(dueInMs, deadlineInMs, wakeMsMax)));
  }

  #wakeIn(delayMs: number): void {
    const atMs = this.clock.monotonicMs() + delayMs;
    // An earlier wake-up does no harm: it finds nothing to do and sets the next one.
    if (this.#cancelWake !== undefined && this.#wakeAtMonotonicMs <= atMs + 0.5) return;
    this.#cancelWake?.();
    this.#wakeAtMonotonicMs = atMs;
    this.#cancelWake = this.clock.wakeAfter(Math.ceil(delayMs), () => this.#wake(), this.#options.keepAlive);
  }

  #checkIdle(): void {
    if (this.#onIdle === undefined || !this.#isIdle()) return;
    const onIdle = this.#onIdle;
    this.#onIdle = undefined;
    onIdle();
  }

  /** Nothing is executing, about to, or still has to be made durable; the last counts only while the log lives. */
  #isIdle(): boolean {
    if (this.ledger.failure !== undefined) return this.dispatcher.executingCount === 0;
    return this.dispatcher.activeCount === 0 && this.scheduler.startsProposed === 0;
  }
}

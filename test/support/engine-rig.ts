/**
 * An engine with everything around it that a test can hold in its hands: virtual time, a log in memory, callbacks,
 * and the events it told. `crash` and `start` make another engine over the same log, as a restart would.
 */

import { definitionKey } from "../../src/core/definition.ts";
import type { HistorySource } from "../../src/core/history.ts";
import { parseScheduleOptions, type ScheduleOptions } from "../../src/core/options.ts";
import { copyPayload } from "../../src/core/payload-copy.ts";
import { defaultRetention } from "../../src/core/retention.ts";
import { defaultStateLimits, State, type StateLimits } from "../../src/core/state.ts";
import { Zones } from "../../src/core/zone.ts";
import type { CancelWait, Clock, Logger } from "../../src/ports.ts";
import { CallbackRunner } from "../../src/runners/callback.ts";
import type { Callback, RunContext } from "../../src/runners/callback-context.ts";
import { RunnerSet } from "../../src/runtime/runner-set.ts";
import { HistoryReader } from "../../src/snapshot/history-reader.ts";
import { Commands, type ScheduleResult } from "../../src/supervisor/commands.ts";
import { Engine } from "../../src/supervisor/engine.ts";
import type { EventSink, KronEvents, RunEvent } from "../../src/supervisor/events.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { type HistoryEntry, slotOf, type TimerView, viewHistory, viewTimer } from "../../src/supervisor/views.ts";
import { toDate } from "../../src/system.ts";
import { VirtualClock } from "../../src/testing.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { MemoryLog, MemoryStore } from "./memory-log.ts";
import { RigCallbacks } from "./rig-callbacks.ts";
import { RigTargets } from "./rig-targets.ts";

/** One event as it was told. */
export interface Told {
  readonly name: keyof KronEvents;
  readonly event: unknown;
}

/** What a rig can be made with. */
export interface RigOptions {
  readonly concurrency?: number;
  readonly orphanGraceMs?: number;
  readonly queueMax?: number;
  readonly start?: string;
  readonly quietTurns?: number;
  readonly limits?: Partial<StateLimits>;
  /** Who is told of events besides the rig itself. */
  readonly events?: EventSink;
}

/** When rigs begin unless told otherwise. */
export const rigStart = "2026-01-01T00:00:00Z";

const zones = new Zones(intlOffsetSource());
const silent = (): void => undefined;

/** The clock of one process: once it is dead, none of its waits wakes. */
class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #cancels = new Set<CancelWait>();
  #isDead = false;
  /** The longest wait that was asked for. */
  longestWaitMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wakeAfter(delayMs: number, wake: () => void): CancelWait {
    if (this.#isDead) return silent;
    this.longestWaitMs = Math.max(this.longestWaitMs, delayMs);
    const cancel = this.#clock.wakeAfter(delayMs, () => {
      this.#cancels.delete(cancel);
      wake();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  kill(): void {
    this.#isDead = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}

/** An engine on a bench. */
export class EngineRig {
  readonly clock: VirtualClock;
  readonly store = new MemoryStore();
  readonly told: Told[] = [];
  readonly warnings: string[] = [];
  engine!: Engine;
  log!: MemoryLog;
  runner!: CallbackRunner;
  /** Executes timers whose target is no callback. */
  targets!: RigTargets;
  commands!: Commands;
  processClock!: ProcessClock;
  /** The runner behind which callbacks may go away. */
  callbacks!: RigCallbacks;
  readonly #options: RigOptions;
  #boots = 0;

  constructor(options: RigOptions = {}) {
    this.#options = options;
    this.clock = new VirtualClock(options.start ?? rigStart, { quietTurns: options.quietTurns ?? 3 });
    this.clock.onIdle(() => this.log === undefined || this.log.isQuiet);
    this.start();
  }

  /** Another process over the same log. */
  start(): void {
    const { concurrency = 64, orphanGraceMs = 5_000, queueMax = 10_000 } = this.#options;
    const clock = new ProcessClock(this.clock);
    const state = new State({ ...defaultStateLimits, ...this.#options.limits });
    const runner = new CallbackRunner(
      clock,
      {
        toDate,
        line: (_order, level, message) => this.told.push({ name: "log", event: { level, message } }),
        progress: (_order, fraction) => this.told.push({ name: "progress", event: { fraction } }),
      },
      (slot) => state.timers.reference(slot),
    );
    const callbacks = new RigCallbacks(runner);
    const targets = new RigTargets();
    const targetOf = (slot: number) => state.definitions.get(state.timers.definition.get(slot)).target;
    const warn: Logger["warn"] = (_fields, message) => this.warnings.push(message);
    const logger: Logger = { debug: silent, info: silent, warn, error: warn };
    const engine = new Engine({
      ...{ state, clock, logger, concurrency, orphanGraceMs },
      runner: new RunnerSet(callbacks, { module: targets, command: targets, http: targets }, targetOf),
      recurrences: new Recurrences(zones),
      keepAlive: true,
      events: {
        ...{ has: () => true, emit: (name, ...args) => this.#tell(name, args) },
        tap: (...applied) => this.#options.events?.tap?.(...applied),
      },
    });
    for (const [index, entry] of this.store.entries().entries()) engine.ledger.replay(index + 1, 0, entry);
    const log = new MemoryLog(this.store);
    log.start(engine.ledger);
    this.#boots += 1;
    engine.start(log, `boot-${this.#boots}`);
    Object.assign(this, {
      engine,
      log,
      runner,
      targets,
      callbacks,
      processClock: clock,
      commands: new Commands(engine, queueMax),
    });
  }

  #tell<Name extends keyof KronEvents>(name: Name, args: KronEvents[Name]): void {
    this.told.push({ name, event: args[0] });
    this.#options.events?.emit(name, ...args);
  }

  /** The process is gone at once. Its callbacks may go on in the test, but nobody hears of them. */
  crash(): void {
    this.log.kill();
    this.processClock.kill();
  }

  /** Crashes and starts again. Callbacks have to be attached anew by `schedule`. */
  restart(): void {
    this.crash();
    this.start();
  }

  schedule(id: string, options: ScheduleOptions, callback: Callback = silent): Promise<ScheduleResult> {
    const request = parseScheduleOptions(id, options, (schedule) => {
      if (schedule.kind === "cron") this.engine.recurrences.compile(id, schedule);
    });
    const registration = {
      ...request,
      key: definitionKey(request.definition),
      payload: copyPayload(request.payload),
      askedAtMs: this.clock.nowMs(),
    };
    return this.commands.schedule(registration, (slot) => {
      this.callbacks.comeBack(slot);
      this.runner.register(slot, callback);
    });
  }

  /** The process that has the callbacks of these timers goes away. */
  leave(...ids: string[]): void {
    const slots = ids.map((id) => slotOf(this.engine.data, id));
    for (const slot of slots) this.callbacks.leave(slot);
    for (const slot of slots) this.callbacks.lose(slot);
    this.engine.noteRunnerGone(slots);
  }

  /** It is there again. */
  comeBack(...ids: string[]): void {
    for (const id of ids) {
      const slot = slotOf(this.engine.data, id);
      this.callbacks.comeBack(slot);
      this.engine.noteCallback(slot);
    }
  }

  /** Schedules and lets the log settle it. */
  async add(id: string, options: ScheduleOptions, callback: Callback = silent): Promise<ScheduleResult> {
    return this.settle(this.schedule(id, options, callback));
  }

  /** Waits for a promise that needs no time to pass. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    // A rejection that comes while time settles is not unhandled: it is awaited below.
    promise.catch(silent);
    await this.clock.settle();
    return promise;
  }

  view(id: string): TimerView {
    const slot = slotOf(this.engine.data, id);
    const isOrphaned = this.engine.scheduler.isOrphaned(slot);
    return viewTimer(this.engine.data, slot, isOrphaned, this.#historySource());
  }

  history(id: string): HistoryEntry[] {
    return viewHistory(this.engine.data, slotOf(this.engine.data, id), { limit: 1_000 }, this.#historySource());
  }

  #historySource(): HistorySource {
    return new HistoryReader(this.engine.data, undefined, { ...defaultRetention, count: 1_000 }, this.clock);
  }

  /** The history, oldest first, as `OUTCOME count@seconds since the start`. */
  account(id: string): string[] {
    const startMs = Date.parse(this.#options.start ?? rigStart);
    return this.history(id)
      .reverse()
      .map((row) => {
        const times = row.count > 1 ? `${row.count}x` : "";
        const what = row.reason === undefined ? row.outcome : `${row.outcome}(${row.reason})`;
        return `${what} ${times}@${(row.scheduledAtMs - startMs) / 1_000}`;
      });
  }

  /** The types of run events of one timer, in the order in which they were told. */
  runEvents(id: string): string[] {
    return this.eventsOf("run")
      .filter((event) => event.timerId === id)
      .map(({ type, attempt }: RunEvent) => `${type} ${attempt}`);
  }

  eventsOf<Name extends keyof KronEvents>(name: Name): KronEvents[Name][0][] {
    return this.told.filter((one) => one.name === name).map((one) => one.event as KronEvents[Name][0]);
  }

  /** Resolves after `ms` of virtual time; for callbacks that take a while. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.wakeAfter(ms, resolve);
    });
  }
}

/** A callback that takes `ms` and notes when it began and how it was stopped, in seconds since the rig's start. */
export class Work {
  readonly began: number[] = [];
  readonly contexts: RunContext[] = [];
  executing = 0;
  executingMost = 0;
  readonly #rig: EngineRig;
  readonly #ms: number;
  readonly #startMs: number;

  constructor(rig: EngineRig, ms: number) {
    this.#rig = rig;
    this.#ms = ms;
    this.#startMs = rig.clock.nowMs();
  }

  /** The callback. It ends early, with the reason, when its signal is aborted. */
  readonly run: Callback = async (context) => {
    this.contexts.push(context);
    this.began.push((this.#rig.clock.nowMs() - this.#startMs) / 1_000);
    this.executing += 1;
    this.executingMost = Math.max(this.executingMost, this.executing);
    const { signal } = context;
    try {
      await new Promise<void>((resolve, reject) => {
        const cancel = this.#rig.clock.wakeAfter(this.#ms, resolve);
        signal.addEventListener("abort", () => {
          cancel();
          reject(signal.reason);
        });
      });
    } finally {
      this.executing -= 1;
    }
  };
}

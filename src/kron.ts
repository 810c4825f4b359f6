/**
 * What users call. The work is done by a runtime behind it: an engine in this process, or a connection to the process
 * that has one, a supervisor for instance.
 *
 * Everything a user does goes through here. Timers may be scheduled before the start; they are kept in memory
 * and become durable with it, so `await schedule(…)` before `await start()` does what one hopes.
 */

import { EventEmitter } from "node:events";
import { resolve } from "node:path";
import { describe } from "./core/describe.ts";
import { KronError } from "./core/errors.ts";
import { readFlag, readOptions, readText } from "./core/option-reader.ts";
import type { ScheduleOptions } from "./core/options.ts";
import { checkPayload } from "./core/payload.ts";
import { copyPayload } from "./core/payload-copy.ts";
import { Zones } from "./core/zone.ts";
import { checkKronOptions, type KronOptions, type KronSettings, pathCharsMax } from "./kron-options.ts";
import type { Callback } from "./runners/callback-context.ts";
import { EmbeddedRuntime } from "./runtime/embedded-runtime.ts";
import { EventHub } from "./runtime/event-hub.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { RunView } from "./runtime/service/run-view.ts";
import { takeSupervision } from "./runtime/supervise/supervision.ts";
import type { ChangeResult, Registration, ScheduleResult, TriggerResult } from "./supervisor/commands.ts";
import type { KronEvents } from "./supervisor/events.ts";
import { Recurrences } from "./supervisor/recurrences.ts";
import { readRegistration } from "./supervisor/registration.ts";
import type { RetryResult, RunCancelResult } from "./supervisor/run-commands.ts";
import type { HistoryEntry, HistoryQuery, TimerView } from "./supervisor/views.ts";
import { intlOffsetSource } from "./zone-source.ts";

export type { Callback, RunContext, RunLog } from "./runners/callback-context.ts";

/** How `start` is called. */
export interface StartOptions {
  /** Default: the option of the constructor, else `KRON_HOME`, else `.kron` in the working directory. */
  readonly dataDir?: string;
  /**
   * Joins the process that holds the directory instead of opening it: callbacks run here, the engine is there. Default
   * false; an app that `kron supervise` started joins its supervisor in any case.
   */
  readonly attach?: boolean;
}

/** How long `shutdown` waits. */
export interface ShutdownOptions {
  /** Milliseconds that callbacks have to finish before their signal is aborted; default 10,000. */
  readonly timeoutMs?: number;
}

/** The runtime at a glance. */
export interface RuntimeView {
  readonly state: "new" | "starting" | "running" | "draining" | "stopped" | "failed";
  readonly dataDir: string | undefined;
  readonly timers: number;
  /** Attempts under way, and how many may be. */
  readonly running: number;
  readonly concurrency: number;
  /** Runs that wait for a slot or for the run before them. */
  readonly waiting: number;
  /** Timers whose occurrence is due and has not become a run yet. */
  readonly due: number;
  /** Callbacks that did not stop when asked and may still be executing. */
  readonly abandoned: number;
  /** False while the disk is full. */
  readonly isWritable: boolean;
}

const runIdCharsMax = 100;
const startNames: ReadonlySet<string> = new Set(["dataDir", "attach"]);

/** Taken when Kron is loaded, so that what this process starts is not taken for the app itself. */
const supervision = takeSupervision(process.env);

interface Queued {
  readonly registration: Registration;
  /** Undefined where the definition says what is executed. */
  readonly callback: Callback | undefined;
}

/** A runtime: timers over one data directory, in this process. */
export class Kron extends EventEmitter<KronEvents> implements AsyncDisposable {
  readonly #settings: KronSettings;
  readonly #recurrences = new Recurrences(new Zones(intlOffsetSource()));
  readonly #queued = new Map<string, Queued>();
  readonly #events = new EventHub({
    has: (name) => this.listenerCount(name) > 0,
    emit: (name, ...args) => this.#emit(name, args),
  });
  #phase: "new" | "starting" | "open" | "closing" | "stopped" = "new";
  #runtime: Runtime | undefined;
  #dataDir: string | undefined;
  #closing: Promise<void> | undefined;
  /** The part of the start in which what was queued becomes durable. */
  #scheduling: Promise<unknown> | undefined;

  constructor(options: KronOptions = {}) {
    super();
    this.#settings = checkKronOptions(options);
  }

  /**
   * Creates a timer, changes it, or, when its definition is the same, leaves it as it is, and attaches `callback`,
   * unless `options` name what is executed (`module`, `command`, `http`).
   *
   * Resolves when that is durable. Rejects with a `KronError` that says which option is wrong.
   */
  schedule<Payload = unknown>(
    id: string,
    options: ScheduleOptions<Payload>,
    callback?: Callback<Payload>,
  ): Promise<ScheduleResult> {
    try {
      const registration = readRegistration(id, options, this.#recurrences, this.#settings.clock.nowMs());
      // The payload is read from the same options, so the callback gets what it expects.
      const untyped = checkCallback(registration, callback as Callback | undefined);
      if (this.#phase === "open") return this.#open().schedule(registration, untyped);
      if (this.#phase === "closing" || this.#phase === "stopped") throw stopped();
      this.#queued.set(registration.id, { registration, callback: untyped });
      return Promise.resolve({ timerId: registration.id, action: "queued" });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Ends a timer for good. Its waiting runs are cancelled; one under way finishes, unless `abort`. */
  async cancel(id: string, options: { readonly abort?: boolean } = {}): Promise<ChangeResult> {
    const wasQueued = this.#queued.delete(id);
    if ((this.#phase === "new" || this.#phase === "starting") && wasQueued) return { timerId: id, changed: true };
    // The start may be about to make it durable; it has to be there before it can be cancelled.
    if (wasQueued) await this.#scheduling?.catch(() => undefined);
    return this.#open().cancel(id, options.abort === true);
  }

  /** The same as `cancel`, under the name that mirrors `schedule`. */
  async unschedule(id: string): Promise<ChangeResult> {
    return this.cancel(id);
  }

  /** Holds a timer back. What becomes of the occurrences in between is decided by its misfire policy at `resume`. */
  async pause(id: string): Promise<ChangeResult> {
    return this.#open().pause(id);
  }

  /** Lets a paused timer go on. */
  async resume(id: string): Promise<ChangeResult> {
    return this.#open().resume(id);
  }

  /** Runs a timer now, besides its schedule. Resolves when the run is durable, not when it is finished. */
  async trigger(id: string, options: { readonly payload?: unknown } = {}): Promise<TriggerResult> {
    const { payload } = options;
    const bytes = payload === undefined ? 0 : checkPayload(payload, "payload");
    return this.#open().trigger(id, copyPayload(payload), bytes);
  }

  /**
   * Ends one run: one that waits, or is between two attempts, is cancelled when this resolves (`cancelled`); the attempt
   * under way is asked to stop (`stopping`), and its end is recorded when it has. Rejects with `KRON_RUN_NOT_FOUND` for
   * one that is not known or has ended.
   */
  async cancelRun(runId: string): Promise<RunCancelResult> {
    return this.#open().cancelRun(readText(runId, "runId", runIdCharsMax));
  }

  /**
   * Tries again what failed: begins the next attempt of the timer's run between two attempts now, or, when its last run
   * died, makes a new one, as `trigger` does. Rejects with `KRON_TIMER_STATE` when there is nothing to try again.
   */
  async retry(id: string): Promise<RetryResult> {
    return this.#open().retry(id);
  }

  /** Runs that have not ended, in the order in which they were made: of one timer, or of all. */
  async runs(id?: string): Promise<RunView[]> {
    return this.#open().runs(id);
  }

  /** A timer as it is now, or undefined when there is none of this id. */
  async status(id: string): Promise<TimerView | undefined> {
    return this.#open().status(id);
  }

  /** All timers on record, sorted by id. */
  async list(): Promise<TimerView[]> {
    return this.#open().list();
  }

  /** Finished occurrences of a timer, newest first. Rejects with `KRON_TIMER_NOT_FOUND`. */
  async history(id: string, query: HistoryQuery = {}): Promise<HistoryEntry[]> {
    return this.#open().history(id, query);
  }

  /**
   * Writes a checkpoint now: the state to the snapshot, so that the next start need not read the journal before it.
   * Kron does that by itself, see the option `checkpoint`. Rejects with what kept it from being written.
   */
  async checkpoint(): Promise<void> {
    await this.#open().checkpoint();
  }

  /** The next `count` (default 10, at most 10,000) due times in epoch milliseconds. Rejects with `KRON_TIMER_NOT_FOUND`. */
  async nextRuns(id: string, count = 10): Promise<number[]> {
    return this.#open().nextRuns(id, count);
  }

  /** Where the runtime is in its life. */
  get state(): RuntimeView["state"] {
    return this.#stateName();
  }

  /** The runtime as it is now; works in every phase. Rejects with `KRON_UNREACHABLE` while its process cannot be reached. */
  async runtime(): Promise<RuntimeView> {
    const { concurrency } = this.#settings;
    const none = { timers: this.#queued.size, running: 0, concurrency, waiting: 0, due: 0, abandoned: 0 };
    const figures = (await this.#runtime?.figures()) ?? { ...none, isWritable: false };
    return { state: this.#stateName(), dataDir: this.#dataDir, ...figures };
  }

  /**
   * Opens the data directory, recovers, and begins to run timers; or joins the process that has it open, see
   * `StartOptions.attach`. Resolves when everything scheduled before is durable. When it rejects, the runtime is as before
   * and may be started again.
   */
  async start(options: StartOptions = {}): Promise<void> {
    if (this.#phase !== "new") {
      throw new KronError(
        "KRON_ALREADY_STARTED",
        `Expected a runtime that was never started, this one is ${this.#stateName()}`,
        {
          hint: "Make another with new Kron()",
        },
      );
    }
    const how = this.#readStart(options);
    this.#phase = "starting";
    try {
      this.#dataDir = how.dataDir;
      this.#runtime = how.attaches ? await this.#attach(how.dataDir) : await this.#embed(how.dataDir);
      this.#phase = "open";
      await this.#scheduleQueued(this.#runtime);
      await this.#runtime.ready();
    } catch (error) {
      // A shutdown that came in between closes what was opened.
      if (this.#phase === "starting" || this.#phase === "open") await this.#abandonStart();
      throw error;
    }
  }

  /**
   * Starts no more runs, waits for those under way, then aborts their signal, then gives them up. Always closes
   * the directory; rejects with `KRON_SHUTDOWN_TIMEOUT` when runs had to be given up, which will be retried as lost.
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? 10_000;
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0 && timeoutMs <= 2 ** 31 - 1)) {
      throw new KronError(
        "KRON_OPTION_INVALID",
        `Expected timeoutMs from 0 to ${2 ** 31 - 1}, got ${String(timeoutMs)}`,
      );
    }
    if (this.#phase === "starting") {
      throw new KronError("KRON_NOT_STARTED", "Expected start() to be over before shutdown(), it is still under way");
    }
    if (this.#phase === "open") {
      this.#phase = "closing";
      this.#closing = this.#close(this.#open(), timeoutMs);
    }
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #embed(dataDir: string): Promise<Runtime> {
    return EmbeddedRuntime.open(dataDir, {
      ...{ settings: this.#settings, recurrences: this.#recurrences, events: this.#events },
      phase: () => this.#stateName(),
      shutdown: (timeoutMs) => this.#shutdownFromOutside(timeoutMs),
    });
  }

  async #attach(dataDir: string): Promise<Runtime> {
    const { Attached } = await import("./runtime/attached.ts");
    const runtime = await Attached.open(dataDir, { settings: this.#settings, events: this.#events, supervision });
    const note = (): void => queueMicrotask(() => runtime.noteListeners());
    for (const name of ["newListener", "removeListener"]) EventEmitter.prototype.on.call(this, name, note);
    return runtime;
  }

  #shutdownFromOutside(timeoutMs: number): void {
    if (this.#phase !== "open") return;
    const { clock, logger } = this.#settings;
    this.#events.emit("shutdown", { atMs: clock.nowMs(), timeoutMs });
    this.shutdown({ timeoutMs }).catch((error: unknown) => {
      logger.warn({ err: error }, "The shutdown that was asked for from outside did not go well");
    });
  }

  async #scheduleQueued(runtime: Runtime): Promise<void> {
    const queued = [...this.#queued.values()];
    this.#scheduling = Promise.all(
      queued.map(({ registration, callback }) => runtime.schedule(registration, callback)),
    );
    await this.#scheduling;
    for (const { registration } of queued) this.#queued.delete(registration.id);
  }

  /** What was scheduled stays queued, so that a later start finds it. */
  async #abandonStart(): Promise<void> {
    this.#phase = "starting";
    try {
      await this.#runtime?.closeNow();
    } catch (error) {
      this.#settings.logger.error({ err: error }, "The runtime was not closed in good order");
    }
    this.#runtime = undefined;
    this.#phase = "new";
  }

  #readStart(options: StartOptions): { readonly dataDir: string; readonly attaches: boolean } {
    const { dataDir, attach } = readOptions(options, "the start options", "", startNames);
    const given = dataDir === undefined ? this.#settings.dataDir : readText(dataDir, "dataDir", pathCharsMax);
    const attaches = attach === undefined ? false : readFlag(attach, "attach");
    // Who names another directory than the supervisor's means that one.
    if (supervision !== undefined && (given === undefined || resolve(given) === supervision.dataDir)) {
      return { dataDir: supervision.dataDir, attaches: true };
    }
    // An empty variable is one that was not set, and not the working directory.
    return { dataDir: resolve(given ?? (process.env.KRON_HOME || ".kron")), attaches };
  }

  async #close(runtime: Runtime, timeoutMs: number): Promise<void> {
    try {
      await runtime.close(timeoutMs);
    } finally {
      this.#phase = "stopped";
    }
  }

  #stateName(): RuntimeView["state"] {
    if (this.#runtime?.isFailed === true) return "failed";
    switch (this.#phase) {
      case "open":
        return "running";
      case "closing":
        return "draining";
      default:
        return this.#phase;
    }
  }

  #open(): Runtime {
    if (this.#phase === "stopped") throw stopped();
    if (this.#runtime !== undefined) return this.#runtime;
    throw new KronError("KRON_NOT_STARTED", "Expected a started runtime, start() has not been called", {
      hint: "await kron.start() first",
    });
  }

  /** An error nobody listens to must still be seen; an event nobody listens to need not. */
  #emit<Name extends keyof KronEvents>(name: Name, args: KronEvents[Name]): void {
    if (name === "error" && this.listenerCount("error") === 0) {
      const [error] = args as [KronError];
      this.#settings.logger.error({ code: error.code, hint: error.hint }, error.message);
      return;
    }
    try {
      EventEmitter.prototype.emit.call(this, name, ...args);
    } catch (error) {
      // A listener's fault must not reach the journal's callback, on which everything else depends.
      this.#settings.logger.error({ err: error, event: name }, "A listener threw");
    }
  }
}

function checkCallback({ definition }: Registration, callback: Callback | undefined): Callback | undefined {
  const { kind } = definition.target;
  if (kind === "callback" && typeof callback !== "function") {
    throw new KronError("KRON_OPTION_INVALID", `Expected a function as third argument, got ${describe(callback)}`, {
      hint: 'Write schedule(id, { every: "10s" }, async (context) => { … }), or name a module, command or http',
    });
  }
  if (kind === "callback" || callback === undefined) return callback;
  throw new KronError("KRON_OPTION_INVALID", `Expected no third argument together with ${kind}, got one`);
}

function stopped(): KronError {
  return new KronError("KRON_STOPPED", "The runtime has been shut down", { hint: "Make another with new Kron()" });
}

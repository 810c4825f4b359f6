/**
 * The runtime whose engine is in another process: of a supervisor that started this one, or of any process that holds
 * the directory. What is asked goes over a connection; callbacks run here.
 *
 * When the connection is lost, callbacks under way are told to stop, as the other side takes them for lost. A process
 * that a supervisor started does not outlive it; any other tries to connect again until it can, and registers its
 * callbacks anew. Meanwhile what is asked rejects with `KRON_UNREACHABLE`.
 */

import { isKronError, KronError } from "../core/errors.ts";
import type { KronSettings } from "../kron-options.ts";
import type { Clock } from "../ports.ts";
import type { Callback } from "../runners/callback-context.ts";
import type { ChangeResult, Registration, ScheduleResult, TriggerResult } from "../supervisor/commands.ts";
import type { RetryResult, RunCancelResult } from "../supervisor/run-commands.ts";
import { type HistoryEntry, type HistoryQuery, readHistoryQuery, type TimerView } from "../supervisor/views.ts";
import { systemClock } from "../system.ts";
import { AppConnection } from "./app-connection.ts";
import { packRegistration } from "./app-requests.ts";
import { AttachedEvents } from "./attached-events.ts";
import { readAllTimers, readFigures, readHistory, readRuns, readTimer } from "./attached-views.ts";
import type { EventHub } from "./event-hub.ts";
import { Reconnecting } from "./reconnecting.ts";
import type { Runtime, RuntimeFigures } from "./runtime.ts";
import type { RunView } from "./service/run-view.ts";
import type { Supervision } from "./supervise/supervision.ts";
import { within } from "./within.ts";

/** What an attached runtime is given by its `Kron`. */
export interface AttachedParts {
  readonly settings: KronSettings;
  readonly events: EventHub;
  /** Undefined when no supervisor started this process. */
  readonly supervision: Supervision | undefined;
}

/** After its signal was aborted at shutdown, a callback has so long before it is given up. */
const abortGraceMs = 2_000;

/** A connection to the process that has the engine. */
export class Attached implements Runtime {
  readonly isFailed = false;
  readonly #dataDir: string;
  readonly #parts: AttachedParts;
  readonly #clock: Clock = systemClock();
  readonly #callbacks = new Map<string, Callback>();
  readonly #events: AttachedEvents;
  #connection: AppConnection | undefined;
  #reconnecting: Reconnecting | undefined;
  #isReady = false;
  #isClosing = false;

  private constructor(dataDir: string, parts: AttachedParts) {
    this.#dataDir = dataDir;
    this.#parts = parts;
    this.#events = new AttachedEvents(parts.events, parts.settings.logger);
  }

  /** Connects to the process that holds `dataDir`. Rejects with `KRON_UNREACHABLE`, or as `IpcClient.connect` does. */
  static async open(dataDir: string, parts: AttachedParts): Promise<Attached> {
    const attached = new Attached(dataDir, parts);
    try {
      attached.#take(await attached.#connect());
      return attached;
    } catch (error) {
      if (!isKronError(error, "KRON_UNREACHABLE")) throw error;
      throw new KronError("KRON_UNREACHABLE", error.message, {
        cause: error,
        hint: "Start the runtime of the directory first, or start() without attach to open it here",
      });
    }
  }

  async schedule(registration: Registration, callback: Callback | undefined): Promise<ScheduleResult> {
    const { id } = registration;
    const before = this.#callbacks.get(id);
    // Before it is asked for: the first run may be here before the answer is.
    if (callback !== undefined) this.#callbacks.set(id, callback);
    try {
      return (await this.#call("app.schedule", packRegistration(registration))) as ScheduleResult;
    } catch (error) {
      if (callback !== undefined && this.#callbacks.get(id) === callback) this.#restore(id, before);
      throw error;
    }
  }

  async cancel(id: string, abort: boolean): Promise<ChangeResult> {
    return (await this.#call("timer.cancel", { id, abort })) as ChangeResult;
  }

  async pause(id: string): Promise<ChangeResult> {
    return (await this.#call("timer.pause", { id })) as ChangeResult;
  }

  async resume(id: string): Promise<ChangeResult> {
    return (await this.#call("timer.resume", { id })) as ChangeResult;
  }

  async trigger(id: string, payload: unknown): Promise<TriggerResult> {
    return (await this.#call("timer.trigger", payload === undefined ? { id } : { id, payload })) as TriggerResult;
  }

  async cancelRun(runId: string): Promise<RunCancelResult> {
    return (await this.#call("run.cancel", { runId })) as RunCancelResult;
  }

  async retry(id: string): Promise<RetryResult> {
    return (await this.#call("run.retry", { id })) as RetryResult;
  }

  async runs(id: string | undefined): Promise<RunView[]> {
    return readRuns(this.#open().client, id);
  }

  async status(id: string): Promise<TimerView | undefined> {
    return readTimer(this.#open().client, id);
  }

  async list(): Promise<TimerView[]> {
    return readAllTimers(this.#open().client);
  }

  async history(id: string, query: HistoryQuery): Promise<HistoryEntry[]> {
    return readHistory(this.#open().client, id, readHistoryQuery(query));
  }

  async nextRuns(id: string, count: number): Promise<number[]> {
    return (await this.#call("timer.next", { id, count })) as number[];
  }

  async checkpoint(): Promise<void> {
    await this.#call("log.compact");
  }

  async figures(): Promise<RuntimeFigures> {
    return readFigures(this.#open().client);
  }

  async ready(): Promise<void> {
    await this.#open().ready();
    this.#isReady = true;
  }

  noteListeners(): void {
    this.#events.update();
  }

  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true;
    const connection = this.#connection;
    const givenUp = connection === undefined ? [] : await this.#endRuns(connection, timeoutMs);
    await this.closeNow();
    if (givenUp.length === 0) return;
    const names = givenUp.slice(0, 5).join(", ");
    throw new KronError("KRON_SHUTDOWN_TIMEOUT", `${givenUp.length} runs did not stop and were given up: ${names}`, {
      hint: "Pass context.signal on to what the callback waits for, or raise timeoutMs",
      details: { runs: givenUp },
    });
  }

  async closeNow(): Promise<void> {
    this.#isClosing = true;
    this.#reconnecting?.stop();
    await this.#connection?.close();
  }

  /** Takes no more runs and lets those under way end; returns the names of those that do not. */
  async #endRuns(connection: AppConnection, timeoutMs: number): Promise<readonly string[]> {
    const { callbacks } = connection;
    // A connection that breaks now has no more runs to give.
    await connection.drain().catch(() => undefined);
    if (await within(this.#clock, callbacks.whenIdle(), timeoutMs)) return [];
    callbacks.abortAll(new KronError("KRON_STOPPED", "The runtime of this process shuts down"));
    return (await within(this.#clock, callbacks.whenIdle(), abortGraceMs)) ? [] : callbacks.activeNames;
  }

  #connect(): Promise<AppConnection> {
    const { settings, supervision } = this.#parts;
    return AppConnection.open({
      ...{ dataDir: this.#dataDir, supervision, clock: settings.clock, logger: settings.logger },
      keepAlive: settings.keepAlive,
      callbackOf: (id) => this.#callbacks.get(id),
    });
  }

  #take(connection: AppConnection): void {
    this.#connection = connection;
    this.#events.connect(connection.client);
    connection.client.onClose((error) => this.#lost(connection, error));
  }

  #lost(connection: AppConnection, cause: KronError | undefined): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#events.disconnect();
    if (this.#isClosing) return;
    const { events, settings, supervision } = this.#parts;
    events.emit("warning", this.#unreachable(cause));
    this.#reconnecting = new Reconnecting({
      ...{ clock: this.#clock, logger: settings.logger, keepAlive: settings.keepAlive },
      isSupervised: supervision !== undefined,
      connect: () => this.#connectAgain(),
      end: () => process.exit(1),
    });
  }

  async #connectAgain(): Promise<void> {
    const connection = await this.#connect();
    try {
      const unknown = await connection.register([...this.#callbacks.keys()]);
      for (const id of unknown) this.#callbacks.delete(id);
      if (unknown.length > 0) {
        this.#parts.settings.logger.warn({ timers: unknown.slice(0, 20) }, "Timers are gone since the last connection");
      }
      if (this.#isReady) await connection.ready();
    } catch (error) {
      await connection.close();
      throw error;
    }
    if (this.#isClosing) await connection.close();
    else this.#take(connection);
  }

  #restore(id: string, callback: Callback | undefined): void {
    if (callback === undefined) this.#callbacks.delete(id);
    else this.#callbacks.set(id, callback);
  }

  async #call(method: string, params: unknown = null): Promise<unknown> {
    return this.#open().client.call(method, params);
  }

  #open(): AppConnection {
    if (this.#connection !== undefined) return this.#connection;
    throw this.#unreachable(undefined);
  }

  #unreachable(cause: KronError | undefined): KronError {
    return new KronError("KRON_UNREACHABLE", `Expected a connection to the runtime of ${this.#dataDir}, it is lost`, {
      cause,
      hint: "It is tried again until it comes back; ask again then",
    });
  }
}

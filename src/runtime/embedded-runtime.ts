/** The runtime whose engine is in this process, and which lets others in through its socket. */

import type { KronSettings } from "../kron-options.ts";
import type { Callback } from "../runners/callback-context.ts";
import type { ChangeResult, Registration, ScheduleResult, TriggerResult } from "../supervisor/commands.ts";
import type { Recurrences } from "../supervisor/recurrences.ts";
import { type RetryResult, type RunCancelResult, RunCommands } from "../supervisor/run-commands.ts";
import {
  type HistoryEntry,
  type HistoryQuery,
  slotOf,
  type TimerView,
  viewHistory,
  viewNextRuns,
  viewTimer,
} from "../supervisor/views.ts";
import { Embedded } from "./embedded.ts";
import { embeddedService } from "./embedded-service.ts";
import type { EventHub } from "./event-hub.ts";
import { outputEvents } from "./output-events.ts";
import type { Runtime, RuntimeFigures } from "./runtime.ts";
import { type RunView, viewRuns } from "./service/run-view.ts";
import type { RuntimePhase } from "./service/served-runtime.ts";
import { Serving } from "./serving.ts";

/** What an embedded runtime is given by its `Kron`. */
export interface EmbeddedRuntimeParts {
  readonly settings: KronSettings;
  readonly recurrences: Recurrences;
  readonly events: EventHub;
  phase(): RuntimePhase;
  /** Shuts down because a client asked for it. */
  shutdown(timeoutMs: number): void;
}

/** An engine in this process. */
export class EmbeddedRuntime implements Runtime {
  readonly #embedded: Embedded;
  readonly #serving: Serving | undefined;
  readonly #runCommands: RunCommands;

  private constructor(embedded: Embedded, serving: Serving | undefined) {
    this.#embedded = embedded;
    this.#serving = serving;
    this.#runCommands = new RunCommands(embedded.engine, embedded.commands);
  }

  /** Opens `dataDir`, and begins to serve it. Rejects as `Embedded.open` does. */
  static async open(dataDir: string, parts: EmbeddedRuntimeParts): Promise<EmbeddedRuntime> {
    const { settings, recurrences, events } = parts;
    const output = outputEvents(events, settings.logger);
    const embedded = await Embedded.open(dataDir, { settings, recurrences, events, output });
    if (!settings.ipc) {
      embedded.hostDoor.served(false);
      return new EmbeddedRuntime(embedded, undefined);
    }
    const owner = { ...parts, dataDir, output, disk: settings.disk, mode: "embedded" } as const;
    const serving = Serving.begin(embeddedService(embedded, owner), settings.logger, settings.random);
    embedded.beforeClosing(() => serving.close());
    return new EmbeddedRuntime(embedded, serving);
  }

  get isFailed(): boolean {
    return this.#embedded.engine.state === "failed";
  }

  schedule(registration: Registration, callback: Callback | undefined): Promise<ScheduleResult> {
    return this.#embedded.schedule(registration, callback);
  }

  cancel(id: string, abort: boolean): Promise<ChangeResult> {
    return this.#embedded.commands.cancel(id, abort);
  }

  pause(id: string): Promise<ChangeResult> {
    return this.#embedded.commands.pause(id);
  }

  resume(id: string): Promise<ChangeResult> {
    return this.#embedded.commands.resume(id);
  }

  trigger(id: string, payload: unknown, payloadBytes: number): Promise<TriggerResult> {
    return this.#embedded.commands.trigger(id, payload, payloadBytes);
  }

  cancelRun(runId: string): Promise<RunCancelResult> {
    return this.#runCommands.cancel(runId);
  }

  async retry(id: string): Promise<RetryResult> {
    return this.#runCommands.retry(id, slotOf(this.#embedded.engine.data, id));
  }

  async runs(id: string | undefined): Promise<RunView[]> {
    const { data } = this.#embedded.engine;
    return viewRuns(data, id === undefined ? undefined : slotOf(data, id));
  }

  async status(id: string): Promise<TimerView | undefined> {
    const slot = this.#embedded.engine.data.timers.slotOf(id);
    return slot === undefined ? undefined : this.#view(slot);
  }

  async list(): Promise<TimerView[]> {
    const { timers } = this.#embedded.engine.data;
    const views: TimerView[] = [];
    for (let slot = 0; slot < timers.slotCount; slot++) {
      if (timers.has(slot)) views.push(this.#view(slot));
    }
    return views.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async history(id: string, query: HistoryQuery): Promise<HistoryEntry[]> {
    const { engine, history } = this.#embedded;
    return viewHistory(engine.data, slotOf(engine.data, id), query, history);
  }

  async nextRuns(id: string, count: number): Promise<number[]> {
    const { engine } = this.#embedded;
    const slot = slotOf(engine.data, id);
    return viewNextRuns(engine.data, slot, engine.recurrences.of(engine.data, slot), count);
  }

  checkpoint(): Promise<void> {
    return this.#embedded.snapshots.checkpoint();
  }

  async figures(): Promise<RuntimeFigures> {
    const { data, dispatcher, scheduler, ledger, concurrency, clock } = this.#embedded.engine;
    return {
      timers: data.timers.size,
      running: dispatcher.activeCount,
      concurrency,
      waiting: scheduler.waitingCount,
      due: scheduler.dueCount(clock.nowMs()),
      abandoned: dispatcher.abandonedCount,
      isWritable: ledger.isWritable,
    };
  }

  async ready(): Promise<void> {
    await this.#serving?.ready();
  }

  noteListeners(): void {
    // Events are made here, and whoever makes them asks each time.
  }

  close(timeoutMs: number): Promise<void> {
    return this.#embedded.close(timeoutMs);
  }

  closeNow(): Promise<void> {
    return this.#embedded.closeNow();
  }

  #view(slot: number): TimerView {
    const { engine, history } = this.#embedded;
    return viewTimer(engine.data, slot, this.#embedded.isOrphaned(slot), history);
  }
}

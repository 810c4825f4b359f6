/**
 * The embedded mode: one directory, its journal, an engine and callbacks, in the importing process. Opened and
 * closed here, in that order and its reverse; what users call is in `kron.ts`.
 */

import { KronError } from "./core/errors.ts";
import { State } from "./core/state.ts";
import { type OpenedJournal, openJournal } from "./journal/journal.ts";
import { nodeDisk } from "./journal/node-disk.ts";
import type { KronSettings } from "./kron-options.ts";
import type { Clock } from "./ports.ts";
import { CallbackRunner } from "./runners/callback.ts";
import type { Callback, OutputSink } from "./runners/callback-context.ts";
import { Commands, type Registration, type ScheduleResult } from "./supervisor/commands.ts";
import { Engine } from "./supervisor/engine.ts";
import type { EventSink } from "./supervisor/events.ts";
import type { Recurrences } from "./supervisor/recurrences.ts";

/** After its signal was aborted at shutdown, a callback has so long before it is given up. */
const abortGraceMs = 2_000;

/** What an embedded runtime is given by its owner. */
export interface EmbeddedParts {
  readonly settings: KronSettings;
  readonly recurrences: Recurrences;
  readonly events: EventSink;
  readonly output: OutputSink;
}

/** An open directory with an engine that runs its timers. */
export class Embedded {
  readonly engine: Engine;
  readonly runner: CallbackRunner;
  readonly commands: Commands;
  readonly #journal: OpenedJournal;
  readonly #clock: Clock;
  readonly #stopWatching: (() => void) | undefined;

  private constructor(
    engine: Engine,
    runner: CallbackRunner,
    commands: Commands,
    journal: OpenedJournal,
    clock: Clock,
  ) {
    this.engine = engine;
    this.runner = runner;
    this.commands = commands;
    this.#journal = journal;
    this.#clock = clock;
    this.#stopWatching = clock.onIdle?.(() => journal.pendingCount === 0);
  }

  /** Locks and recovers `directory`, and starts its engine. Throws what the journal throws. */
  static async open(directory: string, parts: EmbeddedParts): Promise<Embedded> {
    const { settings, events, recurrences, output } = parts;
    const { clock, logger, random, concurrency, orphanGraceMs, keepAlive, durability, profile } = settings;
    const state = new State();
    const runner = new CallbackRunner(clock, output, (slot) => state.timers.reference(slot));
    const engine = new Engine({
      ...{ state, clock, runner, events, logger, recurrences, concurrency, orphanGraceMs, keepAlive },
    });
    const journal = await openJournal(
      {
        ...{ directory, clock, random, durability, profile },
        disk: settings.disk ?? nodeDisk,
        report: (notice) => logger.warn({ ...notice }, "The journal has something to tell"),
      },
      (index, term, entry) => engine.ledger.replay(index, term, entry),
    );
    journal.start(engine.ledger);
    engine.start(journal, hex(random.bytes(8)));
    return new Embedded(engine, runner, new Commands(engine, settings.queueMax), journal, clock);
  }

  schedule(registration: Registration, callback: Callback): Promise<ScheduleResult> {
    return this.commands.schedule(registration, (slot) => this.runner.register(slot, callback));
  }

  /** Whether nothing here can execute the timer, and it has had its time to get a callback. */
  isOrphaned(slot: number): boolean {
    return this.engine.scheduler.isGraceOver && !this.runner.canRun(slot);
  }

  /**
   * Starts no more runs, waits `timeoutMs` for those under way, aborts them, gives up those that do not stop,
   * and closes the directory in any case. Rejects with `KRON_SHUTDOWN_TIMEOUT` when runs were given up.
   */
  async close(timeoutMs: number): Promise<void> {
    const { dispatcher } = this.engine;
    const idle = new Promise<void>((whenIdle) => this.engine.drain(whenIdle));
    let givenUp: string[] = [];
    if (!(await within(this.#clock, idle, timeoutMs))) {
      dispatcher.abortAll("shutdown");
      if (!(await within(this.#clock, idle, abortGraceMs))) {
        givenUp = dispatcher.giveUpAll();
        await within(this.#clock, idle, abortGraceMs);
      }
    }
    await this.closeNow();
    if (givenUp.length > 0) throw shutdownTimeout(givenUp);
  }

  /** Closes the directory without waiting for runs; those under way will be found lost at the next start. */
  async closeNow(): Promise<void> {
    this.engine.dispatcher.abortAll("shutdown");
    this.engine.stop();
    await this.#journal.close();
    this.#stopWatching?.();
  }
}

/** Whether `promise` settles within `ms` of the clock. */
function within(clock: Clock, promise: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancelWait = clock.wakeAfter(ms, () => resolve(false));
    void promise.then(() => {
      cancelWait();
      resolve(true);
    });
  });
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function shutdownTimeout(runs: readonly string[]): KronError {
  const names = runs.slice(0, 5).join(", ");
  return new KronError("KRON_SHUTDOWN_TIMEOUT", `${runs.length} callbacks did not stop and were given up: ${names}`, {
    hint: "Pass context.signal on to what the callback waits for, or raise timeoutMs",
    details: { runs },
  });
}

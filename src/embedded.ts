/**
 * The embedded mode: one directory, its journal, an engine and callbacks, in the importing process. Opened and
 * closed here, in that order and its reverse; what users call is in `kron.ts`.
 */

import { assert } from "./core/assert.ts";
import { KronError } from "./core/errors.ts";
import type { HistorySource } from "./core/history.ts";
import { defaultStateLimits, type State } from "./core/state.ts";
import { type OpenedJournal, openJournal } from "./journal/journal.ts";
import { nodeDisk } from "./journal/node-disk.ts";
import type { KronSettings } from "./kron-options.ts";
import type { Clock } from "./ports.ts";
import { CallbackRunner } from "./runners/callback.ts";
import type { Callback, OutputSink } from "./runners/callback-context.ts";
import { olderSnapshotPath } from "./snapshot/choose-snapshot.ts";
import { HistoryReader } from "./snapshot/history-reader.ts";
import { CheckpointKeeper } from "./snapshot/keeper.ts";
import { type OpenedSnapshot, openSnapshot } from "./snapshot/open-snapshot.ts";
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

/** What an opened directory is made of. */
interface Opened {
  readonly engine: Engine;
  readonly runner: CallbackRunner;
  readonly journal: OpenedJournal;
  readonly snapshot: OpenedSnapshot;
}

/** An open directory with an engine that runs its timers. */
export class Embedded {
  readonly engine: Engine;
  readonly runner: CallbackRunner;
  readonly commands: Commands;
  readonly snapshots: CheckpointKeeper;
  readonly history: HistorySource;
  readonly #opened: Opened;
  readonly #clock: Clock;
  readonly #stopWatching: (() => void) | undefined;

  private constructor(opened: Opened, snapshots: CheckpointKeeper, settings: KronSettings) {
    const { engine, runner, journal, snapshot } = opened;
    const { clock, retention } = settings;
    this.engine = engine;
    this.runner = runner;
    this.commands = new Commands(engine, settings.queueMax);
    this.snapshots = snapshots;
    this.history = new HistoryReader(snapshot.state, snapshot.store, retention, clock);
    this.#opened = opened;
    this.#clock = clock;
    this.#stopWatching = clock.onIdle?.(() => journal.pendingCount === 0 && !snapshots.isBusy);
  }

  /** Locks and recovers `directory`, and starts its engine. Throws what the journal and the snapshot throw. */
  static async open(directory: string, parts: EmbeddedParts): Promise<Embedded> {
    const { settings } = parts;
    const opened = await openDirectory(directory, parts);
    const { engine, journal, snapshot } = opened;
    const snapshots = new CheckpointKeeper(
      {
        ...{ state: snapshot.state, store: snapshot.store, journal },
        ...{ clock: settings.clock, retention: settings.retention, triggers: settings.checkpoint },
        olderPath: (kind) => olderSnapshotPath(directory, kind),
        report: (notice) => settings.logger.warn({ ...notice }, "The snapshots have something to tell"),
      },
      snapshot,
    );
    engine.onSettled(() => snapshots.note());
    journal.start(engine.ledger);
    engine.start(journal, hex(settings.random.bytes(8)));
    return new Embedded(opened, snapshots, settings);
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
    const { engine, snapshots } = this;
    const { journal, snapshot } = this.#opened;
    engine.dispatcher.abortAll("shutdown");
    engine.stop();
    await journal.drain();
    if (engine.state === "failed") await snapshots.abandon();
    else await snapshots.close();
    try {
      await snapshot.store.close();
    } finally {
      await journal.close();
      this.#stopWatching?.();
    }
  }
}

/** Opens snapshot and journal under the lock, and brings a new engine to where they end. */
async function openDirectory(directory: string, parts: EmbeddedParts): Promise<Opened> {
  const { settings } = parts;
  const { clock, logger, random, durability, profile, segmentBytes } = settings;
  const disk = settings.disk ?? nodeDisk;
  let snapshot: OpenedSnapshot | undefined;
  let engine: Engine | undefined;
  let runner: CallbackRunner | undefined;
  try {
    const journal = await openJournal(
      {
        ...{ directory, clock, random, durability, profile, disk },
        ...(segmentBytes !== undefined && { limits: { segmentBytesMax: segmentBytes } }),
        report: (notice) => logger.warn({ ...notice }, "The journal has something to tell"),
        loadBase: async (found) => {
          snapshot = await openSnapshot(
            {
              ...{ directory, disk, clock },
              // LMDB goes to the disk of the machine, past a disk of the caller's own.
              wish: settings.disk === undefined || settings.snapshot !== "auto" ? settings.snapshot : "file",
              limits: { ...defaultStateLimits, history: { perTimerMax: settings.retention.count } },
              report: (notice) => logger.warn({ ...notice }, "The snapshots have something to tell"),
            },
            found,
          );
          ({ engine, runner } = makeEngine(snapshot.state, parts));
          return snapshot.base;
        },
      },
      (index, term, entry) => engine?.ledger.replay(index, term, entry),
    );
    assert(snapshot !== undefined && engine !== undefined && runner !== undefined, "the snapshot was asked for");
    return { engine, runner, journal, snapshot };
  } catch (error) {
    await snapshot?.store.close();
    throw error;
  }
}

function makeEngine(state: State, parts: EmbeddedParts): { engine: Engine; runner: CallbackRunner } {
  const { settings, events, recurrences, output } = parts;
  const { clock, logger, concurrency, orphanGraceMs, keepAlive } = settings;
  const runner = new CallbackRunner(clock, output, (slot) => state.timers.reference(slot));
  const engine = new Engine({
    ...{ state, clock, runner, events, logger, recurrences, concurrency, orphanGraceMs, keepAlive },
  });
  return { engine, runner };
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

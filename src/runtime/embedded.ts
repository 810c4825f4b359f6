/**
 * The embedded mode: one directory, its journal, an engine and callbacks, in the importing process. Opened and
 * closed here, in that order and its reverse; what users call is in `kron.ts`.
 */

import { assert } from "../core/assert.ts";
import { KronError } from "../core/errors.ts";
import type { HistorySource } from "../core/history.ts";
import type { State } from "../core/state.ts";
import type { KronSettings } from "../kron-options.ts";
import type { Clock } from "../ports.ts";
import { CallbackRunner } from "../runners/callback.ts";
import type { Callback, OutputSink } from "../runners/callback-context.ts";
import type { Reaper } from "../runners/reaper.ts";
import { HistoryReader } from "../snapshot/history-reader.ts";
import type { CheckpointKeeper } from "../snapshot/keeper.ts";
import { Commands, type Registration, type ScheduleResult } from "../supervisor/commands.ts";
import { killMsMax } from "../supervisor/dispatcher.ts";
import { Engine } from "../supervisor/engine.ts";
import type { EventSink } from "../supervisor/events.ts";
import type { Recurrences } from "../supervisor/recurrences.ts";
import { AppRunners } from "./app-runners.ts";
import { HostDoor } from "./host-door.ts";
import { type DirectorySettings, keepSnapshots, type OpenedDirectory, openDirectory } from "./open-directory.ts";
import { RunnerSet } from "./runner-set.ts";
import { makeTargetRunners } from "./target-runners.ts";
import { TargetTools } from "./target-tools.ts";
import { within } from "./within.ts";

/** After its signal was aborted at shutdown, an attempt has so long before it is ended by force or given up. */
const abortGraceMs = 2_000;

/** What an embedded runtime is given by its owner. */
export interface EmbeddedParts {
  readonly settings: KronSettings;
  readonly recurrences: Recurrences;
  readonly events: EventSink;
  readonly output: OutputSink;
}

/** An opened directory with what runs its timers. */
interface Opened extends OpenedDirectory {
  readonly engine: Engine;
  readonly callbacks: CallbackRunner;
  readonly apps: AppRunners;
  readonly hostDoor: HostDoor;
  readonly runners: RunnerSet;
  readonly tools: TargetTools;
}

/** An open directory with an engine that runs its timers. */
export class Embedded {
  readonly engine: Engine;
  readonly commands: Commands;
  readonly snapshots: CheckpointKeeper;
  readonly history: HistorySource;
  readonly #opened: Opened;
  readonly #clock: Clock;
  readonly #stopWatching: (() => void) | undefined;
  #beforeClosing: () => Promise<void> = () => Promise.resolve();

  private constructor(opened: Opened, snapshots: CheckpointKeeper, settings: KronSettings) {
    const { engine, journal, snapshot } = opened;
    const { clock, retention } = settings;
    this.engine = engine;
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
    const directorySettings = reportingTo(settings);
    const opened = await openWithEngine(directory, parts, directorySettings);
    const { engine, journal } = opened;
    const snapshots = keepSnapshots(directory, opened, directorySettings);
    engine.onSettled(() => snapshots.note());
    journal.start(engine.ledger);
    engine.start(journal, hex(settings.random.bytes(8)));
    return new Embedded(opened, snapshots, settings);
  }

  /** The applications in other processes that have callbacks. */
  get apps(): AppRunners {
    return this.#opened.apps;
  }

  /** Where hosts of modules come in; whoever serves the directory has to say so. */
  get hostDoor(): HostDoor {
    return this.#opened.hostDoor;
  }

  /** What ends child processes when this one is killed; closed with the directory. */
  reaper(): Promise<Reaper> {
    return this.#opened.tools.reaper();
  }

  /** The uuid of the journal, in hexadecimal digits. */
  get uuid(): string {
    return hex(this.#opened.journal.uuid);
  }

  /** Has `stop` called, and waited for, when runs have ended and the directory is about to be closed. */
  beforeClosing(stop: () => Promise<void>): void {
    this.#beforeClosing = stop;
  }

  /** Schedules a timer; with a callback where that is its target. */
  schedule(registration: Registration, callback: Callback | undefined): Promise<ScheduleResult> {
    const { callbacks } = this.#opened;
    return this.commands.schedule(registration, (slot) => {
      if (callback !== undefined) callbacks.register(slot, callback);
    });
  }

  /** Whether nothing here can execute the timer, and it has had its time to get a callback. */
  isOrphaned(slot: number): boolean {
    return this.engine.scheduler.isOrphaned(slot);
  }

  /**
   * Starts no more runs, waits `timeoutMs` for those under way, aborts them, ends those that do not stop by force or
   * gives them up where that is not possible, and closes the directory in any case. Rejects with `KRON_SHUTDOWN_TIMEOUT` when runs were given up.
   */
  async close(timeoutMs: number): Promise<void> {
    const { dispatcher } = this.engine;
    const idle = new Promise<void>((whenIdle) => this.engine.drain(whenIdle));
    let givenUp: string[] = [];
    if (!(await within(this.#clock, idle, timeoutMs))) {
      dispatcher.abortAll("shutdown");
      if (!(await within(this.#clock, idle, abortGraceMs))) {
        givenUp = dispatcher.terminateAll();
        const isTerminating = dispatcher.executingCount > 0;
        if (isTerminating && !(await within(this.#clock, idle, killMsMax))) givenUp.push(...dispatcher.giveUpAll());
        await within(this.#clock, idle, abortGraceMs);
      }
    }
    await this.closeNow();
    if (givenUp.length > 0) throw shutdownTimeout(givenUp);
  }

  /** Closes the directory without waiting for runs; those under way will be found lost at the next start. */
  async closeNow(): Promise<void> {
    const { engine, snapshots } = this;
    const { journal, snapshot, runners } = this.#opened;
    await this.#beforeClosing();
    engine.dispatcher.abortAll("shutdown");
    engine.stop();
    await runners.close();
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

function reportingTo(settings: KronSettings): DirectorySettings {
  const { logger } = settings;
  return {
    ...settings,
    reportJournal: (notice) => logger.warn({ ...notice }, "The journal has something to tell"),
    reportSnapshot: (notice) => logger.warn({ ...notice }, "The snapshots have something to tell"),
  };
}

/** Opens the directory, and brings a new engine to where it ends. */
async function openWithEngine(directory: string, parts: EmbeddedParts, settings: DirectorySettings): Promise<Opened> {
  let made: ReturnType<typeof makeEngine> | undefined;
  const opened = await openDirectory(directory, settings, (state) => {
    const engineParts = makeEngine(directory, state, parts);
    made = engineParts;
    return (index, term, entry) => engineParts.engine.ledger.replay(index, term, entry);
  });
  assert(made !== undefined, "the engine was made when the snapshot was there");
  return { ...opened, ...made };
}

function makeEngine(
  dataDir: string,
  state: State,
  parts: EmbeddedParts,
): Pick<Opened, "engine" | "callbacks" | "apps" | "hostDoor" | "runners" | "tools"> {
  const { settings, events, recurrences, output } = parts;
  const { clock, logger, concurrency, orphanGraceMs, keepAlive } = settings;
  const { timers, definitions } = state;
  const referenceOf = (slot: number): number => timers.reference(slot);
  const callbacks = new CallbackRunner(clock, output, referenceOf);
  const apps = new AppRunners({
    own: callbacks,
    referenceOf,
    onGained: (slots) => {
      for (const slot of slots) engine.noteCallback(slot);
    },
    onLost: (slots) => engine.noteRunnerGone(slots),
  });
  const targetOf = (slot: number) => definitions.get(timers.definition.get(slot)).target;
  const hostDoor = new HostDoor();
  const targetParts = { ...settings, dataDir, output, hostDoor };
  const tools = new TargetTools(targetParts);
  const runners = new RunnerSet(apps, makeTargetRunners(targetParts, tools), targetOf, () => tools.close());
  const engine: Engine = new Engine({
    ...{ state, clock, runner: runners, events, logger, recurrences, concurrency, orphanGraceMs, keepAlive },
  });
  return { engine, callbacks, apps, hostDoor, runners, tools };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function shutdownTimeout(runs: readonly string[]): KronError {
  const names = runs.slice(0, 5).join(", ");
  return new KronError("KRON_SHUTDOWN_TIMEOUT", `${runs.length} runs did not stop and were given up: ${names}`, {
    hint: "Pass context.signal on to what the callback waits for, or raise timeoutMs",
    details: { runs },
  });
}

/**
 * A supervisor: the process that has the engine, serves its socket, and keeps the instances of an app alive, in which the
 * callbacks run. Everything it is made of is put together here; what happens is told through `tell`, as lines for people.
 */

import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { Zones } from "../../core/zone.ts";
import type { IpcMethod } from "../../ipc/methods.ts";
import type { IpcServer } from "../../ipc/server.ts";
import type { KronSettings } from "../../kron-options.ts";
import { RotatingLog } from "../../logs/rotating-log.ts";
import type { Reaper } from "../../runners/reaper.ts";
import type { ChildReport } from "../../supervisor/child.ts";
import { Recurrences } from "../../supervisor/recurrences.ts";
import { intlOffsetSource } from "../../zone-source.ts";
import type { AppService } from "../app-service.ts";
import { Embedded } from "../embedded.ts";
import { embeddedService } from "../embedded-service.ts";
import { EventHub } from "../event-hub.ts";
import { outputEvents } from "../output-events.ts";
import { serveRuntime } from "../serve.ts";
import { within } from "../within.ts";
import { AppInstances } from "./app-instances.ts";
import { AppOutput } from "./app-output.ts";
import { AppProcesses } from "./app-process.ts";
import { reportText } from "./report-text.ts";
import type { SuperviseSettings } from "./supervise-options.ts";
import { Watching } from "./watching.ts";

/** What a service manager wants to know. */
export type SupervisorPhase = "ready" | "reloading" | "stopping";

/** What a supervisor is given. */
export interface SupervisorParts {
  readonly dataDir: string;
  readonly app: SuperviseSettings;
  readonly runtime: KronSettings;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly useColor: boolean;
  /** Takes a line for whoever looks after it. */
  readonly tell: (line: string) => void;
  /** Told where it is in its life, for a service manager: `ready` once an instance is, `stopping` when it begins to end. */
  readonly onPhase?: ((phase: SupervisorPhase) => void) | undefined;
}

/** How a supervisor came to its end: as it should, with an app that failed for good, or with work that was cut short. */
export type SupervisorEnd = "clean" | "app-failed" | "cut-short";

type Phase = "running" | "draining" | "stopped";

const logBytesMax = 10 * 1024 * 1024;
const olderLogsMax = 5;

/** A supervisor at work. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #embedded: Embedded;
  readonly #log: RotatingLog;
  readonly #instances: AppInstances;
  readonly #processes: readonly AppProcesses[];
  readonly #watching: Watching;
  #service: AppService | undefined;
  #server: IpcServer | undefined;
  #phase: Phase = "running";
  /** The runtime failed, or was ended by force. */
  #isCutShort = false;
  #wasReady = false;
  #ending: Promise<SupervisorEnd> | undefined;
  #whenEnded: (end: SupervisorEnd) => void = () => undefined;
  readonly #ended = new Promise<SupervisorEnd>((resolve) => {
    this.#whenEnded = resolve;
  });

  private constructor(parts: SupervisorParts, embedded: Embedded, reaper: Reaper) {
    const { dataDir, runtime, app, tell } = parts;
    this.#parts = parts;
    this.#embedded = embedded;
    this.#log = new RotatingLog({
      ...{ path: join(dataDir, "logs", "app.log"), bytesMax: logBytesMax, olderMax: olderLogsMax },
      onTrouble: (error) => tell(`the output of the app cannot be kept: ${error.message}`),
    });
    const output = new AppOutput({ ...parts, keep: (bytes) => this.#log.write(bytes) });
    const take = (instance: number, stream: "stdout" | "stderr", readable: Readable): void => {
      output.take(instance, stream, readable);
    };
    this.#processes = Array.from({ length: app.instances }, (_, instance) => {
      return new AppProcesses({
        command: [process.execPath, ...app.nodeArgs, app.script, ...app.args],
        environment: { ...process.env, KRON_HOME: dataDir },
        ...{ dataDir, instance, random: runtime.random },
        expect: () => reaper.expect(),
        output: (stream, readable) => take(instance, stream, readable),
        drain: (key) => this.#service?.drain(key) ?? Promise.resolve(),
        gone: (key) => this.#service?.gone(key),
      });
    });
    this.#instances = new AppInstances({
      ...{ processes: this.#processes, policy: app.policy, clock: runtime.clock },
      report: (instance, report, pid) => this.#report(instance, report, pid),
      awaited: (isAwaited) => {
        if (isAwaited) embedded.engine.holdGraces();
        else embedded.engine.releaseGraces();
      },
    });
    this.#watching = new Watching(this.#instances, { ...parts, reload: () => this.#reloadByItself() });
  }

  /** Opens the directory, serves it, and starts the app. Rejects with what keeps it from that. */
  static async start(parts: SupervisorParts): Promise<Supervisor> {
    const { runtime, dataDir } = parts;
    const { logger, random } = runtime;
    const recurrences = new Recurrences(new Zones(intlOffsetSource()));
    const events = new EventHub({
      has: (name) => name === "error" || name === "writable",
      emit: (name, ...args) => supervisor?.noteEvent(name, args[0]),
    });
    const output = outputEvents(events, logger);
    const embedded = await Embedded.open(dataDir, {
      // What runs must not be able to take the supervisor along.
      settings: { ...runtime, hostModules: true },
      ...{ recurrences, events, output },
    });
    let supervisor: Supervisor | undefined;
    try {
      const started = new Supervisor(parts, embedded, await embedded.reaper());
      supervisor = started;
      const service = embeddedService(embedded, {
        ...{ dataDir, mode: "supervised", events, output, disk: runtime.disk },
        phase: () => (embedded.engine.state === "failed" ? "failed" : started.#phase),
        shutdown: (timeoutMs) => void started.stop(timeoutMs),
        onReady: (key) => started.#ready(key),
        onBlocked: (key) => started.#blocked(key),
        onServing: (apps) => {
          started.#service = apps;
        },
        apps: () => started.#apps(),
      });
      started.#server = await serveRuntime(service, logger, random, started.#methods());
      embedded.beforeClosing(() => started.#closeApps());
      started.#instances.start();
      started.#watching.start();
      void started.#instances.whenOver().then(() => started.#noteOver());
      return started;
    } catch (error) {
      await embedded.closeNow();
      throw error;
    }
  }

  /** Resolves when all is closed. */
  whenEnded(): Promise<SupervisorEnd> {
    return this.#ended;
  }

  /** Replaces the app. Rejects with `KRON_APP_FAILED` when the new one does not get ready; the old one stays. */
  async reload(): Promise<void> {
    const { onPhase } = this.#parts;
    onPhase?.("reloading");
    try {
      await this.#instances.reload();
    } finally {
      // With the new app or with the old one.
      if (this.#phase === "running") onPhase?.("ready");
    }
  }

  /**
   * Starts no more runs, waits for those under way, up to `timeoutMs`, ends the app, and closes the directory. Resolves
   * when all is closed; never rejects.
   */
  stop(timeoutMs: number = this.#parts.app.policy.stopTimeoutMs): Promise<SupervisorEnd> {
    this.#ending ??= this.#end(timeoutMs);
    return this.#ending;
  }

  /** Ends the app and all runs at once; what is under way is lost, and recorded as that. */
  force(): void {
    const { dispatcher } = this.#embedded.engine;
    this.#isCutShort = true;
    void this.stop(0);
    this.#instances.force();
    dispatcher.abortAll("shutdown");
    dispatcher.terminateAll();
  }

  /** What the engine tells that concerns us. */
  noteEvent(name: string, event: unknown): void {
    const { tell } = this.#parts;
    if (name === "writable") tell(event === true ? "the disk takes changes again" : "the disk is full");
    if (name !== "error") return;
    tell(`the runtime has failed: ${event instanceof Error ? event.message : String(event)}`);
    // Nothing more can be promised; what was acknowledged is there for the next start.
    this.force();
  }

  async #end(timeoutMs: number): Promise<SupervisorEnd> {
    const { tell } = this.#parts;
    this.#phase = "draining";
    this.#parts.onPhase?.("stopping");
    this.#watching.stop();
    this.#instances.prepareStop();
    const { engine } = this.#embedded;
    const { activeCount } = engine.dispatcher;
    if (activeCount > 0) tell(`waiting for ${activeCount} runs under way, ${timeoutMs} ms at most`);
    const idle = new Promise<void>((whenIdle) => engine.drain(whenIdle));
    if (!(await within(engine.clock, idle, timeoutMs))) {
      tell(`${engine.dispatcher.activeCount} runs have not ended, and are cut short`);
      this.#isCutShort = true;
    }
    try {
      await this.#embedded.close(0);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
      this.#isCutShort = true;
    }
    this.#log.close();
    this.#phase = "stopped";
    const end = this.#instances.hasFailed ? "app-failed" : this.#isCutShort ? "cut-short" : "clean";
    this.#whenEnded(end);
    return end;
  }

  /** Called when runs have ended and the directory is about to be closed: what it loses now is still recorded. */
  async #closeApps(): Promise<void> {
    await this.#instances.stop();
    await this.#server?.close();
  }

  /** The app has ended by itself or was given up. Where its files are watched, mending them starts it again. */
  #noteOver(): void {
    if (this.#phase !== "running") return;
    if (this.#parts.app.watchPaths === undefined) {
      void this.stop();
      return;
    }
    this.#parts.tell("the app is not running; it is started again when a file changes");
  }

  #ready(key: string): void {
    for (const processes of this.#processes) processes.find(key)?.ready();
  }

  #blocked(key: string): void {
    for (const processes of this.#processes) processes.find(key)?.signal("kill");
  }

  #reloadByItself(): void {
    this.reload().catch((error: unknown) => {
      this.#parts.tell(error instanceof Error ? error.message : String(error));
    });
  }

  #report(instance: number, report: ChildReport, pid: number | undefined): void {
    this.#parts.tell(reportText(instance, report, pid));
    if (report.what !== "ready" || this.#wasReady) return;
    this.#wasReady = true;
    this.#parts.onPhase?.("ready");
  }

  /** The instances with what is attached of them, then what else is attached. */
  #apps(): object[] {
    const attached = this.#service?.apps() ?? [];
    const pids = new Set<number | undefined>();
    const instances = this.#instances.views().map((view) => {
      pids.add(view.pid);
      const app = attached.find(({ pid }) => pid !== null && pid === view.pid);
      return { ...app, ...view, pid: view.pid ?? null };
    });
    return [...instances, ...attached.filter(({ pid }) => !pids.has(pid ?? undefined))];
  }

  #methods(): [name: string, method: IpcMethod][] {
    const renew = (name: string, call: () => Promise<void>): [string, IpcMethod] => [
      name,
      { kind: "unary", call: () => call().then(() => ({ instances: this.#parts.app.instances })) },
    ];
    return [
      renew("supervisor.reload", () => this.reload()),
      renew("supervisor.restart", () => this.#instances.restart()),
    ];
  }
}

/**
 * A runtime without an application: opened, kept in line with its configuration, and closed when it is told to.
 *
 * It stops at SIGTERM and SIGINT, when asked over its socket, and when it fails; it reads its configuration anew at
 * SIGHUP. `kron runtime start` makes one of the process's signals; tests may send what they like.
 */

import { isKronError, type KronError } from "../../src/core/errors.ts";
import { Kron } from "../../src/kron.ts";
import type { Clock, Logger } from "../../src/ports.ts";
import type { Config } from "../../src/runtime/config.ts";
import type { ConfigProblem } from "../../src/runtime/config-timers.ts";
import type { ServiceNotifier } from "../../src/runtime/service-notifier.ts";
import { type SyncResult, syncTimers } from "../../src/runtime/sync.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { counted } from "../printable.ts";
import { KronDesk } from "./kron-desk.ts";
import { logEvents, present } from "./runtime-log.ts";

/** What a service is made of. */
export interface ServiceParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly notifier: ServiceNotifier;
  /** Reads the configuration anew. Rejects with `KRON_CONFIG_INVALID`. */
  readonly readConfig: () => Promise<Config>;
}

type Ending = { readonly kind: "asked"; readonly by: string } | { readonly kind: "failed"; readonly error: KronError };

/** How often systemd is told what the runtime is doing; it also keeps the process running. */
const statusMs = 30_000;

/** A runtime that runs until it is stopped. */
export class RuntimeService {
  readonly #parts: ServiceParts;
  readonly #kron: Kron;
  readonly #ending: Promise<Ending>;
  #config: Config;
  #end: (ending: Ending) => void = () => undefined;
  /** Reloads, one behind the other. */
  #reloads: Promise<void> = Promise.resolve();
  #isStarted = false;
  #isEnding = false;
  /** Attempts that the end of the runtime has ended. */
  #stoppedCount = 0;

  constructor(config: Config, parts: ServiceParts) {
    const { runtime, dataDir, baseDir } = config;
    this.#config = config;
    this.#parts = parts;
    // What runs must not be able to take the runtime along.
    this.#kron = new Kron({ ...runtime, hostModules: true, dataDir, baseDir, logger: parts.logger });
    this.#ending = new Promise((resolve) => {
      this.#end = (ending) => {
        this.#isEnding = true;
        resolve(ending);
      };
    });
  }

  /** Starts, runs until it is told to stop, and stops. Rejects with what kept it from starting. */
  async run(): Promise<ExitCodeValue> {
    const { clock, logger, notifier } = this.#parts;
    logEvents(this.#kron, logger);
    this.#kron.on("run", ({ type, ending }) => {
      const isStopped = type === "RUN_LOST" || (ending !== undefined && type !== "RUN_TIMED_OUT");
      if (this.#isEnding && isStopped) this.#stoppedCount += 1;
    });
    this.#kron.on("error", (error) => this.#end({ kind: "failed", error }));
    this.#kron.on("shutdown", () => this.#end({ kind: "asked", by: "a command" }));
    await this.#kron.start();
    let cancelStatus = (): void => undefined;
    try {
      await this.#sync();
      this.#isStarted = true;
      const view = await this.#kron.runtime();
      logger.info({ dataDir: view.dataDir, timers: view.timers, config: this.#config.file }, "The runtime is ready");
      notifier.ready(statusText(view.timers, view.running));
      // A drain may take longer than the watchdog waits.
      notifier.watch(() => this.#kron.state === "running" || this.#kron.state === "draining");
      const tick = (): void => {
        void this.#tellStatus();
        cancelStatus = clock.wakeAfter(statusMs, tick);
      };
      tick();
      const ending = await this.#ending;
      await this.#reloads;
      return await this.#close(ending);
    } catch (error) {
      // It was started, so it is to be closed whatever came up.
      await this.#kron.shutdown({ timeoutMs: 0 }).catch(() => undefined);
      throw error;
    } finally {
      cancelStatus();
    }
  }

  /** Begins to stop; `by` says who asked. */
  stop(by: string): void {
    this.#end({ kind: "asked", by });
  }

  /** Reads the configuration anew and brings the timers in line; what cannot be changed while it runs is told. */
  reload(): void {
    this.#reloads = this.#reloads.then(() => this.#reload());
  }

  async #reload(): Promise<void> {
    const { logger, notifier } = this.#parts;
    if (this.#isEnding) return;
    if (!this.#isStarted) {
      logger.info({}, "The runtime is still starting, and reads its configuration in any case");
      return;
    }
    notifier.reloading();
    let outcome = "Reloaded";
    try {
      const before = this.#config;
      const config = await this.#parts.readConfig();
      this.#config = { ...config, dataDir: before.dataDir };
      const waiting = changedOptions(before, config);
      if (waiting.length > 0) logger.warn({ options: waiting }, "These options take effect with the next start");
      const { steps } = await this.#sync();
      logger.info({ timers: steps.length }, "The configuration was read anew");
    } catch (error) {
      outcome = "The reload failed, what was before goes on";
      this.#tellFailure(error);
    }
    const { timers, running } = await this.#kron.runtime();
    notifier.ready(`${outcome}. ${statusText(timers, running)}`);
  }

  async #sync(): Promise<SyncResult> {
    const { logger } = this.#parts;
    const { dataDir, source, timers } = this.#config;
    const request = {
      dataDir,
      source,
      timers,
      prune: false,
      adopt: false,
      isDryRun: false,
      onRefused: "skip",
    } as const;
    const result = await syncTimers(request, new KronDesk(this.#kron));
    for (const step of result.steps) {
      if (step.kind === "refuse") logger.error({ timerId: step.id, why: step.why }, "A declared timer cannot be had");
      if (step.kind === "keep") logger.info({ timerId: step.id }, "A timer is no longer declared; `kron sync --prune`");
    }
    return result;
  }

  async #close(ending: Ending): Promise<ExitCodeValue> {
    const { logger, notifier } = this.#parts;
    if (ending.kind === "failed") {
      const { code, message, hint } = ending.error;
      logger.error(present({ code, hint }), message);
      await this.#kron.shutdown({ timeoutMs: 0 }).catch(() => undefined);
      return ExitCode.FAILURE;
    }
    const { running } = await this.#kron.runtime();
    const { drainMs } = this.#config;
    logger.info({ by: ending.by, running, drainMs }, "The runtime stops; runs under way may finish");
    notifier.stopping(`Stopping: ${counted(running, "attempt")} under way`);
    try {
      await this.#kron.shutdown({ timeoutMs: drainMs });
    } catch (error) {
      if (!isKronError(error, "KRON_SHUTDOWN_TIMEOUT")) throw error;
      logger.warn({ ...error.details }, "Attempts did not end in time and were given up; they are retried as lost");
      return ExitCode.INCOMPLETE;
    }
    if (this.#stoppedCount > 0) {
      logger.warn(
        { attempts: this.#stoppedCount },
        "The runtime has stopped, and with it attempts that took too long; they are retried as lost",
      );
      return ExitCode.INCOMPLETE;
    }
    logger.info({}, "The runtime has stopped");
    return ExitCode.OK;
  }

  async #tellStatus(): Promise<void> {
    const { timers, running } = await this.#kron.runtime();
    if (!this.#isEnding) this.#parts.notifier.status(statusText(timers, running));
  }

  #tellFailure(error: unknown): void {
    const { logger } = this.#parts;
    const problems = isKronError(error, "KRON_CONFIG_INVALID") ? error.details?.problems : undefined;
    for (const problem of (problems ?? []) as readonly ConfigProblem[])
      logger.error({ ...problem }, "The configuration is wrong");
    logger.error({ err: error }, "The configuration was not taken; what was before goes on");
  }
}

/** Options that differ and are read only at a start. Timers, their zone and the time for a stop are not among them. */
function changedOptions(before: Config, after: Config): string[] {
  const names = [...Object.keys(before.runtime), ...Object.keys(after.runtime)] as (keyof Config["runtime"])[];
  const changed = [...new Set(names)].filter(
    (name) => JSON.stringify(before.runtime[name]) !== JSON.stringify(after.runtime[name]),
  );
  return before.logLevel === after.logLevel ? changed : [...changed, "logLevel"];
}

function statusText(timers: number, running: number): string {
  return `${counted(timers, "timer")}, ${counted(running, "attempt")} under way`;
}

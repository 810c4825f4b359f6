/** What runners of targets share: each is loaded and made with the first runner that needs it. */

import type { LogSettings } from "../core/log-options.ts";
import type { RunLogs } from "../logs/run-logs.ts";
import type { Clock, Logger, OutputFiles, Random } from "../ports.ts";
import type { Reaper } from "../runners/reaper.ts";

/** What runners of targets are made of. */
export interface TargetParts {
  readonly dataDir: string;
  /** What relative paths in targets are relative to. */
  readonly baseDir: string;
  readonly logs: LogSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Tools that are made when first asked for. */
export class TargetTools {
  readonly #parts: TargetParts;
  #logs: Promise<RunLogs> | undefined;
  #reaper: Promise<Reaper> | undefined;

  constructor(parts: TargetParts) {
    this.#parts = parts;
  }

  /** Where output of attempts goes. */
  output(): Promise<OutputFiles> {
    this.#logs ??= this.#makeLogs();
    return this.#logs;
  }

  /** What ends processes when this one is killed. */
  reaper(): Promise<Reaper> {
    this.#reaper ??= this.#makeReaper();
    return this.#reaper;
  }

  /** Gives back what was made. */
  async close(): Promise<void> {
    // What could not be loaded has nothing to give back.
    const [logs, reaper] = await Promise.all([
      this.#logs?.catch(() => undefined),
      this.#reaper?.catch(() => undefined),
    ]);
    logs?.close();
    reaper?.close();
  }

  async #makeLogs(): Promise<RunLogs> {
    const { RunLogs } = await import("../logs/run-logs.ts");
    const { dataDir, logs, clock, logger } = this.#parts;
    return new RunLogs({ dataDir, limits: logs, clock, logger });
  }

  async #makeReaper(): Promise<Reaper> {
    const { Reaper } = await import("../runners/reaper.ts");
    const { clock, random, logger } = this.#parts;
    return new Reaper({ clock, random, logger });
  }
}

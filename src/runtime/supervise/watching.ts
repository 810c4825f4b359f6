/** What a supervisor looks at all the time: files that the app is made of, and the memory it takes. */

import type { CancelWait, Clock, Logger } from "../../ports.ts";
import type { AppInstances } from "./app-instances.ts";
import { MemoryGuard, residentBytes } from "./memory-guard.ts";
import { PathWatch } from "./path-watch.ts";
import type { SuperviseSettings } from "./supervise-options.ts";

/** What it needs. */
export interface WatchingOptions {
  readonly dataDir: string;
  readonly app: SuperviseSettings;
  readonly runtime: { readonly clock: Clock; readonly logger: Logger };
  readonly tell: (line: string) => void;
  /** A file has changed. */
  readonly reload: () => void;
}

/** Between two looks at the memory. */
const lookMs = 1_000;

/** Looks until it is stopped. */
export class Watching {
  readonly #instances: AppInstances;
  readonly #options: WatchingOptions;
  readonly #guards: readonly MemoryGuard[];
  #paths: PathWatch | undefined;
  #cancelLook: CancelWait | undefined;
  #isStopped = false;

  constructor(instances: AppInstances, options: WatchingOptions) {
    this.#instances = instances;
    this.#options = options;
    const { instances: count, maxMemoryBytes } = options.app;
    this.#guards =
      maxMemoryBytes === undefined ? [] : Array.from({ length: count }, () => new MemoryGuard(maxMemoryBytes));
  }

  /** Begins. Throws what the system says of a path that cannot be watched. */
  start(): void {
    const { app, runtime, dataDir, tell, reload } = this.#options;
    if (app.watchPaths !== undefined) {
      const changed = (path: string): void => {
        tell(`${path} has changed`);
        reload();
      };
      this.#paths = new PathWatch({ paths: app.watchPaths, except: [dataDir], ...runtime, changed });
    }
    if (this.#guards.length > 0) this.#lookLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#paths?.close();
    this.#cancelLook?.();
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.runtime.clock.wakeAfter(lookMs, () => void this.#look(), false);
  }

  async #look(): Promise<void> {
    for (const { instance, pid, state } of this.#instances.views()) {
      if (pid === undefined || state !== "ready") continue;
      const bytes = await residentBytes(pid);
      const nowMs = this.#options.runtime.clock.monotonicMs();
      if (bytes !== undefined && this.#guards[instance]?.isTooMuch(pid, bytes, nowMs) === true && !this.#isStopped) {
        this.#instances.noteMemoryHigh(instance, bytes);
      }
    }
    if (!this.#isStopped) this.#lookLater();
  }
}

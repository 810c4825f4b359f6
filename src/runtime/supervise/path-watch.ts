/** Watches files and folders, and tells of a change once it has been quiet again for a moment. */

import { type FSWatcher, statSync, watch } from "node:fs";
import { relative, sep } from "node:path";
import type { CancelWait, Clock, Logger } from "../../ports.ts";

/** What is watched. */
export interface PathWatchOptions {
  readonly paths: readonly string[];
  /** Folders in which changes mean nothing, such as the data directory. */
  readonly except: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of a path that changed, once for many. */
  readonly changed: (path: string) => void;
}

/** An editor writes a file in several steps, a build writes many files. */
export const quietMs = 300;
const ignored = /(^|[\\/])(node_modules|\.[^\\/]*|[^\\/]*(~|\.sw[a-z]|\.log))([\\/]|$)/;

/** Watches until it is closed. */
export class PathWatch {
  readonly #options: PathWatchOptions;
  readonly #watchers: FSWatcher[] = [];
  #cancelWait: CancelWait | undefined;

  /** Throws what the system says when a path cannot be watched. */
  constructor(options: PathWatchOptions) {
    this.#options = options;
    for (const path of options.paths) this.#watch(path);
  }

  close(): void {
    this.#cancelWait?.();
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(path: string): void {
    const isFolder = statSync(path).isDirectory();
    const watcher = watch(path, { recursive: isFolder }, (_event, name) => {
      if (!isFolder || name === null) this.#note(path);
      else if (!ignored.test(name)) this.#note(`${path}${sep}${name}`);
    });
    watcher.on("error", (error) => {
      this.#options.logger.warn({ err: error, path }, "A path is not watched any more");
      watcher.close();
    });
    this.#watchers.push(watcher);
  }

  #note(path: string): void {
    const { except, clock, changed } = this.#options;
    if (except.some((folder) => isWithin(path, folder))) return;
    this.#cancelWait?.();
    this.#cancelWait = clock.wakeAfter(quietMs, () => changed(path), false);
  }
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (!way.startsWith("..") && way !== path);
}

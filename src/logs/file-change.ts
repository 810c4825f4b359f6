/** Waiting for a file to change: told by the system where it can, and by the clock in any case. */

import { type FSWatcher, watch } from "node:fs";
import type { Clock } from "../ports.ts";

/** Resolves when the file at `path` has changed, or after `pollMs`; only the latter without a path. */
export function waitForChange(path: string | undefined, clock: Clock, pollMs: number): Promise<void> {
  return new Promise((resolve) => {
    let watcher: FSWatcher | undefined;
    const finish = (): void => {
      cancelWait();
      watcher?.close();
      resolve();
    };
    const cancelWait = clock.wakeAfter(pollMs, finish);
    if (path === undefined) return;
    try {
      watcher = watch(path, finish);
      // Some file systems tell of no changes, and watches may run out; the clock is enough.
      watcher.on("error", () => undefined);
    } catch {
      // The same.
    }
  });
}

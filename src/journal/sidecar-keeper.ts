/**
 * Keeps the sidecar up to date beside the journal's own syncs: written after each of them, which costs
 * microseconds, and synced only once the journal has been quiet for a while, or when segments are dropped on
 * its word. Nobody else writes it while the journal runs. One sync of it is in flight at most, as of two
 * only one might be told that the disk failed.
 */

import type { CancelWait, Clock } from "../ports.ts";
import type { Report } from "./notice.ts";
import type { Sidecar } from "./sidecar.ts";

/** The sidecar is synced when the journal was not written for this long. */
const quietMs = 100;

/** What keeping a sidecar needs. */
export interface KeeperContext {
  readonly sidecar: Sidecar;
  readonly path: string;
  readonly clock: Clock;
  readonly report: Report;
  readonly onSyncFailed: (cause: Error) => void;
}

/** Writes the sidecar now and syncs it later. */
export class SidecarKeeper {
  readonly #context: KeeperContext;
  #cancel: CancelWait | undefined;
  #isDirty = false;
  #isBusy = false;
  #isFailing = false;
  #isSyncing = false;
  /** Why no sync is tried any more. */
  #failure: Error | null = null;
  /** Who waits for the sync in flight to end. */
  readonly #waiting: (() => void)[] = [];

  constructor(context: KeeperContext) {
    this.#context = context;
  }

  /** The first index that the journal still has to hold. */
  get firstIndex(): number {
    return this.#context.sidecar.firstIndex;
  }

  /** States that everything up to `durable` is synced. A write that fails is reported once and not an error. */
  note(durable: number): void {
    try {
      this.#context.sidecar.write(durable);
      this.#isFailing = false;
      this.#isDirty = true;
    } catch (cause) {
      if (!this.#isFailing) this.#context.report({ kind: "sidecar-stale", path: this.#context.path, cause });
      this.#isFailing = true;
    }
    this.#isBusy = true;
    this.#cancel ??= this.#wait();
  }

  /** States that a sync failed after `durable`, as well as that is still possible. */
  noteFailure(durable: number): void {
    this.stop();
    try {
      this.#context.sidecar.write(durable, true);
    } catch {
      // The disk is failing anyway, and the failure itself is being reported.
    }
  }

  /**
   * States that the journal begins at `firstIndex`, and calls `done` once that is synced or cannot be. Throws what
   * the disk throws when it cannot be written; it is then as it was.
   */
  moveFirst(firstIndex: number, durable: number, done: (error: Error | null) => void): void {
    const { sidecar } = this.#context;
    const before = sidecar.firstIndex;
    sidecar.firstIndex = firstIndex;
    try {
      sidecar.write(durable);
    } catch (cause) {
      sidecar.firstIndex = before;
      throw cause;
    }
    this.#sync(done);
  }

  /** Forgets the wait for quiet. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Calls `done` once no sync is in flight: now, or when it has ended. */
  whenIdle(done: () => void): void {
    if (this.#isSyncing) this.#waiting.push(done);
    else done();
  }

  #wait(): CancelWait {
    return this.#context.clock.wakeAfter(quietMs, () => this.#onWake(), false);
  }

  #onWake(): void {
    if (this.#isBusy) {
      this.#isBusy = false;
      this.#cancel = this.#wait();
      return;
    }
    this.#cancel = undefined;
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#sync(() => undefined);
  }

  /** Syncs, after the sync in flight if there is one. */
  #sync(done: (error: Error | null) => void): void {
    this.whenIdle(() => {
      if (this.#failure !== null) {
        done(this.#failure);
        return;
      }
      this.#isSyncing = true;
      this.#context.sidecar.sync((error) => this.#onSynced(error, done));
    });
  }

  #onSynced(error: Error | null, done: (error: Error | null) => void): void {
    this.#isSyncing = false;
    this.#failure = error;
    if (error !== null) this.#context.onSyncFailed(error);
    done(error);
    // The first of those that wait may start a sync; then the others go on waiting.
    while (!this.#isSyncing) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      next();
    }
  }
}

/**
 * Keeps the sidecar up to date beside the journal's own syncs: written after each of them, which costs
 * microseconds, and synced only once the journal has been quiet for a while.
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

  constructor(context: KeeperContext) {
    this.#context = context;
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

  /** Forgets the wait for quiet. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
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
    this.#context.sidecar.sync((error) => {
      if (error !== null) this.#context.onSyncFailed(error);
    });
  }
}

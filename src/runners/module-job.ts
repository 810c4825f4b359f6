/** One attempt of a module on the runtime's side, from its order to its end. */

import type { AttemptEnd, AttemptHandle, AttemptOrder } from "../ports.ts";
import type { ModuleBatch } from "./module-batch.ts";
import type { ModuleLane } from "./module-lane.ts";

/** Who can stop a job, wherever it is. */
export interface JobOwner {
  abortJob(job: ModuleJob): void;
  terminateJob(job: ModuleJob): void;
  executingMsOf(job: ModuleJob): number | undefined;
}

/** An attempt that waits in its lane, or is part of a batch. */
export class ModuleJob implements AttemptHandle {
  readonly order: AttemptOrder;
  readonly lane: ModuleLane;
  /** Undefined while it waits. */
  batch: ModuleBatch | undefined;
  abortReason: Error | undefined;
  isOver = false;
  readonly #owner: JobOwner;
  readonly #done: (end: AttemptEnd) => void;

  constructor(order: AttemptOrder, lane: ModuleLane, owner: JobOwner, done: (end: AttemptEnd) => void) {
    this.order = order;
    this.lane = lane;
    this.#owner = owner;
    this.#done = done;
  }

  abort(reason: Error): void {
    if (this.isOver || this.abortReason !== undefined) return;
    this.abortReason = reason;
    this.#owner.abortJob(this);
  }

  terminate(): void {
    if (!this.isOver) this.#owner.terminateJob(this);
  }

  executingMs(): number | undefined {
    return this.#owner.executingMsOf(this);
  }

  /** Tells how it ended, once. */
  end(end: AttemptEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#done(end);
  }
}

/** Where a module runs: in a thread of this process, or in a host. */

import { assert } from "../core/assert.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, TargetRunner } from "../ports.ts";

/** How a runtime has its modules executed. */
export interface ModuleTargetsOptions {
  /** No module runs in this process, whatever it asks for. */
  readonly hostsAll: boolean;
  /** Timers follow a virtual clock, which threads do not. */
  readonly isVirtual: boolean;
}

/** Sends attempts of modules to threads here or to hosts. */
export class ModuleTargets implements TargetRunner {
  readonly #threads: TargetRunner;
  readonly #hosts: TargetRunner;
  readonly #options: ModuleTargetsOptions;

  constructor(threads: TargetRunner, hosts: TargetRunner, options: ModuleTargetsOptions) {
    this.#threads = threads;
    this.#hosts = hosts;
    this.#options = options;
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { target } = order;
    assert(target.kind === "module", "the runners of modules are given modules");
    // The memory of a process can only be held against it where it has one of its own.
    const { hostsAll, isVirtual } = this.#options;
    const isHosted = hostsAll || target.isolate === "process" || target.memoryBytesMax > 0;
    const handle = (isHosted ? this.#hosts : this.#threads).start(order, done);
    return isVirtual ? timeless(handle) : handle;
  }

  async close(): Promise<void> {
    await Promise.all([this.#threads.close(), this.#hosts.close()]);
  }
}

/** How long it executes in real time says nothing to a virtual clock, but that it does not yet. */
function timeless(handle: AttemptHandle): AttemptHandle {
  return {
    abort: (reason) => handle.abort(reason),
    terminate: () => handle.terminate?.(),
    executingMs: () => (handle.executingMs?.() === undefined ? undefined : Number.POSITIVE_INFINITY),
  };
}

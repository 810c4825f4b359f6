/** Where a module runs: in a thread of this process, or in a host. */

import { assert } from "../core/assert.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, TargetRunner } from "../ports.ts";

/** Sends attempts of modules to threads here or to hosts. */
export class ModuleTargets implements TargetRunner {
  readonly #threads: TargetRunner;
  readonly #hosts: TargetRunner;
  readonly #hostsAll: boolean;

  /** `hostsAll`: no module runs in this process, whatever it asks for. */
  constructor(threads: TargetRunner, hosts: TargetRunner, hostsAll: boolean) {
    this.#threads = threads;
    this.#hosts = hosts;
    this.#hostsAll = hostsAll;
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { target } = order;
    assert(target.kind === "module", "the runners of modules are given modules");
    // The memory of a process can only be held against it where it has one of its own.
    const isHosted = this.#hostsAll || target.isolate === "process" || target.memoryBytesMax > 0;
    return (isHosted ? this.#hosts : this.#threads).start(order, done);
  }

  async close(): Promise<void> {
    await Promise.all([this.#threads.close(), this.#hosts.close()]);
  }
}

/**
 * Modules in processes of their own. Each host is one process with a pool of threads, which connects to the socket of
 * this runtime; modules that ask for a process get one to themselves, others share one.
 */

import { assert } from "../core/assert.ts";
import { KronError } from "../core/errors.ts";
import { isPlainObject } from "../core/option-reader.ts";
import type { ModuleTarget } from "../core/target.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, Link, TargetRunner } from "../ports.ts";
import type { HostReception } from "./host-door.ts";
import type { HostParts, HostProcess } from "./host-process.ts";
import { PoolHost } from "./pool-host.ts";

/** The most hosts at a time; those without anything to do make room. */
const hostsMax = 64;

/** Executes modules in hosts. */
export class PoolHosts implements TargetRunner, HostReception {
  readonly #parts: HostParts;
  readonly #hosts = new Map<string, PoolHost>();
  /** Processes that may connect, by their keys. */
  readonly #processes = new Map<string, HostProcess>();

  constructor(parts: HostParts) {
    this.#parts = parts;
  }

  /** Process ids of the hosts there are. */
  pids(): number[] {
    return [...this.#processes.values()].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { target } = order;
    assert(target.kind === "module", "hosts are given modules");
    const key = hostKeyOf(target);
    let host = this.#hosts.get(key);
    if (host === undefined) {
      if (this.#hosts.size >= hostsMax) this.#forgetUnused();
      if (this.#hosts.size >= hostsMax) {
        done({ kind: "failed", error: tooMany() });
        return { abort: () => undefined };
      }
      host = this.#makeHost(target.memoryBytesMax);
      this.#hosts.set(key, host);
    }
    return host.start(order, done);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
  }

  #makeHost(memoryBytesMax: number): PoolHost {
    return new PoolHost({
      ...this.#parts,
      memoryBytesMax,
      started: (process) => this.#processes.set(process.key, process),
      gone: (process) => this.#processes.delete(process.key),
    });
  }

  /** See `HostReception`. */
  hosts(): readonly object[] {
    return [...this.#hosts].map(([key, host]) => ({ key, ...host.view() }));
  }

  /** See `HostReception`. */
  attach(params: unknown, link: Link): null {
    const key = isPlainObject(params) ? params.key : undefined;
    const process = typeof key === "string" ? this.#processes.get(key) : undefined;
    if (process === undefined || process.isAttached) {
      throw new KronError("KRON_UNAUTHORIZED", "Expected a host that this runtime has started, got another process");
    }
    process.attach(link);
    return null;
  }

  #forgetUnused(): void {
    for (const [key, host] of this.#hosts) if (host.isUnused) this.#hosts.delete(key);
  }
}

/** Modules with the same key share a host: those that ask for a process have one to themselves, by file. */
function hostKeyOf({ path, isolate, memoryBytesMax }: ModuleTarget): string {
  return isolate === "process" ? `${memoryBytesMax} ${path}` : String(memoryBytesMax);
}

function tooMany(): KronError {
  return new KronError("KRON_RUNNER_LOST", `Expected at most ${hostsMax} modules in processes of their own at a time`, {
    hint: 'Use isolate: "thread" for modules that can share a process',
  });
}

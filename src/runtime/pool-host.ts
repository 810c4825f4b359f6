/** One place for a host of modules: a process that is started with its first attempt, kept alive, and ended when idle. */

import { KronError } from "../core/errors.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, CancelWait, TargetRunner } from "../ports.ts";
import {
  ChildDriver,
  type ChildProcessHandle,
  type ChildProcessListener,
  exitText,
} from "../supervisor/child-driver.ts";
import { type ChildPolicy, defaultChildPolicy, type ExitInfo } from "../supervisor/child-policy.ts";
import { type HostParts, HostProcess } from "./host-process.ts";

const policy: ChildPolicy = {
  ...defaultChildPolicy,
  // One that ends well has lost its connection, or was asked to: another is started when there is something to do.
  restart: "on-failure",
  readyTimeoutMs: 15_000,
  stopTimeoutMs: 5_000,
  backoffCapMs: 30_000,
  // Timers of other modules wait for it too, so it is never given up; the backoff sees to it that this costs little.
  restartsMax: Number.MAX_SAFE_INTEGER,
};
/** A host without anything to do ends after so long. */
const idleMsMax = 60_000;
/** The memory of a host that has just begun says nothing yet. */
const settledMsMin = 2_000;

/** What a place needs besides what its processes are made from. */
export interface PoolHostParts extends HostParts {
  /** Resident bytes above which the process is replaced; 0 is no limit. */
  readonly memoryBytesMax: number;
  /** A process was started, or has gone: so that it is known when it connects. */
  readonly started: (process: HostProcess) => void;
  readonly gone: (process: HostProcess) => void;
}

/** An attempt that waits for a process. */
class Waiting implements AttemptHandle {
  readonly order: AttemptOrder;
  readonly done: (end: AttemptEnd) => void;
  handle: AttemptHandle | undefined;
  isOver = false;

  constructor(order: AttemptOrder, done: (end: AttemptEnd) => void) {
    this.order = order;
    this.done = done;
  }

  abort(reason: Error): void {
    if (this.handle !== undefined) this.handle.abort(reason);
    else this.end({ kind: "failed", error: reason });
  }

  terminate(): void {
    this.handle?.terminate?.();
  }

  executingMs(): number | undefined {
    return this.handle?.executingMs?.();
  }

  end(end: AttemptEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.done(end);
  }
}

/** Has attempts executed in a process of its own. */
export class PoolHost implements TargetRunner {
  readonly #parts: PoolHostParts;
  readonly #driver: ChildDriver;
  readonly #processes = new Set<HostProcess>();
  /** As many as may be under way, at most. */
  #waiting: Waiting[] = [];
  #activeCount = 0;
  #cancelIdleWait: CancelWait | undefined;
  #readyAtMs = 0;
  #isClosed = false;

  constructor(parts: PoolHostParts) {
    this.#parts = parts;
    this.#driver = new ChildDriver({
      ...{ policy, clock: parts.clock },
      processes: { spawn: (listener) => this.#spawn(listener), drain: (child) => this.#drain(child) },
      report: (report, pid) => {
        const isExpected = this.#isClosed || report.what === "ready" || report.what === "stopped";
        const isQuiet = isExpected || (report.what === "exited" && !report.exit.isFailure);
        parts.logger[isQuiet ? "debug" : "warn"]({ host: pid, ...report }, `A host of modules: ${report.what}`);
      },
    });
  }

  /** Whether it has neither a process nor anything to do. */
  get isUnused(): boolean {
    return this.#activeCount === 0 && this.#driver.isOver;
  }

  /** The place as it is now, as plain data. */
  view(): object {
    const { state, current, restartCount } = this.#driver;
    return { pid: current?.pid ?? null, state, running: this.#activeCount, restarts: restartCount };
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    this.#noteActive(1);
    const ended = (end: AttemptEnd): void => {
      this.#noteActive(-1);
      done(end);
    };
    const remote = this.#current?.remote;
    if (remote?.isOpen === true) return remote.start(order, ended);
    const waiting = new Waiting(order, ended);
    if (this.#isClosed) waiting.end({ kind: "lost", error: stopped() });
    else {
      this.#waiting.push(waiting);
      this.#driver.start();
    }
    return waiting;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelIdleWait?.();
    for (const waiting of this.#waiting.splice(0)) waiting.end({ kind: "lost", error: stopped() });
    for (const { remote } of this.#processes) void remote?.close();
    await this.#driver.stop();
  }

  get #current(): HostProcess | undefined {
    const { current } = this.#driver;
    for (const process of this.#processes) if (process === current) return process;
    return undefined;
  }

  #spawn(listener: ChildProcessListener): HostProcess {
    let wasReady = false;
    const process: HostProcess = new HostProcess(this.#parts, {
      ready: () => {
        wasReady = true;
        this.#readyAtMs = this.#parts.clock.monotonicMs();
        listener.ready();
        this.#release();
      },
      exited: (exit) => {
        this.#processes.delete(process);
        this.#parts.gone(process);
        if (!wasReady) this.#refuse(notStarted(exit));
        listener.exited(exit);
        // What came while the connection was lost and the process was not gone waits for the next.
        if (this.#waiting.length > 0) this.#driver.start();
      },
      memory: (bytes) => this.#memory(process, bytes),
    });
    this.#processes.add(process);
    process.setBusy(this.#activeCount > 0);
    this.#parts.started(process);
    return process;
  }

  /** Gives what waits to the process that is ready now. */
  #release(): void {
    const remote = this.#current?.remote;
    if (remote === undefined) return;
    for (const waiting of this.#waiting.splice(0)) {
      if (!waiting.isOver) waiting.handle = remote.start(waiting.order, (end) => waiting.end(end));
    }
  }

  /** A process ended before it was ready: the next may fare better, but nobody shall wait for that. */
  #refuse(error: KronError): void {
    for (const waiting of this.#waiting.splice(0)) waiting.end({ kind: "lost", error });
  }

  #drain(child: ChildProcessHandle): Promise<void> {
    for (const process of this.#processes)
      if (process === child) return process.remote?.whenIdle() ?? Promise.resolve();
    return Promise.resolve();
  }

  #memory(process: HostProcess, bytes: number): void {
    const { memoryBytesMax, clock } = this.#parts;
    if (memoryBytesMax === 0 || bytes <= memoryBytesMax || process !== this.#current) return;
    if (clock.monotonicMs() - this.#readyAtMs >= settledMsMin) this.#driver.noteMemoryHigh(bytes);
  }

  #noteActive(change: 1 | -1): void {
    this.#activeCount += change;
    if (this.#activeCount > 1 || (this.#activeCount === 1 && change === -1)) return;
    this.#cancelIdleWait?.();
    this.#cancelIdleWait = undefined;
    const isBusy = this.#activeCount > 0;
    for (const process of this.#processes) process.setBusy(isBusy);
    if (isBusy || this.#isClosed) return;
    this.#cancelIdleWait = this.#parts.clock.wakeAfter(idleMsMax, () => void this.#driver.stop(), false);
  }
}

function stopped(): KronError {
  return new KronError("KRON_STOPPED", "The runtime was shut down before the attempt ended");
}

function notStarted(exit: ExitInfo): KronError {
  return new KronError("KRON_RUNNER_LOST", `The process for the module did not get ready: ${exitText(exit)}`, {
    hint: "The runtime's log has what it printed",
  });
}

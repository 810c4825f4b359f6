/**
 * Carries out what the table of a child says, and tells it what comes of it: starts processes through a port, keeps the
 * one timer, and sees those out that have left their place. It knows nothing of how processes are started.
 */

import { unreachable } from "../core/assert.ts";
import { KronError } from "../core/errors.ts";
import type { CancelWait, Clock } from "../ports.ts";
import { type Child, type ChildAction, type ChildEvent, type ChildReport, type ChildState, newChild } from "./child.ts";
import type { ChildPolicy, ExitInfo } from "./child-policy.ts";
import { stepChild } from "./child-table.ts";

/** A process that was started. */
export interface ChildProcessHandle {
  readonly pid: number | undefined;
  /** Asks it to end, or ends it with all it has started; harmless when it has ended. */
  signal(how: "term" | "kill"): void;
}

/** Who is told about a process; never from within `spawn`. */
export interface ChildProcessListener {
  ready(): void;
  /** Called once, in any case. */
  exited(exit: ExitInfo): void;
}

/** Starts processes, and moves their work away. */
export interface ChildProcesses {
  spawn(listener: ChildProcessListener): ChildProcessHandle;
  /** Gives the process nothing more to do, and resolves when it has ended what it does; never rejects. */
  drain(process: ChildProcessHandle): Promise<void>;
}

/** What a driver needs. */
export interface ChildDriverOptions {
  readonly processes: ChildProcesses;
  readonly policy: ChildPolicy;
  readonly clock: Clock;
  /** Told of what somebody should know; `pid` is of the process it is about, where there is one. */
  readonly report: (report: ChildReport, pid: number | undefined) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: KronError) => void;
}

/** One child, kept alive. */
export class ChildDriver {
  readonly #options: ChildDriverOptions;
  #child: Child = newChild;
  #current: ChildProcessHandle | undefined;
  #next: ChildProcessHandle | undefined;
  /** Those that have left the place, with the wait that ends them. */
  readonly #retired = new Map<ChildProcessHandle, CancelWait>();
  #cancelTimer: CancelWait | undefined;
  /** Those who wait for the place to be taken by a new process. */
  #reloads: Waiter[] = [];
  #gone: (() => void)[] = [];

  constructor(options: ChildDriverOptions) {
    this.#options = options;
  }

  get state(): ChildState["kind"] {
    return this.#child.state.kind;
  }

  /** The process in the place, if there is one. */
  get current(): ChildProcessHandle | undefined {
    return this.#current;
  }

  /** How often it was started again of late, within the window of the policy. */
  get restartCount(): number {
    return this.#child.restartsAtMs.length;
  }

  /** Whether no process is left and none will be started by itself. */
  get isOver(): boolean {
    const { state } = this;
    return (state === "stopped" || state === "failed") && this.#retired.size === 0;
  }

  /** Starts it, unless it runs. */
  start(): void {
    this.#step({ kind: "startAsked" });
  }

  /** Asks it to end, and resolves when no process is left. */
  stop(): Promise<void> {
    this.#step({ kind: "stopAsked" });
    return this.whenOver();
  }

  /** Ends it at once with all it has started. */
  force(): void {
    this.#step({ kind: "forceAsked" });
  }

  /** Resolves when no process is left and none will be started by itself. */
  whenOver(): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => this.#gone.push(resolve));
  }

  /**
   * Replaces the process; resolves when the new one is ready, and rejects with `KRON_APP_FAILED` and the reason when it
   * does not get ready, in which case the old one stays.
   */
  reload(): Promise<void> {
    return this.#renew({ kind: "reloadAsked" });
  }

  /** Ends the process and starts another; resolves and rejects as `reload`, without an old one that stays. */
  restart(): Promise<void> {
    return this.#renew({ kind: "restartAsked" });
  }

  /** The process takes more memory than it should. */
  noteMemoryHigh(bytes: number): void {
    this.#step({ kind: "memoryHigh", bytes });
  }

  #renew(event: ChildEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reloads.push({ resolve, reject });
      this.#step(event);
    });
  }

  #step(event: ChildEvent): void {
    const { policy, clock } = this.#options;
    const { child, actions } = stepChild(this.#child, event, policy, clock.monotonicMs());
    this.#child = child;
    for (const action of actions) this.#do(action);
    this.#checkOver();
  }

  #do(action: ChildAction): void {
    switch (action.do) {
      case "spawn":
        this.#spawn(action.role);
        break;
      case "signal":
        this.#current?.signal(action.how);
        break;
      case "promote":
        if (this.#current !== undefined) void this.#drainAndEnd(this.#current);
        this.#current = this.#next;
        this.#next = undefined;
        break;
      case "discard":
        if (this.#next !== undefined) this.#retire(this.#next);
        this.#next = undefined;
        break;
      case "killRetired":
        for (const process of this.#retired.keys()) process.signal("kill");
        break;
      case "arm":
        this.#cancelTimer?.();
        this.#cancelTimer = this.#options.clock.wakeAfter(action.delayMs, () => this.#step({ kind: action.timer }));
        break;
      case "disarm":
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        break;
      case "report":
        this.#report(action.report);
        break;
      /* c8 ignore next 2 */
      default:
        unreachable(action);
    }
  }

  #spawn(role: "current" | "next"): void {
    const process = this.#options.processes.spawn({
      ready: () => {
        if (process === this.#current) this.#step({ kind: "ready" });
        else if (process === this.#next) this.#step({ kind: "nextReady" });
      },
      exited: (exit) => this.#exited(process, exit),
    });
    if (role === "current") this.#current = process;
    else this.#next = process;
  }

  #exited(process: ChildProcessHandle, exit: ExitInfo): void {
    if (process === this.#current) {
      this.#current = undefined;
      this.#step({ kind: "exited", exit });
    } else if (process === this.#next) {
      this.#next = undefined;
      this.#step({ kind: "nextExited", exit });
    } else {
      this.#retired.get(process)?.();
      this.#retired.delete(process);
      this.#checkOver();
    }
  }

  /** Lets a process end what it does, for as long as it has to stop, and then has it end. */
  async #drainAndEnd(process: ChildProcessHandle): Promise<void> {
    const { clock, policy, processes } = this.#options;
    await new Promise<void>((resolve) => {
      this.#retired.set(process, clock.wakeAfter(policy.stopTimeoutMs, resolve));
      void processes.drain(process).then(resolve);
    });
    // It may have ended in the meantime.
    if (!this.#retired.has(process)) return;
    this.#retired.get(process)?.();
    this.#retire(process);
  }

  #retire(process: ChildProcessHandle): void {
    process.signal("term");
    this.#killLater(process);
  }

  #killLater(process: ChildProcessHandle): void {
    const { clock, policy } = this.#options;
    const kill = (): void => {
      this.#options.report({ what: "killed" }, process.pid);
      process.signal("kill");
      this.#killLater(process);
    };
    this.#retired.set(process, clock.wakeAfter(policy.stopTimeoutMs, kill));
  }

  #report(report: ChildReport): void {
    this.#options.report(report, this.#current?.pid);
    switch (report.what) {
      case "ready":
      case "reloaded":
        for (const { resolve } of this.#reloads.splice(0)) resolve();
        break;
      case "reload-failed":
      case "not-ready":
      case "restarting":
      case "failed":
      case "stopped":
        this.#rejectReloads(report);
        break;
      default:
    }
  }

  #rejectReloads(report: ChildReport): void {
    if (this.#reloads.length === 0) return;
    const error = new KronError("KRON_APP_FAILED", `Expected the app to get ready, but ${whyNot(report)}`, {
      hint: "Look at what it wrote to logs/app.log",
    });
    for (const { reject } of this.#reloads.splice(0)) reject(error);
  }

  #checkOver(): void {
    if (!this.isOver) return;
    for (const resolve of this.#gone.splice(0)) resolve();
  }
}

/** How a process ended, for people. */
export function exitText({ code, signal, error }: ExitInfo): string {
  if (error !== undefined) return `it could not be started: ${error.message}`;
  return signal !== undefined ? `it was ended by ${signal}` : `it exited with code ${code ?? "?"}`;
}

function whyNot(report: ChildReport): string {
  switch (report.what) {
    case "reload-failed":
      if (report.reason.kind === "exited") return exitText(report.reason.exit);
      if (report.reason.kind === "not-running") return "it is not running";
      return `it was not within ${report.reason.timeoutMs} ms`;
    case "not-ready":
      return `it was not within ${report.timeoutMs} ms`;
    case "stopped":
      return "it was stopped";
    default:
      return "it ended before it was";
  }
}

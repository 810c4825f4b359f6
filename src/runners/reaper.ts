/**
 * Sees to it that no child outlives this process, however it ends, SIGKILL included.
 *
 * A shell in a session of its own knows the process groups of all children through a pipe. When the pipe ends, it
 * sends SIGTERM to the groups that are left, waits for the grace, sends SIGKILL, and exits. It is started with the
 * first child, and again when it dies. Where there are no process groups (Windows) it does nothing, and says so once.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { assert } from "../core/assert.ts";
import type { Clock, Logger, Random } from "../ports.ts";
import { markVariable, reaperScript } from "./reaper-script.ts";

/** What a reaper needs. */
export interface ReaperParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** From SIGTERM to SIGKILL, in milliseconds; default 5,000. */
  readonly graceMs?: number | undefined;
}

/** A process about to be started. Exactly one of `watch` and `drop` is to be called, right after the start. */
export interface Expected {
  /** To be set in the environment of the process. */
  readonly variable: readonly [name: string, value: string];
  /** It was started, as leader of the group `pgid`; returns what to call when the group is over. */
  watch(pgid: number): () => void;
  /** It could not be started. */
  drop(): void;
}

const graceMsDefault = 5_000;
/** A reaper that lived less long is not started again at once. */
const lifeMsMin = 1_000;

/** Ends process groups when this process ends. */
export class Reaper {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #graceMs: number;
  readonly #isPosix: boolean;
  /** Groups, and how many watch each. */
  readonly #groups = new Map<number, number>();
  readonly #marks = new Set<string>();
  #shell: ChildProcess | undefined;
  #startedMs = Number.NEGATIVE_INFINITY;
  #isWaiting = false;
  #isClosed = false;
  #hasSaid = false;

  constructor(parts: ReaperParts, platform: string = process.platform) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#logger = parts.logger;
    this.#graceMs = parts.graceMs ?? graceMsDefault;
    this.#isPosix = platform !== "win32";
  }

  /** The process id of the shell; undefined when there is none now. */
  get pid(): number | undefined {
    return this.#shell?.pid;
  }

  /** Announces a process, so that it is found even if this one is killed before it can tell the new one's group. */
  expect(): Expected {
    const mark = Buffer.from(this.#random.bytes(12)).toString("hex");
    this.#marks.add(mark);
    this.#tell(`? ${mark}\n`);
    return {
      variable: [markVariable, mark],
      watch: (pgid) => this.#watch(pgid, mark),
      drop: () => {
        this.#marks.delete(mark);
        this.#tell(`! ${mark}\n`);
      },
    };
  }

  /** Watches a process group that is there already; returns what to call when the group is over. */
  watch(pgid: number): () => void {
    return this.#watch(pgid, "");
  }

  /** Ends the groups that are still watched, and the shell with them; this process need not wait for it. */
  close(): void {
    this.#isClosed = true;
    this.#shell?.stdin?.end();
    this.#shell = undefined;
  }

  #watch(pgid: number, mark: string): () => void {
    assert(Number.isSafeInteger(pgid) && pgid > 1, "a process group has a number of its own");
    this.#groups.set(pgid, (this.#groups.get(pgid) ?? 0) + 1);
    this.#marks.delete(mark);
    this.#tell(`+ ${pgid} ${mark}\n`);
    let isWatched = true;
    return () => {
      if (!isWatched) return;
      isWatched = false;
      this.#release(pgid);
    };
  }

  #release(pgid: number): void {
    const watchers = (this.#groups.get(pgid) ?? 1) - 1;
    if (watchers === 0) this.#groups.delete(pgid);
    else this.#groups.set(pgid, watchers);
    this.#tell(`- ${pgid}\n`);
  }

  #tell(line: string): void {
    // What is in the sets is told to a new shell as a whole, this line included.
    if (this.#shell === undefined) this.#start();
    else this.#shell.stdin?.write(line);
  }

  #start(): void {
    if (this.#isClosed || this.#isWaiting || this.#groups.size + this.#marks.size === 0) return;
    if (!this.#isPosix) {
      this.#sayOnce(undefined, "There are no process groups here: children go on when this process is killed");
      return;
    }
    const livedMs = this.#clock.monotonicMs() - this.#startedMs;
    if (livedMs < lifeMsMin) this.#startLater(lifeMsMin - livedMs);
    else this.#startNow();
  }

  #startLater(delayMs: number): void {
    this.#isWaiting = true;
    this.#clock.wakeAfter(
      delayMs,
      () => {
        this.#isWaiting = false;
        if (this.#shell === undefined) this.#start();
      },
      false,
    );
  }

  #startNow(): void {
    this.#startedMs = this.#clock.monotonicMs();
    const tenths = String(Math.ceil(this.#graceMs / 100));
    // A session of its own, so that a signal to the group or the terminal of this process leaves it alone.
    const shell = spawn("/bin/sh", ["-c", reaperScript, "kron-reaper", tenths], {
      cwd: "/",
      env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#shell = shell;
    shell.unref();
    if (shell.stdin instanceof Socket) shell.stdin.unref();
    // A broken pipe is told by the exit too.
    shell.stdin.on("error", () => undefined);
    shell.once("error", (error) => this.#gone(shell, error));
    shell.once("exit", (code, signal) => this.#gone(shell, new Error(`It ended with ${signal ?? code}`)));
    for (const mark of this.#marks) shell.stdin.write(`? ${mark}\n`);
    for (const [pgid, watchers] of this.#groups) shell.stdin.write(`+ ${pgid}\n`.repeat(watchers));
  }

  #gone(shell: ChildProcess, error: Error): void {
    if (this.#shell !== shell) return;
    this.#shell = undefined;
    this.#sayOnce(error, "The reaper of child processes ended and is started again");
    this.#start();
  }

  #sayOnce(err: Error | undefined, message: string): void {
    if (!this.#hasSaid) this.#logger.warn({ err }, message);
    this.#hasSaid = true;
  }
}

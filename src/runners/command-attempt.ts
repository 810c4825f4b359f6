/**
 * One attempt of a command: a process that leads a group of its own, so that what it starts can be ended with it.
 *
 * The attempt is over when the process has ended and its output is read to the end. A grandchild may keep the output
 * open for ever, so that is waited for only a while; then, and in any case, what is left of the group is killed.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { CommandTarget } from "../core/target.ts";
import { RunLogWriter } from "../logs/run-log-writer.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, CancelWait, Clock, Logger, OutputFiles } from "../ports.ts";
import { attemptEnd, startFailure } from "./command-end.ts";
import { commandEnvironment } from "./command-environment.ts";
import type { Environment } from "./environment.ts";
import { plainBytes } from "./plain-bytes.ts";
import type { Expected, Reaper } from "./reaper.ts";
import { TailBuffer } from "./tail-buffer.ts";

/** What commands need. */
export interface CommandParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly output: OutputFiles;
  readonly reaper: Reaper;
  /** What relative working directories are relative to. */
  readonly baseDir: string;
  /** The environment of the runtime, asked for at each attempt. */
  readonly environment: () => Environment;
  /** Called when output cannot be kept. */
  readonly outputTrouble: (error: Error) => void;
}

/** Bytes of output that are kept in the result of a success. */
const stdoutBytesMax = 4 * 1024;
/** Bytes of errors that are kept with a failure, whose details have to fit into 2 KiB. */
const stderrBytesMax = 1_536;
/** How long output may stay open after its process has ended. */
const drainMs = 1_000;
const hasGroups = process.platform !== "win32";

/** A command being executed. */
export class CommandAttempt implements AttemptHandle {
  readonly #parts: CommandParts;
  readonly #order: AttemptOrder;
  readonly #target: CommandTarget;
  readonly #done: (end: AttemptEnd) => void;
  readonly #log: RunLogWriter;
  readonly #stdout = new TailBuffer(stdoutBytesMax);
  readonly #stderr = new TailBuffer(stderrBytesMax);
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #release: (() => void) | undefined;
  #exit: { readonly exitCode: number | null; readonly signal: string | null } | undefined;
  #abortReason: Error | undefined;
  #wasKilled = false;
  #cancelDrain: CancelWait | undefined;
  #isOver = false;

  constructor(parts: CommandParts, order: AttemptOrder, target: CommandTarget, done: (end: AttemptEnd) => void) {
    this.#parts = parts;
    this.#order = order;
    this.#target = target;
    this.#done = done;
    this.#directory = resolve(parts.baseDir, target.cwd ?? ".");
    this.#log = new RunLogWriter(parts.output.fileOf(order.timerId, order.runId), {
      attempt: order.attempt,
      startedAtMs: order.startedAtMs,
      onTrouble: parts.outputTrouble,
    });
  }

  /** Starts the process. `done` may be called before this returns. */
  start(): void {
    let expected: Expected | undefined;
    try {
      const { environment, reaper } = this.#parts;
      const variables = commandEnvironment(this.#target, this.#order, environment());
      expected = reaper.expect();
      const [name, mark] = expected.variable;
      const child = this.#spawn({ ...variables, [name]: mark });
      this.#child = child;
      if (child.pid === undefined) expected.drop();
      else this.#release = expected.watch(child.pid);
      this.#listen(child);
    } catch (error) {
      expected?.drop();
      this.#finish({ kind: "failed", error: expected === undefined ? error : this.#startFailure(error) });
    }
  }

  /** SIGTERM to the whole group. */
  abort(reason: Error): void {
    this.#abortReason ??= reason;
    this.#signal("SIGTERM");
  }

  /** SIGKILL to the whole group. */
  terminate(): void {
    if (this.#exit === undefined) this.#wasKilled = true;
    this.#signal("SIGKILL");
  }

  #spawn(env: Record<string, string>): ChildProcess {
    const { argv, shell } = this.#target;
    const [program = "", ...words] = argv;
    const input = plainBytes(this.#order.payload);
    const child = spawn(program, words, {
      ...{ cwd: this.#directory, env, shell, detached: hasGroups, windowsHide: true },
      stdio: [input.kind === "none" ? "ignore" : "pipe", "pipe", "pipe"],
    });
    // A program need not read its input to the end, or at all.
    child.stdin?.on("error", () => undefined);
    if (input.kind === "json") child.stdin?.write(input.bytes);
    if (input.kind !== "none") child.stdin?.end(input.kind === "json" ? "\n" : input.bytes);
    return child;
  }

  #listen(child: ChildProcess): void {
    child.once("error", (error) => {
      // Without a process there was a start that failed; with one, what failed was something done to it.
      if (child.pid === undefined) this.#finish({ kind: "failed", error: this.#startFailure(error) });
      else this.#parts.logger.warn({ err: error, ...this.#names() }, "A command could not be reached");
    });
    this.#read(child.stdout, this.#stdout);
    this.#read(child.stderr, this.#stderr);
    child.once("exit", (exitCode, signal) => {
      this.#exit = { exitCode, signal };
      this.#cancelDrain = this.#parts.clock.wakeAfter(drainMs, () => this.#ended());
    });
    child.once("close", () => this.#ended());
  }

  /** Each piece is written before the next is read, so output of any size takes no memory and slows its process. */
  #read(stream: Readable | null, tail: TailBuffer): void {
    stream?.on("data", (bytes: Buffer) => {
      tail.add(bytes);
      this.#log.write(bytes);
    });
    // The end of the process tells what there is to tell.
    stream?.on("error", () => undefined);
  }

  #ended(): void {
    if (this.#exit === undefined || this.#isOver) return;
    this.#signal("SIGKILL");
    const end = attemptEnd(this.#target, {
      ...this.#exit,
      ...{ abortReason: this.#abortReason, wasKilled: this.#wasKilled },
      ...{ stdout: this.#stdout, stderr: this.#stderr },
    });
    this.#finish(end);
  }

  #finish(end: AttemptEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDrain?.();
    this.#child?.stdin?.destroy();
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
    this.#release?.();
    this.#log.close();
    this.#done(end);
  }

  #signal(name: "SIGTERM" | "SIGKILL"): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#isOver) return;
    try {
      if (hasGroups) process.kill(-pid, name);
      else this.#child?.kill(name);
    } catch (error) {
      // Nobody is left in the group.
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
      this.#parts.logger.warn({ err: error, signal: name, ...this.#names() }, "A command could not be signalled");
    }
  }

  #startFailure(error: unknown): Error {
    return startFailure(this.#target, this.#directory, isDirectory(this.#directory), error);
  }

  #names(): object {
    const { timerId, runId, attempt } = this.#order;
    return { timerId, runId, attempt };
  }
}

function isDirectory(path: string): boolean {
  return isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

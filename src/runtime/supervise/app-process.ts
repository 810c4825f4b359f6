/**
 * Starts the processes of one instance of an app: as leader of a process group of its own, known to the reaper, with
 * its output in our hands, a channel for `process.send("ready")`, and what it has to know of us in its environment.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Random } from "../../ports.ts";
import type { Expected } from "../../runners/reaper.ts";
import type { ChildProcesses, ChildProcessHandle, ChildProcessListener } from "../../supervisor/child-driver.ts";
import type { ExitInfo } from "../../supervisor/child-policy.ts";
import { packSupervision, supervisionVariable } from "./supervision.ts";

/** What is started, and who is told. */
export interface AppProcessesOptions {
  /** The program and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly environment: NodeJS.ProcessEnv;
  readonly dataDir: string;
  readonly instance: number;
  readonly random: Random;
  /** Announces a process to what ends it when we are gone. */
  readonly expect: () => Expected;
  /** Takes the streams of a new process; they have to be read to their end. */
  readonly output: (stream: "stdout" | "stderr", readable: Readable) => void;
  /** Has the connections of a process drained, or told as lost, by its key. */
  readonly drain: (key: string) => Promise<void>;
  readonly gone: (key: string) => void;
}

/** A process of an app. */
export interface AppProcess extends ChildProcessHandle {
  /** What it says to be known by. */
  readonly key: string;
  /** It says that it is ready. */
  ready(): void;
}

/** Starts processes of one instance. */
export class AppProcesses implements ChildProcesses {
  readonly #options: AppProcessesOptions;
  readonly #processes = new Map<string, AppProcess>();

  constructor(options: AppProcessesOptions) {
    this.#options = options;
  }

  /** The process of this key, while it lives. */
  find(key: string): AppProcess | undefined {
    return this.#processes.get(key);
  }

  drain(process: ChildProcessHandle): Promise<void> {
    return this.#options.drain((process as AppProcess).key);
  }

  spawn(listener: ChildProcessListener): AppProcess {
    const key = Buffer.from(this.#options.random.bytes(12)).toString("hex");
    const expected = this.#options.expect();
    const child = this.#start(key, expected);
    const { pid } = child;
    const release = pid === undefined ? undefined : expected.watch(pid);
    if (pid === undefined) expected.drop();
    let isOver = false;
    const app: AppProcess = {
      ...{ key, pid },
      ready: () => {
        if (!isOver) listener.ready();
      },
      signal: (how) => {
        if (!isOver) end(child, how);
      },
    };
    this.#processes.set(key, app);
    const exited = (exit: ExitInfo): void => {
      if (isOver) return;
      isOver = true;
      // What it has started and left behind must not go on without it.
      if (pid !== undefined) killGroup(pid);
      release?.();
      this.#processes.delete(key);
      this.#options.gone(key);
      listener.exited(exit);
    };
    child.once("exit", (code, signal) => {
      exited({ code: code ?? undefined, signal: signal ?? undefined, isFailure: code !== 0 });
    });
    child.once("error", (error) => {
      // The same event tells of signals that could not be sent, and of a channel that broke.
      if (pid === undefined) exited({ code: undefined, signal: undefined, error, isFailure: true });
    });
    child.on("message", (message) => {
      if (message === "ready") app.ready();
    });
    return app;
  }

  #start(key: string, expected: Expected): ChildProcess {
    const { command, environment, dataDir, instance, output } = this.#options;
    const [program, ...args] = command;
    const [markName, mark] = expected.variable;
    const child = spawn(program, args, {
      env: {
        ...environment,
        [supervisionVariable]: packSupervision({ dataDir, instance, key }),
        [markName]: mark,
      },
      // A group of its own, so that all of it can be ended, and Ctrl-C is ours to pass on.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    // Not there when it could not be started.
    if (child.stdout !== null) output("stdout", child.stdout);
    if (child.stderr !== null) output("stderr", child.stderr);
    return child;
  }
}

/** Asks the process to end, which is for it to pass on; or ends it with all that it has started. */
function end(child: ChildProcess, how: "term" | "kill"): void {
  if (how === "term" || child.pid === undefined) child.kill("SIGTERM");
  else if (!killGroup(child.pid)) child.kill("SIGKILL");
}

/** Whether there was a group to kill. */
function killGroup(pid: number): boolean {
  // Windows has no groups.
  if (process.platform === "win32") return false;
  try {
    process.kill(-pid, "SIGKILL");
    return true;
  } catch {
    // Nothing of it is left.
    return false;
  }
}

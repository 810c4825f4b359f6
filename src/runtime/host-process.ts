/**
 * One process that hosts a pool of modules: how it is started, and how it is known when it connects. Its death is heard
 * from the process and from its connection, whichever comes first, and loses its attempts at that moment.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { KronError } from "../core/errors.ts";
import type { AttemptOrder, Clock, Link, Logger, OutputFile, Random } from "../ports.ts";
import type { OutputSink } from "../runners/callback-context.ts";
import { visibleTo } from "../runners/environment.ts";
import type { Expected, Reaper } from "../runners/reaper.ts";
import { RemoteRunner } from "../runners/remote-runner.ts";
import type { ChildProcessHandle, ChildProcessListener } from "../supervisor/child-driver.ts";
import { hostArguments } from "./host-arguments.ts";
import { encodeHostSettings, hostVariable } from "./host-settings.ts";

/** What hosts are made from. */
export interface HostParts {
  readonly dataDir: string;
  readonly baseDir: string;
  /** Threads of each host. */
  readonly threads: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly output: OutputSink;
  readonly outputOf: (order: AttemptOrder) => OutputFile | undefined;
  readonly reaper: Reaper;
}

/** Who is told about a host besides the table of its child. */
export interface HostListener extends ChildProcessListener {
  /** Resident memory, told every second or so. */
  memory(bytes: number): void;
}

const linesKeptMax = 100;
const lineCharsMax = 4_096;
const entry = fileURLToPath(new URL("./pool-host-main.js", import.meta.url));
/** Between a lost connection and the end of its process by force. */
const endMsMax = 2_000;

/** A host that was started. */
export class HostProcess implements ChildProcessHandle {
  /** What it proves itself with when it connects. */
  readonly key: string;
  readonly #parts: HostParts;
  readonly #listener: HostListener;
  readonly #child: ChildProcess;
  readonly #forget: () => void;
  #remote: RemoteRunner | undefined;
  #isReady = false;
  #hasExited = false;
  #lineCount = 0;

  constructor(parts: HostParts, listener: HostListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.key = Buffer.from(parts.random.bytes(16)).toString("hex");
    const expected = parts.reaper.expect();
    this.#child = start(parts, this.key, expected);
    const { pid } = this.#child;
    if (pid === undefined) expected.drop();
    this.#forget = pid === undefined ? () => undefined : expected.watch(pid);
    this.#child.on("error", (error) => this.#exited(undefined, undefined, error));
    this.#child.on("exit", (code, signal) => this.#exited(code ?? undefined, signal ?? undefined, undefined));
    // Idle hosts keep nobody alive; busy ones do by the child itself, see `setBusy`.
    this.#child.unref();
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) (pipe as Socket | null)?.unref();
    // A pipe that breaks says nothing that the exit does not.
    this.#child.stdin?.on("error", () => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#say(text));
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it has connected, once. */
  get isAttached(): boolean {
    return this.#remote !== undefined;
  }

  /** What has attempts executed there, once it is ready. */
  get remote(): RemoteRunner | undefined {
    return this.#isReady ? this.#remote : undefined;
  }

  /** It has connected. */
  attach(link: Link): void {
    const { clock, output, outputOf, logger } = this.#parts;
    this.#remote = new RemoteRunner(link, {
      ...{ clock, output, outputOf, hasQueue: true },
      onReady: () => {
        this.#isReady = true;
        this.#listener.ready();
      },
      onMemory: (bytes) => this.#listener.memory(bytes),
      onLog: (level, message, fields) => logger[level]({ ...fields, host: this.pid }, message),
      onStuck: () => this.signal("kill"),
    });
    link.onClose(() => this.#cutOff());
  }

  /** Whether it keeps this process running. */
  setBusy(isBusy: boolean): void {
    if (isBusy) this.#child.ref();
    else this.#child.unref();
  }

  /** See `ChildProcessHandle`. */
  signal(how: "term" | "kill"): void {
    const { pid } = this;
    if (pid === undefined || this.#hasExited) return;
    try {
      process.kill(-pid, how === "kill" ? "SIGKILL" : "SIGTERM");
    } catch {
      // The group is gone, or there are no groups here; then it is the process alone.
      this.#child.kill(how === "kill" ? "SIGKILL" : "SIGTERM");
    }
  }

  /** Without its connection it is of no use, and ends by itself; when it does not, by force. */
  #cutOff(): void {
    if (this.#hasExited) return;
    const cancelWait = this.#parts.clock.wakeAfter(endMsMax, () => this.signal("kill"), false);
    this.#child.once("exit", cancelWait);
  }

  #exited(code: number | undefined, signal: string | undefined, error: Error | undefined): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#forget();
    this.#remote?.lose(hostLost(this.pid, code, signal));
    this.#listener.exited({
      ...{ code, signal, isFailure: code !== 0 },
      ...(error !== undefined && { error }),
    });
  }

  /** Output of the process itself: what native code prints, or Node when it dies. */
  #say(text: string): void {
    if (this.#lineCount >= linesKeptMax) return;
    this.#lineCount += 1;
    const isLast = this.#lineCount === linesKeptMax;
    const more = isLast ? { note: "Nothing more of its output is shown" } : {};
    this.#parts.logger.info({ host: this.pid, output: text.slice(0, lineCharsMax), ...more }, "Output of a host");
  }
}

function start(parts: HostParts, key: string, { variable }: Expected): ChildProcess {
  const { dataDir, baseDir, threads } = parts;
  const [name, value] = variable;
  const settings = encodeHostSettings({ dataDir, key, threads });
  return spawn(process.execPath, [...hostArguments(process.execArgv), entry], {
    cwd: baseDir,
    detached: true,
    // Its standard input ends with this process, whatever becomes of the connection.
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...visibleTo(process.env), [name]: value, [hostVariable]: settings },
  });
}

function hostLost(pid: number | undefined, code: number | undefined, signal: string | undefined): KronError {
  const how = signal === undefined ? `exited with code ${code ?? "?"}` : `was ended by ${signal}`;
  return new KronError("KRON_RUNNER_LOST", `The process that executed the attempt ${how} (pid ${pid ?? "?"})`, {
    details: { pid: pid ?? null, exitCode: code ?? null, signal: signal ?? null },
  });
}

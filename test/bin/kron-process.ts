/** The built `kron` as a process beside the test: run to its end, or kept running and listened to. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { programPath, type Result } from "./command-line.ts";

type Environment = Readonly<Record<string, string>>;

/** A `kron` that runs until it is told to end. */
export class KronProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  stdout = "";
  stderr = "";
  readonly #ended: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
  #notice: () => void = () => undefined;

  constructor(args: readonly string[], { cwd, env = {} }: { readonly cwd?: string; readonly env?: Environment } = {}) {
    this.child = spawn(process.execPath, [programPath, ...args], {
      ...{ env: environment(env), stdio: ["ignore", "pipe", "pipe"] as const },
      ...(cwd !== undefined && { cwd }),
    });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#notice();
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#notice();
    });
    this.#ended = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (exitCode, signal) => {
        resolve({ exitCode, signal });
        this.#notice();
      });
    });
    running.add(this.child);
    void this.#ended.finally(() => running.delete(this.child)).catch(() => undefined);
  }

  /** Resolves once standard error, from `from` on, has what `pattern` looks for. Rejects when the process ends first. */
  async said(pattern: RegExp, from = 0): Promise<void> {
    let hasEnded = false;
    void this.#ended.finally(() => {
      hasEnded = true;
      this.#notice();
    });
    while (!pattern.test(this.stderr.slice(from))) {
      if (hasEnded) throw new Error(`It ended before it said ${pattern}: ${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#notice = resolve;
      });
    }
  }

  async ended(): Promise<{ readonly exitCode: number | null; readonly signal: string | null }> {
    return await this.#ended;
  }
}

/** Runs `kron` to its end without blocking this process, which may be the runtime that it talks to. */
export async function kronBeside(args: readonly string[], env: Environment = {}): Promise<Result> {
  const run = new KronProcess(args, { env });
  const { exitCode } = await run.ended();
  return { exitCode, stdout: run.stdout, stderr: run.stderr };
}

const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();

process.on("exit", () => {
  // What a failed test has left behind.
  for (const child of running) child.kill("SIGKILL");
});

function environment(env: Environment): NodeJS.ProcessEnv {
  const { KRON_HOME: _home, FORCE_COLOR: _force, NO_COLOR: _no, KRON_LOG_LEVEL: _level, ...rest } = process.env;
  return { ...rest, TZ: "UTC", ...env };
}

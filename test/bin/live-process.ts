/** Runtimes and commands as processes of their own that tests start, listen to and end. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { repositoryPath } from "../tooling/source-files.ts";
import { programPath, type Result } from "./command-line.ts";

const started = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

/** A process with what it has said. */
export class LiveProcess {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  stderr = "";
  #waiting: (() => void)[] = [];
  readonly #ended: Promise<number | null>;

  constructor(child: ChildProcess) {
    this.child = child;
    started.add(child);
    if (child.stdout !== null) createInterface(child.stdout).on("line", (line) => this.#said(line));
    child.stderr?.on("data", (text: Buffer) => {
      this.stderr += text.toString("utf8");
    });
    this.#ended = once(child, "close").then(([code]) => {
      started.delete(child);
      this.#said(undefined);
      return code as number | null;
    });
  }

  /** Resolves with the first line that matches, among those said before too; rejects when the process ends without. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.lines.find((one) => pattern.test(one));
      if (line !== undefined) return line;
      if (!started.has(this.child)) throw new Error(`Expected a line like ${pattern}, got ${this.lines.join(" | ")}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves with the exit code; null when a signal ended it. */
  end(): Promise<number | null> {
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.#ended;
  }

  #said(line: string | undefined): void {
    if (line !== undefined) this.lines.push(line);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Starts commanded-runtime.ts, and waits until it is ready. */
export async function startRuntime(dataDir: string, timers = 0): Promise<LiveProcess> {
  const path = repositoryPath("dist/test/bin/commanded-runtime.js");
  const child = spawn(process.execPath, [path, dataDir, String(timers)], { stdio: ["pipe", "pipe", "pipe"] });
  const runtime = new LiveProcess(child);
  await runtime.line(/^ready$/);
  return runtime;
}

/** Starts `kron` with `args`, and does not wait for it. */
export function spawnKron(args: readonly string[]): LiveProcess {
  const { KRON_HOME: _home, FORCE_COLOR: _force, ...env } = process.env;
  return new LiveProcess(
    spawn(process.execPath, [programPath, ...args], { env: { ...env, TZ: "UTC" }, stdio: ["ignore", "pipe", "pipe"] }),
  );
}

/** Runs `kron` with `args` while this process goes on. */
export async function kronAside(args: readonly string[]): Promise<Result> {
  const command = spawnKron(args);
  const exitCode = await command.end();
  return { exitCode, stdout: command.lines.join("\n"), stderr: command.stderr };
}

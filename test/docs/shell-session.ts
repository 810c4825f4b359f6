/**
 * Types the commands of a document into a shell, one after another: the next one when the output that the document shows
 * has come. So no command is typed too early on a slow machine, and nothing has to sleep.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { escaped } from "./output.ts";

/** A command of a document, and the lines that it shows as its output. */
export interface Step {
  readonly command: string;
  readonly output: readonly string[];
}

/** The blocks of code of a document that are of one language, in order. */
export function blocksOf(document: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...document.matchAll(pattern)].map(([, text = ""]) => text);
}

/** The steps of a block of `console`: what stands behind `$ `, and the lines up to the next. */
export function stepsOf(block: string): Step[] {
  const [, ...parts] = block.split(/^\$ /m);
  return parts.map((part) => {
    const [command = "", ...output] = part.trimEnd().split("\n");
    return { command, output };
  });
}

/** Whether all `expected` lines are in `text`, in order, with others between them; `…` stands for anything, spaces for any. */
export function hasLines(expected: readonly string[], text: string): boolean {
  const lines = text.split("\n").map((line) => line.trim());
  let at = 0;
  return expected.every((line) => {
    if (line.trim() === "…") return true;
    const pattern = line
      .trim()
      .split("…")
      .map((part) => escaped(part).replace(/\s+/g, "\\s+"));
    const isLike = new RegExp(`^${pattern.join(".*")}$`);
    while (at < lines.length && !isLike.test(lines[at] ?? "")) at++;
    return at++ < lines.length;
  });
}

/** A shell in a folder. */
export class ShellSession {
  readonly #shell: ChildProcess;
  #text = "";
  #told: (() => void) | undefined;

  constructor(folder: string, env: Readonly<Record<string, string>>) {
    const { KRON_HOME: _home, FORCE_COLOR: _colour, ...rest } = process.env;
    this.#shell = spawn("/bin/bash", ["-s"], {
      ...{ cwd: folder, env: { ...rest, TZ: "UTC", ...env }, stdio: ["pipe", "pipe", "pipe"], detached: true },
    });
    for (const stream of [this.#shell.stdout, this.#shell.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#text += text;
        this.#told?.();
      });
    }
  }

  /** Types a command and resolves when its output has come; rejects with all that came when it has not within `deadlineMs`. */
  async type({ command, output }: Step, deadlineMs: number): Promise<void> {
    this.#text = "";
    this.#shell.stdin?.write(`${command}\n`);
    const isThere = (): boolean => hasLines(output, this.#text);
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new Error(`${command}\nshould print\n${output.join("\n")}\nand printed\n${this.#text}`));
      }, deadlineMs);
      this.#told = () => {
        if (!isThere()) return;
        clearTimeout(deadline);
        resolve();
      };
      this.#told();
    });
  }

  /** Ends the shell and whatever it started, when that is still there. */
  async end(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#shell;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#shell.once("close", resolve));
    process.kill(-pid, "SIGKILL");
    await ended;
  }
}

/** A real terminal, which tmux gives us: what is typed into it, and what it shows. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { programPath, scratchDirectory } from "../bin/command-line.ts";

const deadlineMs = 20_000;
const pollMs = 40;
const kronProgram: readonly string[] = [process.execPath, programPath];
let terminals = 0;

/** Whether there is a tmux to test with. */
export function hasTmux(): boolean {
  return spawnSync("tmux", ["-V"], { stdio: "ignore" }).status === 0;
}

/** How a terminal is made. */
export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What runs in it, before the arguments; `kron` where it is not given. */
  readonly program?: readonly string[];
}

/** A terminal with a shell that runs `kron`, says how it ended, and stays. */
export class Terminal {
  readonly #socket: string;

  constructor(
    args: readonly string[],
    { columns = 80, rows = 24, env = {}, program = kronProgram }: TerminalOptions = {},
  ) {
    terminals += 1;
    this.#socket = join(scratchDirectory(), `tmux-${terminals}`);
    const all = { LANG: "C.UTF-8", TZ: "UTC", ...env };
    const variables = Object.entries(all).map(([name, value]) => `${name}=${quoted(value)}`);
    const command = [...program, ...args].map(quoted).join(" ");
    const script = `echo before; ${variables.join(" ")} ${command}; code=$?; stty -a; echo "ended with $code"; exec sleep 1000`;
    this.#tmux("-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows), script);
    open.add(this);
  }

  /** What is on the screen, or a word about the terminal in `#{…}`. */
  get screen(): string {
    return this.#tmux("capture-pane", "-p");
  }

  /** Whether the other screen is shown, which full-screen programs use. */
  get isOther(): boolean {
    return this.#tmux("display-message", "-p", "#{alternate_on}").trim() === "1";
  }

  get hasCursor(): boolean {
    return this.#tmux("display-message", "-p", "#{cursor_flag}").trim() === "1";
  }

  get takesMouse(): boolean {
    return this.#tmux("display-message", "-p", "#{mouse_any_flag}").trim() === "1";
  }

  /** Presses keys by the names that tmux gives them. */
  press(...names: readonly string[]): void {
    this.#tmux("send-keys", ...names);
  }

  /** Types text as it is. */
  type(text: string): void {
    this.#tmux("send-keys", "-l", "--", text);
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** Resolves with the screen once it shows what `pattern` looks for, or not any more. */
  async shows(pattern: RegExp, isShown = true): Promise<string> {
    const endMs = performance.now() + deadlineMs;
    for (;;) {
      const { screen } = this;
      if (pattern.test(screen) === isShown) return screen;
      if (performance.now() > endMs) throw new Error(`${isShown ? "No" : "Still"} ${pattern} in\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** The process of `kron` in it. */
  get pid(): number {
    const shell = this.#tmux("display-message", "-p", "#{pane_pid}").trim();
    const path = `/proc/${shell}/task/${shell}/children`;
    const children = existsSync(path)
      ? readFileSync(path, "utf8")
      : spawnSync("pgrep", ["-P", shell], { encoding: "utf8" }).stdout;
    const pid = Number(children.trim());
    // 0 would stand for all that belongs to this test.
    if (!(pid > 1)) throw new Error(`Expected one process in the terminal, got "${children}"`);
    return pid;
  }

  close(): void {
    if (open.delete(this)) this.#tmux("kill-server");
  }

  #tmux(...args: readonly string[]): string {
    const { TMUX: _tmux, ...env } = process.env;
    const { stdout } = spawnSync("tmux", ["-S", this.#socket, ...args], { encoding: "utf8", env });
    return stdout;
  }
}

const open = new Set<Terminal>();
process.on("exit", () => {
  for (const terminal of open) terminal.close();
});

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

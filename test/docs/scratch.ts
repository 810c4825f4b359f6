/**
 * The directory in which the blocks of one page are run, with `kron`, `npx kron` and `npm install kron-scheduler` standing
 * for this package, a home of its own, and what a page starts and does not stop.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { programLine } from "../bin/command-line.ts";
import { repositoryPath } from "../tooling/source-files.ts";

const commandDeadlineMs = 60_000;
const endDeadlineMs = 20_000;
const announcer = repositoryPath("dist/test/docs/announce.js");

/** Absolute paths that documents name and tests must not touch. */
const machinePaths = /(^|[\s"'=:`])\/(var|etc|srv|backups|opt|mnt)\//g;

/** `text` with the paths of a machine, such as those below `/etc`, led below `root`. */
export function withMachineAt(root: string, text: string): string {
  return text.replace(machinePaths, (_, before: string, name: string) => `${before}${root}/${name}/`);
}

/** What a command printed, on standard output and error as a terminal shows them, and how it ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

interface Background {
  readonly command: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
}

/** Where a page is run. */
export class Scratch {
  readonly directory: string;
  readonly #hidden: string;
  readonly #background: Background[] = [];

  /** Makes `directory`, and `hidden` beside it for what the page is not to see. */
  constructor(directory: string, hidden: string) {
    this.directory = directory;
    this.#hidden = hidden;
    for (const path of [directory, join(hidden, "bin"), join(hidden, "root")]) mkdirSync(path, { recursive: true });
    this.#program("kron", programLine);
    this.#program("npx", `[ "$1" = kron ] || { echo "npx: only kron, not $1" >&2; exit 1; }; shift; ${programLine}`);
    // The package is linked already; what is checked is the name.
    this.#program("crontab", '[ "$1" = -l ] || { echo "crontab: only -l" >&2; exit 1; }; cat "$HOME/crontab.txt"');
    this.#program("npm", '[ "$*" = "install kron-scheduler" ] || { echo "npm: not $*" >&2; exit 1; }');
    writeFileSync(join(hidden, "state"), "");
  }

  /** Writes a file of the page's directory, or of the machine that the page speaks of. */
  write(path: string, text: string, mode = 0o644): void {
    const full = resolve(this.directory, this.#mapped(path));
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, this.#mapped(text), { mode });
  }

  /** Runs a command in a shell that has what earlier ones exported, where they went. */
  async run(command: string): Promise<Ended> {
    const state = join(this.#hidden, "state");
    const script = `. "${state}"\n${this.#mapped(command)}\ncode=$?\n{ export -p; echo "cd '$PWD'"; } > "${state}"\nexit $code`;
    const child = this.#spawn(script);
    const { ended, output } = listen(child);
    const timer = setTimeout(() => killGroup(child, "SIGKILL"), commandDeadlineMs);
    const exitCode = await ended;
    clearTimeout(timer);
    return { exitCode, output: this.#unmapped(output()) };
  }

  /** Starts what does not end by itself; resolves when its output has `ready` in it. */
  async start(command: string, ready = /ready/i): Promise<void> {
    // What runs by itself says so; an application may be silent.
    const announced = command.startsWith("node ") ? `NODE_OPTIONS="--import=${announcer}" ` : "";
    const child = this.#spawn(`. "${join(this.#hidden, "state")}"\n${announced}exec ${this.#mapped(command)}`);
    const { ended, output, changed } = listen(child);
    this.#background.push({ command, child, ended });
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    const timer = setTimeout(() => killGroup(child, "SIGKILL"), commandDeadlineMs);
    while (!ready.test(output())) {
      if (hasEnded) throw new Error(`${command} ended before it said ${ready}: ${output()}`);
      await Promise.race([changed(), ended]);
    }
    clearTimeout(timer);
  }

  /** Ends what the page has started, the last first; rejects when something does not end in good order. */
  async stop(): Promise<void> {
    const troubles: string[] = [];
    for (const { command, child, ended } of this.#background.splice(0).reverse()) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
      const timer = setTimeout(() => killGroup(child, "SIGKILL"), endDeadlineMs);
      const exitCode = await ended;
      clearTimeout(timer);
      const isOrderly = exitCode === 0 || exitCode === 130 || child.signalCode === "SIGINT";
      if (!isOrderly) troubles.push(`${command} ended with ${exitCode ?? child.signalCode}`);
    }
    if (troubles.length > 0) throw new Error(troubles.join("; "));
  }

  #spawn(script: string): ChildProcess {
    const { KRON_HOME: _home, FORCE_COLOR: _force, KRON_LOG_LEVEL: _level, ...rest } = process.env;
    const child = spawn("/bin/sh", ["-c", script], {
      cwd: this.directory,
      detached: true,
      env: {
        ...rest,
        ...{ HOME: this.directory, TZ: "UTC" },
        PATH: `${join(this.#hidden, "bin")}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    living.add(child);
    child.once("close", () => living.delete(child));
    return child;
  }

  #program(name: string, script: string): void {
    writeFileSync(join(this.#hidden, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  #mapped(text: string): string {
    return withMachineAt(`${this.#hidden}/root`, text);
  }

  #unmapped(text: string): string {
    return text.replaceAll(`${this.#hidden}/root/`, "/").replaceAll(this.directory, "~");
  }
}

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) killGroup(child, "SIGKILL");
});

/** Each command leads a group of its own, so that nothing it started is left. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function listen(child: ChildProcess): {
  readonly ended: Promise<number | null>;
  readonly output: () => string;
  readonly changed: () => Promise<void>;
} {
  let text = "";
  let notice: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      notice();
    });
  }
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const changed = (): Promise<void> =>
    new Promise((resolve) => {
      notice = resolve;
    });
  return { ended, output: () => text, changed };
}

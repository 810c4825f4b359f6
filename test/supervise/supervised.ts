/** `kron supervise` as a process, with the app of these tests under it: what it says, what it is told, what is left of it. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron, type RunEvent } from "../../src/index.ts";
import { programPath, kron as runKron, scratchDirectory, silent } from "../bin/command-line.ts";
import { isAlive, until } from "../support/processes.ts";
import { repositoryPath } from "../tooling/source-files.ts";

const appPath = repositoryPath("dist/test/supervise/app.js");
const deadlineMs = 30_000;

/** How it ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface LineWaiter {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpMatchArray) => void;
}

const all = new Set<ChildProcess>();

/** Ends what a test that failed has left behind; to be called after the tests of a file. */
export function endSupervised(): void {
  for (const child of all) child.kill("SIGKILL");
}

/** A supervisor under test. */
export class Supervised {
  readonly dataDir: string;
  /** Where the app notes its attempts. */
  readonly file: string;
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** Process ids of all apps that were started. */
  readonly appPids: number[] = [];
  readonly #waiters = new Set<LineWaiter>();
  #kron: Kron | undefined;

  private constructor(
    folder: string,
    way: string,
    options: readonly string[],
    script: string,
    more: Readonly<Record<string, string>>,
  ) {
    this.dataDir = join(folder, "data");
    this.file = join(folder, "noted");
    const { KRON_HOME: _home, FORCE_COLOR: _color, ...environment } = process.env;
    this.child = spawn(
      process.execPath,
      [programPath, "--data-dir", this.dataDir, "supervise", ...options, script, way, this.file],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...environment, TZ: "UTC", ...more } },
    );
    all.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) this.#read(stream);
    this.exited = new Promise((resolve) => {
      this.child.once("exit", (code, signal) => {
        all.delete(this.child);
        resolve({ code, signal });
      });
    });
  }

  /** Starts it with the app doing things in this `way`; `more` are a folder that is there, another script, or variables. */
  static start(
    way: string,
    options: readonly string[] = [],
    more: {
      readonly folder?: string;
      readonly script?: string;
      readonly environment?: Readonly<Record<string, string>>;
    } = {},
  ): Supervised {
    const { folder = scratchDirectory(), script = appPath, environment = {} } = more;
    return new Supervised(folder, way, options, script, environment);
  }

  /** Starts it, and waits until the app is ready. */
  static async ready(way = "plain", options: readonly string[] = [], folder?: string): Promise<Supervised> {
    const supervised = Supervised.start(way, options, folder === undefined ? {} : { folder });
    await supervised.line(/app-0 .*is ready/);
    return supervised;
  }

  get folder(): string {
    return join(this.dataDir, "..");
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The process id of the app that was started last. */
  get appPid(): number {
    return this.appPids.at(-1) ?? 0;
  }

  /** A runtime that is attached to it, to ask and to listen with. */
  async kron(): Promise<Kron> {
    if (this.#kron === undefined) {
      const attached = new Kron({ dataDir: this.dataDir, logger: silent, keepAlive: false });
      await attached.start({ attach: true });
      this.#kron = attached;
    }
    return this.#kron;
  }

  /** Resolves with the first line, of those before and those to come, that matches. */
  line(pattern: RegExp, from = 0): Promise<RegExpMatchArray> {
    for (const line of this.lines.slice(from)) {
      const match = line.match(pattern);
      if (match !== null) return Promise.resolve(match);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`No line like ${pattern} within ${deadlineMs} ms, but:\n${this.lines.join("\n")}`));
      }, deadlineMs);
      const waiter: LineWaiter = {
        pattern,
        resolve: (match) => {
          clearTimeout(timer);
          resolve(match);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** As `line`, of those to come only. */
  next(pattern: RegExp): Promise<RegExpMatchArray> {
    return this.line(pattern, this.lines.length);
  }

  /** Has `job` run, and resolves when its attempt has begun; with the process that it began in. */
  async begin(what: string, timer = "job"): Promise<string> {
    const { runId } = await (await this.kron()).trigger(timer, { payload: { what } });
    await this.line(new RegExp(`${what} ${runId} attempt 1`));
    return runId;
  }

  /** What the app has noted, a line for each attempt that began. */
  noted(): string[] {
    return existsSync(this.file) ? readFileSync(this.file, "utf8").trim().split("\n") : [];
  }

  /** What the next app is told to be. */
  setGeneration(generation: string): void {
    writeFileSync(`${this.file}.generation`, generation);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Asks it to end, and checks that it did as it should. */
  async stop(code = 0): Promise<void> {
    await this.#kron?.shutdown();
    this.signal("SIGTERM");
    assert.equal(await this.exited, { code, signal: null }, this.lines.join("\n"));
    this.assertAllGone();
  }

  /** Kills it without a word, and resolves when nothing it has started lives. */
  async kill(): Promise<number> {
    const atMs = performance.now();
    this.signal("SIGKILL");
    await this.exited;
    await this.#kron?.shutdown();
    await until(() => !this.appPids.some(isAlive), `the apps ${this.appPids} have ended`, deadlineMs);
    return performance.now() - atMs;
  }

  assertAllGone(): void {
    assert.equal(this.appPids.filter(isAlive), []);
  }

  /** Checks that the directory, which nobody holds any more, accounts for everything. */
  assertSound(): void {
    const { exitCode, stdout, stderr } = runKron(["doctor", "--data-dir", this.dataDir]);
    assert.is(exitCode, 0, `${stdout}${stderr}`);
  }

  #read(stream: NodeJS.ReadableStream | null): void {
    let rest = "";
    stream?.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    });
  }

  #take(line: string): void {
    this.lines.push(line);
    const app = /app-\d+ . app (\d+) generation/.exec(line);
    if (app !== null) this.appPids.push(Number(app[1]));
    for (const waiter of [...this.#waiters]) {
      const match = line.match(waiter.pattern);
      if (match === null) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(match);
    }
  }
}

/** The next event of this type about a run of `timerId`. */
export function nextEvent(kron: Kron, type: RunEvent["type"], timerId = "job"): Promise<RunEvent> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No ${type} within ${deadlineMs} ms`)), deadlineMs);
    const listener = (event: RunEvent): void => {
      if (event.type !== type || event.timerId !== timerId) return;
      clearTimeout(timer);
      kron.off("run", listener);
      resolve(event);
    };
    kron.on("run", listener);
  });
}

/** A pool of threads over module files that a test writes, in a directory that is gone afterwards. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { KronError } from "../../src/core/errors.ts";
import { toLoggedError } from "../../src/core/logged-error.ts";
import type { ModuleTarget } from "../../src/core/target.ts";
import { markByte } from "../../src/logs/run-log-format.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, TargetRunner } from "../../src/ports.ts";
import { ModulePool, type PoolParts } from "../../src/runners/module-pool.ts";
import { systemClock, toDate } from "../../src/system.ts";

/** What is written by `log()`, `progress()` and the pool's logger. */
export type Said = readonly [what: string, ...fields: unknown[]];

/** An attempt that was started. */
export interface Started {
  readonly end: Promise<AttemptEnd>;
  readonly handle: AttemptHandle;
  readonly runId: string;
}

/** The file that threads begin with. */
export const threadEntry = fileURLToPath(new URL("../../src/runtime/module-thread-main.js", import.meta.url));

/** The reason that the dispatcher gives at a timeout. */
export const timeout = new KronError("KRON_RUN_TIMEOUT", "Took too long");

/** A directory of modules, and what was said by those who ran them. */
export class ModuleFiles {
  readonly directory = mkdtempSync(join(tmpdir(), "kron-module-"));
  readonly said: Said[] = [];
  readonly #listeners = new Set<() => void>();
  #count = 0;

  /** Writes a file; returns its name. */
  write(name: string, text: string): string {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return name;
  }

  /** What the run has put out so far. */
  outputOf(runId: string): string {
    const path = this.#outputPath(runId);
    if (!existsSync(path)) return "";
    // Without the lines of Kron's own.
    const lines = readFileSync(path, "utf8").split("\n");
    return lines.filter((line) => line.charCodeAt(0) !== markByte).join("\n");
  }

  parts(options: Partial<PoolParts> = {}): PoolParts {
    const log =
      (level: string) =>
      (fields: object, message: string): void =>
        this.say("log", level, message, fields);
    return {
      clock: systemClock(),
      logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
      output: {
        toDate,
        line: ({ runId }, level, message, fields) => this.say("line", runId, level, message, fields),
        progress: ({ runId }, fraction, note) => this.say("progress", runId, fraction, note),
      },
      threadEntry,
      baseDir: this.directory,
      threads: 1,
      outputOf: ({ runId }) => ({ path: this.#outputPath(runId), bytesMax: 100_000 }),
      ...options,
    };
  }

  pool(options: Partial<PoolParts> = {}): ModulePool {
    return new ModulePool(this.parts(options));
  }

  order(path: string, options: Partial<ModuleTarget & { readonly payload: unknown }> = {}): AttemptOrder {
    this.#count += 1;
    const { payload, ...target } = options;
    return {
      ...{ slot: 1, timerId: "job", runId: `run_${this.#count}`, attempt: 1, maxAttempts: 3, isManual: false },
      ...{ scheduledAtMs: 1_000, dueAtMs: 1_001, startedAtMs: 1_002, timeoutMs: 0, missedCount: 0, payload },
      ...{ idempotencyKey: "job:1970-01-01T00:00:01.000Z", fencingToken: this.#count },
      target: {
        ...{ kind: "module", path, exportName: "default", isolate: "thread", heapMbMax: 0, runsPerWorkerMax: 0 },
        memoryBytesMax: 0,
        ...target,
      },
    };
  }

  say(...said: Said): void {
    this.said.push(said);
    for (const listen of this.#listeners) listen();
  }

  /** Resolves once something was said that contains `text`; the deadline is the test's. */
  heard(text: string): Promise<void> {
    return new Promise((resolve) => {
      const listen = (): void => {
        if (!JSON.stringify(this.said).includes(text)) return;
        this.#listeners.delete(listen);
        resolve();
      };
      this.#listeners.add(listen);
      listen();
    });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #outputPath(runId: string): string {
    return join(this.directory, "logs", `${runId}.log`);
  }
}

/** Starts an attempt. */
export function begin(runner: TargetRunner, order: AttemptOrder): Started {
  let handle: AttemptHandle | undefined;
  const end = new Promise<AttemptEnd>((resolve, reject) => {
    let count = 0;
    handle = runner.start(order, (it) => {
      count += 1;
      if (count > 1) reject(new Error("ended twice"));
      resolve(it);
    });
  });
  return { end, handle: handle as AttemptHandle, runId: order.runId };
}

/** An end in one line, such as `failed KRON_X: message`. */
export function show(end: AttemptEnd): string {
  if (end.kind === "succeeded") return `succeeded ${JSON.stringify(end.result ?? null)} ${end.note ?? ""}`.trimEnd();
  const [name, message, , code] = toLoggedError(end.error);
  return `${end.kind} ${end.ending ?? ""}${end.ending === undefined ? "" : " "}${code ?? name}: ${message}`;
}

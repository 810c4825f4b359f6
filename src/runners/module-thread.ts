/**
 * The side of a thread in which modules are executed; `module-protocol.ts` says how it is spoken to.
 *
 * It executes one attempt at a time. What an attempt leaves behind when it ends (timers, promises) is known by its
 * async context, so an error of its making is laid to it and to no other: while the runtime has not been told of
 * its end, it is failed; later, the error is reported. In any case the thread takes no further attempt.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { MessagePort } from "node:worker_threads";
import { assert } from "../core/assert.ts";
import { fromLoggedError, toLoggedError } from "../core/logged-error.ts";
import type { Clock, ToDate } from "../ports.ts";
import type { Callback } from "./callback-context.ts";
import { loadExport } from "./module-load.ts";
import {
  type AskMessage,
  type BatchReport,
  type BatchTask,
  Cell,
  cellsOf,
  End,
  fieldCount,
  type OpenTask,
  Told,
  type ToldMessage,
  unreadCell,
  unreadMax,
} from "./module-protocol.ts";
import { portableResult } from "./portable.ts";
import { ThreadAttempt } from "./thread-attempt.ts";
import { captureOutput, type OpenOutput } from "./thread-output.ts";

/** What a thread needs of the world. */
export interface ThreadParts {
  readonly clock: Clock;
  readonly toDate: ToDate;
  readonly nextTurn: () => Promise<void>;
  readonly openOutput: OpenOutput;
}

/** So long attempts are executed without a pause in which messages are read and ends are told. */
const sliceMs = 2;
const outsideCharsMax = 4_096;

/** Executes batches in the thread that made it. */
export class ModuleThread {
  readonly #parts: ThreadParts;
  readonly #storage = new AsyncLocalStorage<ThreadAttempt>();
  readonly #functions = new Map<string, Callback>();
  #port: MessagePort | undefined;
  #cells: Int32Array = new Int32Array(0);
  #beganAtMs: Float64Array = new Float64Array(0);
  /** The batches so far: each begins when the one before it is over. */
  #tail: Promise<unknown> = Promise.resolve();
  #current: ThreadAttempt | undefined;
  /** Rejects the load under way. */
  #failLoad: ((error: unknown) => void) | undefined;
  /** Attempts that have ended and have not been told of, all of one batch, and what there is to tell of them. */
  #ended: ThreadAttempt[] = [];
  #ends: unknown[] = [];
  #telling: Promise<void> | undefined;
  #droppedCount = 0;
  /** False after an error that nobody caught: the state of the thread is unknown. */
  #isSound = true;

  constructor(parts: ThreadParts) {
    this.#parts = parts;
  }

  /** Carries out a task of the runtime's. */
  run(task: OpenTask | BatchTask): Promise<BatchReport | undefined> {
    if (task.kind === "open") {
      this.#open(task);
      return Promise.resolve(undefined);
    }
    const report = this.#tail.then(() => this.#execute(task));
    this.#tail = report.catch(() => undefined);
    return report;
  }

  #open({ port, cells, beganAtMs }: OpenTask): void {
    this.#port = port;
    this.#cells = cells;
    this.#beganAtMs = beganAtMs;
    port.on("message", (message: AskMessage) => this.#abort(message));
    captureOutput((bytes) => this.#output(bytes));
    process.on("uncaughtException", (error) => this.#trouble(error));
    process.on("unhandledRejection", (reason) => this.#trouble(reason));
    process.on("exit", (code) => {
      this.#tellEnds();
      this.#say([Told.EXITING, code]);
    });
  }

  async #execute(task: BatchTask): Promise<BatchReport> {
    const { clock } = this.#parts;
    const call = this.#isSound ? await this.#load(task) : undefined;
    const startedMs = clock.monotonicMs();
    const executed = call === undefined ? 0 : await this.#executeAll(task, call);
    const tookMs = clock.monotonicMs() - startedMs;
    await this.#telling;
    return { executed, tookMs, isSound: this.#isSound };
  }

  async #executeAll(task: BatchTask, call: Callback): Promise<number> {
    const { clock, toDate } = this.#parts;
    const cells = this.#cells;
    const first = cellsOf(task.serial);
    const count = task.orders.length / fieldCount;
    let executed = 0;
    let pauseAtMs = clock.monotonicMs() + sliceMs;
    for (let index = 0; index < count && this.#isSound; index++) {
      // Before the claim: whoever sees that sees this too.
      this.#beganAtMs[first + index] = clock.monotonicMs();
      if (Atomics.compareExchange(cells, first + index, Cell.WAITING, Cell.CLAIMED) !== Cell.WAITING) continue;
      executed += 1;
      const attempt = new ThreadAttempt(task, index, clock, toDate, this.#sayIfRead);
      this.#current = attempt;
      try {
        const result = this.#storage.run(attempt, call, attempt.context);
        this.#succeed(attempt, isThenable(result) ? await result : result);
      } catch (error) {
        this.#fail(attempt, error);
      }
      if (clock.monotonicMs() >= pauseAtMs) {
        await this.#telling;
        pauseAtMs = clock.monotonicMs() + sliceMs;
      }
    }
    return executed;
  }

  /** The function to call, or undefined when the runtime has been told why there is none. */
  async #load({ serial, url, exportName }: BatchTask): Promise<Callback | undefined> {
    const key = `${url}\n${exportName}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    try {
      const failed = new Promise<never>((_, reject) => {
        this.#failLoad = reject;
      });
      const call = await Promise.race([loadExport(url, exportName), failed]);
      this.#functions.set(key, call);
      this.#say([Told.LOADED, serial]);
      return call;
    } catch (error) {
      const { hint } = error as { readonly hint?: string };
      this.#say([Told.UNUSABLE, serial, toLoggedError(error), hint]);
      return undefined;
    } finally {
      this.#failLoad = undefined;
    }
  }

  #succeed(attempt: ThreadAttempt, result: unknown): void {
    const told = portableResult(result);
    if (told === undefined) {
      this.#end(attempt, Cell.DONE);
      return;
    }
    if ("note" in told) this.#ends.push(attempt.index, End.NOTE, told.note);
    else this.#ends.push(attempt.index, End.RESULT, told.value);
    this.#end(attempt, Cell.TOLD);
  }

  #fail(attempt: ThreadAttempt, error: unknown): void {
    this.#ends.push(attempt.index, End.FAILED, toLoggedError(error));
    this.#end(attempt, Cell.TOLD);
  }

  #end(attempt: ThreadAttempt, cell: number): void {
    attempt.isOver = true;
    this.#current = undefined;
    Atomics.store(this.#cells, cellsOf(attempt.serial) + attempt.index, cell);
    this.#ended.push(attempt);
    // Later in this turn, errors of its making may still turn up.
    this.#telling ??= this.#parts.nextTurn().then(() => this.#tellEnds());
  }

  #tellEnds(): void {
    this.#telling = undefined;
    const last = this.#ended.at(-1);
    if (last === undefined) return;
    for (const attempt of this.#ended) attempt.told();
    this.#say([Told.TURN, last.serial, last.index + 1, this.#ends]);
    this.#ended = [];
    this.#ends = [];
  }

  /** An error that nobody caught. */
  #trouble(error: unknown): void {
    // Some errors come without a context; then it is most likely what ran last.
    const owner = this.#storage.getStore() ?? this.#current ?? this.#ended.at(-1);
    if (owner === undefined && this.#failLoad !== undefined) {
      this.#failLoad(error);
      return;
    }
    this.#isSound = false;
    if (owner !== undefined && owner === this.#current) {
      this.#fail(owner, error);
      // Nobody knows whether it would ever return; its end is told on the way out.
      process.exit(1);
    }
    if (owner === undefined || owner.isTold) {
      this.#say([Told.TROUBLE, owner?.runId ?? null, toLoggedError(error)]);
      return;
    }
    Atomics.store(this.#cells, cellsOf(owner.serial) + owner.index, Cell.TOLD);
    // In front of what it had returned, where it had: of two ends the runtime takes the first.
    this.#ends.unshift(owner.index, End.FAILED, toLoggedError(error));
  }

  #abort([, serial, index, error]: AskMessage): void {
    const attempt = this.#current;
    if (attempt?.serial === serial && attempt.index === index) attempt.context.abort(fromLoggedError(error));
  }

  /** Output belongs to the attempt in whose context it is written, else to the one under way, else to nobody. */
  #output(bytes: Uint8Array): void {
    const owner = this.#storage.getStore() ?? this.#current;
    if (owner?.hasFile === true && !owner.isTold) {
      owner.write(bytes, this.#parts.openOutput);
      return;
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, outsideCharsMax)).toString("utf8");
    this.#sayIfRead([Told.OUTSIDE, owner?.runId ?? null, text]);
  }

  /** Says what may be dropped: the runtime would otherwise fill with lines it has no time to read. */
  readonly #sayIfRead = (message: ToldMessage): void => {
    if (Atomics.load(this.#cells, unreadCell) >= unreadMax) {
      this.#droppedCount += 1;
      return;
    }
    Atomics.add(this.#cells, unreadCell, 1);
    if (this.#droppedCount > 0) {
      Atomics.add(this.#cells, unreadCell, 1);
      this.#say([Told.OUTSIDE, null, `${this.#droppedCount} lines were dropped, as they came too fast`]);
      this.#droppedCount = 0;
    }
    this.#say(message);
  };

  #say(message: ToldMessage): void {
    assert(this.#port !== undefined, "a thread is opened first");
    this.#port.postMessage(message);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof (value as { then?: unknown }).then === "function";
}

/** One thread that executes modules, as a piscina pool of its own, so that it can be ended alone and have its own limits. */

import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { Piscina } from "piscina";
import { toLoggedError } from "../core/logged-error.ts";
import type { Clock } from "../ports.ts";
import type { ModuleBatch } from "./module-batch.ts";
import type { ModuleJob } from "./module-job.ts";
import {
  Ask,
  type BatchReport,
  type BatchTask,
  batchesPerThread,
  cellCount,
  type ToldMessage,
} from "./module-protocol.ts";

/** Who is told what a thread says and what becomes of it. */
export interface SeatListener {
  told(seat: ModuleSeat, message: ToldMessage): void;
  /** A batch is over; it is no longer among the seat's. */
  over(seat: ModuleSeat, batch: ModuleBatch, report: BatchReport): void;
  /** The thread has ended, by itself or not. Its batches are still among the seat's. */
  died(seat: ModuleSeat, error: unknown): void;
}

/** So long a thread may take to end; one that is inside a call of the system ends when that returns. */
const endMsMax = 5_000;

/** A thread and the batches it has. */
export class ModuleSeat {
  readonly heapMbMax: number;
  readonly cells = new Int32Array(new SharedArrayBuffer(cellCount * Int32Array.BYTES_PER_ELEMENT));
  readonly beganAtMs = new Float64Array(new SharedArrayBuffer(cellCount * Float64Array.BYTES_PER_ELEMENT));
  readonly batches: ModuleBatch[] = [];
  /** Which version of which file it has loaded. */
  readonly versions = new Map<string, string>();
  /** The functions it has loaded, by the keys of their lanes. */
  readonly loaded = new Set<string>();
  /** Attempts it has executed or was given. */
  runCount = 0;
  idleSinceMs: number;
  /** It gets no further batch, and ends when it has none. */
  isRetiring = false;
  /** The attempt for whose sake it is ended. */
  culprit: ModuleJob | undefined;
  /** What it said when it called `process.exit`. */
  exitCode: number | undefined;
  /** It is ended as its module took too long to be loaded. */
  isLoadOverdue = false;
  readonly #clock: Clock;
  readonly #listener: SeatListener;
  readonly #piscina: Piscina<unknown, BatchReport>;
  readonly #port;
  #batchCount = 0;
  #ending: Promise<void> | undefined;
  #cause: unknown;

  constructor(entryPath: string, heapMbMax: number, clock: Clock, listener: SeatListener) {
    this.heapMbMax = heapMbMax;
    this.#clock = clock;
    this.idleSinceMs = clock.monotonicMs();
    this.#listener = listener;
    this.#piscina = new Piscina({
      ...{ filename: entryPath, name: "run", minThreads: 0, maxThreads: 1 },
      // The thread takes batches one after another by itself; the second is there when the first is over.
      ...{ concurrentTasksPerWorker: batchesPerThread + 1, idleTimeout: Number.POSITIVE_INFINITY },
      // Else the thread would be blocked between batches, and what attempts leave behind acted in the midst of others.
      atomics: "disabled",
      recordTiming: false,
      ...(heapMbMax > 0 && { resourceLimits: { maxOldGenerationSizeMb: heapMbMax } }),
    });
    this.#piscina.on("error", (error: unknown) => void this.end(error));
    this.#piscina.on("workerDestroy", () => void this.end(undefined));
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: ToldMessage) => listener.told(this, message));
    port1.unref();
    const { cells, beganAtMs } = this;
    const opening = this.#piscina.run({ kind: "open", port: port2, cells, beganAtMs }, { transferList: [port2] });
    opening.catch((error: unknown) => void this.end(error));
  }

  get isIdle(): boolean {
    return this.batches.length === 0;
  }

  /** The number of the next batch. */
  get nextSerial(): number {
    return this.#batchCount;
  }

  ship(batch: ModuleBatch, orders: readonly unknown[]): void {
    const { serial, lane } = batch;
    this.#batchCount += 1;
    this.batches.push(batch);
    this.runCount += batch.jobs.length;
    const task: BatchTask = { kind: "batch", serial, url: lane.url, exportName: lane.target.exportName, orders };
    this.#piscina.run(task).then(
      (report) => this.#over(batch, report),
      (error: unknown) => void this.end(error),
    );
  }

  abort(batch: ModuleBatch, job: ModuleJob, reason: Error): void {
    this.#port.postMessage([Ask.ABORT, batch.serial, batch.jobs.indexOf(job), toLoggedError(reason)]);
  }

  /** Ends the thread, by force; resolves when it has, and its listener knows. `error` says why. */
  end(error: unknown): Promise<void> {
    // That a thread is gone is heard before why.
    this.#cause ??= error;
    this.isRetiring = true;
    this.#ending ??= this.#end();
    return this.#ending;
  }

  #over(batch: ModuleBatch, report: BatchReport): void {
    // Messages travel another way than the report, and may be behind it.
    this.#drain();
    const at = this.batches.indexOf(batch);
    if (at < 0) return;
    this.batches.splice(at, 1);
    if (this.isIdle) this.idleSinceMs = this.#clock.monotonicMs();
    this.#listener.over(this, batch, report);
  }

  async #end(): Promise<void> {
    // piscina tells of a thread that has ended before it has forgotten it, and would wait for it to end again.
    await Promise.resolve();
    let cancelWait: (() => void) | undefined;
    const deadline = new Promise<void>((resolve) => {
      cancelWait = this.#clock.wakeAfter(endMsMax, resolve);
    });
    await Promise.race([this.#piscina.destroy(), deadline]);
    cancelWait?.();
    this.#drain();
    this.#port.close();
    this.#listener.died(this, this.#cause);
  }

  #drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#listener.told(this, next.message as ToldMessage);
    }
  }
}

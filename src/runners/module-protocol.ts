/**
 * What the runtime and a thread that executes modules say to each other.
 *
 * The runtime ships attempts of one module to one thread in batches, as one piscina task each; the thread executes
 * them one after another. All else goes over a message port and a shared column of cells:
 *
 * ```
 * runtime → thread   task   { kind: "open", port, cells, beganAtMs }            once, before anything else
 *                    task   { kind: "batch", serial, url, exportName, orders }  orders: `fieldCount` values each
 *                    port   [Ask.ABORT, serial, index, error]                   asks an attempt under way to stop
 *
 * thread → runtime   task   a `BatchReport`                   the batch is over
 *                    port   [Told.LOADED, serial]             the module is loaded, attempts begin
 *                    port   [Told.UNUSABLE, serial, error]    it cannot be, none has begun
 *                    port   [Told.TURN, serial, upTo, ends]   attempts below `upTo` have ended as their cells say;
 *                                                             ends: index, `End`, value, index, `End`, value …
 *                    port   [Told.LINE, serial, index, level, message, fields, atMs]
 *                    port   [Told.PROGRESS, serial, index, fraction, note, atMs]
 *                    port   [Told.OUTSIDE, runId or null, text]          output while no attempt is under way
 *                    port   [Told.TROUBLE, runId or null, error]         an error of an attempt that had ended
 *                    port   [Told.EXITING, code]                         process.exit() was called
 * ```
 *
 * A cell says how far an attempt is. The thread claims an attempt before it begins it, the runtime takes back what is
 * not claimed, both by compare-exchange on `Cell.WAITING`: so an attempt that a thread takes along when it dies
 * is one that it had begun, and no other. When it claims an attempt, a second column has got the time of that already, on
 * the clock that all threads share.
 */

import type { MessagePort } from "node:worker_threads";
import { idempotencyKeyOf } from "../core/idempotency-key.ts";
import type { LoggedError } from "../core/record.ts";
import type { OutputFile } from "../ports.ts";
import type { ContextOrder } from "./callback-context.ts";

/** How far an attempt is, as its cell says. */
export const Cell = {
  /** Not begun; whoever changes this first has it. */
  WAITING: 0,
  /** Begun by the thread. */
  CLAIMED: 1,
  /** Ended well, with nothing to tell. */
  DONE: 2,
  /** Ended; the rest stands in a message. */
  TOLD: 3,
  /** Taken back by the runtime. */
  TAKEN: 4,
} as const;

/** How an attempt ended that has something to tell. */
export const End = { RESULT: 1, NOTE: 2, FAILED: 3 } as const;

/** What the runtime asks for. */
export const Ask = { ABORT: 1 } as const;

/** What the thread tells. */
export const Told = {
  LOADED: 1,
  UNUSABLE: 2,
  TURN: 3,
  LINE: 4,
  PROGRESS: 5,
  OUTSIDE: 6,
  TROUBLE: 7,
  EXITING: 8,
} as const;

/** The most attempts in one batch. */
export const batchMax = 256;
/** Batches that a thread may have at a time: the one it executes, and the next. */
export const batchesPerThread = 2;
/** The cell that counts lines, progress and output on their way; past `unreadMax` they are dropped and counted. */
export const unreadCell = 0;
/** How many of these may be on their way. */
export const unreadMax = 10_000;
const firstCell = 8;
/** Cells of one thread. */
export const cellCount = firstCell + batchMax * batchesPerThread;
/** Values per order in a batch. */
export const fieldCount = 13;

/** The first task of a thread. */
export interface OpenTask {
  readonly kind: "open";
  readonly port: MessagePort;
  readonly cells: Int32Array;
  /** When attempts were claimed, in monotonic milliseconds, at the places of their cells. */
  readonly beganAtMs: Float64Array;
}

/** Attempts of one module, to be executed in order. */
export interface BatchTask {
  readonly kind: "batch";
  /** Counts the batches of a thread from 0. */
  readonly serial: number;
  readonly url: string;
  readonly exportName: string;
  readonly orders: readonly unknown[];
}

/** What a thread says of a batch that is over. */
export interface BatchReport {
  readonly executed: number;
  /** How long that took, in all. */
  readonly tookMs: number;
  /** Whether the thread can go on; when not, the rest of the batch waits to be taken back. */
  readonly isSound: boolean;
}

/** Where the cells of a batch begin. */
export function cellsOf(serial: number): number {
  return firstCell + (serial % batchesPerThread) * batchMax;
}

/** Appends an order to those of a batch. */
export function packOrder(orders: unknown[], order: ContextOrder, file: OutputFile | undefined): void {
  orders.push(order.timerId, order.runId, order.attempt, order.maxAttempts, order.isManual, order.scheduledAtMs);
  orders.push(order.dueAtMs, order.startedAtMs, order.missedCount, order.payload, order.fencingToken);
  orders.push(file?.path, file?.bytesMax);
}

/** The order at `index` of a batch, and where its output goes. */
export class ThreadOrder implements ContextOrder {
  readonly #orders: readonly unknown[];
  readonly #at: number;

  constructor(orders: readonly unknown[], index: number) {
    this.#orders = orders;
    this.#at = index * fieldCount;
  }

  get timerId(): string {
    return this.#field(0) as string;
  }

  get runId(): string {
    return this.#field(1) as string;
  }

  get attempt(): number {
    return this.#field(2) as number;
  }

  get maxAttempts(): number {
    return this.#field(3) as number;
  }

  get isManual(): boolean {
    return this.#field(4) as boolean;
  }

  get scheduledAtMs(): number {
    return this.#field(5) as number;
  }

  get dueAtMs(): number {
    return this.#field(6) as number;
  }

  get startedAtMs(): number {
    return this.#field(7) as number;
  }

  get missedCount(): number {
    return this.#field(8) as number;
  }

  get payload(): unknown {
    return this.#field(9);
  }

  get fencingToken(): number {
    return this.#field(10) as number;
  }

  get idempotencyKey(): string {
    return idempotencyKeyOf(this);
  }

  get file(): OutputFile | undefined {
    const path = this.#field(11) as string | undefined;
    return path === undefined ? undefined : { path, bytesMax: this.#field(12) as number };
  }

  /** What `packOrder` wrote, in the same process: the types are those of the order. */
  #field(index: number): unknown {
    return this.#orders[this.#at + index];
  }
}

/** A message of the thread. */
export type ToldMessage =
  | readonly [kind: typeof Told.LOADED, serial: number]
  | readonly [kind: typeof Told.UNUSABLE, serial: number, error: LoggedError, hint: string | undefined]
  | readonly [kind: typeof Told.TURN, serial: number, upTo: number, ends: readonly unknown[]]
  | readonly [
      kind: typeof Told.LINE,
      serial: number,
      index: number,
      level: "debug" | "info" | "warn" | "error",
      message: string,
      fields: object | undefined,
      atMs: number,
    ]
  | readonly [
      kind: typeof Told.PROGRESS,
      serial: number,
      index: number,
      fraction: number,
      note: string | undefined,
      atMs: number,
    ]
  | readonly [kind: typeof Told.OUTSIDE, runId: string | null, text: string]
  | readonly [kind: typeof Told.TROUBLE, runId: string | null, error: LoggedError]
  | readonly [kind: typeof Told.EXITING, code: number];

/** A message to the thread. */
export type AskMessage = readonly [kind: typeof Ask.ABORT, serial: number, index: number, error: LoggedError];

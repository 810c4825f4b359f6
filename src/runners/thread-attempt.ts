/** One attempt as the thread sees it that executes it. */

import type { Clock, ToDate } from "../ports.ts";
import { CallbackContext, type ContextOrder, type LogLevel, type OutputSink } from "./callback-context.ts";
import { type BatchTask, ThreadOrder, Told, type ToldMessage } from "./module-protocol.ts";
import { clonableFields } from "./portable.ts";
import type { OpenOutput, RunOutput } from "./thread-output.ts";

/** Hands a message to the runtime that may be dropped when there are too many. */
export type Say = (message: ToldMessage) => void;

/** An attempt, from its claim on; `index` is its place in its batch. */
export class ThreadAttempt implements OutputSink {
  readonly serial: number;
  readonly index: number;
  readonly context: CallbackContext;
  readonly toDate: ToDate;
  /** It has ended; what it left behind may still act in its name. */
  isOver = false;
  /** The runtime has been told how, so nothing can be changed about it. */
  isTold = false;
  readonly #order: ThreadOrder;
  readonly #say: Say;
  #output: RunOutput | undefined;

  constructor(task: BatchTask, index: number, clock: Clock, toDate: ToDate, say: Say) {
    const order = new ThreadOrder(task.orders, index);
    this.serial = task.serial;
    this.index = index;
    this.toDate = toDate;
    this.context = new CallbackContext(order, clock, this);
    this.#order = order;
    this.#say = say;
  }

  /** See `OutputSink`. */
  line(_: ContextOrder, level: LogLevel, message: string, fields: object | undefined, atMs: number): void {
    const text = String(message);
    const more = fields === undefined ? undefined : clonableFields(fields);
    if (this.isTold) this.#say([Told.OUTSIDE, this.runId, text]);
    else this.#say([Told.LINE, this.serial, this.index, level, text, more, atMs]);
  }

  /** See `OutputSink`. */
  progress(_: ContextOrder, fraction: number, note: string | undefined, atMs: number): void {
    if (this.isTold) return;
    const text = note === undefined ? undefined : String(note);
    this.#say([Told.PROGRESS, this.serial, this.index, fraction, text, atMs]);
  }

  /** Whether its output has a file to go to. */
  get hasFile(): boolean {
    return this.#order.file !== undefined;
  }

  get runId(): string {
    return this.#order.runId;
  }

  /** Writes to the run's file. When that fails, says so in a line of the run's log. */
  write(bytes: Uint8Array, open: OpenOutput): void {
    const { file } = this.#order;
    if (file === undefined) return;
    this.#output ??= open(file, this.context, (error) => {
      this.context.log.warn("Output of the run could not be written", { error: error.message });
    });
    this.#output.write(bytes);
  }

  /** The runtime has been told how it ended: it writes no more. */
  told(): void {
    this.isTold = true;
    this.#output?.close();
  }
}

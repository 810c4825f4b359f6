/** One attempt as the thread sees it that executes it. */

import { inspect } from "node:util";
import { describe } from "../core/describe.ts";
import { KronError } from "../core/errors.ts";
import { checkPayload, resultBytesMax } from "../core/payload.ts";
import { copyPayload } from "../core/payload-copy.ts";
import type { Clock, OutputFile, ToDate } from "../ports.ts";
import { CallbackContext, type ContextOrder, type LogLevel, type OutputSink } from "./callback-context.ts";
import { type BatchTask, End, Told, type ToldMessage, unpackOrder } from "./module-protocol.ts";
import type { OpenOutput, RunOutput } from "./thread-output.ts";

/** Hands a message to the runtime that may be dropped when there are too many. */
export type Say = (message: ToldMessage) => void;

/** An attempt, from its claim on; `index` is its place in its batch. */
export class ThreadAttempt implements OutputSink {
  readonly serial: number;
  readonly index: number;
  readonly context: CallbackContext;
  readonly runId: string;
  readonly toDate: ToDate;
  /** It has ended; what it left behind may still act in its name. */
  isOver = false;
  /** The runtime has been told how, so nothing can be changed about it. */
  isTold = false;
  readonly #file: OutputFile | undefined;
  readonly #say: Say;
  #output: RunOutput | undefined;

  constructor(task: BatchTask, index: number, clock: Clock, toDate: ToDate, say: Say) {
    const { order, file } = unpackOrder(task.orders, index);
    this.serial = task.serial;
    this.index = index;
    this.runId = order.runId;
    this.toDate = toDate;
    this.context = new CallbackContext(order, clock, this);
    this.#file = file;
    this.#say = say;
  }

  /** See `OutputSink`. */
  line(_: ContextOrder, level: LogLevel, message: string, fields: object | undefined, atMs: number): void {
    const text = String(message);
    const more = fields === undefined ? undefined : portableFields(fields);
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
    return this.#file !== undefined;
  }

  /** Writes to the run's file. When that fails, says so in a line of the run's log. */
  write(bytes: Uint8Array, open: OpenOutput): void {
    if (this.#file === undefined) return;
    this.#output ??= open(this.#file, this.context, (error) => {
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

/** A result as it can travel: `[End.RESULT, value]`, or `[End.NOTE, why it cannot]`; undefined for nothing. */
export function portableResult(result: unknown): readonly [end: number, value: unknown] | undefined {
  if (result === undefined || result === null) return undefined;
  try {
    checkPayload(result, "result", resultBytesMax);
    const copy = copyPayload(result);
    // Getters may have given the copy something else.
    checkPayload(copy, "result", resultBytesMax);
    return [End.RESULT, copy];
  } catch (error) {
    return [End.NOTE, error instanceof KronError ? error.message : "The result could not be read"];
  }
}

/** Fields of a log line as they can travel to another thread: as they are where possible, as text otherwise. */
export function portableFields(fields: object): object {
  try {
    return structuredClone(fields);
  } catch {
    try {
      return { text: inspect(fields, { depth: 4, maxStringLength: 1_000, breakLength: Number.POSITIVE_INFINITY }) };
    } catch {
      // A getter or a proxy that throws: what it is, is all there is to tell.
      return { text: describe(fields) };
    }
  }
}

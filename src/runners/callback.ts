/**
 * Runs callbacks in this process: gives each attempt its context, and takes a return, a throw, a resolve or a
 * reject as its end. A callback cannot be stopped from outside; it is asked to, through `signal`.
 */

import { floatColumn } from "../core/column.ts";
import { KronError } from "../core/errors.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, Clock, Runner } from "../ports.ts";
import { type Callback, CallbackContext, type OutputSink } from "./callback-context.ts";

/** Callbacks by timer slot. A slot that now belongs to another timer has no callback. */
export class CallbackRunner implements Runner {
  readonly #callbacks: (Callback | undefined)[] = [];
  /** What each was registered for, by slot. */
  readonly #references = floatColumn();
  readonly #referenceOf: (slot: number) => number;
  readonly #clock: Clock;
  readonly #output: OutputSink;

  constructor(clock: Clock, output: OutputSink, referenceOf: (slot: number) => number) {
    this.#clock = clock;
    this.#output = output;
    this.#referenceOf = referenceOf;
  }

  register(slot: number, callback: Callback): void {
    // Filled up from below, as an array with holes is kept as a hash table of its indexes.
    while (this.#callbacks.length < slot) this.#callbacks.push(undefined);
    this.#callbacks[slot] = callback;
    this.#references.set(slot, this.#referenceOf(slot));
  }

  canRun(slot: number): boolean {
    return this.#callbacks[slot] !== undefined && this.#references.get(slot) === this.#referenceOf(slot);
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const context = new CallbackContext(order, this.#clock, this.#output);
    const { slot } = order;
    executeCallback(this.canRun(slot) ? this.#callbacks[slot] : undefined, context, done);
    return context;
  }
}

/** Calls `callback` and tells how it ended, from within the call or later; fails when there is none. */
export function executeCallback(
  callback: Callback | undefined,
  context: CallbackContext,
  done: (end: AttemptEnd) => void,
): void {
  const end = call(callback, context);
  if (isPromise(end)) {
    end.then(
      (result) => done({ kind: "succeeded", result }),
      (error: unknown) => done({ kind: "failed", error }),
    );
  } else {
    done(end);
  }
}

function call(callback: Callback | undefined, context: CallbackContext): AttemptEnd | Promise<unknown> {
  try {
    if (callback === undefined) {
      throw new KronError("KRON_NOT_STARTED", `Timer "${context.timerId}" has no callback in this process`);
    }
    const result = callback(context);
    // `then` of a foreign promise may throw or answer twice; a promise of our own makes it answer once.
    return isThenable(result) ? Promise.resolve(result) : { kind: "succeeded", result };
  } catch (error) {
    return { kind: "failed", error };
  }
}

function isPromise(end: AttemptEnd | Promise<unknown>): end is Promise<unknown> {
  return end instanceof Promise;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof (value as { then?: unknown }).then === "function";
}

/**
 * Runs callbacks in this process: gives each attempt its context, and takes a return, a throw, a resolve or a
 * reject as its end. A callback cannot be stopped from outside; it is asked to, through `signal`.
 */

import type { AttemptEnd, AttemptOrder, Clock, Runner } from "../ports.ts";
import { type Callback, CallbackContext, type OutputSink } from "./callback-context.ts";

interface Registered {
  readonly callback: Callback;
  readonly reference: number;
}

/** Callbacks by timer slot. A slot that now belongs to another timer has no callback. */
export class CallbackRunner implements Runner {
  readonly #callbacks: (Registered | undefined)[] = [];
  readonly #referenceOf: (slot: number) => number;
  readonly #clock: Clock;
  readonly #output: OutputSink;

  constructor(clock: Clock, output: OutputSink, referenceOf: (slot: number) => number) {
    this.#clock = clock;
    this.#output = output;
    this.#referenceOf = referenceOf;
  }

  register(slot: number, callback: Callback): void {
    this.#callbacks[slot] = { callback, reference: this.#referenceOf(slot) };
  }

  canRun(slot: number): boolean {
    const registered = this.#callbacks[slot];
    return registered !== undefined && registered.reference === this.#referenceOf(slot);
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): (reason: Error) => void {
    const context = new CallbackContext(order, this.#clock, this.#output);
    try {
      const returned = this.#callbacks[order.slot]?.callback(context);
      if (isThenable(returned)) {
        // `then` of a foreign promise may throw or answer twice; a promise of our own makes it answer once.
        Promise.resolve(returned).then(
          (result) => done({ kind: "succeeded", result }),
          (error: unknown) => done({ kind: "failed", error }),
        );
      } else {
        done({ kind: "succeeded", result: returned });
      }
    } catch (error) {
      done({ kind: "failed", error });
    }
    return (reason) => context.abort(reason);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value !== null && typeof value === "object" && typeof (value as { then?: unknown }).then === "function";
}

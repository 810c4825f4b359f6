/**
 * Executes callbacks of this process for a runtime in another one, whose orders name timers by their ids. A callback
 * cannot be ended by force; one that is to be, as it did not stop when asked, is given up: it may go on, and what becomes
 * of it no longer matters. Whoever is stuck in one that never returns cannot say even that, and is ended from outside.
 */

import { KronError } from "../core/errors.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, Clock, Logger } from "../ports.ts";
import { executeCallback } from "./callback.ts";
import { type Callback, CallbackContext, type OutputSink } from "./callback-context.ts";
import type { Executor } from "./remote-host.ts";

/** What it needs. */
export interface CallbackExecutorParts {
  readonly clock: Clock;
  readonly output: OutputSink;
  readonly logger: Logger;
  /** The callback of a timer, or undefined when this process has none. */
  readonly callbackOf: (timerId: string) => Callback | undefined;
}

/** Callbacks by timer id. */
export class CallbackExecutor implements Executor {
  readonly #parts: CallbackExecutorParts;
  readonly #executing = new Set<Executing>();
  readonly #whenIdle: (() => void)[] = [];

  constructor(parts: CallbackExecutorParts) {
    this.#parts = parts;
  }

  /** The runs under way, as `timer/run`. */
  get activeNames(): string[] {
    return [...this.#executing].map(({ context }) => `${context.timerId}/${context.runId}`);
  }

  /** Asks all attempts to stop. */
  abortAll(reason: Error): void {
    for (const executing of [...this.#executing]) executing.abort(reason);
  }

  /** Resolves when nothing is under way, what was given up left aside. */
  whenIdle(): Promise<void> {
    if (this.#executing.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { clock, output, logger, callbackOf } = this.#parts;
    const context = new CallbackContext(order, clock, output);
    const executing = new Executing(context, logger, (end) => {
      this.#executing.delete(executing);
      done(end);
      if (this.#executing.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    });
    this.#executing.add(executing);
    executeCallback(callbackOf(order.timerId), context, (end) => executing.end(end));
    return executing;
  }
}

class Executing implements AttemptHandle {
  readonly context: CallbackContext;
  readonly #logger: Logger;
  readonly #done: (end: AttemptEnd) => void;
  #abortReason: Error | undefined;
  #isOver = false;

  constructor(context: CallbackContext, logger: Logger, done: (end: AttemptEnd) => void) {
    this.context = context;
    this.#logger = logger;
    this.#done = done;
  }

  abort(reason: Error): void {
    this.#abortReason = reason;
    this.context.abort(reason);
  }

  terminate(): void {
    if (this.#isOver) return;
    const { timerId, runId } = this.context;
    this.#logger.warn({ timerId, runId }, "A callback did not stop when asked; given up");
    const error = this.#abortReason ?? new KronError("KRON_STOPPED", `Run ${runId} was to end and did not`);
    this.end({ kind: "lost", error });
  }

  end(end: AttemptEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(end);
  }
}

/** What a callback is given. What few callbacks use (signal, log, key) is made when first asked for. */

import { copyPayload } from "../core/payload-copy.ts";
import type { AttemptHandle, AttemptOrder, Clock, ToDate } from "../ports.ts";

/** What a callback is given. Its members may be taken out of it (`({ signal, progress }) => …`). */
export interface RunContext<Payload = unknown> {
  readonly timerId: string;
  /** `run_…`, the same for all attempts of the run. */
  readonly runId: string;
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** True when somebody asked for the run by hand. */
  readonly isManual: boolean;
  /** The nominal time of the occurrence. */
  readonly scheduledAt: ReturnType<ToDate>;
  /** When the occurrence was recorded as due. */
  readonly dueAt: ReturnType<ToDate>;
  /** When this attempt began. */
  readonly startedAt: ReturnType<ToDate>;
  /** The same three in epoch milliseconds. */
  readonly scheduledAtMs: number;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  /** Occurrences missed just before this one, which the run may want to make up for. */
  readonly missedCount: number;
  /** A frozen copy. */
  readonly payload: Payload;
  /** The same for all attempts of one occurrence, also after a crash, and for no other occurrence. */
  readonly idempotencyKey: string;
  /** Grows with every attempt; a store that refuses smaller ones is safe from an attempt that was given up. */
  readonly fencingToken: number;
  /** Aborted at the timeout, when the run is cancelled or replaced, and when the runtime shuts down. */
  readonly signal: AbortSignal;
  /** Writes a line to the runtime's `log` event. */
  readonly log: RunLog;
  /** Reports how far the work is, from 0 to 1, to the runtime's `progress` event. */
  readonly progress: (fraction: number, note?: string) => void;
}

/** A callback's own log lines. */
export interface RunLog {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** The level of a log line. */
export type LogLevel = keyof RunLog;

/** What a timer executes; what it returns or resolves to (up to 16 KiB as msgpack) is kept in history. */
export type Callback<Payload = unknown> = (context: RunContext<Payload>) => unknown;

/** What a context is made from: an order, wherever it is carried out. */
export type ContextOrder = Omit<AttemptOrder, "slot" | "timeoutMs" | "target">;

/** Where lines and progress of callbacks go, and where their dates come from. */
export interface OutputSink {
  readonly toDate: ToDate;
  line(order: ContextOrder, level: LogLevel, message: string, fields: object | undefined, atMs: number): void;
  progress(order: ContextOrder, fraction: number, note: string | undefined, atMs: number): void;
}

/** The context of one attempt. */
export class CallbackContext implements RunContext, AttemptHandle {
  readonly timerId: string;
  readonly attempt: number;
  readonly #order: ContextOrder;
  readonly #clock: Clock;
  readonly #output: OutputSink;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;
  #log: RunLog | undefined;
  #progress: RunContext["progress"] | undefined;
  #payload: unknown;

  constructor(order: ContextOrder, clock: Clock, output: OutputSink) {
    this.timerId = order.timerId;
    this.attempt = order.attempt;
    this.#order = order;
    this.#clock = clock;
    this.#output = output;
  }

  get runId(): string {
    return this.#order.runId;
  }

  get maxAttempts(): number {
    return this.#order.maxAttempts;
  }

  get isManual(): boolean {
    return this.#order.isManual;
  }

  get scheduledAtMs(): number {
    return this.#order.scheduledAtMs;
  }

  get dueAtMs(): number {
    return this.#order.dueAtMs;
  }

  get startedAtMs(): number {
    return this.#order.startedAtMs;
  }

  get missedCount(): number {
    return this.#order.missedCount;
  }

  get fencingToken(): number {
    return this.#order.fencingToken;
  }

  get scheduledAt(): ReturnType<ToDate> {
    return this.#output.toDate(this.scheduledAtMs);
  }

  get dueAt(): ReturnType<ToDate> {
    return this.#output.toDate(this.dueAtMs);
  }

  get startedAt(): ReturnType<ToDate> {
    return this.#output.toDate(this.startedAtMs);
  }

  /** A copy, because what the callback changes must not change what later runs are given. */
  get payload(): unknown {
    this.#payload ??= copyPayload(this.#order.payload);
    return this.#payload;
  }

  get idempotencyKey(): string {
    return this.#order.idempotencyKey;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    return this.#controller.signal;
  }

  get log(): RunLog {
    this.#log ??= {
      debug: (message, fields) => this.#line("debug", message, fields),
      info: (message, fields) => this.#line("info", message, fields),
      warn: (message, fields) => this.#line("warn", message, fields),
      error: (message, fields) => this.#line("error", message, fields),
    };
    return this.#log;
  }

  get progress(): RunContext["progress"] {
    this.#progress ??= (fraction, note) => {
      const bounded = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
      this.#output.progress(this.#order, bounded, note, this.#clock.nowMs());
    };
    return this.#progress;
  }

  /** Aborts the signal, or has it made aborted if nobody has asked for it yet. */
  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  #line(level: LogLevel, message: string, fields: object | undefined): void {
    this.#output.line(this.#order, level, message, fields, this.#clock.nowMs());
  }
}

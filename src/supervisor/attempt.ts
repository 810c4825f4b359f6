/** One attempt that is being executed here, and what is known of its end. */

import type { TimerDefinition } from "../core/definition.ts";
import type { KronError } from "../core/errors.ts";
import { idempotencyKeyOf } from "../core/idempotency-key.ts";
import { formatRunId, type Run } from "../core/run.ts";
import type { TargetSpec } from "../core/target.ts";
import type { AttemptHandle, AttemptOrder } from "../ports.ts";

/** Why an attempt was asked to stop. */
export type AbortReason = "timeout" | "replaced" | "requested" | "timer-cancelled" | "shutdown";

/** An attempt under way. It lasts until its end is durable, or until someone else ended its run. */
export interface Attempt {
  readonly run: Run;
  readonly token: number;
  readonly definition: TimerDefinition;
  readonly startedMonotonicMs: number;
  handle: AttemptHandle | undefined;
  abortReason: AbortReason | undefined;
  abortError: KronError | undefined;
  /** The handle of its timeout, grace or last wait in the deadline set; -1 when it has none. */
  deadline: number;
  /** How long it had waited before it began to execute; known when it times out. */
  waitedMs: number;
  /** It did not stop within its grace, so its runner was told to end it by force. */
  isTerminated: boolean;
  /** Its end has been proposed; whatever the target still does no longer counts. */
  isEnded: boolean;
  /** It did not stop within its grace, so its end was recorded without it. */
  isAbandoned: boolean;
}

/** What a runner is told of the attempt that a run begins. Most is read through, as few runners ask for all of it. */
export class Order implements AttemptOrder {
  readonly timerId: string;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly startedAtMs: number;
  readonly #run: Run;
  readonly #definition: TimerDefinition;
  readonly #timerPayload: unknown;

  constructor(run: Run, timerId: string, definition: TimerDefinition, timerPayload: unknown, nowMs: number) {
    this.timerId = timerId;
    // The run goes on to its next attempt; the order stays with this one.
    this.attempt = run.attempt;
    this.fencingToken = run.token;
    this.startedAtMs = nowMs;
    this.#run = run;
    this.#definition = definition;
    this.#timerPayload = timerPayload;
  }

  get slot(): number {
    return this.#run.slot;
  }

  get target(): TargetSpec {
    return this.#definition.target;
  }

  get runId(): string {
    return formatRunId(this.#run.id);
  }

  get maxAttempts(): number {
    return this.#definition.retry.maxAttempts;
  }

  get isManual(): boolean {
    return this.#run.isManual;
  }

  get scheduledAtMs(): number {
    return this.#run.scheduledAtMs;
  }

  get dueAtMs(): number {
    return this.#run.dueAtMs;
  }

  get missedCount(): number {
    return this.#run.missedCount;
  }

  get timeoutMs(): number {
    return this.#definition.timeoutMs;
  }

  get payload(): unknown {
    return this.#run.payload ?? this.#timerPayload;
  }

  get idempotencyKey(): string {
    return idempotencyKeyOf(this);
  }
}

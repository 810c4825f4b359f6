/** One attempt that is being executed here, and what is known of its end. */

import type { TimerDefinition } from "../core/definition.ts";
import type { KronError } from "../core/errors.ts";
import { formatInstant } from "../core/instant.ts";
import { formatRunId, type Run } from "../core/run.ts";
import type { AttemptOrder } from "../ports.ts";

/** Why an attempt was asked to stop. */
export type AbortReason = "timeout" | "replaced" | "requested" | "timer-cancelled" | "shutdown";

/** An attempt under way. It lasts until its end is durable, or until someone else ended its run. */
export interface Attempt {
  readonly run: Run;
  readonly token: number;
  readonly definition: TimerDefinition;
  readonly startedAtMs: number;
  readonly startedMonotonicMs: number;
  abort: ((reason: Error) => void) | undefined;
  abortReason: AbortReason | undefined;
  abortError: KronError | undefined;
  /** The handle of its timeout or grace in the deadline set; -1 when it has none. */
  deadline: number;
  /** Its end has been proposed; whatever the target still does no longer counts. */
  isEnded: boolean;
  /** It did not stop within its grace, so its end was recorded without it. */
  isAbandoned: boolean;
}

/** What a runner is told of the attempt that `run` begins. */
export function makeOrder(
  run: Run,
  timerId: string,
  definition: TimerDefinition,
  payload: unknown,
  nowMs: number,
): AttemptOrder {
  const runId = formatRunId(run.id);
  return {
    slot: run.slot,
    timerId,
    runId,
    attempt: run.attempt,
    maxAttempts: definition.retry.maxAttempts,
    isManual: run.isManual,
    scheduledAtMs: run.scheduledAtMs,
    dueAtMs: run.dueAtMs,
    startedAtMs: nowMs,
    missedCount: run.missedCount,
    payload: run.payload ?? payload,
    get idempotencyKey() {
      return run.isManual ? `${timerId}:${runId}` : `${timerId}:${formatInstant(run.scheduledAtMs)}`;
    },
    fencingToken: run.token,
  };
}

/** How runs end and what timers are doing: the words of the log as the small numbers that columns hold. */

/** How a run, or an occurrence that never became one, ended. */
export type RunOutcome = "SUCCEEDED" | "DEAD" | "CANCELLED" | "MISSED" | "SKIPPED_OVERLAP";

/** How one attempt ended. */
export type AttemptOutcome = "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "LOST" | "CANCELLED";

/**
 * What it took to end an attempt that did not stop when asked. `given-up`: nothing could end it (a callback, as a rule),
 * and what it did after its end was recorded nobody knows.
 */
export type Ending = "thread-terminated" | "process-terminated" | "process-killed" | "given-up";

const endings: ReadonlySet<unknown> = new Set<Ending>([
  "thread-terminated",
  "process-terminated",
  "process-killed",
  "given-up",
]);

/** Whether a value of the log is an ending. */
export function isEnding(value: unknown): value is Ending {
  return endings.has(value);
}

const attemptOutcomes: readonly AttemptOutcome[] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "LOST", "CANCELLED"];

const runOutcomes: readonly RunOutcome[] = ["SUCCEEDED", "DEAD", "CANCELLED", "MISSED", "SKIPPED_OVERLAP"];

/** 1 to 5 for a run outcome; 0 is left to mean "none yet". */
export function outcomeCode(outcome: RunOutcome): number {
  return runOutcomes.indexOf(outcome) + 1;
}

/** The run outcome of a code from `outcomeCode`, undefined for 0. */
export function outcomeOf(code: number): RunOutcome | undefined {
  return runOutcomes[code - 1];
}

/** 1 to 5 for the outcome of an attempt. */
export function attemptOutcomeCode(outcome: AttemptOutcome): number {
  return attemptOutcomes.indexOf(outcome) + 1;
}

/** The outcome of a code from `attemptOutcomeCode`, undefined for any other number. */
export function attemptOutcomeOf(code: number): AttemptOutcome | undefined {
  return attemptOutcomes[code - 1];
}

/** What the log says a timer is. Whether it is orphaned, running or retrying follows from what is around it. */
export const Status = { ACTIVE: 1, PAUSED: 2, COMPLETED: 3, DEAD: 4, CANCELLED: 5 } as const;

/** Whether a timer of this status will not run again by itself, whatever the time. */
export function isDone(status: number): boolean {
  return status >= Status.COMPLETED;
}

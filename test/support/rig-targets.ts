/** Runners of modules, commands and requests for tests: attempts that end when, and as, the test says. */

import type { AttemptEnd, AttemptHandle, AttemptOrder, TargetRunner } from "../../src/ports.ts";

/** One attempt in a test's hands. */
export class RigAttempt implements AttemptHandle {
  readonly order: AttemptOrder;
  /** Ends it. */
  readonly end: (end: AttemptEnd) => void;
  /** The reasons it was given, which should be one at most. */
  readonly aborts: Error[] = [];
  terminations = 0;
  onAbort: (() => void) | undefined;
  onTerminate: (() => void) | undefined;
  /** As `AttemptHandle` has it; not there unless the test says. */
  executingMs?: () => number | undefined;

  constructor(order: AttemptOrder, end: (end: AttemptEnd) => void) {
    this.order = order;
    this.end = end;
  }

  abort(reason: Error): void {
    this.aborts.push(reason);
    this.onAbort?.();
  }

  terminate(): void {
    this.terminations += 1;
    this.onTerminate?.();
  }
}

/** Executes nothing, and hands every attempt to the test. */
export class RigTargets implements TargetRunner {
  readonly attempts: RigAttempt[] = [];
  /** Called with each attempt as it begins. */
  onStart: ((attempt: RigAttempt) => void) | undefined;

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const attempt = new RigAttempt(order, done);
    this.attempts.push(attempt);
    this.onStart?.(attempt);
    return attempt;
  }

  /** The attempt begun last. */
  get last(): RigAttempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error("Expected an attempt, none has begun");
    return attempt;
  }

  async close(): Promise<void> {
    // There is nothing to give back.
  }
}

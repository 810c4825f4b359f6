/**
 * The dispatcher: compares what the state says is running with what is running here, and closes the gap.
 *
 * A run that the state calls running and that nothing here executes is started; an attempt here whose run has
 * ended or moved on is aborted. When an attempt ends, its outcome is proposed as a record, and only that
 * record ends it. Whatever an attempt has to stop for, it goes the same way: its signal is aborted; after its grace it
 * is ended by force, where its runner can do that; when there is no end after that, it is given up.
 */

import { KronError } from "../core/errors.ts";
import { toLoggedError, withDetailsOf } from "../core/logged-error.ts";
import type { Ending } from "../core/outcome.ts";
import { checkPayload, resultBytesMax } from "../core/payload.ts";
import { copyPayload } from "../core/payload-copy.ts";
import { Kind, type LoggedError, type RunFailed } from "../core/record.ts";
import { isFixedDelay } from "../core/recurrence.ts";
import { delayMs } from "../core/retry.ts";
import { formatRunId, type Run } from "../core/run.ts";
import type { State } from "../core/state.ts";
import { TimedSet } from "../core/timed-set.ts";
import type { AttemptEnd, Clock, Logger, Runner } from "../ports.ts";
import { type AbortReason, type Attempt, Order } from "./attempt.ts";
import type { Ledger } from "./ledger.ts";

/** How long the end of an attempt may take that was ended by force; then it is given up as one that cannot be. */
export const killMsMax = 5_000;

/** Shorter waits for something to be executed by are not worth a word in the error of a timeout. */
const waitToldMsMin = 1_000;
/** So much later than now a deadline is set at least, as a smaller fraction could be lost in rounding. */
const fractionMsMin = 0.001;

/** Executes what the state says is running. */
export class Dispatcher {
  readonly #ledger: Ledger;
  readonly #state: State;
  readonly #clock: Clock;
  readonly #runner: Runner;
  readonly #logger: Logger;
  readonly #attempts = new Map<number, Attempt>();
  /** Timeouts, graces and waits for what was ended by force, on the monotonic clock. */
  readonly #deadlines = new TimedSet<Attempt>();
  /** Targets that were given up and may still be executing. */
  #abandonedCount = 0;
  #isOpen = true;

  constructor(ledger: Ledger, clock: Clock, runner: Runner, logger: Logger) {
    this.#ledger = ledger;
    this.#state = ledger.state;
    this.#clock = clock;
    this.#runner = runner;
    this.#logger = logger;
  }

  /** Attempts under way here, those included whose end is not durable yet. */
  get activeCount(): number {
    return this.#attempts.size;
  }

  /** Of these, the ones whose target has not ended. */
  get executingCount(): number {
    let sum = 0;
    for (const attempt of this.#attempts.values()) if (!attempt.isEnded) sum += 1;
    return sum;
  }

  /** Begins no further attempt, whatever the log still says: the next runtime will find those runs lost. */
  close(): void {
    this.#isOpen = false;
  }

  get abandonedCount(): number {
    return this.#abandonedCount;
  }

  /** The next timeout or grace, on the monotonic clock; Infinity when there is none. */
  nextDeadlineMs(): number {
    return this.#deadlines.peekDueMs();
  }

  /** Starts or aborts what has to be, after `run` has changed. */
  reconcile(run: Run): void {
    const attempt = this.#attempts.get(run.id);
    const isCurrent = run.state === "running" && attempt?.token === run.token;
    if (isCurrent) return;
    if (attempt !== undefined) this.#forget(attempt);
    if (run.state === "running" && this.#isOpen) this.#start(run);
  }

  /** Asks the attempt of a run to stop; its end is recorded when it has, or when its grace is over. */
  abort(run: Run, reason: AbortReason): void {
    const attempt = this.#attempts.get(run.id);
    if (attempt !== undefined) this.#abort(attempt, reason);
  }

  /** Asks all attempts to stop. */
  abortAll(reason: AbortReason): void {
    for (const attempt of this.#attempts.values()) this.#abort(attempt, reason);
  }

  /** For attempts that `abortAll` did not stop: ends by force what can be ended so, gives up the rest. Returns the names of the runs that were given up. */
  terminateAll(): string[] {
    const names: string[] = [];
    for (const attempt of this.#attempts.values()) {
      if (attempt.isEnded || attempt.isTerminated) continue;
      this.#dropDeadline(attempt);
      if (!this.#terminate(attempt)) names.push(this.#giveUp(attempt));
    }
    return names;
  }

  /** Records the attempts that are still under way as lost, without waiting for them any longer. Returns their runs' names. */
  giveUpAll(): string[] {
    const names: string[] = [];
    for (const attempt of this.#attempts.values()) {
      if (!attempt.isEnded) names.push(this.#giveUp(attempt));
    }
    return names;
  }

  #giveUp(attempt: Attempt): string {
    this.#abandon(attempt);
    return `${this.#idOf(attempt.run)}/${formatRunId(attempt.run.id)}`;
  }

  /** Takes the next step with attempts whose timeout, grace or last wait has passed on the monotonic clock. */
  expire(monotonicMs: number): void {
    for (let attempt = this.#deadlines.takeDue(monotonicMs); attempt !== undefined; ) {
      attempt.deadline = -1;
      if (attempt.isEnded) attempt.handle?.terminate?.();
      else if (attempt.abortReason === undefined) this.#timeOut(attempt);
      else if (!this.#terminate(attempt)) this.#abandon(attempt);
      attempt = this.#deadlines.takeDue(monotonicMs);
    }
  }

  #start(run: Run): void {
    const { timers, definitions } = this.#state;
    const definition = definitions.get(timers.definition.get(run.slot));
    const nowMs = this.#clock.nowMs();
    const attempt: Attempt = {
      run,
      token: run.token,
      definition,
      startedMonotonicMs: this.#clock.monotonicMs(),
      handle: undefined,
      abortReason: undefined,
      abortError: undefined,
      deadline: -1,
      waitedMs: 0,
      isTerminated: false,
      isEnded: false,
      isAbandoned: false,
    };
    this.#attempts.set(run.id, attempt);
    if (definition.timeoutMs > 0) {
      attempt.deadline = this.#deadlines.add(attempt, attempt.startedMonotonicMs + definition.timeoutMs);
    }
    const order = new Order(run, this.#idOf(run), definition, timers.payload(run.slot), nowMs);
    attempt.handle = this.#runner.start(order, (end) => this.#ended(attempt, end));
    // The target itself may have asked for it, before there was a way to tell.
    if (attempt.abortError !== undefined) attempt.handle.abort(attempt.abortError);
  }

  /**
   * Its timeout has passed since its start. It counts from when it began to execute: what began later has until then, and
   * what waits is looked at again, often enough for its beginning to be known before the timeout has passed since.
   */
  #timeOut(attempt: Attempt): void {
    const { handle, startedMonotonicMs } = attempt;
    const { timeoutMs } = attempt.definition;
    const executingMs = handle?.executingMs === undefined ? Number.POSITIVE_INFINITY : handle.executingMs();
    // Read after that, so that it never looks longer than it was.
    const nowMs = this.#clock.monotonicMs();
    const leftMs = executingMs === undefined ? timeoutMs / 2 : timeoutMs - executingMs;
    if (leftMs > 0) {
      attempt.deadline = this.#deadlines.add(attempt, nowMs + Math.max(leftMs, fractionMsMin));
      return;
    }
    attempt.waitedMs = Math.max(0, Math.round(nowMs - (executingMs ?? 0) - startedMonotonicMs));
    this.#abort(attempt, "timeout");
  }

  #abort(attempt: Attempt, reason: AbortReason): void {
    if (attempt.isEnded || attempt.abortReason !== undefined) return;
    attempt.abortReason = reason;
    attempt.abortError = abortError(attempt, reason);
    this.#dropDeadline(attempt);
    attempt.deadline = this.#deadlines.add(attempt, this.#clock.monotonicMs() + attempt.definition.graceMs);
    attempt.handle?.abort(attempt.abortError);
  }

  /** Has the target ended by force; false when that is not possible, or did not help. */
  #terminate(attempt: Attempt): boolean {
    if (attempt.isTerminated || attempt.handle?.terminate === undefined) return false;
    attempt.isTerminated = true;
    // Before the call: the end may come from within it.
    attempt.deadline = this.#deadlines.add(attempt, this.#clock.monotonicMs() + killMsMax);
    attempt.handle.terminate();
    return true;
  }

  /** The target did not end, and nothing here can end it (a callback for instance), so what it does now is its own. */
  #abandon(attempt: Attempt): void {
    this.#abandonedCount += 1;
    attempt.isAbandoned = true;
    const timerId = this.#idOf(attempt.run);
    const runId = formatRunId(attempt.run.id);
    this.#logger.warn({ timerId, runId, reason: attempt.abortReason }, "An attempt did not stop when asked; given up");
    const error = attempt.abortError ?? abortError(attempt, "shutdown");
    attempt.abortReason ??= "shutdown";
    this.#recordFailure(attempt, "lost", error, "given-up");
  }

  #ended(attempt: Attempt, end: AttemptEnd): void {
    if (attempt.isEnded) {
      this.#dropDeadline(attempt);
      if (attempt.isAbandoned) this.#abandonedCount -= 1;
      return;
    }
    if (end.kind === "succeeded" && attempt.abortReason !== "timeout")
      this.#recordSuccess(attempt, end.result, end.note);
    else if (end.kind === "succeeded") this.#recordFailure(attempt, "failed", attempt.abortError);
    else this.#recordFailure(attempt, end.kind, end.error, end.ending);
  }

  #recordSuccess(attempt: Attempt, result: unknown, noteOfRunner: string | undefined): void {
    const tookUs = this.#end(attempt);
    const { value, note, bytes } = noteOfRunner === undefined ? keepable(result) : notKept(noteOfRunner);
    const nextAtMs = this.#fixedDelayMs(attempt.run);
    this.#ledger.propose(
      [Kind.RUN_SUCCEEDED, attempt.run.id, attempt.token, tookUs, nextAtMs, value, note],
      undefined,
      64 + bytes,
    );
  }

  #recordFailure(attempt: Attempt, end: "failed" | "lost", thrown: unknown, ending?: Ending): void {
    const tookUs = this.#end(attempt);
    const { run, token, abortReason } = attempt;
    if (abortReason === "replaced" || abortReason === "requested" || abortReason === "timer-cancelled") {
      const nextAtMs = this.#fixedDelayMs(run);
      const isPlain = ending === undefined;
      this.#ledger.propose(
        isPlain
          ? [Kind.RUN_CANCELLED, run.id, abortReason, nextAtMs]
          : [Kind.RUN_CANCELLED, run.id, abortReason, nextAtMs, ending],
      );
      return;
    }
    const isLost = end === "lost" || abortReason === "shutdown";
    const kind = abortReason === "timeout" ? Kind.RUN_TIMED_OUT : isLost ? Kind.RUN_LOST : Kind.RUN_FAILED;
    // Whoever asked for the end knows why; whoever brought it about, what came of that.
    const isForced = ending !== undefined && attempt.abortError !== undefined;
    const error = isForced
      ? withDetailsOf(toLoggedError(attempt.abortError), toLoggedError(thrown))
      : toLoggedError(thrown);
    this.#ledger.propose(this.failure(kind, run, token, tookUs, error, ending), undefined, 512);
  }

  /** The record of an attempt that ended badly: retried by policy while attempts are left, dead otherwise. */
  failure(kind: RunFailed[0], run: Run, token: number, tookUs: number, error: LoggedError, ending?: Ending): RunFailed {
    const { retry } = this.#state.definitions.get(this.#state.timers.definition.get(run.slot));
    const isLast = run.attempt >= retry.maxAttempts;
    const retryAtMs = isLast ? 0 : this.#clock.nowMs() + delayMs(retry, run.attempt + 1, run.id);
    const nextAtMs = isLast ? this.#fixedDelayMs(run) : 0;
    if (ending === undefined) return [kind, run.id, token, tookUs, retryAtMs, nextAtMs, error];
    return [kind, run.id, token, tookUs, retryAtMs, nextAtMs, error, ending];
  }

  /** Takes the attempt off the clock; returns the microseconds it took. */
  #end(attempt: Attempt): number {
    attempt.isEnded = true;
    this.#dropDeadline(attempt);
    return Math.max(0, Math.round((this.#clock.monotonicMs() - attempt.startedMonotonicMs) * 1_000));
  }

  #forget(attempt: Attempt): void {
    this.#attempts.delete(attempt.run.id);
    if (attempt.isEnded) return;
    // Someone else ended the run: tell the target, and listen no more. It has its grace like any other.
    attempt.isEnded = true;
    this.#dropDeadline(attempt);
    if (attempt.handle?.terminate !== undefined && !attempt.isTerminated) {
      attempt.deadline = this.#deadlines.add(attempt, this.#clock.monotonicMs() + attempt.definition.graceMs);
    }
    if (attempt.abortReason === undefined) attempt.handle?.abort(abortError(attempt, "requested"));
  }

  #dropDeadline(attempt: Attempt): void {
    if (attempt.deadline !== -1) this.#deadlines.remove(attempt.deadline);
    attempt.deadline = -1;
  }

  /** When a fixed delay is due next, counted from now; 0 for other schedules, which know it themselves. */
  #fixedDelayMs(run: Run): number {
    const { timers, definitions } = this.#state;
    const definition = definitions.get(timers.definition.get(run.slot));
    const { schedule } = definition;
    if (schedule.kind !== "every" || !isFixedDelay(definition)) return 0;
    // Due times only grow, also when the wall clock was set back during the run.
    return Math.max(this.#clock.nowMs() + schedule.everyMs, run.scheduledAtMs + 1);
  }

  #idOf(run: Run): string {
    return this.#state.timers.idOf(run.slot) ?? "";
  }
}

function abortError(attempt: Attempt, reason: AbortReason): KronError {
  const name = formatRunId(attempt.run.id);
  switch (reason) {
    case "timeout":
      return timeoutError(attempt, name);
    case "shutdown":
      return new KronError("KRON_STOPPED", `The runtime shut down during attempt ${attempt.run.attempt} of ${name}`);
    default:
      return new KronError("KRON_CONFLICT", `Run ${name} was cancelled: ${reason}`);
  }
}

function timeoutError({ run, definition, waitedMs }: Attempt, name: string): KronError {
  const message = `Attempt ${run.attempt} of ${name} took longer than ${definition.timeoutMs} ms`;
  if (waitedMs < waitToldMsMin) return new KronError("KRON_RUN_TIMEOUT", message);
  return new KronError("KRON_RUN_TIMEOUT", `${message}, after it had waited ${waitedMs} ms to begin`, {
    details: { waitedMs },
  });
}

interface Kept {
  readonly value: unknown;
  readonly note: string | null;
  readonly bytes: number;
}

const nothingKept: Kept = { value: null, note: null, bytes: 0 };

/** A result as history can keep it, or a note why it cannot. */
function keepable(result: unknown): Kept {
  if (result === undefined || result === null) return nothingKept;
  try {
    const bytes = checkPayload(result, "result", resultBytesMax);
    return { value: copyPayload(result), note: null, bytes };
  } catch (error) {
    const note = error instanceof KronError ? error.message : "The result could not be read";
    return notKept(note);
  }
}

function notKept(note: string): Kept {
  return { value: null, note, bytes: note.length };
}

/**
 * Reads a whole log and proves the account of it: every occurrence of every timer has exactly one outcome or is
 * still to come, due times grow, no run succeeds twice or has more attempts than it may, and nothing overlaps
 * that must not. The occurrences it expects come from its own plain enumeration of the schedules.
 */

import * as assert from "node:assert/strict";
import { apply } from "../../src/core/apply.ts";
import type { TimerDefinition } from "../../src/core/definition.ts";
import { isReboot } from "../../src/core/definition-table.ts";
import { Status } from "../../src/core/outcome.ts";
import { type Entry, Kind, type LogRecord } from "../../src/core/record.ts";
import type { Run } from "../../src/core/run.ts";
import { State } from "../../src/core/state.ts";
import { isOneShot } from "../../src/core/timer-kind.ts";

interface TimerAccount {
  definition: TimerDefinition;
  anchorMs: number;
  /** The next occurrence that has no outcome; 0 when there is none. */
  nextAtMs: number;
  lastAtMs: number;
  readonly running: Set<number>;
}

interface RunAccount {
  attempts: number;
  /** How many there may be: decided when an attempt fails, and not taken back by a later definition. */
  attemptsMax: number;
  /** The token of the attempt under way, 0 between attempts. */
  token: number;
  isFinished: boolean;
}

/** What a log amounts to. */
export interface Account {
  readonly state: State;
  readonly succeeded: number;
  readonly dead: number;
  readonly cancelled: number;
  readonly lost: number;
  readonly missed: number;
  readonly skipped: number;
  /** Tokens of all attempts that the log began. */
  readonly tokens: ReadonlySet<number>;
}

/** Checks the log entry by entry; throws at the first thing that does not add up. */
export function checkAccount(entries: readonly Entry[]): Account {
  const checker = new Checker();
  for (const entry of entries) checker.take(entry);
  checker.end();
  return { state: checker.state, ...checker.counts, tokens: checker.tokens };
}

class Checker {
  readonly state = new State();
  readonly counts = { succeeded: 0, dead: 0, cancelled: 0, lost: 0, missed: 0, skipped: 0 };
  readonly tokens = new Set<number>();
  readonly #timers = new Map<number, TimerAccount>();
  readonly #runs = new Map<number, RunAccount>();

  take(entry: Entry): void {
    // Record by record, so that each can be judged by the state just after it.
    const [atMs, ...records] = entry;
    for (const record of records) {
      const outcome = apply(this.state, this.state.appliedIndex + 1, 0, [atMs, record]).outcomes[0];
      if (outcome === undefined || outcome.kind === "refused") continue;
      if (outcome.kind === "run") this.#run(record, outcome);
      else if (outcome.kind === "timer") this.#timer(record, outcome.slot, atMs);
      else if (record[0] === Kind.RUNTIME_STARTED) this.#reboot(atMs);
    }
  }

  end(): void {
    for (const [slot, account] of this.#timers) {
      assert.equal(this.state.timers.nextAtMs.get(slot), account.nextAtMs, `next due time of slot ${slot}`);
    }
    for (const [id, run] of this.#runs) assert.equal(run.isFinished, !this.state.runs.has(id));
  }

  #timer(record: LogRecord, slot: number, atMs: number): void {
    switch (record[0]) {
      case Kind.TIMER_CREATED:
        this.#timers.set(slot, {
          definition: this.#definition(slot),
          anchorMs: record[3],
          nextAtMs: record[4],
          lastAtMs: 0,
          running: this.#timers.get(slot)?.running ?? new Set(),
        });
        break;
      case Kind.TIMER_UPDATED: {
        const account = this.#accountOf(slot);
        if (record[4] !== -1) {
          const isOpen = account.nextAtMs !== 0 && account.nextAtMs <= atMs;
          assert.ok(!isOpen, `an update left the occurrence ${account.nextAtMs} without an outcome`);
          account.anchorMs = record[3];
          account.nextAtMs = record[4];
        }
        account.definition = this.#definition(slot);
        // The instant of a one-shot is the user's own choice, and may lie before what ran under another rule.
        if (record[4] === 0) this.#goOn(slot, account);
        if (record[4] !== -1 && isOneShot(account.definition)) account.lastAtMs = 0;
        break;
      }
      case Kind.TIMER_CANCELLED: {
        const account = this.#accountOf(slot);
        const isOpen = account.nextAtMs !== 0 && account.nextAtMs <= atMs;
        assert.ok(!isOpen, `a cancellation left the occurrence ${account.nextAtMs} without an outcome`);
        account.nextAtMs = 0;
        break;
      }
      case Kind.RUN_MISSED:
      case Kind.RUN_SKIPPED_OVERLAP: {
        const [kind, , firstAtMs, lastAtMs, count, nextAtMs] = record;
        this.counts[kind === Kind.RUN_MISSED ? "missed" : "skipped"] += count;
        this.#consume(slot, firstAtMs, lastAtMs, count, nextAtMs);
        break;
      }
      default:
    }
  }

  #run(record: LogRecord, run: Run): void {
    const account = this.#accountOf(run.slot);
    switch (record[0]) {
      case Kind.RUN_DUE:
        this.#consume(run.slot, record[2], record[2], 1, record[3]);
        this.#begin(run, record[5] === 1, account);
        break;
      case Kind.RUN_TRIGGERED:
        this.#begin(run, record[2] === 1, account);
        break;
      case Kind.RUN_STARTED:
        this.#attempt(run, account);
        break;
      default:
        this.#endAttempt(record, run, account);
    }
  }

  #begin(run: Run, starts: boolean, account: TimerAccount): void {
    assert.ok(!this.#runs.has(run.id), "a run is made once");
    this.#runs.set(run.id, { attempts: 0, attemptsMax: 1, token: 0, isFinished: false });
    if (starts) this.#attempt(run, account);
  }

  #attempt(run: Run, account: TimerAccount): void {
    const runAccount = this.#runOf(run);
    assert.equal(runAccount.token, 0, "an attempt begins after the one before it ended");
    assert.ok(!this.tokens.has(run.token), "tokens are unique");
    const { overlap, concurrency } = account.definition;
    if (overlap !== "allow") assert.equal(account.running.size, 0, `overlap under ${overlap}`);
    else if (concurrency > 0) assert.ok(account.running.size < concurrency, "more runs than allowed");
    runAccount.attempts += 1;
    assert.ok(runAccount.attempts <= runAccount.attemptsMax, "more attempts than allowed");
    runAccount.token = run.token;
    this.tokens.add(run.token);
    account.running.add(run.id);
  }

  #endAttempt(record: LogRecord, run: Run, account: TimerAccount): void {
    const runAccount = this.#runOf(run);
    assert.ok(!runAccount.isFinished, "a finished run does not change");
    account.running.delete(run.id);
    runAccount.token = 0;
    runAccount.isFinished = run.state === "finished";
    if (record[0] === Kind.RUN_LOST) this.counts.lost += 1;
    if (record[0] === Kind.RUN_SUCCEEDED) this.counts.succeeded += 1;
    else if (record[0] === Kind.RUN_CANCELLED) this.counts.cancelled += 1;
    else if (runAccount.isFinished) this.counts.dead += 1;
    if (run.state === "retrying") runAccount.attemptsMax = account.definition.retry.maxAttempts;
    if (runAccount.isFinished) this.#goOn(run.slot, account);
  }

  /** A fixed delay gets its next due time from a finish, or from an update when there is no run to finish. */
  #goOn(slot: number, account: TimerAccount): void {
    const nextAtMs = this.state.timers.nextAtMs.get(slot);
    if (account.nextAtMs !== 0 || nextAtMs === 0) return;
    assert.ok(isFixedDelay(account.definition), "only a fixed delay waits for a finish");
    assert.ok(nextAtMs > account.lastAtMs, "due times grow");
    account.nextAtMs = nextAtMs;
  }

  /** Occurrences get their outcome in order, none left out, none twice. */
  #consume(slot: number, firstAtMs: number, lastAtMs: number, count: number, nextAtMs: number): void {
    const account = this.#accountOf(slot);
    assert.equal(firstAtMs, account.nextAtMs, "the first occurrence without an outcome is the one that gets it");
    assert.ok(firstAtMs > account.lastAtMs, "due times grow");
    let atMs = firstAtMs;
    for (let n = 1; n < count; n++) atMs = expectedAfter(account, atMs);
    assert.equal(atMs, lastAtMs, `the last of ${count} occurrences`);
    const expectedMs = expectedAfter(account, atMs);
    // A fixed delay that was missed begins anew, at a time that its record names.
    if (expectedMs !== 0 || !isFixedDelay(account.definition))
      assert.equal(nextAtMs, expectedMs, "the next occurrence");
    account.lastAtMs = lastAtMs;
    account.nextAtMs = nextAtMs;
    this.#goOn(slot, account);
  }

  #reboot(atMs: number): void {
    for (const [slot, account] of this.#timers) {
      if (!isReboot(account.definition) || account.nextAtMs !== 0) continue;
      if (this.state.timers.status.get(slot) === Status.CANCELLED) continue;
      account.nextAtMs = this.state.timers.nextAtMs.get(slot);
      assert.equal(account.nextAtMs, Math.max(atMs, account.lastAtMs + 1), "a start is due when it happens");
    }
  }

  #definition(slot: number): TimerDefinition {
    return this.state.definitions.get(this.state.timers.definition.get(slot));
  }

  #accountOf(slot: number): TimerAccount {
    const account = this.#timers.get(slot);
    assert.ok(account !== undefined);
    return account;
  }

  #runOf(run: Run): RunAccount {
    const account = this.#runs.get(run.id);
    assert.ok(account !== undefined);
    return account;
  }
}

/** The occurrence after `atMs`: by counting on from the anchor, or second by second for crons over all seconds. */
function expectedAfter({ definition, anchorMs }: TimerAccount, atMs: number): number {
  const { schedule } = definition;
  if (schedule.kind === "every") {
    if (isFixedDelay(definition)) return 0;
    let nextMs = anchorMs + Math.floor((atMs - anchorMs) / schedule.everyMs) * schedule.everyMs;
    while (nextMs <= atMs) nextMs += schedule.everyMs;
    return nextMs;
  }
  if (schedule.kind !== "cron" || schedule.expression === "@reboot") return 0;
  const match = /^(?:\*\/(\d+)|\*) \* \* \* \* \*$/.exec(schedule.expression);
  assert.ok(match !== null, `the check knows the expression ${schedule.expression}`);
  const stepSeconds = Number(match[1] ?? 1);
  let seconds = Math.floor(atMs / 1_000) + 1;
  while ((seconds % 60) % stepSeconds !== 0) seconds += 1;
  return seconds * 1_000;
}

function isFixedDelay({ schedule, overlap }: TimerDefinition): boolean {
  return schedule.kind === "every" && overlap === "delay";
}

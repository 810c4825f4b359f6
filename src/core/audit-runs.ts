/**
 * The audit of runs: an account of attempts kept beside the state, from the records alone. It shows that no
 * attempt begins while another of the same run is under way, that attempts stay within their limit, that
 * tokens only grow, and that no run is lost on the way.
 */

import type { Findings } from "./audit-findings.ts";
import { Kind, type LogRecord } from "./record.ts";
import { formatRunId, type Run } from "./run.ts";
import type { State } from "./state.ts";

interface LiveRun {
  attempt: number;
  token: number;
  isUnderWay: boolean;
  /** The attempts it may have, as the timer said when that was last decided: when it began, then at each failure. */
  attemptsMax: number;
}

/** How many runs and attempts there were, by how they came and went. */
export interface RunTally {
  /** Runs that the schedule asked for, and runs asked for by hand. */
  scheduled: number;
  manual: number;
  attempts: number;
  succeeded: number;
  dead: number;
  cancelled: number;
  /** Attempts that ended badly, by how. */
  failed: number;
  timedOut: number;
  lost: number;
}

/** Follows the records of runs. */
export class RunAudit {
  readonly tally: RunTally = {
    ...{ scheduled: 0, manual: 0, attempts: 0, succeeded: 0, dead: 0, cancelled: 0 },
    ...{ failed: 0, timedOut: 0, lost: 0 },
  };
  readonly #state: State;
  readonly #findings: Findings;
  readonly #live = new Map<number, LiveRun>();
  #lastRun: number;
  #lastToken: number;

  /** Begins where `state` is: empty, or loaded from a snapshot. */
  constructor(state: State, findings: Findings) {
    this.#state = state;
    this.#findings = findings;
    // Ids and tokens are numbers of records.
    this.#lastRun = state.recordCount;
    this.#lastToken = state.recordCount;
    for (const run of state.runs.values()) this.#adopt(run);
  }

  /** Takes note of a record that was applied to `run`. */
  take(index: number, record: LogRecord, run: Run): void {
    switch (record[0]) {
      case Kind.RUN_DUE:
        this.tally.scheduled += 1;
        this.#begin(index, run, record[5] === 1);
        break;
      case Kind.RUN_TRIGGERED:
        this.tally.manual += 1;
        this.#begin(index, run, record[2] === 1);
        break;
      case Kind.RUN_STARTED:
        this.#start(index, run, record[2]);
        break;
      case Kind.RUN_SUCCEEDED:
        this.tally.succeeded += 1;
        this.#endAttempt(index, run, record[2]);
        break;
      case Kind.RUN_FAILED:
        this.tally.failed += 1;
        this.#failAttempt(index, run, record[2]);
        break;
      case Kind.RUN_TIMED_OUT:
        this.tally.timedOut += 1;
        this.#failAttempt(index, run, record[2]);
        break;
      case Kind.RUN_LOST:
        this.tally.lost += 1;
        this.#failAttempt(index, run, record[2]);
        break;
      case Kind.RUN_CANCELLED:
        this.tally.cancelled += 1;
        this.#live.delete(run.id);
        break;
      default:
    }
  }

  /** Compares the runs that have no outcome yet with those of the state. */
  finish(): void {
    const { runs } = this.#state;
    for (const id of this.#live.keys()) {
      if (!runs.has(id)) {
        this.#findings.problem("run-unaccounted", 0, undefined, `Run ${formatRunId(id)} has no outcome and is gone`);
      }
    }
    for (const run of runs.values()) {
      if (!this.#live.has(run.id)) this.#problem("run-unaccounted", 0, run, "is live, but no record left it so");
    }
  }

  /** A run that is live already: an attempt it waits for was allowed when that was decided. */
  #adopt(run: Run): void {
    const { attempt, token } = run;
    const attemptsMax = Math.max(this.#attemptsMax(run), run.state === "retrying" ? attempt + 1 : attempt);
    this.#live.set(run.id, { attempt, token, isUnderWay: run.state === "running", attemptsMax });
  }

  #begin(index: number, run: Run, startsNow: boolean): void {
    if (run.id <= this.#lastRun) this.#problem("token-not-growing", index, run, `follows run ${this.#lastRun}`);
    this.#lastRun = run.id;
    const live: LiveRun = { attempt: 0, token: 0, isUnderWay: false, attemptsMax: this.#attemptsMax(run) };
    this.#live.set(run.id, live);
    if (startsNow) this.#startAttempt(index, run, live);
  }

  #start(index: number, run: Run, attempt: number): void {
    const live = this.#live.get(run.id);
    if (live === undefined || live.isUnderWay || attempt !== live.attempt + 1) {
      this.#problem("attempt-out-of-turn", index, run, `began attempt ${attempt} out of turn`);
    }
    if (live !== undefined) this.#startAttempt(index, run, live);
  }

  #startAttempt(index: number, run: Run, live: LiveRun): void {
    this.tally.attempts += 1;
    if (run.token <= this.#lastToken) {
      this.#problem("token-not-growing", index, run, `got token ${run.token} after ${this.#lastToken}`);
    }
    if (run.attempt > live.attemptsMax) {
      this.#problem("attempts-exceeded", index, run, `began attempt ${run.attempt} of at most ${live.attemptsMax}`);
    }
    this.#lastToken = run.token;
    live.attempt = run.attempt;
    live.token = run.token;
    live.isUnderWay = true;
  }

  #failAttempt(index: number, run: Run, token: number): void {
    if (run.state === "finished") this.tally.dead += 1;
    this.#endAttempt(index, run, token);
  }

  #endAttempt(index: number, run: Run, token: number): void {
    const live = this.#live.get(run.id);
    if (live === undefined || !live.isUnderWay || live.token !== token) {
      this.#problem("attempt-out-of-turn", index, run, "ended an attempt that was not under way");
    }
    if (run.state === "finished") {
      this.#live.delete(run.id);
    } else if (live !== undefined) {
      live.isUnderWay = false;
      live.attemptsMax = this.#attemptsMax(run);
    }
  }

  #attemptsMax(run: Run): number {
    const { timers, definitions } = this.#state;
    return definitions.get(timers.definition.get(run.slot)).retry.maxAttempts;
  }

  #problem(code: Parameters<Findings["problem"]>[0], index: number, run: Run, what: string): void {
    this.#findings.problem(code, index, this.#state.timers.idOf(run.slot), `Run ${formatRunId(run.id)} ${what}`);
  }
}

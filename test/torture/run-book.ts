/** What is known of each run: which attempts began, how they ended, and the one outcome. */

import type { AttemptOutcome, RunEvent, RunOutcome } from "../../src/index.ts";
import type { Fact, SurveyedRow } from "./facts.ts";

type Began = Extract<Fact, { kind: "began" }>;
type Told = Pick<RunEvent, "type" | "timerId" | "runId" | "attempt">;

interface KnownRun {
  readonly timerId: string;
  /** Tokens of the attempts whose callback was called. */
  readonly begun: Map<number, number>;
  readonly ended: Map<number, AttemptOutcome>;
  outcome: RunOutcome | undefined;
  /** The life in which an attempt last began. */
  life: number;
}

const ends: Readonly<Partial<Record<RunEvent["type"], AttemptOutcome>>> = {
  RUN_FAILED: "FAILED",
  RUN_TIMED_OUT: "TIMED_OUT",
  RUN_LOST: "LOST",
};
const outcomes: Readonly<Partial<Record<RunEvent["type"], RunOutcome>>> = {
  RUN_SUCCEEDED: "SUCCEEDED",
  RUN_DEAD: "DEAD",
  RUN_CANCELLED: "CANCELLED",
};

/** All runs of a directory, over all its lives. */
export class RunBook {
  readonly #runs = new Map<string, KnownRun>();
  readonly #report: (problem: string) => void;
  #life = 0;
  #lastToken = 0;
  /** Attempts that ended as lost. */
  lost = 0;

  constructor(report: (problem: string) => void) {
    this.#report = report;
  }

  get size(): number {
    return this.#runs.size;
  }

  has(runId: string): boolean {
    return this.#runs.has(runId);
  }

  /** The process has ended; what it did not tell any more may have happened all the same. */
  endLife(): void {
    this.#life += 1;
  }

  began({ timerId, runId, attempt, token }: Began): void {
    const run = this.#of(runId, timerId);
    const name = `${timerId}/${runId} attempt ${attempt}`;
    if (run.outcome !== undefined) this.#report(`${name} began after its run was ${run.outcome}`);
    if (run.begun.has(attempt)) this.#report(`${name} began twice`);
    if (run.ended.has(attempt)) this.#report(`${name} began after it had ended as ${run.ended.get(attempt)}`);
    const last = Math.max(0, ...run.begun.keys());
    if (attempt < last) this.#report(`${name} began after attempt ${last}`);
    if (last > 0 && run.life === this.#life && !run.ended.has(last)) {
      this.#report(`${name} began although nothing was said of the end of attempt ${last}`);
    }
    if (token <= this.#lastToken) this.#report(`${name} has token ${token} after ${this.#lastToken}`);
    this.#lastToken = Math.max(token, this.#lastToken);
    run.begun.set(attempt, token);
    run.life = this.#life;
  }

  /** Takes in an event; true when it is the outcome of the run. */
  told({ type, timerId, runId, attempt }: Told): boolean {
    if (type === "RUN_DUE" && this.#runs.has(runId)) this.#report(`${timerId}/${runId} was made twice`);
    const run = this.#of(runId, timerId);
    if (run.outcome !== undefined) this.#report(`${timerId}/${runId}: ${type} after its run was ${run.outcome}`);
    const end = ends[type];
    if (end !== undefined) {
      if (run.ended.has(attempt)) this.#report(`${timerId}/${runId} attempt ${attempt} ended twice`);
      run.ended.set(attempt, end);
      if (end === "LOST") this.lost += 1;
    }
    if (type === "RUN_SUCCEEDED" && !run.begun.has(attempt)) {
      this.#report(`${timerId}/${runId} attempt ${attempt} succeeded and never began`);
    }
    const outcome = outcomes[type];
    if (outcome !== undefined) run.outcome = outcome;
    return outcome !== undefined;
  }

  /** Compares a row of the history with what is known, and learns from it. */
  row(timerId: string, row: SurveyedRow): void {
    const { runId, outcome, attempts, token } = row;
    if (runId === undefined) return;
    const run = this.#of(runId, timerId);
    const name = `${timerId}/${runId}`;
    if (run.timerId !== timerId) this.#report(`${name} was a run of ${run.timerId}`);
    if (run.outcome !== undefined && run.outcome !== outcome) {
      this.#report(`${name} was ${run.outcome} and is ${outcome} in the history`);
    }
    run.outcome = outcome;
    const last = Math.max(0, ...run.begun.keys());
    if (attempts < last) this.#report(`${name} began attempt ${last}, and the history knows ${attempts}`);
    const failures = new Map(row.failures);
    for (const [attempt, ended] of run.ended) {
      const kept = failures.get(attempt);
      if (kept !== ended) this.#report(`${name} attempt ${attempt} was ${ended} and is ${kept} in the history`);
    }
    for (let attempt = 1; attempt < attempts + (outcome === "DEAD" ? 1 : 0); attempt++) {
      if (!failures.has(attempt)) this.#report(`${name} attempt ${attempt} has no end in the history`);
    }
    if (outcome !== "SUCCEEDED") return;
    const begunToken = run.begun.get(attempts);
    if (begunToken === undefined) this.#report(`${name} succeeded in attempt ${attempts}, which never began`);
    else if (token !== undefined && token !== begunToken) this.#report(`${name} has the result of token ${token}`);
  }

  /** Runs without an outcome. To be called when all have come to their end. */
  unfinished(): { timerId: string; runId: string }[] {
    return [...this.#runs].flatMap(([runId, { timerId, outcome }]) =>
      outcome === undefined ? [{ timerId, runId }] : [],
    );
  }

  #of(runId: string, timerId: string): KnownRun {
    let run = this.#runs.get(runId);
    if (run === undefined) {
      run = { timerId, begun: new Map(), ended: new Map(), outcome: undefined, life: this.#life };
      this.#runs.set(runId, run);
    }
    return run;
  }
}

/** What users ask of single runs: to stop one, or to try again what has failed. */

import type { Outcome } from "../core/applied.ts";
import { KronError } from "../core/errors.ts";
import { outcomeOf, Status } from "../core/outcome.ts";
import { Kind, type LogRecord } from "../core/record.ts";
import { formatRunId, parseRunId, type Run } from "../core/run.ts";
import { didYouMeanRun } from "../core/suggest.ts";
import type { Commands } from "./commands.ts";
import type { Engine } from "./engine.ts";
import { mayBegin } from "./overlap.ts";

/** With more runs than this only so many are looked at for a similar name. */
const comparedMax = 1_000;

/** What cancelling a run did: it is over, or its attempt has been asked to stop and its end will be on record. */
export interface RunCancelResult {
  readonly timerId: string;
  readonly runId: string;
  readonly state: "cancelled" | "stopping";
}

/**
 * What `retry` did: began the next attempt of a run before its time, or made a new run of a timer whose last one died.
 * A finished run never changes again, so the new one is as one asked for by hand, with the payload of the timer.
 */
export interface RetryResult {
  readonly timerId: string;
  readonly runId: string;
  readonly state: "running" | "waiting";
  readonly isNewRun: boolean;
}

/** Changes to runs, each settled when it is durable. */
export class RunCommands {
  readonly #engine: Engine;
  readonly #commands: Commands;

  constructor(engine: Engine, commands: Commands) {
    this.#engine = engine;
    this.#commands = commands;
  }

  /** The live run of that name. Throws `KRON_RUN_NOT_FOUND`. */
  find(runId: string): Run {
    const id = parseRunId(runId);
    const run = id === undefined ? undefined : this.#engine.data.runs.get(id);
    if (run !== undefined) return run;
    throw new KronError("KRON_RUN_NOT_FOUND", `Run "${runId}" is not known, or has ended`, {
      hint:
        didYouMeanRun(runId, this.#liveIds()) ??
        "`kron run list` shows the runs that have not ended, `kron job history` those that have",
    });
  }

  /** Of so many runs that people may be told of one of them. */
  *#liveIds(): Generator<string> {
    let count = 0;
    for (const { id } of this.#engine.data.runs.values()) {
      if (count >= comparedMax) return;
      count += 1;
      yield formatRunId(id);
    }
  }

  /** Ends a run that waits or is between two attempts; asks the attempt under way to stop. */
  async cancel(runId: string): Promise<RunCancelResult> {
    const run = this.find(runId);
    const timerId = this.#engine.data.timers.idOf(run.slot) ?? "";
    if (run.state !== "running") {
      const outcome = await this.#propose([Kind.RUN_CANCELLED, run.id, "requested", 0]);
      if (outcome.kind === "refused")
        throw new KronError(outcome.code, `Run "${runId}" was not cancelled: ${outcome.reason}`);
      return { timerId, runId, state: "cancelled" };
    }
    this.#engine.abort(run, "requested");
    return { timerId, runId, state: "stopping" };
  }

  /**
   * Begins the next attempt of the timer's run between two attempts now; without one, and when its last run died, makes
   * a new run. Throws `KRON_TIMER_STATE` when there is nothing to try again.
   */
  async retry(timerId: string, slot: number): Promise<RetryResult> {
    const { data } = this.#engine;
    const run = data.runs.ofSlot(slot).find(({ state }) => state === "retrying");
    if (run !== undefined) return this.#startNow(timerId, run);
    const isDead =
      data.timers.status.get(slot) === Status.DEAD || outcomeOf(data.timers.lastOutcome.get(slot)) === "DEAD";
    if (!isDead || data.timers.liveRuns.get(slot) > 0) {
      throw new KronError(
        "KRON_TIMER_STATE",
        `Timer "${timerId}" has no run that waits for another attempt or has died`,
        {
          hint: "Use `kron job trigger` to run it besides its schedule",
        },
      );
    }
    const { runId, state } = await this.#commands.trigger(timerId, undefined, 0);
    return { timerId, runId, state, isNewRun: true };
  }

  async #startNow(timerId: string, run: Run): Promise<RetryResult> {
    const { scheduler, data } = this.#engine;
    const runId = formatRunId(run.id);
    const obstacle = this.#engine.whyNoChange();
    // Before a slot is reserved, as nobody would give it back.
    if (obstacle !== undefined) throw obstacle;
    if (!this.#engine.canRun(run.slot)) {
      throw new KronError("KRON_TIMER_STATE", `Nothing here can execute timer "${timerId}"`);
    }
    if (!scheduler.hasFreeSlot || !mayBegin(data, run)) {
      throw new KronError("KRON_TIMER_STATE", `Run "${runId}" has to wait: other runs take the place of its attempt`, {
        hint: "It is started as soon as they have ended and its time has come",
      });
    }
    scheduler.noteStartProposed();
    const outcome = await this.#propose([Kind.RUN_STARTED, run.id, run.attempt + 1]);
    if (outcome.kind === "refused")
      throw new KronError(outcome.code, `Run "${runId}" was not started: ${outcome.reason}`);
    return { timerId, runId, state: "running", isNewRun: false };
  }

  #propose(record: LogRecord): Promise<Outcome> {
    const obstacle = this.#engine.whyNoChange();
    if (obstacle !== undefined) return Promise.reject(obstacle);
    return new Promise((resolve, reject) => {
      this.#engine.ledger.propose(record, (outcome, error) => {
        if (outcome === undefined) reject(error);
        else resolve(outcome);
      });
    });
  }
}

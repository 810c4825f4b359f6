/**
 * The recorder: takes in what the processes of one directory told, life after life, and compares it with what the
 * next one shows and with itself. It knows nothing of how Kron works, only what it promises:
 *
 *   - nothing that was acknowledged is missing, and nothing happened that nobody had asked for;
 *   - every run has one outcome, and no attempt of it begins twice, or before the one before it has ended;
 *   - every occurrence is accounted for once (see `occurrences.ts`).
 */

import { Asks } from "./asks.ts";
import type { Fact, SurveyedTimer } from "./facts.ts";
import { RunBook } from "./run-book.ts";
import { TimerBook } from "./timer-book.ts";

/** The record of one directory. */
export class Recorder {
  /** What does not add up, in the order in which it was found. */
  readonly problems: string[] = [];
  /** Facts taken in. */
  facts = 0;
  /** Stretches of time in which each occurrence was looked for. */
  stretches = 0;
  /** Checkpoints that were acknowledged. */
  checkpoints = 0;
  readonly runs: RunBook;
  readonly #asks = new Asks();
  readonly #timers = new Map<string, TimerBook>();
  readonly #historyRows: number;
  /** Whether anything at all was acknowledged, so that the directory cannot be empty. */
  #isFounded = false;
  #last: readonly SurveyedTimer[] = [];

  /** `historyRows`: rows that the history keeps of a timer at least. */
  constructor(historyRows: number) {
    this.#historyRows = historyRows;
    this.runs = new RunBook((problem) => this.problems.push(problem));
  }

  get isFounded(): boolean {
    return this.#isFounded;
  }

  /** Takes in one fact of the present life. */
  take(fact: Fact): void {
    this.facts += 1;
    switch (fact.kind) {
      case "asked":
        this.#asks.ask(fact);
        if (fact.id !== "") this.#timer(fact.id);
        break;
      case "done":
        this.#done(fact);
        break;
      case "refused":
        this.#asks.settle(fact.ask);
        break;
      case "timer":
        this.#timer(fact.event.timerId).told(fact.event);
        break;
      case "missed":
        this.#timer(fact.event.timerId).missed(fact.event);
        break;
      case "run":
        if (this.runs.told(fact.event)) this.#timer(fact.event.timerId).finished(fact.event.runId);
        break;
      case "began":
        this.runs.began(fact);
        if (!fact.isManual) this.#timer(fact.timerId).ran(fact.scheduledMs, fact.dueMs, fact.runId);
        break;
      case "survey":
        this.#survey(fact.timers);
        break;
      case "open":
        this.#isFounded = true;
        break;
      default:
        // How far the process has come is no matter of record.
        this.facts -= 1;
    }
  }

  /** The process has ended, and there is nothing more to come from it. */
  endLife(): void {
    this.#asks.endLife();
    this.runs.endLife();
    for (const timer of this.#timers.values()) timer.endLife();
  }

  /** All runs have come to their end, and the last survey has seen it: now everything must add up. */
  finish(): void {
    for (const { timerId, runId } of this.runs.unfinished()) {
      this.problems.push(`${timerId}/${runId} has no outcome`);
    }
    for (const shown of this.#last) {
      if (shown.live > 0) this.problems.push(`${shown.id} has ${shown.live} runs left`);
      this.stretches += this.#timer(shown.id).finish(shown);
    }
  }

  #done({ ask, changed, runId }: Extract<Fact, { kind: "done" }>): void {
    const asked = this.#asks.settle(ask);
    if (asked?.what === "schedule") this.#timer(asked.id).scheduled(asked, changed);
    if (asked?.what === "checkpoint") this.checkpoints += 1;
    if (runId !== undefined && !this.runs.has(runId))
      this.problems.push(`${asked?.id}/${runId} was triggered, not made`);
  }

  #survey(timers: readonly SurveyedTimer[]): void {
    const shown = new Map(timers.map((timer) => [timer.id, timer]));
    for (const timer of this.#timers.values()) timer.survey(shown.get(timer.id), this.#historyRows);
    for (const { id, rows } of timers) {
      if (!this.#timers.has(id)) this.problems.push(`${id} is there, and nobody had asked for it`);
      for (const row of rows) this.runs.row(id, row);
    }
    this.#asks.forgetPast();
    this.#last = timers;
  }

  #timer(id: string): TimerBook {
    let timer = this.#timers.get(id);
    if (timer === undefined) {
      timer = new TimerBook(id, this.#asks, (problem) => this.problems.push(problem));
      this.#timers.set(id, timer);
    }
    return timer;
  }
}

/**
 * What is known of one timer: what it may be after all that was told, which definition it may have, and what
 * became of its occurrences. Where a process ended with asks open there may be more than one possibility, until
 * the next survey shows which it is.
 */

import type { MissedEvent, TimerEvent, TimerState } from "../../src/index.ts";
import type { Ask, Asks } from "./asks.ts";
import type { Rule, SurveyedTimer } from "./facts.ts";
import { HistoryOrder, passedKey } from "./history-order.ts";
import { Occurrences, type Stretch } from "./occurrences.ts";

/** `done`: a one-shot that had its occurrence. */
type Status = "absent" | "active" | "paused" | "done" | "cancelled";

const statusOf: Readonly<Partial<Record<TimerState, Status>>> = {
  paused: "paused",
  completed: "done",
  dead: "done",
  cancelled: "cancelled",
  scheduled: "active",
  orphaned: "active",
  retrying: "active",
  waiting: "active",
};

/** One timer of a directory, over all its lives. */
export class TimerBook {
  readonly id: string;
  readonly occurrences = new Occurrences();
  readonly history = new HistoryOrder();
  readonly #asks: Asks;
  readonly #report: (problem: string) => void;
  #statuses: ReadonlySet<Status> = new Set(["absent"]);
  #mark: string | undefined;
  /** Changes of definition that were told, and whose promise is still to come. */
  #unnamed: { readonly type: TimerEvent["type"]; readonly stretch: Stretch }[] = [];
  /** Changes beside which others were on their way. */
  readonly #crowded = new WeakSet<Stretch>();
  #isOneShot = false;
  /** Begun where a change that was never told may have taken effect when the last process ended. */
  #doubtful: Stretch | undefined;

  constructor(id: string, asks: Asks, report: (problem: string) => void) {
    this.id = id;
    this.#asks = asks;
    this.#report = (problem) => report(`${id}: ${problem}`);
  }

  told({ type, atMs }: TimerEvent): void {
    const was = this.#statuses;
    switch (type) {
      case "TIMER_CREATED":
        this.#expectAsk("schedule", type);
        if (!was.has("absent") && !was.has("cancelled")) this.#report(`was created while ${[...was].join(" or ")}`);
        this.#statuses = new Set(["active"]);
        this.#define(type, atMs);
        break;
      case "TIMER_UPDATED":
        this.#expectAsk("schedule", type);
        if (was.has("absent") && was.size === 1) this.#report("was updated before it was created");
        this.#statuses = new Set([...was].flatMap(updated));
        this.#define(type, atMs);
        break;
      case "TIMER_PAUSED":
        this.#expectAsk("pause", type);
        this.#statuses = new Set(["paused"]);
        break;
      case "TIMER_RESUMED":
        this.#expectAsk("resume", type);
        this.#statuses = new Set(["active"]);
        break;
      case "TIMER_CANCELLED":
        this.#expectAsk("cancel", type);
        this.#statuses = new Set(["cancelled"]);
        this.#doubtful = undefined;
        this.occurrences.begin(undefined, atMs);
        break;
    }
  }

  /** The promise of a `schedule` was kept, in the order in which the log took them. */
  scheduled({ mark, rule }: Ask, changed: boolean): void {
    if (rule === undefined) return;
    if (changed) {
      this.#mark = mark;
      this.#isOneShot ||= rule.kind === "once";
      const change = this.#unnamed.shift();
      if (change === undefined) this.#report(`${mark} was acknowledged, and no event told of it`);
      else this.#name(change.type, change.stretch, rule);
    } else if (this.#mark !== undefined && mark !== this.#mark && this.#unnamed.length === 0) {
      this.#report(`${mark} was called unchanged, and ${this.#mark} was the last to be acknowledged`);
    }
  }

  missed({ type, firstAtMs, lastAtMs, count, atMs }: MissedEvent): void {
    const outcome = type === "RUN_MISSED" ? "MISSED" : "SKIPPED_OVERLAP";
    this.occurrences.passed(outcome, firstAtMs, lastAtMs, count, atMs);
    this.history.add(passedKey(outcome, firstAtMs, atMs));
    this.#mayBeDone();
  }

  /** A run was made of an occurrence. */
  ran(scheduledMs: number, dueMs: number, runId: string): void {
    const problem = this.occurrences.ran(scheduledMs, dueMs, runId);
    if (problem !== undefined) this.#report(problem);
  }

  /** A run has its outcome. */
  finished(runId: string): void {
    this.history.add(runId);
    this.#mayBeDone();
  }

  /** The process is gone. What it had asked for may have become true all the same. */
  endLife(): void {
    const statuses = new Set(this.#statuses);
    for (const { what } of this.#asks.open(this.id)) {
      if (what === "pause") statuses.add("paused");
      if (what === "resume" || what === "schedule") statuses.add("active");
      if (what === "cancel") statuses.add("cancelled");
    }
    this.#statuses = statuses;
    this.#mayBeDone();
    this.#unnamed = [];
    this.history.endLife();
    const mayHaveChanged = this.#asks.open(this.id).some(({ what }) => what === "schedule" || what === "cancel");
    if (mayHaveChanged) this.#doubtful ??= this.occurrences.begin(undefined, undefined);
  }

  /** Compares with what the runtime shows, undefined for nothing; from here on there is one possibility. */
  survey(shown: SurveyedTimer | undefined, rowsMax: number): void {
    if (shown === undefined) {
      if (!this.#statuses.has("absent")) this.#report(`is gone, and was ${[...this.#statuses].join(" or ")}`);
      return;
    }
    const status = statusOf[shown.state];
    const markBefore = this.#mark;
    // A timer that shows a run under way may be anything besides.
    if (status !== undefined) {
      if (!this.#statuses.has(status)) this.#report(`is ${shown.state}, and was ${[...this.#statuses].join(" or ")}`);
      this.#statuses = new Set([status]);
    } else if (this.#statuses.has("absent")) {
      this.#statuses = new Set([...this.#statuses].filter((possible) => possible !== "absent"));
    }
    if (status === "cancelled" && shown.nextMs !== undefined) this.#report("is cancelled and has a next due time");
    this.#checkMark(shown);
    const isAsBefore = !this.#statuses.has("cancelled") && shown.mark === markBefore;
    if (this.#doubtful !== undefined && isAsBefore) this.occurrences.merge(this.#doubtful);
    this.#doubtful = undefined;
    for (const problem of this.history.check(shown.rows, rowsMax)) this.#report(problem);
    for (const { runId, isManual, outcome, firstMs, lastMs, count, dueMs } of shown.rows) {
      if (runId === undefined) this.occurrences.passed(outcome, firstMs, lastMs, count, dueMs);
      else if (!isManual) this.ran(firstMs, dueMs, runId);
    }
  }

  /** The account of all occurrences, once no run is alive. Returns how many stretches were checked. */
  finish(shown: SurveyedTimer): number {
    const { nextMs, state, isJittered } = shown;
    for (const problem of this.occurrences.check(isJittered ? undefined : nextMs)) {
      // A delay that is drawn puts the next due time off; that there is one can still be seen.
      if (!isJittered || nextMs === undefined || !problem.includes("nor to come")) this.#report(problem);
    }
    const isDone = ["cancelled", "completed", "dead"].includes(state);
    const isReboot = shown.rule.kind === "free" && shown.rule.isReboot;
    if (!isDone && nextMs === undefined && !isReboot) this.#report(`is ${state} and never due again`);
    return this.occurrences.checked;
  }

  #expectAsk(what: "schedule" | "pause" | "resume" | "cancel", type: string): void {
    if (!this.#asks.isAsking(this.id, what)) this.#report(`${type}, and nobody had asked for it`);
  }

  #define(type: TimerEvent["type"], atMs: number): void {
    this.#doubtful = undefined;
    const stretch = this.occurrences.begin(undefined, atMs);
    // Another one that is on its way was made with the rule in mind that held before this change.
    if (this.#asks.open(this.id).filter(({ what }) => what === "schedule").length > 1) this.#crowded.add(stretch);
    this.#unnamed.push({ type, stretch });
  }

  #name(type: TimerEvent["type"], stretch: Stretch, rule: Rule): void {
    stretch.rule = rule;
    const before = this.occurrences.before(stretch);
    // An update that leaves the schedule as it was leaves its due times too.
    if (type !== "TIMER_UPDATED" || before?.rule?.key !== rule.key) return;
    if (!this.#crowded.has(before)) {
      this.occurrences.merge(stretch);
      return;
    }
    // One that knew of another schedule begins anew, one that did not leaves them: either may have come first.
    before.rule = undefined;
    stretch.rule = undefined;
  }

  /** A one-shot ends with its occurrence, whatever it was before. */
  #mayBeDone(): void {
    if (this.#isOneShot || this.#asks.open(this.id).some(({ rule }) => rule?.kind === "once")) {
      this.#statuses = new Set([...this.#statuses, "done"]);
    }
  }

  #checkMark({ mark, rule }: SurveyedTimer): void {
    if (mark === this.#mark) return;
    const open = this.#asks.open(this.id).filter((ask) => ask.mark === mark);
    if (open.length === 0) this.#report(`has definition ${mark}, and ${this.#mark} was the last to be acknowledged`);
    // Whether it had its effect before the last process ended is known now; when, is not.
    if (this.#asks.past(this.id).some((ask) => ask.mark === mark)) {
      this.#mark = mark;
      this.#isOneShot ||= rule.kind === "once";
      this.occurrences.begin(rule, undefined);
    }
  }
}

function updated(status: Status): Status[] {
  // What is done begins again, unless its schedule stays the same.
  return status === "done" ? ["done", "active"] : status === "absent" ? [] : [status];
}

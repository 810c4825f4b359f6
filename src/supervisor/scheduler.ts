/**
 * The scheduler: decides when an occurrence becomes a run and when an attempt may begin.
 *
 * Every timer that can become due stands in one queue by due time, every run between two attempts in
 * another, every run that waits for its first attempt in a list. `pump` takes from them while there are free
 * slots and proposes; it changes nothing itself. What is due and finds no slot stands in a queue of its own,
 * so the backlog is bounded by the number of timers and the misfire policy says what becomes of it.
 */

import type { Outcome } from "../core/applied.ts";
import type { TimerDefinition } from "../core/definition.ts";
import { DueQueue } from "../core/due-queue.ts";
import { planMisfires, restartMs } from "../core/misfire.ts";
import { Status } from "../core/outcome.ts";
import { Kind, type LogRecord } from "../core/record.ts";
import { jitterMs, type Recurrence } from "../core/recurrence.ts";
import type { Run } from "../core/run.ts";
import type { State } from "../core/state.ts";
import { TimedSet } from "../core/timed-set.ts";
import { isOneShot } from "../core/timer-kind.ts";
import { proposePassedBy } from "./accounting.ts";
import { Graces } from "./graces.ts";
import type { Ledger } from "./ledger.ts";
import { coveredUntilMs, hasOwnRoom, isHeldBack, mayBegin } from "./overlap.ts";
import type { Recurrences } from "./recurrences.ts";
import { RunLists } from "./run-lists.ts";

/** How long an orphaned timer's occurrence waits for a callback before it is recorded as missed. */
export const orphanSweepMs = 60_000;

/** What the scheduler needs to know from others. */
export interface SchedulerDeps {
  readonly ledger: Ledger;
  readonly recurrences: Recurrences;
  /** Whether something here can execute the timer's target. */
  readonly canRun: (slot: number) => boolean;
  /** Asks the attempt of a run to stop, because a newer occurrence takes its place. */
  readonly replace: (run: Run) => void;
  /** Attempts under way at a time, over all timers. */
  readonly concurrency: number;
}

/** Queues of what is to come, and the rules by which it comes. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #state: State;
  readonly #due = new DueQueue();
  /** Timers whose occurrence is due and found no slot, by when it was due. */
  readonly #starved = new DueQueue();
  readonly #retries = new TimedSet<Run>();
  readonly #retryHandles = new Map<number, number>();
  readonly #lists = new RunLists((run) => this.#mayStart(run));
  /** Slots of timers with a proposal under way; they are looked at again when it is settled. */
  readonly #proposed = new Set<number>();
  /** Slots of timers whose rule is about to change, and by how many changes that are on their way to the log. */
  readonly #held = new Map<number, number>();
  #startsProposed = 0;
  #isOpen = false;
  readonly #graces = new Graces();

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    this.#state = deps.ledger.state;
  }

  /** Begins (or goes on) to start runs; until then the queues only fill. */
  open(): void {
    this.#isOpen = true;
  }

  /** Starts no more runs. */
  close(): void {
    this.#isOpen = false;
  }

  /** From now on a timer without a callback is orphaned and its occurrences are accounted for as missed. */
  endGrace(): void {
    this.#graces.endStart();
    for (let slot = 0; slot < this.#state.timers.slotCount; slot++) {
      if (this.#state.timers.has(slot) && !this.#deps.canRun(slot)) this.arm(slot);
    }
  }

  /** When the grace of the next timer whose runner went away is over, on the monotonic clock; Infinity if of none. */
  nextGraceEndMs(): number {
    return this.#graces.nextEndMs();
  }

  /** Ends the graces of timers whose runner went away, as far as they are over. */
  endGracesUntil(monotonicMs: number): void {
    for (let slot = this.#graces.takeEnded(monotonicMs); slot !== -1; ) {
      this.arm(slot);
      slot = this.#graces.takeEnded(monotonicMs);
    }
  }

  /** Whether nothing here can execute the timer, and it has had its time to get what can. */
  isOrphaned(slot: number): boolean {
    return !this.#graces.has(slot) && !this.#deps.canRun(slot);
  }

  /** Runs that wait for a slot or for the run before them. */
  get waitingCount(): number {
    let sum = 0;
    for (const run of this.#state.runs.values()) if (run.state === "waiting") sum += 1;
    return sum;
  }

  /** Timers whose occurrence is due at `nowMs` and has not become a run. */
  dueCount(nowMs: number): number {
    return this.#due.countUntil(nowMs) + this.#starved.countUntil(nowMs);
  }

  get hasFreeSlot(): boolean {
    return this.#startsProposed + this.#state.runningCount < this.#deps.concurrency;
  }

  /** Starts that the log has not settled yet. */
  get startsProposed(): number {
    return this.#startsProposed;
  }

  /** The next instant at which `pump` has something to do; Infinity when it waits for a settlement instead. */
  nextWakeMs(): number {
    if (!this.#isOpen || !this.#deps.ledger.isWritable) return Number.POSITIVE_INFINITY;
    if (!this.hasFreeSlot) return this.#due.peekDueMs();
    return Math.min(this.#due.peekDueMs(), this.#starved.peekDueMs(), this.#retries.peekDueMs());
  }

  /** Puts a timer where it belongs in the queue; to be called whenever anything about it changed. */
  arm(slot: number): void {
    if (this.#proposed.has(slot) || this.#held.has(slot)) return;
    this.#starved.remove(slot);
    const dueMs = this.#dueMs(slot);
    if (dueMs === undefined) this.#due.remove(slot);
    else this.#due.set(slot, dueMs);
    if (this.#state.timers.liveRuns.get(slot) > 0) this.#lists.promote(slot);
  }

  /**
   * Proposes nothing of what is due for a timer until `release`, as a change of its rule is on its way to the log:
   * a due time that both rules share would be taken with what follows it by the old one.
   */
  hold(slot: number): void {
    this.#held.set(slot, (this.#held.get(slot) ?? 0) + 1);
    this.#due.remove(slot);
    this.#starved.remove(slot);
  }

  /** Ends one `hold`. */
  release(slot: number): void {
    const holds = (this.#held.get(slot) ?? 1) - 1;
    if (holds > 0) {
      this.#held.set(slot, holds);
      return;
    }
    this.#held.delete(slot);
    this.arm(slot);
  }

  /** Whether a change of the timer's rule is on its way to the log. */
  isHeld(slot: number): boolean {
    return this.#held.has(slot);
  }

  /** Puts a run where it belongs; to be called whenever it changed, and for every run at the start. */
  noteRun(run: Run): void {
    if (run.state !== "running" && run.state !== "finished" && this.#statusOf(run.slot) === Status.CANCELLED) {
      this.#deps.ledger.propose([Kind.RUN_CANCELLED, run.id, "timer-cancelled", 0]);
      return;
    }
    if (run.state === "retrying") {
      this.#lists.drop(run);
      if (!this.#retryHandles.has(run.id)) this.#retryHandles.set(run.id, this.#retries.add(run, run.retryAtMs));
      return;
    }
    this.#dropRetry(run);
    if (run.state === "waiting") this.#lists.addWaiting(run);
    else this.#lists.drop(run);
  }

  /**
   * Looks again at a timer that nothing here can execute any more. Nothing of it begins until `noteCallback`; its runs
   * wait for as long as that takes, its occurrences as those of any timer without a callback.
   */
  noteGone(slot: number, graceEndsMonotonicMs: number): void {
    if (!this.#state.timers.has(slot) || this.#deps.canRun(slot)) return;
    this.#graces.begin(slot, graceEndsMonotonicMs);
    this.arm(slot);
  }

  /** Looks again at a timer that has just got a callback, or will have one when what has it is ready. */
  noteCallback(slot: number): void {
    if (this.#deps.canRun(slot)) this.#graces.end(slot);
    this.arm(slot);
    this.#noteRunsOf(slot);
  }

  #noteRunsOf(slot: number): void {
    for (const run of this.#state.runs.ofSlot(slot)) this.noteRun(run);
  }

  /** A start proposal was settled or kept out of the log; `outcome` is undefined for the latter. */
  noteSettled(record: LogRecord, outcome: Outcome | undefined): void {
    switch (record[0]) {
      case Kind.RUN_DUE:
        if (record[5] === 1) this.#startsProposed -= 1;
        this.#release(record[1], outcome);
        break;
      case Kind.RUN_MISSED:
      case Kind.RUN_SKIPPED_OVERLAP:
        this.#release(record[1], outcome);
        break;
      case Kind.TIMER_CANCELLED:
        // A run that was made after the cancellation was asked for is still to be cancelled with its timer.
        if (outcome?.kind === "timer") this.#noteRunsOf(outcome.slot);
        break;
      case Kind.RUN_TRIGGERED:
        if (record[2] === 1) this.#startsProposed -= 1;
        break;
      case Kind.RUN_STARTED: {
        this.#startsProposed -= 1;
        const run = this.#state.runs.get(record[1]);
        if (run !== undefined && (outcome === undefined || outcome.kind === "refused")) this.noteRun(run);
        break;
      }
      default:
    }
  }

  /** Reserves a slot for a start that someone else proposes. */
  noteStartProposed(): void {
    this.#startsProposed += 1;
  }

  /** Proposes whatever is due at `nowMs` and has a slot, or needs none; returns when nothing more can be done. */
  pump(nowMs: number): void {
    while (this.#isOpen && this.#deps.ledger.isWritable) {
      if (this.hasFreeSlot && this.#startOne(nowMs)) continue;
      const dueMs = this.#due.peekDueMs();
      if (dueMs > nowMs) return;
      const slot = this.#due.pop();
      if (this.hasFreeSlot || !this.#needsSlot(slot)) this.#fire(slot, nowMs);
      else this.#starved.set(slot, dueMs);
    }
  }

  /** Gives a slot to a ready run, else to the retry or timer that has waited longest for one. */
  #startOne(nowMs: number): boolean {
    if (this.#startReady()) return true;
    const retryMs = this.#retries.peekDueMs();
    const starvedMs = this.#starved.peekDueMs();
    if (Math.min(retryMs, starvedMs) > Math.min(nowMs, this.#due.peekDueMs())) return false;
    if (retryMs <= starvedMs) this.#startRetry(nowMs);
    else this.#fire(this.#starved.pop(), nowMs);
    return true;
  }

  /** Whether what is due would begin at once; an occurrence that overlaps is skipped, queued or makes room first. */
  #needsSlot(slot: number): boolean {
    const { timers, definitions } = this.#state;
    if (!this.#deps.canRun(slot)) return false;
    return timers.liveRuns.get(slot) === 0 || definitions.get(timers.definition.get(slot)).overlap === "allow";
  }

  #startReady(): boolean {
    const run = this.#lists.takeReady();
    if (run !== undefined) this.#proposeStart(run);
    return run !== undefined;
  }

  #startRetry(nowMs: number): void {
    const run = this.#retries.takeDue(nowMs);
    if (run === undefined) return;
    this.#retryHandles.delete(run.id);
    if (run.state !== "retrying" || !this.#deps.canRun(run.slot)) return;
    if (this.#mayStart(run)) this.#proposeStart(run);
    else this.#lists.addParked(run);
  }

  #proposeStart(run: Run): void {
    this.#startsProposed += 1;
    this.#deps.ledger.propose([Kind.RUN_STARTED, run.id, run.attempt + 1]);
  }

  /** What to do about the occurrences of one timer that are due at `nowMs`. */
  #fire(slot: number, nowMs: number): void {
    const { timers } = this.#state;
    const recurrence = this.#deps.recurrences.of(this.#state, slot);
    const firstMs = timers.nextAtMs.get(slot);
    const delayMs = this.#jitterMs(slot, recurrence.definition, firstMs);
    const isRunnable = this.#deps.canRun(slot);
    const untilMs = isRunnable
      ? coveredUntilMs(this.#state, slot, recurrence.definition, firstMs + delayMs, nowMs) - delayMs
      : nowMs - delayMs - orphanSweepMs;
    if (untilMs >= firstMs) {
      this.#proposed.add(slot);
      const reason = isRunnable ? "overlap" : "orphaned";
      proposePassedBy(this.#deps.ledger, slot, recurrence, { firstMs, untilMs, nowMs }, reason);
    } else if (isRunnable) {
      this.#proposed.add(slot);
      this.#makeRun(slot, recurrence, firstMs, nowMs - delayMs, nowMs);
    } else {
      // Its runner went away after it was put into the queue, and what is due is not old enough yet.
      this.arm(slot);
    }
  }

  #makeRun(slot: number, recurrence: Recurrence, firstMs: number, untilMs: number, nowMs: number): void {
    const { definition } = recurrence;
    const timer = this.#state.timers.reference(slot);
    const plan = planMisfires(recurrence, firstMs, untilMs);
    const { missed, runAtMs } = plan;
    const nextAtMs = plan.nextAtMs === 0 && runAtMs === undefined ? restartMs(definition, nowMs) : plan.nextAtMs;
    if (missed !== undefined) {
      const { firstAtMs, lastAtMs, count } = missed;
      this.#deps.ledger.propose([Kind.RUN_MISSED, timer, firstAtMs, lastAtMs, count, runAtMs ?? nextAtMs, "late"]);
    }
    if (runAtMs === undefined) return;
    const startsNow = this.#startsNow(slot, definition) ? 1 : 0;
    this.#startsProposed += startsNow;
    this.#deps.ledger.propose([Kind.RUN_DUE, timer, runAtMs, nextAtMs, missed?.count ?? 0, startsNow]);
  }

  #startsNow(slot: number, definition: TimerDefinition): boolean {
    if (definition.overlap === "allow" || this.#state.timers.liveRuns.get(slot) === 0) return true;
    return definition.overlap === "replace" && this.makeRoom(slot) && this.hasFreeSlot;
  }

  /** Whether a new run of the timer may begin its first attempt at once. */
  mayStartNow(slot: number): boolean {
    if (!this.hasFreeSlot || !this.#deps.canRun(slot)) return false;
    const { timers, definitions } = this.#state;
    const definition = definitions.get(timers.definition.get(slot));
    if (definition.overlap === "allow") return hasOwnRoom(this.#state, slot, definition);
    return timers.liveRuns.get(slot) === 0 && !this.#proposed.has(slot);
  }

  /** Under `replace`, cancels the timer's waiting runs and asks the one under way to stop; true when none is. */
  makeRoom(slot: number): boolean {
    let isFree = true;
    for (const run of this.#state.runs.ofSlot(slot)) {
      if (run.state === "running") {
        isFree = false;
        this.#deps.replace(run);
      } else {
        // Not owed to the log: while it takes nothing there is no newer run either.
        this.#deps.ledger.propose([Kind.RUN_CANCELLED, run.id, "replaced", 0], () => undefined);
      }
    }
    return isFree;
  }

  #dueMs(slot: number): number | undefined {
    const { timers } = this.#state;
    const nextAtMs = timers.nextAtMs.get(slot);
    if (nextAtMs === 0 || timers.status.get(slot) !== Status.ACTIVE) return undefined;
    const definition = this.#state.definitions.get(timers.definition.get(slot));
    const dueMs = nextAtMs + this.#jitterMs(slot, definition, nextAtMs);
    if (!this.#deps.canRun(slot)) {
      return this.#graces.has(slot) || isOneShot(definition) ? undefined : dueMs + orphanSweepMs;
    }
    return isHeldBack(this.#state, slot, definition, dueMs) ? undefined : dueMs;
  }

  /** Most timers have no jitter, and then nobody asks for the id, which is made anew each time. */
  #jitterMs(slot: number, definition: TimerDefinition, scheduledAtMs: number): number {
    if (definition.jitterMs === 0) return 0;
    return jitterMs(definition, this.#state.timers.idOf(slot) ?? "", scheduledAtMs);
  }

  #mayStart(run: Run): boolean {
    if (run.state !== "waiting" && run.state !== "retrying") return false;
    return this.#deps.canRun(run.slot) && mayBegin(this.#state, run);
  }

  #statusOf(slot: number): number {
    return this.#state.timers.status.get(slot);
  }

  /** A timer that was changed is armed with all that its entry touched; one that was not is armed here. */
  #release(timer: number, outcome: Outcome | undefined): void {
    const slot = this.#state.timers.resolve(timer);
    if (slot === undefined) return;
    this.#proposed.delete(slot);
    if (outcome === undefined || outcome.kind === "refused") this.arm(slot);
  }

  #dropRetry(run: Run): void {
    const handle = this.#retryHandles.get(run.id);
    if (handle === undefined) return;
    this.#retryHandles.delete(run.id);
    this.#retries.remove(handle);
  }
}

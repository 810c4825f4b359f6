/**
 * The scheduler: decides when an occurrence becomes a run and when an attempt may begin.
 *
 * Every timer that can become due stands in one queue by due time, every run between two attempts in
 * another, every run that waits for its first attempt in a list. `pump` takes from them while there are free
 * slots and proposes; it changes nothing itself. When all slots are taken the queues simply stay as they are,
 * so the backlog is bounded by the number of timers and the misfire policy says what becomes of it.
 */

import type { Outcome } from "../core/applied.ts";
import type { TimerDefinition } from "../core/definition.ts";
import { DueQueue } from "../core/due-queue.ts";
import { planMisfires, restartMs } from "../core/misfire.ts";
import { Status } from "../core/outcome.ts";
import { Kind, type LogRecord } from "../core/record.ts";
import { isFixedDelay, jitterMs, type Recurrence } from "../core/recurrence.ts";
import type { Run } from "../core/run.ts";
import type { State } from "../core/state.ts";
import { TimedSet } from "../core/timed-set.ts";
import { isOneShot } from "../core/timer-kind.ts";
import { proposePassedBy } from "./accounting.ts";
import type { Ledger } from "./ledger.ts";
import type { Recurrences } from "./recurrences.ts";

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
  readonly #retries = new TimedSet<Run>();
  readonly #retryHandles = new Map<number, number>();
  readonly #waiting = new Map<number, Set<Run>>();
  readonly #ready = new Set<Run>();
  /** Slots of timers with a proposal under way; they are looked at again when it is settled. */
  readonly #proposed = new Set<number>();
  #startsProposed = 0;
  #isOpen = false;
  /** Until the grace is over, a timer without a callback may still get one. */
  #isGrace = true;

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
    this.#isGrace = false;
    for (let slot = 0; slot < this.#state.timers.slotCount; slot++) {
      if (this.#state.timers.idOf(slot) !== undefined && !this.#deps.canRun(slot)) this.arm(slot);
    }
  }

  /** True once timers without a callback count as orphaned. */
  get isGraceOver(): boolean {
    return !this.#isGrace;
  }

  /** Runs that wait for a slot or for the run before them. */
  get waitingCount(): number {
    let sum = 0;
    for (const run of this.#state.runs.values()) if (run.state === "waiting") sum += 1;
    return sum;
  }

  /** Timers whose occurrence is due at `nowMs` and has not become a run. Linear in the queue; for status only. */
  dueCount(nowMs: number): number {
    let sum = 0;
    for (let slot = 0; slot < this.#state.timers.slotCount; slot++) {
      if ((this.#due.dueOf(slot) ?? Number.POSITIVE_INFINITY) <= nowMs) sum += 1;
    }
    return sum;
  }

  get hasFreeSlot(): boolean {
    return this.#startsProposed + this.#state.runningCount < this.#deps.concurrency;
  }

  /** The next instant at which `pump` has something to do; Infinity when it waits for a settlement instead. */
  nextWakeMs(): number {
    if (!this.#isOpen || !this.hasFreeSlot) return Number.POSITIVE_INFINITY;
    return Math.min(this.#due.peekDueMs(), this.#retries.peekDueMs());
  }

  /** Puts a timer where it belongs in the queue; to be called whenever anything about it changed. */
  arm(slot: number): void {
    if (this.#proposed.has(slot)) return;
    const dueMs = this.#dueMs(slot);
    if (dueMs === undefined) this.#due.remove(slot);
    else this.#due.set(slot, dueMs);
    if (this.#state.timers.waitingRuns.get(slot) > 0) this.#promote(slot);
  }

  /** Puts a run where it belongs; to be called whenever it changed, and for every run at the start. */
  noteRun(run: Run): void {
    if (run.state === "retrying") {
      if (!this.#retryHandles.has(run.id)) this.#retryHandles.set(run.id, this.#retries.add(run, run.retryAtMs));
      return;
    }
    this.#dropRetry(run);
    if (run.state === "waiting") this.#addWaiting(run);
    else this.#waiting.get(run.slot)?.delete(run);
  }

  /** Looks again at a timer that has just got a callback. */
  noteCallback(slot: number): void {
    this.arm(slot);
    if (this.#state.timers.liveRuns.get(slot) === 0) return;
    for (const run of this.#state.runs.values()) if (run.slot === slot) this.noteRun(run);
  }

  /** A start proposal was settled or kept out of the log; `outcome` is undefined for the latter. */
  noteSettled(record: LogRecord, outcome: Outcome | undefined): void {
    switch (record[0]) {
      case Kind.RUN_DUE:
        this.#release(record[1], record[5] === 1);
        break;
      case Kind.RUN_MISSED:
      case Kind.RUN_SKIPPED_OVERLAP:
        this.#release(record[1], false);
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

  /** Proposes whatever is due at `nowMs` and has a slot; returns when nothing more can be done. */
  pump(nowMs: number): void {
    while (this.#isOpen && this.#deps.ledger.isWritable && this.hasFreeSlot) {
      if (this.#startReady()) continue;
      const retryMs = this.#retries.peekDueMs();
      const dueMs = this.#due.peekDueMs();
      if (Math.min(retryMs, dueMs) > nowMs) return;
      if (retryMs <= dueMs) this.#startRetry(nowMs);
      else this.#fire(this.#due.pop(), nowMs);
    }
  }

  #startReady(): boolean {
    for (const run of this.#ready) {
      this.#ready.delete(run);
      if (run.state !== "waiting" || !this.#mayStart(run)) continue;
      this.#proposeStart(run);
      return true;
    }
    return false;
  }

  #startRetry(nowMs: number): void {
    const run = this.#retries.takeDue(nowMs);
    if (run === undefined) return;
    this.#retryHandles.delete(run.id);
    if (run.state === "retrying" && this.#deps.canRun(run.slot)) this.#proposeStart(run);
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
    const delayMs = jitterMs(recurrence.definition, timers.idOf(slot) ?? "", firstMs);
    this.#proposed.add(slot);
    if (!this.#deps.canRun(slot)) {
      const untilMs = nowMs - delayMs - orphanSweepMs;
      proposePassedBy(this.#deps.ledger, slot, recurrence, { firstMs, untilMs, nowMs }, "orphaned");
      return;
    }
    const coveredUntilMs = this.#coveredUntilMs(slot, recurrence.definition, firstMs + delayMs, nowMs) - delayMs;
    if (coveredUntilMs >= firstMs) {
      proposePassedBy(this.#deps.ledger, slot, recurrence, { firstMs, untilMs: coveredUntilMs, nowMs }, "overlap");
      return;
    }
    this.#makeRun(slot, recurrence, firstMs, nowMs - delayMs, nowMs);
  }

  /** Until when due times are covered by another run of the timer, so that they are skipped; -1 when they are not. */
  #coveredUntilMs(slot: number, definition: TimerDefinition, dueMs: number, nowMs: number): number {
    const { timers } = this.#state;
    const isLive = timers.liveRuns.get(slot) > 0;
    switch (definition.overlap) {
      case "delay":
        if (isFixedDelay(definition) || dueMs < timers.lastDueAtMs.get(slot)) return -1;
        return Math.min(nowMs, timers.heldUntilMs.get(slot));
      case "skip":
        return isLive ? nowMs : -1;
      case "queue":
        return isLive && timers.waitingRuns.get(slot) > 0 ? nowMs : -1;
      default:
        return -1;
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
    return definition.overlap === "replace" && this.makeRoom(slot);
  }

  /** Whether a new run of the timer may begin its first attempt at once. */
  mayStartNow(slot: number): boolean {
    if (!this.hasFreeSlot || !this.#deps.canRun(slot)) return false;
    const { timers, definitions } = this.#state;
    const { overlap, concurrency } = definitions.get(timers.definition.get(slot));
    if (overlap !== "allow") return timers.liveRuns.get(slot) === 0 && !this.#proposed.has(slot);
    return concurrency === 0 || timers.runningRuns.get(slot) < concurrency;
  }

  /** Under `replace`, cancels the timer's waiting runs and asks the one under way to stop; true when none is. */
  makeRoom(slot: number): boolean {
    let isFree = true;
    for (const run of this.#state.runs.values()) {
      if (run.slot !== slot) continue;
      if (run.state === "running") {
        isFree = false;
        this.#deps.replace(run);
      } else {
        this.#deps.ledger.propose([Kind.RUN_CANCELLED, run.id, "replaced", 0]);
      }
    }
    return isFree;
  }

  #dueMs(slot: number): number | undefined {
    const { timers } = this.#state;
    const nextAtMs = timers.nextAtMs.get(slot);
    if (nextAtMs === 0 || timers.status.get(slot) !== Status.ACTIVE) return undefined;
    const definition = this.#state.definitions.get(timers.definition.get(slot));
    const dueMs = nextAtMs + jitterMs(definition, timers.idOf(slot) ?? "", nextAtMs);
    if (!this.#deps.canRun(slot)) {
      return this.#isGrace || isOneShot(definition) ? undefined : dueMs + orphanSweepMs;
    }
    return this.#isHeldBack(slot, definition, dueMs) ? undefined : dueMs;
  }

  /** Whether a live run of the timer keeps its next occurrence out of the queue until it is finished. */
  #isHeldBack(slot: number, definition: TimerDefinition, dueMs: number): boolean {
    const { timers } = this.#state;
    if (timers.liveRuns.get(slot) === 0) return false;
    if (definition.overlap === "delay") return true;
    if (definition.overlap !== "allow") return dueMs < timers.lastDueAtMs.get(slot);
    return definition.concurrency > 0 && timers.runningRuns.get(slot) >= definition.concurrency;
  }

  #mayStart(run: Run): boolean {
    if (!this.#deps.canRun(run.slot)) return false;
    const { timers, definitions } = this.#state;
    const definition = definitions.get(timers.definition.get(run.slot));
    if (definition.overlap !== "allow") return timers.liveRuns.get(run.slot) === timers.waitingRuns.get(run.slot);
    return definition.concurrency === 0 || timers.runningRuns.get(run.slot) < definition.concurrency;
  }

  #addWaiting(run: Run): void {
    const runs = this.#waiting.get(run.slot);
    if (runs === undefined) this.#waiting.set(run.slot, new Set([run]));
    else runs.add(run);
    this.#promote(run.slot);
  }

  /** Moves the timer's first waiting run to the ready list if it may start now. */
  #promote(slot: number): void {
    const runs = this.#waiting.get(slot);
    if (runs === undefined) return;
    for (const run of runs) {
      if (run.state === "waiting") {
        if (this.#mayStart(run)) this.#ready.add(run);
        return;
      }
      runs.delete(run);
    }
    this.#waiting.delete(slot);
  }

  #release(timer: number, didStart: boolean): void {
    if (didStart) this.#startsProposed -= 1;
    const slot = this.#state.timers.resolve(timer);
    if (slot === undefined) return;
    this.#proposed.delete(slot);
    this.arm(slot);
  }

  #dropRetry(run: Run): void {
    const handle = this.#retryHandles.get(run.id);
    if (handle === undefined) return;
    this.#retryHandles.delete(run.id);
    this.#retries.remove(handle);
  }
}

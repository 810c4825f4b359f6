/** What users ask of timers, turned into records: schedule, pause, resume, cancel, trigger. */

import type { Outcome } from "../core/applied.ts";
import { encodeDefinition, type TimerDefinition } from "../core/definition.ts";
import { KronError } from "../core/errors.ts";
import { restartMs } from "../core/misfire.ts";
import { Status } from "../core/outcome.ts";
import { isEqualPayload } from "../core/payload-equal.ts";
import { Kind, type LogRecord } from "../core/record.ts";
import { isFixedDelay, nextOccurrence } from "../core/recurrence.ts";
import { formatRunId } from "../core/run.ts";
import { proposePassedBy } from "./accounting.ts";
import type { Engine } from "./engine.ts";

/** A timer as its user asked for it, read and checked. */
export interface Registration {
  readonly id: string;
  readonly definition: TimerDefinition;
  /** The definition's `definitionKey`. */
  readonly key: string;
  /** The instant of `at`; undefined for other schedules. */
  readonly atMs: number | undefined;
  readonly payload: unknown;
  /** The bytes of the payload. */
  readonly payloadBytes: number;
  /** When the user asked; `after` counts from it. */
  readonly askedAtMs: number;
}

/** What `schedule` did. `queued` means: kept in memory until `start`, which makes it durable. */
export interface ScheduleResult {
  readonly timerId: string;
  readonly action: "created" | "updated" | "unchanged" | "queued";
}

/** What `trigger` did: the run it made, and whether its first attempt began at once or waits its turn. */
export interface TriggerResult {
  readonly timerId: string;
  readonly runId: string;
  readonly state: "running" | "waiting";
}

/** What `pause`, `resume` and `cancel` did; `changed` is false when it was so already. */
export interface ChangeResult {
  readonly timerId: string;
  readonly changed: boolean;
}

interface ScheduleCall {
  readonly registration: Registration;
  readonly attach: (slot: number) => void;
  readonly resolve: (result: ScheduleResult) => void;
  readonly reject: (error: KronError | undefined) => void;
  /** How often another change got in between. */
  tries: number;
}

/** How often a change is tried again when another one got in between. */
const conflictsMax = 16;

/** About what the record of a registration takes; the key tells how much there is to a definition with a target. */
function weightOf({ key, payloadBytes }: Registration): number {
  return 256 + payloadBytes + (key.length > 256 ? 3 * key.length : 0);
}

/** For records that go with a change: when they are refused, so is the change, and its caller is told. */
const goesWithChange = (): void => undefined;

/** Changes to timers, each settled when it is durable. */
export class Commands {
  readonly #engine: Engine;
  readonly #runsWaitingMax: number;

  constructor(engine: Engine, runsWaitingMax: number) {
    this.#engine = engine;
    this.#runsWaitingMax = runsWaitingMax;
  }

  /**
   * Creates the timer, changes it, or leaves it as it is when its definition is the same. `attach` is called
   * with its slot before any of its runs can start.
   */
  schedule(registration: Registration, attach: (slot: number) => void): Promise<ScheduleResult> {
    return new Promise((resolve, reject) => this.#schedule({ registration, attach, resolve, reject, tries: 0 }));
  }

  #schedule(call: ScheduleCall): void {
    const { registration, attach, resolve, reject } = call;
    const { id } = registration;
    const slot = this.#timers.slotOf(id);
    const isNew = slot === undefined || this.#timers.status.get(slot) === Status.CANCELLED;
    if (!isNew && this.#isSame(slot, registration)) {
      attach(slot);
      this.#engine.noteCallback(slot);
      resolve({ timerId: id, action: "unchanged" });
      return;
    }
    const obstacle = call.tries < conflictsMax ? this.#engine.whyNoChange() : tooManyConflicts(id);
    if (obstacle !== undefined) {
      reject(obstacle);
      return;
    }
    const record = isNew ? this.#creation(registration) : this.#update(slot, registration);
    if (!isNew) this.#engine.scheduler.hold(slot);
    const settle = (outcome: Outcome | undefined, error: KronError | undefined): void => {
      if (!isNew) this.#engine.scheduler.release(slot);
      if (outcome === undefined) {
        // What became due in the meantime still is.
        if (!isNew) this.#engine.noteCallback(slot);
        reject(error);
      } else if (outcome.kind === "timer") {
        attach(outcome.slot);
        // The timer itself is looked at next in any case; runs that an earlier process left are not.
        if (this.#timers.liveRuns.get(outcome.slot) > 0) this.#engine.noteCallback(outcome.slot);
        resolve({ timerId: id, action: isNew ? "created" : "updated" });
      } else if (outcome.kind === "refused" && outcome.code === "KRON_TIMERS_FULL") {
        reject(refusal(id, outcome));
      } else {
        call.tries += 1;
        this.#schedule(call);
      }
    };
    this.#engine.ledger.propose(record, settle, weightOf(registration));
  }

  async pause(id: string): Promise<ChangeResult> {
    return this.#changeStatus(id, Kind.TIMER_PAUSED, Status.PAUSED);
  }

  async resume(id: string): Promise<ChangeResult> {
    return this.#changeStatus(id, Kind.TIMER_RESUMED, Status.ACTIVE);
  }

  /** Ends a timer for good. Runs that wait or retry are cancelled; one under way ends by itself unless `abort`. */
  async cancel(id: string, abort: boolean): Promise<ChangeResult> {
    for (let tries = 0; ; tries++) {
      const slot = this.#slotOf(id);
      if (this.#timers.status.get(slot) === Status.CANCELLED) return { timerId: id, changed: false };
      const reference = this.#timers.reference(slot);
      const outcome = await this.#proposeCancellation(slot, reference);
      if (outcome.kind === "timer") {
        if (abort) this.#abortRuns(reference);
        return { timerId: id, changed: true };
      }
      // Another occurrence became due, or another call was first, in the meantime.
      if (tries === conflictsMax) throw refusal(id, outcome);
    }
  }

  #proposeCancellation(slot: number, reference: number): Promise<Outcome> {
    this.#assertOpen();
    this.#proposePending(slot, "cancelled");
    const { ledger, data } = this.#engine;
    for (const run of data.runs.ofSlot(slot)) {
      if (run.state === "running") continue;
      ledger.propose([Kind.RUN_CANCELLED, run.id, "timer-cancelled", 0], goesWithChange);
    }
    return this.#propose([Kind.TIMER_CANCELLED, reference]);
  }

  #abortRuns(timer: number): void {
    const slot = this.#timers.resolve(timer);
    if (slot === undefined) return;
    for (const run of this.#engine.data.runs.ofSlot(slot)) this.#engine.abort(run, "timer-cancelled");
  }

  /** Makes a run now. It consumes no occurrence; overlap rules hold for it as for any other. */
  async trigger(id: string, payload: unknown, payloadBytes: number): Promise<TriggerResult> {
    for (let tries = 0; ; tries++) {
      const slot = this.#slotOf(id);
      this.#assertOpen();
      this.#refuseTrigger(id, slot);
      const startsNow = this.#engine.scheduler.mayStartNow(slot);
      if (startsNow) this.#engine.scheduler.noteStartProposed();
      else if (this.#definition(slot).overlap === "replace") this.#engine.scheduler.makeRoom(slot);
      const timer = this.#timers.reference(slot);
      const record: LogRecord = [Kind.RUN_TRIGGERED, timer, startsNow ? 1 : 0, payload ?? null];
      const outcome = await this.#propose(record, 64 + payloadBytes);
      if (outcome.kind === "run") {
        return { timerId: id, runId: formatRunId(outcome.id), state: startsNow ? "running" : "waiting" };
      }
      // Another run began in the meantime: this one may still wait for it.
      const mayWait = outcome.kind === "refused" && outcome.code === "KRON_CONFLICT" && tries < conflictsMax;
      if (!mayWait) throw refusal(id, outcome);
    }
  }

  #refuseTrigger(id: string, slot: number): void {
    const { data } = this.#engine;
    if (this.#definition(slot).overlap === "skip" && this.#timers.liveRuns.get(slot) > 0) {
      throw new KronError("KRON_TIMER_STATE", `A run of timer "${id}" is under way and its overlap policy is skip`);
    }
    if (data.runs.size - data.runningCount >= this.#runsWaitingMax) {
      throw new KronError("KRON_QUEUE_FULL", `${this.#runsWaitingMax} runs are waiting already`, {
        hint: "Raise queueMax or concurrency, or trigger less",
      });
    }
  }

  #creation(registration: Registration): LogRecord {
    const { anchorMs, nextAtMs } = this.#firstTimes(registration, 0);
    const definition = this.#definitionField(registration);
    return [Kind.TIMER_CREATED, registration.id, definition, anchorMs, nextAtMs, registration.payload ?? null];
  }

  #update(slot: number, registration: Registration): LogRecord {
    const timer = this.#timers.reference(slot);
    const definition = this.#definitionField(registration);
    const payload = registration.payload ?? null;
    if (this.#isSameSchedule(slot, registration)) return [Kind.TIMER_UPDATED, timer, definition, 0, -1, payload];
    this.#proposePending(slot, "updated");
    const { anchorMs, nextAtMs } = this.#firstTimes(registration, this.#timers.lastScheduledAtMs.get(slot));
    const waitsForFinish = isFixedDelay(registration.definition) && this.#hasScheduledRun(slot);
    return [Kind.TIMER_UPDATED, timer, definition, anchorMs, waitsForFinish ? 0 : nextAtMs, payload];
  }

  /** The shared definition's number when the state holds it, which is shorter, else the definition itself. */
  #definitionField({ key, definition }: Registration): unknown {
    const number = this.#engine.data.definitions.numberOf(key);
    return number === 0 ? encodeDefinition(definition) : number;
  }

  /** `lastMs`: where the wall clock was set back, occurrences up to this one have had their turn. */
  #firstTimes(registration: Registration, lastMs: number): { anchorMs: number; nextAtMs: number } {
    const { definition, askedAtMs, atMs, id } = registration;
    const { schedule } = definition;
    if (schedule.kind === "at") return { anchorMs: atMs ?? 0, nextAtMs: atMs ?? 0 };
    if (schedule.kind === "after") return { anchorMs: askedAtMs, nextAtMs: askedAtMs + schedule.afterMs };
    const anchorMs = this.#engine.clock.nowMs();
    const doneMs = Math.max(anchorMs, lastMs);
    const recurrence = this.#engine.recurrences.make(id, definition, anchorMs);
    return { anchorMs, nextAtMs: nextOccurrence(recurrence, doneMs) ?? restartMs(definition, doneMs) };
  }

  #isSame(slot: number, registration: Registration): boolean {
    const number = this.#timers.definition.get(slot);
    if (this.#engine.data.definitions.keyOf(number) !== registration.key) return false;
    if (registration.atMs !== undefined && registration.atMs !== this.#timers.anchorMs.get(slot)) return false;
    return isEqualPayload(this.#timers.payload(slot), registration.payload);
  }

  /** Whether due times stay as they are: the rule is the same, and so is the instant it counts from. */
  #isSameSchedule(slot: number, registration: Registration): boolean {
    const before = this.#definition(slot);
    const after = registration.definition;
    if (JSON.stringify(before.schedule) !== JSON.stringify(after.schedule)) return false;
    if (isFixedDelay(before) !== isFixedDelay(after)) return false;
    return registration.atMs === undefined || registration.atMs === this.#timers.anchorMs.get(slot);
  }

  /** Occurrences that are due and have not become runs are accounted for before their rule goes away. */
  #proposePending(slot: number, reason: "updated" | "cancelled"): void {
    // While its rule is about to change nobody can say what is due by then; if something is, the log refuses the
    // change that needs this account, and it is tried again.
    if (this.#engine.scheduler.isHeld(slot)) return;
    const firstMs = this.#timers.nextAtMs.get(slot);
    const nowMs = this.#engine.clock.nowMs();
    if (firstMs === 0 || firstMs > nowMs) return;
    const recurrence = this.#engine.recurrences.of(this.#engine.data, slot);
    proposePassedBy(this.#engine.ledger, slot, recurrence, { firstMs, untilMs: nowMs, nowMs }, reason);
  }

  #hasScheduledRun(slot: number): boolean {
    return this.#engine.data.runs.ofSlot(slot).some((run) => !run.isManual);
  }

  async #changeStatus(
    id: string,
    kind: typeof Kind.TIMER_PAUSED | typeof Kind.TIMER_RESUMED,
    goal: number,
  ): Promise<ChangeResult> {
    const slot = this.#slotOf(id);
    const status = this.#timers.status.get(slot);
    if (status === goal) return { timerId: id, changed: false };
    this.#assertOpen();
    const outcome = await this.#propose([kind, this.#timers.reference(slot)]);
    if (outcome.kind === "timer") return { timerId: id, changed: true };
    // Another call may have done the same in the meantime, which is as good.
    if (this.#timers.status.get(slot) === goal) return { timerId: id, changed: false };
    throw refusal(id, outcome);
  }

  /** Throws when no change can be taken; to be called before anything is proposed or reserved for one. */
  #assertOpen(): void {
    const obstacle = this.#engine.whyNoChange();
    if (obstacle !== undefined) throw obstacle;
  }

  #propose(record: LogRecord, weight?: number): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome | undefined, error: KronError | undefined): void => {
        if (outcome === undefined) reject(error);
        else resolve(outcome);
      };
      this.#engine.ledger.propose(record, settle, weight);
    });
  }

  #slotOf(id: string): number {
    const slot = this.#timers.slotOf(id);
    if (slot !== undefined) return slot;
    throw new KronError("KRON_TIMER_NOT_FOUND", `Timer "${id}" is not known`, {
      hint: "schedule() it first, or look at list() for the ids there are",
    });
  }

  #definition(slot: number): TimerDefinition {
    return this.#engine.data.definitions.get(this.#timers.definition.get(slot));
  }

  get #timers() {
    return this.#engine.data.timers;
  }
}

function tooManyConflicts(id: string): KronError {
  return new KronError("KRON_CONFLICT", `Timer "${id}" was changed by others each time it was to be scheduled`);
}

function refusal(id: string, outcome: Outcome): KronError {
  if (outcome.kind !== "refused") return new KronError("KRON_CONFLICT", `Timer "${id}" was not changed`);
  return new KronError(outcome.code, `Timer "${id}" was not changed: ${outcome.reason}`);
}

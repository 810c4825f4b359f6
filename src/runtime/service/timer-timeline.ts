/**
 * `timer.timeline`: how many occurrences are due in each of `buckets` equal parts of the next `horizonMs`, and the seconds
 * in which most timers are due at once. The answer: `{ fromMs, bucketMs, counts, overdue, peaks, walkMs }`.
 *
 * It is a forecast: fixed delays are taken to go on as they did last, and a timer is followed through at most
 * `occurrencesMax` of its occurrences one by one. Crons of one definition that are due next at the same time share their
 * occurrences.
 */

import { jitterMs, nextOccurrence } from "../../core/recurrence.ts";
import type { IpcMethod } from "../../ipc/methods.ts";
import { stateOf } from "../../supervisor/views.ts";
import { readCountOr, readParams } from "./params.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { Slices } from "./slices.ts";

/** A second in which several timers are due. */
export interface Peak {
  readonly atMs: number;
  readonly count: number;
  /** Some of them. */
  readonly ids: readonly string[];
}

/** The answer. */
export interface Timeline {
  readonly fromMs: number;
  readonly bucketMs: number;
  readonly counts: readonly number[];
  /** Timers that were due before `fromMs` and have not run. */
  readonly overdue: number;
  readonly peaks: readonly Peak[];
  readonly walkMs: number;
}

const horizonMsMin = 1_000;
const horizonMsMax = 7 * 86_400_000;
const bucketsMax = 500;
const occurrencesMax = 2_000;
/** Of each timer, so many occurrences may make a peak. */
const peakOccurrencesMax = 100;
const peaksMax = 20;
const peakIdsMax = 3;
const sharedMax = 10_000;

/** Makes the method. */
export function timerTimelineMethod(runtime: ServedRuntime): IpcMethod {
  return {
    kind: "unary",
    call(params, { signal }) {
      const { horizonMs, buckets } = readParams(params, "horizonMs", "buckets");
      const horizon = readCountOr(horizonMs, "horizonMs", horizonMsMin, horizonMsMax, 3_600_000);
      return new Forecast(runtime, horizon, readCountOr(buckets, "buckets", 1, bucketsMax, 60)).make(signal);
    },
  };
}

class Forecast {
  readonly #runtime: ServedRuntime;
  readonly #fromMs: number;
  readonly #untilMs: number;
  readonly #bucketMs: number;
  readonly #counts: number[];
  readonly #seconds = new Map<number, { count: number; readonly slots: number[] }>();
  /** Occurrences of crons, by definition and the next of them. */
  readonly #shared = new Map<string, readonly number[]>();
  #overdue = 0;

  constructor(runtime: ServedRuntime, horizonMs: number, buckets: number) {
    this.#runtime = runtime;
    this.#fromMs = runtime.engine.clock.nowMs();
    this.#untilMs = this.#fromMs + horizonMs;
    this.#bucketMs = horizonMs / buckets;
    this.#counts = Array.from({ length: buckets }, () => 0);
  }

  async make(signal: AbortSignal): Promise<Timeline> {
    const { engine, realClock } = this.#runtime;
    const { timers } = engine.data;
    const slices = new Slices(realClock);
    let walkMs = 0;
    let fromMs = realClock.monotonicMs();
    for (let slot = 0; slot < timers.slotCount; slot++) {
      if (timers.has(slot)) this.#add(slot);
      if (slot % 16 !== 0 || !slices.isOver) continue;
      walkMs += realClock.monotonicMs() - fromMs;
      await slices.next();
      if (signal.aborted) throw signal.reason;
      fromMs = realClock.monotonicMs();
    }
    const peaks = this.#peaks();
    walkMs += realClock.monotonicMs() - fromMs;
    const { bucketMs, counts, overdue } = { bucketMs: this.#bucketMs, counts: this.#counts, overdue: this.#overdue };
    return { fromMs: this.#fromMs, bucketMs, counts, overdue, peaks, walkMs };
  }

  #add(slot: number): void {
    const { data } = this.#runtime.engine;
    const { timers } = data;
    const nextAtMs = timers.nextAtMs.get(slot);
    if (nextAtMs === 0 || stateOf(data, slot, this.#runtime.isOrphaned(slot)) === "paused") return;
    const definition = data.definitions.get(timers.definition.get(slot));
    const { schedule, overlap } = definition;
    const jitter = definition.jitterMs === 0 ? 0 : jitterMs(definition, timers.idOf(slot) ?? "", nextAtMs);
    const firstMs = nextAtMs + jitter;
    if (firstMs < this.#fromMs) this.#overdue += 1;
    if (firstMs >= this.#untilMs) return;
    if (schedule.kind === "cron") {
      for (const [i, atMs] of this.#cronTimes(slot, nextAtMs).entries()) this.#note(slot, atMs + jitter, i);
      return;
    }
    if (schedule.kind !== "every") {
      this.#note(slot, firstMs, 0);
      return;
    }
    const tookMs = overlap === "delay" ? timers.lastTookUs.get(slot) / 1_000 : 0;
    this.#addEvery(slot, Math.max(firstMs, this.#fromMs), schedule.everyMs + tookMs);
  }

  /** Many a bucket are reckoned, few are followed one by one. */
  #addEvery(slot: number, firstMs: number, everyMs: number): void {
    if (everyMs * 2 >= this.#bucketMs) {
      for (let i = 0, atMs = firstMs; atMs < this.#untilMs && i < occurrencesMax; i++, atMs += everyMs) {
        this.#note(slot, atMs, i);
      }
      return;
    }
    let passed = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      const endMs = this.#fromMs + (at + 1) * this.#bucketMs;
      const until = endMs <= firstMs ? 0 : Math.ceil((endMs - firstMs) / everyMs);
      this.#counts[at] = (this.#counts[at] ?? 0) + until - passed;
      passed = until;
    }
  }

  #cronTimes(slot: number, nextAtMs: number): readonly number[] {
    const { data, recurrences } = this.#runtime.engine;
    const key = `${data.timers.definition.get(slot)} ${nextAtMs}`;
    const shared = this.#shared.get(key);
    if (shared !== undefined) return shared;
    const recurrence = recurrences.of(data, slot);
    const times: number[] = [];
    let atMs: number | undefined = nextAtMs;
    while (atMs !== undefined && atMs < this.#untilMs && times.length < occurrencesMax) {
      times.push(atMs);
      atMs = nextOccurrence(recurrence, atMs);
    }
    if (this.#shared.size < sharedMax) this.#shared.set(key, times);
    return times;
  }

  #note(slot: number, dueMs: number, occurrence: number): void {
    const atMs = Math.max(dueMs, this.#fromMs);
    if (atMs >= this.#untilMs) return;
    const at = Math.min(this.#counts.length - 1, Math.floor((atMs - this.#fromMs) / this.#bucketMs));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    if (occurrence >= peakOccurrencesMax) return;
    const second = Math.floor(atMs / 1_000);
    const held = this.#seconds.get(second);
    if (held === undefined) this.#seconds.set(second, { count: 1, slots: [slot] });
    else {
      held.count += 1;
      if (held.slots.length < peakIdsMax) held.slots.push(slot);
    }
  }

  /** The seconds with most, in the order of time. */
  #peaks(): Peak[] {
    const { timers } = this.#runtime.engine.data;
    const largest = [...this.#seconds].filter(([, { count }]) => count > 1);
    largest.sort(([a, one], [b, other]) => other.count - one.count || a - b);
    return largest
      .slice(0, peaksMax)
      .sort(([a], [b]) => a - b)
      .map(([second, { count, slots }]) => ({
        atMs: second * 1_000,
        count,
        ids: slots.flatMap((slot) => timers.idOf(slot) ?? []),
      }));
  }
}

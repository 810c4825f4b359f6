/**
 * The occurrences of one timer: the times that its schedule has, and what was said to have become of each.
 *
 * The model knows no more of a schedule than a step between two due times. It is told when the timer got which
 * rule, and once all is over it goes through each stretch of time under one rule: the due times that were
 * accounted for must follow one another step by step, from the first after the rule began up to the one that
 * is next, or up to the change of the rule.
 */

import type { Rule } from "./facts.ts";

/** Due times that were accounted for. */
interface Accounted {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  /** The log's time of the account, by which it belongs to a rule. */
  readonly dueMs: number;
  /** The run, or what became of them instead. */
  readonly what: string;
}

/** A time under one rule. */
export interface Stretch {
  /** Undefined: none, or not known, or not yet. */
  rule: Rule | undefined;
  /** The log's time of the change; undefined when it was not told. */
  readonly fromMs: number | undefined;
}

/** Occurrences of one timer. */
export class Occurrences {
  readonly #stretches: Stretch[] = [];
  readonly #accounted = new Map<string, Accounted>();
  /** Runs by their due time, since the rule last changed. */
  readonly #runAt = new Map<number, string>();
  /** Stretches that were checked from end to end. */
  checked = 0;

  /** The timer has another rule from now on, or none. */
  begin(rule: Rule | undefined, fromMs: number | undefined): Stretch {
    const stretch: Stretch = { rule, fromMs };
    this.#stretches.push(stretch);
    this.#runAt.clear();
    return stretch;
  }

  /** The stretch before one. */
  before(stretch: Stretch): Stretch | undefined {
    return this.#stretches[this.#stretches.indexOf(stretch) - 1];
  }

  /** Takes back a `begin`: nothing changed with it. */
  merge(stretch: Stretch): void {
    this.#stretches.splice(this.#stretches.indexOf(stretch), 1);
  }

  /** A run was made of the occurrence. Returns a problem, or undefined. */
  ran(scheduledMs: number, dueMs: number, runId: string): string | undefined {
    if (this.#accounted.has(runId)) return undefined;
    this.#accounted.set(runId, { firstMs: scheduledMs, lastMs: scheduledMs, count: 1, dueMs, what: runId });
    const other = this.#runAt.get(scheduledMs);
    this.#runAt.set(scheduledMs, runId);
    return other === undefined ? undefined : `the occurrence ${scheduledMs} became ${other} and ${runId}`;
  }

  /** Occurrences were missed or skipped. */
  passed(outcome: string, firstMs: number, lastMs: number, count: number, dueMs: number): void {
    const what = `${outcome} ${firstMs} at ${dueMs}`;
    this.#accounted.set(what, { firstMs, lastMs, count, dueMs, what });
  }

  /** What does not add up. `nextMs`: when the timer is due next, undefined when it is not or that is not known. */
  *check(nextMs: number | undefined): Generator<string> {
    const all = [...this.#accounted.values()].sort((one, other) => one.firstMs - other.firstMs);
    // What was accounted for in the millisecond of a change belongs to the rule before it, if it fits there.
    let left: readonly Accounted[] = [];
    for (let i = 0; i < this.#stretches.length; i++) {
      const { rule, fromMs } = this.#stretches[i] as Stretch;
      const next = this.#stretches[i + 1];
      const before = left;
      left = [];
      if (rule === undefined || fromMs === undefined || (next !== undefined && next.fromMs === undefined)) continue;
      const toMs = next?.fromMs ?? Number.POSITIVE_INFINITY;
      this.checked += 1;
      if (rule.kind === "grid") {
        const within = all.filter((one) => before.includes(one) || (one.dueMs > fromMs && one.dueMs <= toMs));
        left = yield* checkGrid(rule, fromMs, next, within, nextMs);
      }
      const hasHad = all.some(({ dueMs }) => dueMs >= fromMs);
      if (rule.kind === "once" && next === undefined && nextMs === undefined && !hasHad) {
        yield `its only occurrence (${rule.key}) is neither accounted for nor to come`;
      }
    }
  }
}

type Grid = Extract<Rule, { kind: "grid" }>;

/** Returns what does not fit and may belong to the next stretch. */
function* checkGrid(
  { stepMs, isAligned, key }: Grid,
  fromMs: number,
  next: Stretch | undefined,
  within: readonly Accounted[],
  nextMs: number | undefined,
): Generator<string, Accounted[]> {
  const toMs = next?.fromMs ?? Number.POSITIVE_INFINITY;
  const firstMsMax = isAligned ? (Math.floor(fromMs / stepMs) + 1) * stepMs : fromMs + stepMs;
  let expectedMs: number | undefined;
  const left: Accounted[] = [];
  for (const one of within) {
    const { firstMs, lastMs, count, dueMs, what } = one;
    if (dueMs === toMs) {
      const isInstant = next?.rule?.key === `at ${firstMs}`;
      const fits = expectedMs === undefined ? !isInstant && firstMs <= firstMsMax : firstMs === expectedMs;
      if (!fits) {
        left.push(one);
        continue;
      }
    }
    if (lastMs !== firstMs + (count - 1) * stepMs) yield `${what}: ${count} occurrences up to ${lastMs} of ${key}`;
    if (isAligned && firstMs % stepMs !== 0) yield `${what}: ${firstMs} is no due time of ${key}`;
    if (expectedMs === undefined ? firstMs > firstMsMax : firstMs > expectedMs) {
      yield `${expectedMs ?? firstMsMax} has no outcome under ${key}, the next that has is ${firstMs} (${what})`;
    }
    if (expectedMs !== undefined && firstMs < expectedMs) {
      yield `${what}: ${firstMs} has an outcome already under ${key}, ${expectedMs} was to come`;
    }
    expectedMs = lastMs + stepMs;
  }
  if (toMs !== Number.POSITIVE_INFINITY) {
    if ((expectedMs ?? firstMsMax) <= toMs) yield `${expectedMs ?? firstMsMax} has no outcome, ${key} ended at ${toMs}`;
  } else if (nextMs !== undefined) {
    if (expectedMs === undefined ? nextMs > firstMsMax : nextMs !== expectedMs) {
      yield `${expectedMs ?? firstMsMax} of ${key} has no outcome and is not to come, the next is ${nextMs}`;
    }
  }
  return left;
}

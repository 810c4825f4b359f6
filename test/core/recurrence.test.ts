import fc from "fast-check";
import * as assert from "uvu/assert";
import { compileCron } from "../../src/core/cron.ts";
import { defaultMisfire, type MisfirePolicy, type TimerDefinition } from "../../src/core/definition.ts";
import { lateGraceMs, type MisfirePlan, passedUntil, planMisfires, restartMs } from "../../src/core/misfire.ts";
import {
  countOccurrences,
  isFixedDelay,
  jitterMs,
  nextOccurrence,
  previousOccurrence,
  type Recurrence,
} from "../../src/core/recurrence.ts";
import { Zones } from "../../src/core/zone.ts";
import { cronOf, definitionOf, onceOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("recurrence");
const dayMs = 86_400_000;
// 2020-03-01T00:00Z; the zone below springs ahead four days later and falls back four days after that.
const baseMs = 1_583_020_800_000;
const zones = new Zones({
  canonicalName: (zone) => zone,
  offsetMs: (zone, atMs) =>
    zone === "Saving" && atMs >= baseMs + 4 * dayMs + 5_400_000 && atMs < baseMs + 8 * dayMs ? 3_600_000 : 0,
});
const expressions = [
  "* * * * *",
  "*/7 * * * *",
  "30 1 * * *",
  "*/20 */5 * * * *",
  "0 12 * * MON",
  "15 0 12 5 3 ? 2020",
  "0 0 */6 5-7 3 ? 2020",
];

function every(everyMs: number, anchorMs: number, parts: Partial<TimerDefinition> = {}): Recurrence {
  const schedule = { kind: "every", everyMs } as const;
  return { definition: definitionOf({ schedule, ...parts }), anchorMs, cron: undefined };
}

function cron(expression: string, zone: string, misfire: MisfirePolicy = defaultMisfire): Recurrence {
  return {
    definition: cronOf(expression, { misfire }),
    anchorMs: baseMs,
    cron: compileCron(expression, { zone: zones.get(zone) }),
  };
}

/** The first occurrence and those after it up to `untilMs` and one beyond, by the rule's plainest reading. */
function listed(recurrence: Recurrence, firstMs: number, untilMs: number): number[] {
  const { definition, anchorMs } = recurrence;
  const times = [firstMs];
  if (recurrence.cron !== undefined) {
    for (let at = firstMs; at <= untilMs; ) {
      const next = recurrence.cron.next(at);
      if (next === undefined) break;
      times.push(next);
      at = next;
    }
  } else if (definition.schedule.kind === "every" && !isFixedDelay(definition)) {
    const { everyMs } = definition.schedule;
    let at = anchorMs + everyMs;
    for (; at <= untilMs; at += everyMs) if (at > firstMs) times.push(at);
    for (; at <= firstMs; at += everyMs);
    times.push(at);
  }
  return times;
}

/** The policy as its description says it, over a list of all occurrences. */
function expectedPlan(recurrence: Recurrence, firstMs: number, nowMs: number): MisfirePlan {
  const { mode, withinMs, max } = recurrence.definition.misfire;
  const oldestMs = nowMs - (mode === "skip" ? lateGraceMs : withinMs);
  const all = listed(recurrence, firstMs, nowMs);
  const due = all.filter((at) => at <= nowMs);
  const young = due.filter((at) => at >= oldestMs);
  const runAtMs = mode === "all" ? young.slice(-max)[0] : young.at(-1);
  const missed = due.filter((at) => runAtMs === undefined || at < runAtMs);
  const handledMs = runAtMs ?? (due.at(-1) as number);
  return {
    missed:
      missed.length === 0
        ? undefined
        : { firstAtMs: missed[0] as number, lastAtMs: missed.at(-1) as number, count: missed.length },
    runAtMs,
    nextAtMs: all.find((at) => at > handledMs) ?? 0,
  };
}

const misfireOf: fc.Arbitrary<MisfirePolicy> = fc.record({
  mode: fc.constantFrom("skip" as const, "once" as const, "all" as const),
  withinMs: fc.constantFrom(0, 1, 50, 60_000, 3_600_000, dayMs),
  max: fc.constantFrom(1, 2, 3, 10, 1_000),
});

test("an interval is due at whole periods after its anchor, never at the anchor itself", () => {
  const recurrence = every(1_000, 500);
  assert.is(nextOccurrence(recurrence, 0), 1_500);
  assert.is(nextOccurrence(recurrence, 500), 1_500);
  assert.is(nextOccurrence(recurrence, 1_499), 1_500);
  assert.is(nextOccurrence(recurrence, 1_500), 2_500);
  assert.is(previousOccurrence(recurrence, 3_500, 1_500), 2_500);
  assert.is(previousOccurrence(recurrence, 3_501, 1_500), 3_500);
  assert.is(previousOccurrence(recurrence, 1_501, 1_500), 1_500);
  assert.is(countOccurrences(recurrence, 1_500, 3_500), 3);
});

test("an occurrence that is off the pace of its interval still counts as one", () => {
  const recurrence = every(1_000, 0);
  assert.is(countOccurrences(recurrence, 900, 1_000), 2);
  assert.is(countOccurrences(recurrence, 100, 1_000), 2);
  assert.is(countOccurrences(recurrence, 100, 2_000), 3);
  assert.is(countOccurrences(recurrence, 100, 100), 1);
  assert.is(countOccurrences(every(1_000, 5_000), 4_900, 6_000), 2);
});

test("a fixed delay, and a timer due once, have no occurrence beside the pending one", () => {
  const delay = every(1_000, 0, { overlap: "delay" });
  const once: Recurrence = { definition: onceOf(), anchorMs: 0, cron: undefined };
  for (const recurrence of [delay, once]) {
    assert.is(nextOccurrence(recurrence, 5_000), undefined);
    assert.is(previousOccurrence(recurrence, 90_000, 5_300), 5_300);
    assert.equal(passedUntil(recurrence, 5_300, 90_000), { firstAtMs: 5_300, lastAtMs: 5_300, count: 1 });
  }
});

test("restartMs() is one period from now for a fixed delay, and 0 for any other rule", () => {
  assert.is(restartMs(every(1_000, 0, { overlap: "delay" }).definition, 5_000), 6_000);
  assert.is(restartMs(every(1_000, 0).definition, 5_000), 0);
  assert.is(restartMs(onceOf(), 5_000), 0);
  assert.is(restartMs(cronOf("* * * * *"), 5_000), 0);
});

test("a cron rule asks its expression, and knows when it has come to its end", () => {
  const recurrence = cron("15 0 12 5 3 ? 2020", "UTC");
  const onlyMs = baseMs + 4 * dayMs + 43_215_000;
  assert.is(nextOccurrence(recurrence, baseMs), onlyMs);
  assert.is(nextOccurrence(recurrence, onlyMs), undefined);
  assert.is(previousOccurrence(recurrence, onlyMs + 1, onlyMs), onlyMs);
  // No occurrence before: what the timer holds as its first is all there is.
  assert.is(previousOccurrence(recurrence, onlyMs, 77), 77);
  assert.is(countOccurrences(recurrence, onlyMs, onlyMs), 1);
});

test("occurrences of an interval agree with a list of them, whatever anchor and period", () => {
  fc.assert(
    fc.property(
      fc.nat(500),
      fc.integer({ min: 1, max: 90 }),
      fc.nat(800),
      fc.nat(2_000),
      (anchorMs, everyMs, first, span) => {
        const recurrence = every(everyMs, anchorMs);
        const times = listed(recurrence, first, first + span);
        const passed = times.filter((at) => at <= first + span);
        assert.is(nextOccurrence(recurrence, first), times[1]);
        assert.is(previousOccurrence(recurrence, first + span + 1, first), passed.at(-1));
        assert.is(countOccurrences(recurrence, first, passed.at(-1) as number), passed.length);
        assert.equal(passedUntil(recurrence, first, first + span).count, passed.length);
      },
    ),
    { numRuns: 2_000, includeErrorInReport: true },
  );
});

test("misfires of an interval are planned as the policy says", () => {
  fc.assert(
    fc.property(
      misfireOf,
      fc.nat(200_000),
      fc.constantFrom(10, 999, 7_000, 60_000),
      fc.nat(200_000),
      fc.nat(300_000),
      fc.constantFrom("skip" as const, "delay" as const),
      (misfire, anchorMs, everyMs, first, late, overlap) => {
        const recurrence = every(everyMs, anchorMs, { misfire, overlap });
        assert.equal(planMisfires(recurrence, first, first + late), expectedPlan(recurrence, first, first + late));
      },
    ),
    { numRuns: 1_000, includeErrorInReport: true },
  );
});

test("misfires of cron rules are planned as the policy says, also across changes of the clock", () => {
  fc.assert(
    fc.property(
      misfireOf,
      fc.constantFrom(...expressions),
      fc.constantFrom("UTC", "Saving"),
      fc.nat(10 * 86_400),
      fc.oneof(fc.nat(5_000), fc.nat(2 * 86_400)),
      (misfire, expression, zone, startSeconds, lateSeconds) => {
        const recurrence = cron(expression, zone, misfire);
        const first = recurrence.cron?.next(baseMs + startSeconds * 1_000);
        fc.pre(first !== undefined);
        const nowMs = first + lateSeconds * 1_000;
        assert.equal(planMisfires(recurrence, first, nowMs), expectedPlan(recurrence, first, nowMs));
        const due = listed(recurrence, first, nowMs).filter((at) => at <= nowMs);
        assert.equal(passedUntil(recurrence, first, nowMs), {
          firstAtMs: first,
          lastAtMs: due.at(-1),
          count: due.length,
        });
      },
    ),
    { numRuns: 500, includeErrorInReport: true },
  );
});

test("a long backlog under `all` is planned without walking it again for every run", () => {
  const misfire = { mode: "all", withinMs: 365 * dayMs, max: 1_000 } as const;
  const recurrence = cron("* * * * * *", "UTC", misfire);
  const cronRule = recurrence.cron;
  if (cronRule === undefined) throw new Error("there is a cron rule");
  let asked = 0;
  const counting: Recurrence = {
    ...recurrence,
    cron: {
      ...cronRule,
      next: (afterMs: number) => {
        asked += 1;
        return cronRule.next(afterMs);
      },
      prev: (beforeMs: number) => {
        asked += 1;
        return cronRule.prev(beforeMs);
      },
      count: (afterMs: number, untilMs: number) => cronRule.count(afterMs, untilMs),
    },
  };
  const nowMs = baseMs + 100_000_000;
  let plan = planMisfires(counting, baseMs, nowMs);
  assert.is(plan.runAtMs, nowMs - 999_000);
  assert.ok(asked <= 1_010, `${asked}`);
  asked = 0;
  for (let runs = 0; runs < 999; runs++) plan = planMisfires(counting, plan.nextAtMs, nowMs);
  assert.is(plan.runAtMs, nowMs);
  assert.ok(asked <= 6 * 999, `${asked}`);
});

test("jitter is stable per timer, or drawn per occurrence, and within its bound", () => {
  assert.is(jitterMs(definitionOf(), "a", 1_000), 0);
  const stable = definitionOf({ jitterMs: 500 });
  assert.is(jitterMs(stable, "a", 1_000), jitterMs(stable, "a", 2_000));
  const random = definitionOf({ jitterMs: 500, jitterMode: "random" });
  const drawn = Array.from({ length: 200 }, (_, i) => jitterMs(random, "a", i));
  assert.ok(new Set(drawn).size > 100);
  assert.ok(drawn.every((ms) => ms >= 0 && ms <= 500));
  assert.is(jitterMs(random, "a", 7), jitterMs(random, "a", 7));
});

test.run();

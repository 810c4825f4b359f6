import fc from "fast-check";
import * as assert from "uvu/assert";
import { LogAudit } from "../../src/core/audit.ts";
import { Findings, findingsKept } from "../../src/core/audit-findings.ts";
import { RunAudit } from "../../src/core/audit-runs.ts";
import { type RecurrenceOf, TimerAudit } from "../../src/core/audit-timers.ts";
import { Crons } from "../../src/core/crons.ts";
import { encodeDefinition, type TimerDefinition } from "../../src/core/definition.ts";
import { KronError } from "../../src/core/errors.ts";
import { Kind, type LogRecord } from "../../src/core/record.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import { defaultRetry } from "../../src/core/retry.ts";
import type { Run } from "../../src/core/run.ts";
import { State, type StateLimits } from "../../src/core/state.ts";
import { Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { Draw, RandomRecords } from "../support/random-records.ts";
import { boom, cronOf, definitionOf, onceOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("audit");

const zones = new Zones(intlOffsetSource());
const crons = new Crons();
const recurrenceOf: RecurrenceOf = (_id, definition, anchorMs) => {
  const { schedule } = definition;
  if (schedule.kind !== "cron") return { definition, anchorMs, cron: undefined };
  return { definition, anchorMs, cron: crons.get(schedule.expression, { zone: zones.get(schedule.zone) }) };
};
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A log that is audited as it is written. */
class Lab {
  readonly state: State;
  readonly audit: LogAudit;
  atMs = 0;

  constructor(rules: RecurrenceOf = recurrenceOf, limits?: StateLimits) {
    this.state = new State(limits);
    this.audit = new LogAudit(this.state, rules);
  }

  entry(...records: LogRecord[]): this {
    this.audit.take(this.state.appliedIndex + 1, 0, [this.atMs, ...records]);
    return this;
  }

  create(id: string, definition: TimerDefinition, nextAtMs: number, anchorMs = 0): this {
    return this.entry([Kind.TIMER_CREATED, id, encodeDefinition(definition), anchorMs, nextAtMs, null]);
  }

  /** The codes of all problems once the log has ended; notes in brackets. */
  codes(): string[] {
    this.audit.finish();
    const { problems, notes } = this.audit.findings;
    return [...problems.map(({ code }) => code), ...notes.map(({ code }) => `(${code})`)];
  }
}

const everyMinute = cronOf("* * * * *");
const fixedDelay = definitionOf({ overlap: "delay" });
const zoned = (expression: string): TimerDefinition =>
  cronOf(expression, { schedule: { kind: "cron", expression, zone: "Europe/Riga", dst: "vixie", dayMatch: "or" } });

test("an orderly log has no findings and is counted", () => {
  const lab = new Lab().create("cron", everyMinute, minuteMs).create("rate", definitionOf(), 1_000);
  lab.entry([Kind.RUNTIME_STARTED, "a"]);
  lab.atMs = minuteMs;
  lab.entry([Kind.RUN_DUE, 0, minuteMs, 2 * minuteMs, 0, 1]);
  lab.entry([Kind.RUN_FAILED, 4, 4, 10, 9, 0, boom], [Kind.RUN_STARTED, 4, 2]);
  lab.entry([Kind.RUN_TIMED_OUT, 4, 6, 10, 9, 0, boom], [Kind.RUN_STARTED, 4, 3]);
  lab.entry([Kind.RUN_LOST, 4, 8, 10, 0, 0, boom]);
  lab.entry([Kind.RUN_MISSED, 1, 1_000, 4_000, 4, 5_000, "late"]);
  lab.entry([Kind.RUN_SKIPPED_OVERLAP, 1, 5_000, 6_000, 2, 7_000]);
  lab.entry([Kind.RUN_TRIGGERED, 1, 1, null], [Kind.RUN_SUCCEEDED, 12, 12, 10, 0, null, null]);
  lab.entry([Kind.RUN_TRIGGERED, 1, 0, null], [Kind.RUN_CANCELLED, 14, "requested", 0]);
  lab.entry([Kind.RUN_CANCELLED, 14, "requested", 0], [Kind.CLOCK_STEPPED, 5], [Kind.RUNTIME_STARTED, "b"]);
  assert.equal(lab.codes(), []);
  const { runs, timers, refused, records, startCount, crashCount } = lab.audit;
  assert.equal(runs.tally, {
    ...{ scheduled: 1, manual: 2, attempts: 4, succeeded: 1, dead: 1, cancelled: 1 },
    ...{ failed: 1, timedOut: 1, lost: 1 },
  });
  assert.equal(timers.tally, { ran: 1, missed: 4, skipped: 2 });
  assert.equal([...refused], [["RUN_CANCELLED", 1]]);
  assert.is(records.get("RUN_TRIGGERED"), 2);
  assert.equal([startCount, crashCount], [2, 1]);
});

test("an occurrence that was left out, or is not one, is a problem", () => {
  const left = new Lab().create("a", everyMinute, minuteMs).entry([Kind.RUN_DUE, 0, minuteMs, 3 * minuteMs, 0, 0]);
  assert.equal(left.codes(), ["occurrence-left-out"]);
  assert.equal(left.audit.findings.problems[0], {
    code: "occurrence-left-out",
    index: 2,
    timerId: "a",
    message: "Expected 1970-01-01T00:02:00.000Z to follow by the schedule, the record says 1970-01-01T00:03:00.000Z",
  });
  const ended = new Lab().create("a", everyMinute, minuteMs).entry([Kind.RUN_DUE, 0, minuteMs, 0, 0, 0]);
  assert.equal(ended.codes(), ["occurrence-left-out"]);
  const extra = new Lab().create("a", everyMinute, minuteMs).entry([Kind.RUN_DUE, 0, minuteMs, minuteMs + 1, 0, 0]);
  assert.equal(extra.codes(), ["occurrence-off-rule"]);
  const beyond = new Lab().create("a", cronOf("0 0 1 1 * 2"), 0).entry();
  assert.equal(beyond.codes(), ["occurrence-left-out", "timer-stuck"]);
});

test("the first occurrence of each kind of schedule is checked", () => {
  const after = definitionOf({ schedule: { kind: "after", afterMs: 500 } });
  const good = new Lab().create("at", onceOf(), 7, 7).create("after", after, 507, 7).create("delay", fixedDelay, 1_000);
  good.create("rate", definitionOf(), 1_007, 7).create("boot", cronOf("@reboot"), 0);
  assert.equal(good.codes(), []);
  const bad = new Lab().create("at", onceOf(), 8, 7).create("after", after, 506, 7).create("delay", fixedDelay, 999);
  bad.create("rate", definitionOf(), 2_007, 7).create("boot", cronOf("@reboot"), 5);
  assert.equal(bad.codes(), [
    "occurrence-left-out",
    "occurrence-off-rule",
    "occurrence-off-rule",
    "occurrence-left-out",
    "occurrence-off-rule",
  ]);
});

test("a count of occurrences is compared with the schedule's", () => {
  const lab = new Lab().create("a", everyMinute, minuteMs);
  lab.entry([Kind.RUN_MISSED, 0, minuteMs, 3 * minuteMs, 2, 4 * minuteMs, "late"]);
  assert.equal(lab.codes(), ["wrong-count"]);
});

test("changes that drop a due occurrence are a problem, changes in the same breath are not", () => {
  const updated: LogRecord = [Kind.TIMER_UPDATED, 0, 1, 5 * minuteMs, 6 * minuteMs, null];
  const { lab, findings, timers } = beside();
  const created: LogRecord = [Kind.TIMER_CREATED, "a", everyMinute, 0, 2 * minuteMs, null];
  const onTimer = { kind: "timer", slot: lab.slot("a") } as const;
  const changes: LogRecord[] = [updated, [Kind.TIMER_CANCELLED, 0]];
  for (const change of changes) {
    for (const atMs of [2 * minuteMs, 2 * minuteMs - 1]) {
      timers.take(1, 0, created, onTimer);
      timers.take(2, atMs, change, onTimer);
    }
  }
  assert.equal(codesOf(findings), ["occurrence-dropped", "occurrence-dropped"]);
  const accounted = new Lab().create("a", everyMinute, minuteMs);
  accounted.atMs = 5 * minuteMs;
  accounted.entry([Kind.RUN_MISSED, 0, minuteMs, 5 * minuteMs, 5, 6 * minuteMs, "updated"], updated);
  assert.equal(accounted.codes(), []);
  const kept = new Lab().create("a", everyMinute, minuteMs);
  kept.atMs = 5 * minuteMs;
  assert.equal(kept.entry([Kind.TIMER_UPDATED, 0, 1, 0, -1, "payload"]).codes(), []);
  const twice = new Lab().create("a", everyMinute, minuteMs).entry([Kind.TIMER_CANCELLED, 0]);
  assert.equal(twice.create("a", everyMinute, minuteMs).codes(), []);
});

test("a fixed delay counts from the finish, also when a start of the runtime or an update waits for it", () => {
  const lab = new Lab().create("a", fixedDelay, 1_000);
  lab.atMs = 1_000;
  lab.entry([Kind.RUN_DUE, 0, 1_000, 0, 0, 1]).entry([Kind.RUN_SUCCEEDED, 2, 2, 5, 2_500, null, null]);
  lab.entry([Kind.RUN_DUE, 0, 2_500, 0, 0, 1]).entry([Kind.TIMER_UPDATED, 0, 1, 0, 0, null]);
  lab.entry([Kind.RUN_SUCCEEDED, 4, 4, 5, 4_000, null, null]);
  lab.entry([Kind.RUN_MISSED, 0, 4_000, 4_000, 1, 9_000, "late"]);
  assert.equal(lab.codes(), []);
});

test("an interval that apply kept going is no problem", () => {
  const lab = new Lab().create("a", definitionOf(), 1_000).entry([Kind.RUN_DUE, 0, 1_000, 0, 0, 1]);
  lab.entry([Kind.RUN_SUCCEEDED, 2, 2, 5, 0, null, null]);
  assert.equal(lab.codes(), []);
});

test("@reboot timers are due at each start", () => {
  const lab = new Lab().entry([Kind.RUNTIME_STARTED, "a"]).create("boot", cronOf("@reboot"), 0);
  lab.create("other", everyMinute, minuteMs);
  lab.atMs = 5_000;
  lab.entry([Kind.RUNTIME_STARTED, "b"]).entry([Kind.RUNTIME_STARTED, "c"]);
  lab.entry([Kind.RUN_DUE, 0, 5_000, 0, 0, 1]).entry([Kind.RUN_SUCCEEDED, 6, 6, 5, 0, null, null]);
  assert.equal(lab.codes(), []);
});

test("a clock that went back is noted", () => {
  const lab = new Lab().create("a", everyMinute, minuteMs);
  lab.atMs = 10;
  lab.entry();
  lab.atMs = 4;
  assert.equal(lab.entry().codes(), ["(clock-went-back)"]);
});

test("other zone rules are noted once a timer, and omissions are still found", () => {
  // Riga was at UTC+3 in 1970; the log is written by somebody who had it at UTC+2, an hour later.
  const first = 7 * hourMs;
  const lab = new Lab().create("a", zoned("0 9 * * *"), first);
  for (let day = 0; day < 3; day++)
    lab.entry([Kind.RUN_MISSED, 0, first + day * dayMs, first + day * dayMs, 1, first + (day + 1) * dayMs, "late"]);
  assert.equal(lab.audit.findings.problems, []);
  assert.is(lab.audit.findings.noteCount, 1);
  lab.entry([Kind.RUN_MISSED, 0, first + 3 * dayMs, first + 3 * dayMs, 1, first + 5 * dayMs, "late"]);
  assert.equal(lab.codes(), ["occurrence-left-out", "(zone-rules-differ)"]);
  const earlier = new Lab().create("a", zoned("0 9 * * *"), 5 * hourMs);
  earlier.entry([Kind.RUN_DUE, 0, 5 * hourMs, 5 * hourMs + dayMs, 0, 0]);
  assert.equal(earlier.codes(), ["(zone-rules-differ)"]);
  for (const hour of [5, 7]) {
    const last = new Lab().create("a", zoned("0 0 9 1 1 * 1970"), hour * hourMs);
    last.entry([Kind.RUN_DUE, 0, hour * hourMs, 0, 0, 0]);
    assert.equal(last.codes(), ["(zone-rules-differ)"]);
  }
  const far = new Lab().create("a", zoned("0 9 * * *"), 12 * hourMs);
  assert.equal(far.codes(), ["occurrence-left-out"]);
});

test("a zone that this machine does not know is noted, a fault of the rule is passed on", () => {
  const unknown: RecurrenceOf = () => {
    throw new KronError("KRON_ZONE_INVALID", "Expected an IANA time zone");
  };
  const lab = new Lab(unknown).create("a", zoned("0 9 * * *"), hourMs);
  lab.entry([Kind.RUN_MISSED, 0, hourMs, 5 * hourMs, 2, 0, "late"]);
  assert.equal(lab.codes(), ["(rule-unknown)"]);
  const broken: RecurrenceOf = () => {
    throw new TypeError("fault");
  };
  assert.throws(() => new Lab(broken).create("a", everyMinute, minuteMs), /fault/);
});

test("records about timers that are forgotten at once are counted", () => {
  const lab = new Lab(recurrenceOf, { retiredMax: 0 }).create("a", onceOf(), 7, 7);
  lab.entry([Kind.RUN_MISSED, 0, 7, 7, 1, 0, "late"]);
  assert.equal(lab.codes(), []);
  assert.is(lab.audit.timers.tally.missed, 1);
});

test("a log whose beginning was dropped is audited from where it begins", () => {
  const lab = new Lab();
  lab.audit.take(17, 0, [5, [Kind.TIMER_PAUSED, 3]]);
  assert.equal(lab.codes(), []);
  assert.equal([...lab.audit.refused], [["TIMER_PAUSED", 1]]);
});

/** A state with one live run, and audits that have not seen how it came to be. */
function beside(): { run: Run; lab: StateLab; findings: Findings; runs: RunAudit; timers: TimerAudit } {
  const lab = new StateLab();
  const findings = new Findings();
  const runs = new RunAudit(lab.state, findings);
  const timers = new TimerAudit(lab.state, findings, recurrenceOf);
  const run = lab.due(lab.create("a", everyMinute, minuteMs), minuteMs, 2 * minuteMs);
  return { run, lab, findings, runs, timers };
}

const codesOf = ({ problems }: Findings): string[] => problems.map(({ code }) => code);

test("RunAudit finds what apply would never do: attempts out of turn, too many of them, tokens that shrink", () => {
  const { run, findings, runs } = beside();
  runs.take(1, [Kind.RUNTIME_STOPPED], run);
  runs.take(1, [Kind.RUN_STARTED, run.id, 1], run);
  runs.take(2, [Kind.RUN_SUCCEEDED, run.id, run.token, 1, 0, null, null], run);
  assert.equal(codesOf(findings), ["attempt-out-of-turn", "attempt-out-of-turn"]);
  const due: LogRecord = [Kind.RUN_DUE, 0, minuteMs, 2 * minuteMs, 0, 1];
  runs.take(3, due, run);
  runs.take(4, due, run);
  assert.equal(codesOf(findings).slice(2), ["token-not-growing", "token-not-growing"]);
  const many = { ...run, attempt: defaultRetry.maxAttempts + 1, token: run.token + 1 };
  runs.take(5, [Kind.RUN_STARTED, run.id, many.attempt], many);
  assert.equal(codesOf(findings).slice(4), ["attempt-out-of-turn", "attempts-exceeded"]);
  runs.take(6, [Kind.RUN_SUCCEEDED, run.id, run.token, 1, 0, null, null], many);
  runs.take(7, [Kind.RUN_STARTED, run.id, many.attempt], { ...many, token: many.token + 1 });
  assert.equal(codesOf(findings).slice(6), ["attempt-out-of-turn", "attempt-out-of-turn", "attempts-exceeded"]);
});

test("RunAudit finds runs that vanish or appear without a record", () => {
  const { run, lab, findings, runs } = beside();
  runs.finish();
  assert.equal(codesOf(findings), ["run-unaccounted"]);
  runs.take(1, [Kind.RUN_DUE, 0, minuteMs, 0, 0, 1], run);
  lab.state.runs.remove(run);
  runs.finish();
  assert.equal(codesOf(findings), ["run-unaccounted", "run-unaccounted"]);
  assert.match(findings.problems[1]?.message ?? "", /^Run run_\w+ has no outcome and is gone$/);
});

test("RunAudit allows the attempts that were granted before an update took them away", () => {
  const lab = new Lab().create("a", everyMinute, minuteMs).entry([Kind.RUN_DUE, 0, minuteMs, 2 * minuteMs, 0, 1]);
  lab.entry([Kind.RUN_FAILED, 2, 2, 5, 9, 0, boom]);
  const once = encodeDefinition(cronOf("* * * * *", { retry: { ...defaultRetry, maxAttempts: 1 } }));
  lab.entry([Kind.TIMER_UPDATED, 0, once, 0, -1, null], [Kind.RUN_STARTED, 2, 2]);
  assert.equal(lab.codes(), []);
});

test("TimerAudit finds an occurrence consumed out of turn, and a state that says otherwise", () => {
  const { run, findings, timers } = beside();
  timers.take(1, 0, [Kind.RUN_DUE, 0, minuteMs, 2 * minuteMs, 0, 1], run);
  assert.equal(codesOf(findings), ["occurrence-out-of-turn"]);
  timers.finish();
  assert.is(findings.problemCount, 1);
  timers.take(2, 0, [Kind.RUN_DUE, 0, 2 * minuteMs, 3 * minuteMs, 0, 1], run);
  timers.finish();
  assert.equal(codesOf(findings), ["occurrence-out-of-turn", "state-differs"]);
  timers.take(3, 0, [Kind.RUN_DUE, 0, 2 * minuteMs, 3 * minuteMs, 0, 1], run);
  assert.is(codesOf(findings).at(-1), "occurrence-out-of-turn");
});

test("TimerAudit finds timers that will never be due again", () => {
  const lab = new StateLab();
  lab.create("once", onceOf(), 7);
  lab.create("cron", everyMinute, 0);
  lab.create("spent", cronOf("0 0 1 1 * 1970"), 0);
  lab.create("delay", fixedDelay, 7);
  for (const id of ["once", "delay"]) lab.state.timers.nextAtMs.set(lab.slot(id), 0);
  const findings = new Findings();
  new TimerAudit(lab.state, findings, recurrenceOf).finish();
  assert.equal(
    findings.problems.map(({ code, timerId }) => `${code} ${timerId}`),
    ["timer-stuck once", "timer-stuck cron", "timer-stuck delay"],
  );
});

test("Findings keep the first and count all", () => {
  const findings = new Findings();
  for (let index = 1; index <= findingsKept + 5; index++) {
    findings.problem("wrong-count", index, undefined, "");
    findings.note("rule-unknown", index, undefined, "");
  }
  assert.equal([findings.problems.length, findings.problemCount], [findingsKept, findingsKept + 5]);
  assert.equal([findings.notes.length, findings.noteCount], [findingsKept, findingsKept + 5]);
});

test("whatever the log, the account agrees with the state", () => {
  const scheduleFaults = new Set([
    ...["occurrence-left-out", "occurrence-off-rule", "occurrence-dropped", "wrong-count", "timer-stuck"],
  ]);
  const numbers = fc.array(fc.nat(1_000_000), { minLength: 50, maxLength: 400 });
  fc.assert(
    fc.property(numbers, fc.boolean(), (drawn, hostile) => {
      const draw = new Draw(drawn);
      const lab = new Lab(recurrenceOf, { retiredMax: 2 });
      const made = new RandomRecords(lab.state);
      const step = (...records: LogRecord[]): void => {
        lab.atMs = made.atMs;
        lab.audit.take(lab.state.appliedIndex + 1, 0, checkEntry([made.atMs, ...records], "test"));
        for (const run of lab.state.runs.values()) made.noteRun(run);
      };
      step(...made.prelude(draw));
      for (const slot of [0, 1]) made.noteTimer(lab.state.timers.reference(slot));
      for (let i = 0; i < drawn.length / 4; i++) {
        made.atMs += draw.below(50);
        step(hostile ? made.hostile(draw) : made.sensible(draw));
      }
      lab.audit.finish();
      const others = lab.audit.findings.problems.filter(({ code }) => !scheduleFaults.has(code));
      assert.equal(others, []);
    }),
    { numRuns: 300 },
  );
});

test.run();

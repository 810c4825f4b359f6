/** Audits that begin at a state, as one that a snapshot holds, and not at the first entry. */

import fc from "fast-check";
import * as assert from "uvu/assert";
import { apply } from "../../src/core/apply.ts";
import { LogAudit } from "../../src/core/audit.ts";
import { encodeDefinition } from "../../src/core/definition.ts";
import { type Entry, Kind, type LogRecord } from "../../src/core/record.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import { defaultRetry } from "../../src/core/retry.ts";
import { State } from "../../src/core/state.ts";
import { Zones } from "../../src/core/zone.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { Draw, RandomRecords } from "../support/random-records.ts";
import { boom, cronOf, onceOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("audit-begin");

const recurrences = new Recurrences(new Zones(intlOffsetSource()));
const limits = { retiredMax: 2 };
const minuteMs = 60_000;
const everyMinute = encodeDefinition(cronOf("* * * * *"));

/** The audit of a log from the state that its first `begin` entries make. */
function auditFrom(begin: number, entries: readonly Entry[]): LogAudit {
  const state = new State(limits);
  for (const [at, entry] of entries.slice(0, begin).entries()) apply(state, at + 1, 0, entry);
  const audit = new LogAudit(state, (...timer) => recurrences.make(...timer));
  for (const [at, entry] of entries.slice(begin).entries()) audit.take(begin + at + 1, 0, entry);
  audit.finish();
  return audit;
}

const problemsOf = ({ findings }: LogAudit): string[] => findings.problems.map(({ code, index }) => `${code} ${index}`);

test("an audit that begins at a state follows the runs and occurrences that it finds there", () => {
  const entries: Entry[] = [
    [0, [Kind.TIMER_CREATED, "a", everyMinute, 0, minuteMs, null]],
    [minuteMs, [Kind.RUN_DUE, 0, minuteMs, 2 * minuteMs, 0, 1], [Kind.RUN_FAILED, 2, 2, 1, minuteMs, 0, boom]],
    [minuteMs, [Kind.RUN_STARTED, 2, 2], [Kind.RUN_SUCCEEDED, 2, 4, 1, 0, null, null]],
    [2 * minuteMs, [Kind.RUN_DUE, 0, 2 * minuteMs, 3 * minuteMs, 0, 0]],
    [2 * minuteMs, [Kind.RUN_STARTED, 6, 1]],
    [2 * minuteMs, [Kind.RUN_SUCCEEDED, 6, 7, 1, 0, null, null]],
  ];
  for (let begin = 0; begin <= entries.length; begin += 1) {
    assert.equal(problemsOf(auditFrom(begin, entries)), [], `from entry ${begin + 1}`);
  }
  entries[3] = [2 * minuteMs, [Kind.RUN_DUE, 0, 2 * minuteMs, 4 * minuteMs, 0, 0]];
  assert.equal(problemsOf(auditFrom(2, entries)), ["occurrence-left-out 4"]);
});

test("what was granted before the audit began is allowed", () => {
  const once = encodeDefinition(cronOf("* * * * *", { retry: { ...defaultRetry, maxAttempts: 1 } }));
  const entries: Entry[] = [
    [0, [Kind.TIMER_CREATED, "a", everyMinute, 0, minuteMs, null]],
    [minuteMs, [Kind.RUN_DUE, 0, minuteMs, 2 * minuteMs, 0, 1], [Kind.RUN_FAILED, 2, 2, 1, minuteMs, 0, boom]],
    [minuteMs, [Kind.TIMER_UPDATED, 0, once, 0, -1, null]],
    [minuteMs, [Kind.RUN_STARTED, 2, 2], [Kind.RUN_FAILED, 2, 5, 1, 0, 0, boom]],
  ];
  assert.equal(problemsOf(auditFrom(3, entries)), []);
});

test("a timer that was led back to before its latest occurrence may be due again", () => {
  const entries: Entry[] = [
    [0, [Kind.TIMER_CREATED, "a", encodeDefinition(onceOf()), 5 * minuteMs, 5 * minuteMs, null]],
    [5 * minuteMs, [Kind.RUN_DUE, 0, 5 * minuteMs, 0, 0, 1], [Kind.RUN_SUCCEEDED, 2, 2, 1, 0, null, null]],
    [minuteMs, [Kind.TIMER_UPDATED, 0, encodeDefinition(onceOf()), 2 * minuteMs, 2 * minuteMs, null]],
    [2 * minuteMs, [Kind.RUN_DUE, 0, 2 * minuteMs, 0, 0, 1]],
  ];
  assert.equal(problemsOf(auditFrom(0, entries)), []);
  assert.equal(problemsOf(auditFrom(3, entries)), []);
});

test("whatever the log, an audit from any place in it finds no more than one of all", () => {
  const numbers = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 8, maxLength: 300 });
  fc.assert(
    fc.property(numbers, fc.boolean(), fc.nat({ max: 100 }), (drawn, hostile, percent) => {
      const draw = new Draw(drawn);
      const state = new State(limits);
      const made = new RandomRecords(state);
      const entries: Entry[] = [];
      const step = (...records: LogRecord[]): void => {
        const entry = checkEntry([made.atMs, ...records], "test");
        entries.push(entry);
        apply(state, entries.length, 0, entry);
        for (const run of state.runs.values()) made.noteRun(run);
      };
      step(...made.prelude(draw));
      for (const slot of [0, 1]) made.noteTimer(state.timers.reference(slot));
      for (let i = 0; i < drawn.length / 4; i++) {
        made.atMs += draw.below(50);
        step(hostile ? made.hostile(draw) : made.sensible(draw));
      }
      const begin = Math.floor((entries.length * percent) / 100);
      const all = new Set(problemsOf(auditFrom(0, entries)));
      assert.equal(
        problemsOf(auditFrom(begin, entries)).filter((problem) => !all.has(problem)),
        [],
      );
    }),
    { numRuns: 300 },
  );
});

test.run();

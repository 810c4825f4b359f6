import * as assert from "uvu/assert";
import type { RecurrenceOf } from "../../src/core/audit-timers.ts";
import { compileCron } from "../../src/core/cron.ts";
import { KronError } from "../../src/core/errors.ts";
import { findPending } from "../../src/core/pending.ts";
import { Kind } from "../../src/core/record.ts";
import { Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { cronOf, definitionOf, onceOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("pending");
const minuteMs = 60_000;
const utc = new Zones(intlOffsetSource()).get("UTC");
const recurrenceOf: RecurrenceOf = (_id, definition, anchorMs) => {
  const { schedule } = definition;
  const cron = schedule.kind === "cron" ? compileCron(schedule.expression, { zone: utc }) : undefined;
  return { definition, anchorMs, cron };
};

test("findPending() counts what is due, and only that", () => {
  const lab = new StateLab();
  const paused = lab.create("paused", cronOf("* * * * *"), minuteMs);
  lab.create("later", onceOf(), 11 * minuteMs);
  lab.create(
    "jittered",
    definitionOf({ schedule: { kind: "every", everyMs: minuteMs }, jitterMs: 3 * minuteMs }),
    minuteMs,
  );
  lab.create("delay", definitionOf({ overlap: "delay" }), minuteMs);
  lab.create("reboot", cronOf("@reboot"), 0);
  lab.do([Kind.TIMER_PAUSED, paused]);
  const { due, dueTimerCount } = findPending(lab.state, 10 * minuteMs, recurrenceOf, 10);
  assert.is(dueTimerCount, 3);
  assert.equal(
    due.map(({ timerId, count, isPaused, hasLiveRun }) => [timerId, count, isPaused, hasLiveRun]),
    [
      ["paused", 10, true, false],
      ["jittered", due[1]?.count, false, false],
      ["delay", 1, false, false],
    ],
  );
  const count = due[1]?.count ?? 0;
  assert.ok(count >= 7 && count <= 10, `${count}`);
  assert.equal([due[0]?.firstAtMs, due[0]?.lastAtMs], [minuteMs, 10 * minuteMs]);
  assert.is(findPending(lab.state, minuteMs - 1, recurrenceOf, 10).dueTimerCount, 0);
});

test("findPending() lists live runs, and keeps to its limit", () => {
  const lab = new StateLab();
  const [a, b] = ["a", "b"].map((id) => lab.create(id, cronOf("* * * * *"), minuteMs)) as [number, number];
  lab.due(a, minuteMs, 2 * minuteMs);
  lab.due(b, minuteMs, 2 * minuteMs, 0);
  const all = findPending(lab.state, 2 * minuteMs, recurrenceOf, 10);
  assert.equal([all.runs.length, all.runCount, all.due.length, all.due[0]?.hasLiveRun], [2, 2, 2, true]);
  const first = findPending(lab.state, 2 * minuteMs, recurrenceOf, 1);
  assert.equal([first.runs.length, first.runCount, first.due.length, first.dueTimerCount], [1, 2, 1, 2]);
});

test("findPending() counts one where the rule is not known", () => {
  const lab = new StateLab();
  lab.create("a", cronOf("* * * * *"), minuteMs);
  lab.create("removed", onceOf(), 11 * minuteMs);
  const { due } = findPending(
    lab.state,
    9 * minuteMs,
    () => {
      throw new KronError("KRON_ZONE_INVALID", "Expected an IANA time zone");
    },
    10,
  );
  assert.equal([due.length, due[0]?.count, due[0]?.lastAtMs], [1, 1, minuteMs]);
});

test("findPending() passes over slots that are empty", () => {
  const lab = new StateLab({ retiredMax: 0 });
  const references = ["a", "b", "c"].map((id) => lab.create(id, onceOf(), 20_000));
  for (const reference of references.slice(0, 2)) lab.do([Kind.TIMER_CANCELLED, reference]);
  assert.equal(
    findPending(lab.state, 30_000, recurrenceOf, 10).due.map(({ timerId }) => timerId),
    ["c"],
  );
});

test.run();

import assert from "node:assert/strict";
import { CronExpressionParser } from "cron-parser";
import { Cron as Croner } from "croner";
import fc from "fast-check";
import { compileCron } from "../../src/core/cron.ts";
import { Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";

// In UTC there is no daylight-saving policy to disagree on, so three implementations must give the same times.

const test = suite("cron-peers");
const zone = new Zones(intlOffsetSource()).get("UTC");
const occurrences = 6;

function ours(expression: string, after: number): number[] {
  const cron = compileCron(expression, { zone });
  const times: number[] = [];
  for (let at = cron.next(after); at !== undefined && times.length < occurrences; at = cron.next(at)) times.push(at);
  return times;
}

function byCroner(expression: string, after: number): number[] {
  const cron = new Croner(expression, { timezone: "UTC", paused: true });
  return cron.nextRuns(occurrences, new Date(after)).map((date) => date.getTime());
}

function byCronParser(expression: string, after: number): number[] {
  const cron = CronExpressionParser.parse(expression, { tz: "UTC", currentDate: new Date(after) });
  return cron.take(occurrences).map((date) => date.getTime());
}

/** cron-parser refuses lists that name a number twice, which cron itself does not mind. */
function hasNoDuplicates(expression: string): boolean {
  try {
    CronExpressionParser.parse(expression);
    return true;
  } catch (error) {
    if (String(error).includes("duplicate values")) return false;
    throw error;
  }
}

const number = (min: number, max: number): fc.Arbitrary<string> => fc.integer({ min, max }).map(String);

/** A field of numbers, ranges, steps and lists, without wrap-around. */
function field(min: number, max: number): fc.Arbitrary<string> {
  const range = fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  const item = fc.oneof(
    number(min, max),
    range.map(([from, to]) => `${from}-${to}`),
    fc.tuple(range, number(1, 7)).map(([[from, to], step]) => `${from}-${to}/${step}`),
  );
  const list = fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(","));
  return fc.oneof(
    fc.constant("*"),
    number(1, Math.min(7, max)).map((step) => `*/${step}`),
    list,
  );
}

const after = fc
  .integer({ min: Date.UTC(2015, 0, 1) / 1000, max: Date.UTC(2037, 0, 1) / 1000 })
  .map((second) => second * 1000);
const plainDay = fc.oneof(
  fc.constant("*"),
  number(1, 28),
  number(1, 14).map((day) => `${day},${Number(day) + 14}`),
);

test("next() agrees with croner and cron-parser on times of day and months", () => {
  const property = fc.property(
    field(0, 59),
    field(0, 59),
    field(0, 23),
    plainDay,
    field(1, 12),
    after,
    (s, m, h, d, mon, at) => {
      const expression = `${s} ${m} ${h} ${d} ${mon} *`;
      const times = ours(expression, at);
      assert.deepEqual(byCroner(expression, at), times, `croner: ${expression}`);
      if (hasNoDuplicates(expression))
        assert.deepEqual(byCronParser(expression, at), times, `cron-parser: ${expression}`);
    },
  );
  fc.assert(property, { numRuns: 150 });
});

test("next() agrees with croner and cron-parser on either day field", () => {
  const weekday = fc.oneof(number(0, 6), fc.constantFrom("MON-FRI", "SAT,SUN", "1,3", "fri"));
  const monthDay = fc.oneof(number(1, 31), fc.constantFrom("1,15", "10-12", "L"));
  const fields = fc.oneof(
    fc.tuple(fc.constant("*"), weekday),
    fc.tuple(monthDay, fc.constant("*")),
    fc.tuple(monthDay, weekday),
  );
  const property = fc.property(
    fields,
    fc.constantFrom("*", "1-6", "2,7", "JAN,MAR"),
    after,
    ([monthDayText, weekdayText], month, at) => {
      if (monthDayText === "31" && month === "2,7") return;
      const expression = `30 6 ${monthDayText} ${month} ${weekdayText}`;
      const times = ours(expression, at);
      assert.deepEqual(byCroner(expression, at), times, `croner: ${expression}`);
      assert.deepEqual(byCronParser(expression, at), times, `cron-parser: ${expression}`);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("next() agrees with croner on L, W, # and + where it has them", () => {
  const expressions = [
    "0 0 15W * *",
    "0 0 1W * *",
    "0 0 LW * *",
    "0 0 * * FRI#2",
    "0 0 * * MON#L",
    "0 0 13 * +FRI",
    "0 0 L * *",
  ];
  const property = fc.property(fc.constantFrom(...expressions), after, (expression, at) => {
    assert.deepEqual(byCroner(expression, at), ours(expression, at), expression);
  });
  fc.assert(property, { numRuns: 150 });
});

test("next() agrees with cron-parser on n#k, nL and years of leap days", () => {
  const property = fc.property(
    fc.constantFrom("0 0 * * 5#2", "0 0 * * 1L", "0 0 29 2 *", "0 0 L * *"),
    after,
    (expression, at) => {
      assert.deepEqual(byCronParser(expression, at), ours(expression, at), expression);
    },
  );
  fc.assert(property, { numRuns: 60 });
});

test.run();

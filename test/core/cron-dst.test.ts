import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { compileCron, type DstPolicy } from "../../src/core/cron.ts";
import { Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";
import { dueByBruteForce, type LocalMinute } from "./cron-oracle.ts";

const test = suite("cron-dst");
const zones = new Zones(intlOffsetSource());
const dayMs = 86_400_000;

interface Vector {
  readonly pattern: string;
  readonly tz: string;
  readonly from: string;
  readonly expected: readonly string[];
}

/** Due times in [from, until) by next(), as `31T10:30` in UTC. */
function dueTimes(expression: string, zone: string, from: string, until: string, dst?: DstPolicy): string[] {
  const cron = compileCron(expression, { zone: zones.get(zone), ...(dst === undefined ? {} : { dst }) });
  const times: string[] = [];
  for (let at = cron.next(Date.parse(from) - 1); at !== undefined && at < Date.parse(until); at = cron.next(at)) {
    times.push(new Date(at).toISOString().slice(8, 16));
  }
  return times;
}

test("next() holds all sequences of cronsim around daylight-saving changes", () => {
  // Compiled tests run from dist/, the data stays in the source tree.
  const path = new URL("../../../test/data/cronsim-dst.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: readonly Vector[] };
  assert.equal(cases.length, 33);
  for (const { pattern, tz, from, expected } of cases) {
    const cron = compileCron(pattern, { zone: zones.get(tz) });
    let at = Date.parse(from);
    for (const time of expected) {
      at = cron.next(at) ?? Number.NaN;
      assert.equal(at, Date.parse(time), `${pattern} after ${from}: ${time}`);
    }
    for (const time of expected.toReversed().slice(1)) {
      at = cron.prev(at) ?? Number.NaN;
      assert.equal(at, Date.parse(time), `${pattern} back to ${time}`);
    }
  }
});

test("each policy does in New York what docs/cron.md says", () => {
  // Gap: 02:00 to 03:00 on 8 March 2026, at 07:00Z. Overlap: 01:00 to 02:00 on 1 November 2026, from 05:00Z.
  const gap = ["2026-03-08T05:00Z", "2026-03-08T08:00Z"] as const;
  const overlap = ["2026-11-01T05:00Z", "2026-11-01T07:00Z"] as const;
  const inGap = (expression: string, dst?: DstPolicy): string[] =>
    dueTimes(expression, "America/New_York", ...gap, dst);
  const inOverlap = (expression: string, dst?: DstPolicy): string[] =>
    dueTimes(expression, "America/New_York", ...overlap, dst);
  assert.deepEqual(inGap("30 2 * * *"), ["08T07:00"]);
  assert.deepEqual(inGap("15,30,45 2 * * *"), ["08T07:00"]);
  assert.deepEqual(inGap("0 2,3 * * *"), ["08T07:00"]);
  assert.deepEqual(inGap("*/20 2 * * *"), []);
  assert.deepEqual(inGap("*/20 2 * * *", "fixed"), ["08T07:00"]);
  assert.deepEqual(inGap("30 2 * * *", "wildcard"), []);
  assert.deepEqual(inGap("30 2 * * *", "skip"), []);
  assert.deepEqual(inOverlap("30 1 * * *"), ["01T05:30"]);
  assert.deepEqual(inOverlap("0 * * * *"), ["01T05:00", "01T06:00"]);
  assert.deepEqual(inOverlap("0 * * * *", "fixed"), ["01T05:00"]);
  assert.deepEqual(inOverlap("*/30 1 * * *"), ["01T05:00", "01T05:30", "01T06:00", "01T06:30"]);
  assert.deepEqual(inOverlap("*/30 1 * * *", "skip"), ["01T05:00", "01T05:30"]);
  assert.deepEqual(inOverlap("30 1 * * *", "wildcard"), ["01T05:30", "01T06:30"]);
});

test("next() goes on into the second pass when asked in the middle of the first", () => {
  const zone = zones.get("America/New_York");
  const lastOfFirstPass = Date.UTC(2026, 10, 1, 5, 50);
  assert.equal(compileCron("*/10 1 1 11 *", { zone }).next(lastOfFirstPass), Date.UTC(2026, 10, 1, 6));
  // Not due again before 2027, were it not for the second pass; not even by year.
  assert.equal(compileCron("0 */10 1 1 11 * 2026", { zone }).next(lastOfFirstPass), Date.UTC(2026, 10, 1, 6));
  assert.equal(compileCron("0 10 1 1 11 * 2026", { zone }).next(lastOfFirstPass), undefined);
});

test("count() finds nothing in the second pass for a job that runs in the first only", () => {
  const secondPass = [Date.UTC(2026, 10, 1, 6), Date.UTC(2026, 10, 1, 6, 59)] as const;
  const zone = zones.get("America/New_York");
  assert.equal(compileCron("15,30 0-23 * * *", { zone }).count(...secondPass), 0);
  assert.equal(compileCron("15,30 * * * *", { zone }).count(...secondPass), 2);
});

test("Lord Howe moves by half an hour", () => {
  // Gap 02:00 to 02:30 on 4 October 2026, at 3T15:30Z. Overlap 01:30 to 02:00 on 5 April 2026, until 4T15:30Z.
  const zone = "Australia/Lord_Howe";
  assert.deepEqual(dueTimes("15 2 * * *", zone, "2026-10-03T15:00Z", "2026-10-03T16:00Z"), ["03T15:30"]);
  assert.deepEqual(dueTimes("*/15 * * * *", zone, "2026-10-03T15:00Z", "2026-10-03T16:00Z"), [
    "03T15:00",
    "03T15:15",
    "03T15:30",
    "03T15:45",
  ]);
  assert.deepEqual(dueTimes("45 1 * * *", zone, "2026-04-04T14:00Z", "2026-04-04T16:00Z"), ["04T14:45"]);
  assert.deepEqual(dueTimes("45 * * * *", zone, "2026-04-04T14:00Z", "2026-04-04T16:00Z"), ["04T14:45", "04T15:15"]);
});

test("Apia skipped 30 December 2011: its fixed jobs are made up once, its wildcard jobs keep their pace", () => {
  const days = ["2011-12-29T22:00Z", "2011-12-31T22:00Z"] as const;
  assert.deepEqual(dueTimes("0 12 * * *", "Pacific/Apia", ...days), ["29T22:00", "30T10:00", "30T22:00"]);
  assert.deepEqual(dueTimes("0 12 30 12 *", "Pacific/Apia", ...days), ["30T10:00"]);
  assert.deepEqual(dueTimes("0 */12 * * *", "Pacific/Apia", ...days), ["29T22:00", "30T10:00", "30T22:00", "31T10:00"]);
});

test("a gap at midnight makes a daily job run at 01:00 of the same day", () => {
  // Beirut: clocks jumped from 00:00 to 01:00 on 31 March 2024, at 30T22:00Z.
  const days = ["2024-03-29T12:00Z", "2024-04-01T12:00Z"] as const;
  assert.deepEqual(dueTimes("0 0 * * *", "Asia/Beirut", ...days), ["29T22:00", "30T22:00", "31T21:00"]);
  assert.deepEqual(dueTimes("0 0 31 3 *", "Asia/Beirut", ...days), ["30T22:00"]);
  assert.deepEqual(dueTimes("0 0 * * *", "Asia/Beirut", ...days, "skip"), ["29T22:00", "31T21:00"]);
});

test("Troll moves by two hours, Casablanca back in spring", () => {
  const troll = dueTimes("30 1,2 * * *", "Antarctica/Troll", "2026-03-29T00:00Z", "2026-03-29T22:00Z");
  assert.deepEqual(troll, ["29T01:00"]);
  assert.deepEqual(dueTimes("0 * * * *", "Antarctica/Troll", "2026-10-25T00:00Z", "2026-10-25T03:00Z"), [
    "25T00:00",
    "25T01:00",
    "25T02:00",
  ]);
  assert.deepEqual(dueTimes("30 2 * * *", "Africa/Casablanca", "2026-02-14T12:00Z", "2026-02-16T12:00Z"), [
    "15T01:30",
    "16T02:30",
  ]);
  assert.deepEqual(dueTimes("30 2 * * *", "Africa/Casablanca", "2026-03-21T12:00Z", "2026-03-23T12:00Z"), [
    "22T02:00",
    "23T01:30",
  ]);
});

test("offsets with seconds, and a change by 44 and a half minutes", () => {
  // Monrovia went from -00:44:30 to UTC on 7 January 1972, at 00:44:30Z.
  const times = dueTimes("*/15 * * * *", "Africa/Monrovia", "1972-01-07T00:20Z", "1972-01-07T01:01Z");
  assert.deepEqual(times, ["07T00:29", "07T00:45", "07T01:00"]);
  assert.deepEqual(dueTimes("30 0 * * *", "Africa/Monrovia", "1972-01-07T00:20Z", "1972-01-08T00:00Z"), ["07T00:44"]);
});

test("next() and prev() agree with brute force around every kind of change, under each policy", () => {
  const changes = [
    ["Europe/Riga", "2021-03-28"],
    ["Europe/Riga", "2021-10-31"],
    ["Australia/Lord_Howe", "2026-04-05"],
    ["Australia/Lord_Howe", "2026-10-04"],
    ["Pacific/Apia", "2011-12-30"],
    ["Pacific/Kwajalein", "1993-08-21"],
    ["Asia/Beirut", "2024-03-31"],
    ["America/Havana", "2024-11-03"],
    ["Antarctica/Troll", "2026-10-25"],
    ["Africa/Cairo", "2014-07-31"],
    ["America/Scoresbysund", "2024-03-31"],
    ["Asia/Pyongyang", "2018-05-04"],
  ] as const;
  const bits = (count: number): fc.Arbitrary<number[]> =>
    fc.uniqueArray(fc.nat({ max: count - 1 }), { minLength: 1, maxLength: 3 });
  const hours = fc.oneof(bits(24), bits(5), fc.constant(Array.from({ length: 24 }, (_, hour) => hour)));
  const policies = fc.constantFrom("fixed", "wildcard", "skip");
  const property = fc.property(
    fc.constantFrom(...changes),
    bits(60),
    hours,
    policies,
    ([name, date], minutes, hour, dst) => {
      const zone = zones.get(name);
      const cron = compileCron(`${minutes.join()} ${hour.join()} * * *`, { zone, dst });
      const from = Date.parse(date) - dayMs;
      const until = from + 3 * dayMs;
      const isDue = (local: LocalMinute): boolean => minutes.includes(local.minute) && hour.includes(local.hour);
      const expected = dueByBruteForce(isDue, zone, dst, from, until);
      const forward: number[] = [];
      for (let at = cron.next(from - 1); at !== undefined && at < until; at = cron.next(at)) forward.push(at);
      assert.deepEqual(forward, expected);
      const backward: number[] = [];
      for (let at = cron.prev(until); at !== undefined && at >= from; at = cron.prev(at)) backward.unshift(at);
      assert.deepEqual(backward, expected);
      assert.equal(cron.count(from - 1, until - 1), expected.length);
    },
  );
  fc.assert(property, { numRuns: 400 });
});

test.run();

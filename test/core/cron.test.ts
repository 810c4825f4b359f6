import assert from "node:assert/strict";
import fc from "fast-check";
import { type Cron, type CronOptions, compileCron } from "../../src/core/cron.ts";
import { isKronError } from "../../src/core/errors.ts";
import { stableHash } from "../../src/core/hash.ts";
import { Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";

const test = suite("cron");
const zones = new Zones(intlOffsetSource());
const utc = zones.get("UTC");
const riga = zones.get("Europe/Riga");

function compile(expression: string, options: Partial<CronOptions> = {}): Cron {
  return compileCron(expression, { zone: utc, ...options });
}

/** The next due times as `2026-02-28` or, with a clock, `2026-02-28T12:00`. */
function nextDates(cron: Cron, after: string, count: number, characters = 10): string[] {
  const dates: string[] = [];
  let at: number | undefined = Date.parse(after);
  for (let index = 0; index < count && at !== undefined; index += 1) {
    at = cron.next(at);
    dates.push(at === undefined ? "none" : new Date(at).toISOString().slice(0, characters));
  }
  return dates;
}

test("next() is strictly after and prev() strictly before, to the millisecond", () => {
  const cron = compile("0 12 * * *");
  const noon = Date.UTC(2026, 5, 1, 12);
  const day = 86_400_000;
  assert.deepEqual(
    [noon - 1, noon, noon + 1].map((at) => cron.next(at)),
    [noon, noon + day, noon + day],
  );
  assert.deepEqual(
    [noon - 1, noon, noon + 1].map((at) => cron.prev(at)),
    [noon - day, noon - day, noon],
  );
  assert.deepEqual(
    [noon - 1, noon, noon + 1, noon + 1000].map((at) => cron.matches(at)),
    [false, true, false, false],
  );
  assert.equal(cron.next(noon - 0.5), noon);
});

test("next() carries over seconds, minutes, hours, days, months and years", () => {
  const cases = [
    ["59 59 23 31 12 *", "2026-12-31T23:59:59Z", "2027-12-31T23:59:59"],
    ["0 0 0 1 1 *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00"],
    ["30 * * * * *", "2026-12-31T23:59:30Z", "2027-01-01T00:00:30"],
    ["15,45 10 * * * *", "2026-01-01T00:10:15Z", "2026-01-01T00:10:45"],
    ["15,45 10 * * * *", "2026-01-01T00:10:45Z", "2026-01-01T01:10:15"],
    ["0 10 3 * * *", "2026-01-01T03:10:00Z", "2026-01-02T03:10:00"],
    ["0 10,20 3 * * *", "2026-01-01T03:10:00Z", "2026-01-01T03:20:00"],
    ["0 0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00"],
    ["0 0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00"],
    ["0 0 0 1 3,9 * 2030/5", "2030-09-01T00:00:00Z", "2035-03-01T00:00:00"],
  ] as const;
  for (const [expression, after, expected] of cases) {
    const cron = compile(expression);
    assert.deepEqual(nextDates(cron, after, 1, 19), [expected], expression);
    const back = cron.prev(Date.parse(`${expected}Z`));
    assert.ok(back === undefined || back <= Date.parse(after), expression);
  }
});

test("day fields know L, L-n, W, LW, # and last weekdays", () => {
  const cases = [
    ["0 0 L * *", ["2026-01-31", "2026-02-28", "2026-03-31"]],
    ["0 0 L-2 * *", ["2026-01-29", "2026-02-26", "2026-03-29"]],
    ["0 0 L-30 * *", ["2026-01-01", "2026-03-01", "2026-05-01"]],
    ["0 0 LW * *", ["2026-01-30", "2026-02-27", "2026-03-31"]],
    ["0 0 1W * *", ["2026-01-01", "2026-02-02", "2026-03-02"]],
    ["0 0 31W * *", ["2026-01-30", "2026-03-31", "2026-05-29"]],
    ["0 0 15W * *", ["2026-01-15", "2026-02-16", "2026-03-16"]],
    ["0 0 14W * *", ["2026-01-14", "2026-02-13", "2026-03-13"]],
    ["0 0 * * MON#1", ["2026-01-05", "2026-02-02", "2026-03-02"]],
    ["0 0 * * THU#5", ["2026-01-29", "2026-04-30", "2026-07-30"]],
    ["0 0 * * 5L", ["2026-01-30", "2026-02-27", "2026-03-27"]],
    ["0 0 * * SUN#L,SAT#L", ["2026-01-25", "2026-01-31", "2026-02-22"]],
    ["0 0 1,L * *", ["2026-01-01", "2026-01-31", "2026-02-01"]],
  ] as const;
  for (const [expression, dates] of cases) {
    assert.deepEqual(nextDates(compile(expression), "2025-12-31T23:00Z", 3), dates, expression);
  }
});

test("day fields combine as in Vixie cron unless both are asked for", () => {
  const cases = [
    ["0 0 13 * FRI", {}, ["2026-02-06", "2026-02-13", "2026-02-20"]],
    ["0 0 13 * +FRI", {}, ["2026-02-13", "2026-03-13", "2026-11-13"]],
    ["0 0 13 * FRI", { dayMatch: "and" }, ["2026-02-13", "2026-03-13", "2026-11-13"]],
    ["0 0 */2 * FRI", {}, ["2026-02-13", "2026-02-27", "2026-03-13"]],
    ["0 0 13 * */5", {}, ["2026-02-13", "2026-03-13", "2026-09-13"]],
    ["0 0 1-31 * FRI", {}, ["2026-02-01", "2026-02-02", "2026-02-03"]],
    ["0 0 ? * FRI", {}, ["2026-02-06", "2026-02-13", "2026-02-20"]],
  ] as const;
  for (const [expression, options, dates] of cases) {
    assert.deepEqual(nextDates(compile(expression, options), "2026-01-31T12:00Z", 3), dates, expression);
  }
});

test("compileCron() refuses dates that never come, at once", () => {
  const never = ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 29 2 * 2025-2027", "0 0 31W 2 *", "0 0 L-29 2 *"];
  never.push("0 0 8 * +MON#1", "0 0 29 2 +MON#4", "0 0 0 29 2 * 2100,2200,2300", "0 0 0 31 2 * 1970/2,1971/2");
  for (const expression of never) {
    assert.throws(
      () => compile(expression),
      (error) =>
        isKronError(error, "KRON_CRON_INVALID") && /^Expected a date that exists, got none/.test(error.message),
      expression,
    );
  }
  assert.deepEqual(nextDates(compile("0 0 29 2 +MON#5"), "2026-01-01T00:00Z", 2), ["2044-02-29", "2072-02-29"]);
});

test("next() and prev() end at the years named, and at 1970 and 9999", () => {
  const past = compile("0 0 0 1 1 * 2020-2022");
  assert.equal(past.next(Date.UTC(2022, 0, 1)), undefined);
  assert.equal(past.prev(Date.UTC(2020, 0, 1)), undefined);
  assert.equal(past.prev(Date.UTC(2050, 0, 1)), Date.UTC(2022, 0, 1));
  const last = Date.UTC(9999, 11, 31);
  for (const zone of [utc, riga]) {
    const daily = compile("0 0 * * *", { zone });
    const end = daily.prev(Number.MAX_SAFE_INTEGER) ?? 0;
    assert.ok(Math.abs(end - last) < 86_400_000);
    assert.equal(daily.next(end), undefined);
    assert.equal(daily.next(Number.MAX_SAFE_INTEGER), undefined);
    const first = daily.next(-Number.MAX_SAFE_INTEGER) ?? -1;
    assert.ok(Math.abs(first) < 86_400_000);
    assert.equal(daily.prev(first), undefined);
    assert.equal(daily.prev(-Number.MAX_SAFE_INTEGER), undefined);
  }
  const far = compile("0 0 0 1 7 * 9998", { zone: riga });
  assert.equal(far.next(0), Date.UTC(9998, 5, 30, 21));
  assert.equal(far.next(Date.UTC(9998, 6, 1)), undefined);
  assert.equal(compile("0 0 0 1 7 * 1980", { zone: riga }).prev(Date.UTC(9000, 0, 1)), Date.UTC(1980, 5, 30, 21));
});

test("@reboot is never due", () => {
  const cron = compile("@reboot");
  assert.equal(cron.isReboot, true);
  assert.equal(cron.expression, "@reboot");
  assert.equal(cron.next(0), undefined);
  assert.equal(cron.prev(0), undefined);
  assert.equal(cron.count(0, 1e12), 0);
  assert.equal(cron.matches(0), false);
  assert.equal(cron.describe(), "Once each time Kron starts.");
});

test("count() agrees with walking through next()", () => {
  const expressions = ["*/7 * * * *", "30 2 * * *", "0 */3 * * *", "5,50 1-4 * * MON", "0 0 L,15W * 5#2", "@hourly"];
  const at = fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2035, 0, 1) });
  const span = fc.integer({ min: -5, max: 3 * 86_400_000 });
  const policy = fc.constantFrom("vixie", "fixed", "wildcard", "skip");
  const names = fc.constantFrom("Europe/Riga", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "UTC");
  fc.assert(
    fc.property(fc.constantFrom(...expressions), at, span, policy, names, (expression, from, lengthMs, dst, name) => {
      const cron = compile(expression, { zone: zones.get(name), dst });
      let walked = 0;
      for (let due = cron.next(from); due !== undefined && due <= from + lengthMs; due = cron.next(due)) walked += 1;
      assert.equal(cron.count(from, from + lengthMs), walked);
    }),
    { numRuns: 2000 },
  );
});

test("count() adds up over years of every second", () => {
  const from = Date.UTC(2020, 0, 1) - 1;
  const until = Date.UTC(2030, 0, 1) - 1;
  assert.equal(compile("* * * * * *").count(from, until), (until - from) / 1000);
  assert.equal(compile("* * * * * *", { zone: riga }).count(from, until), (until - from) / 1000);
  assert.equal(compile("30 2 * * *", { zone: riga }).count(from, until), 3653);
  assert.equal(compile("30 2 1 */3 *", { zone: riga }).count(from, until), 40);
  assert.equal(compile("0 0 0 1 1 * 2040").count(from, until), 0);
  assert.equal(compile("0 0 * * *").count(until, from), 0);
});

test("H differs by seed, and stays the same for one", () => {
  const times = new Set<number | undefined>();
  for (let index = 0; index < 200; index += 1) {
    const hashSeed = stableHash(`timer-${index}`);
    const due = compile("H H * * *", { hashSeed }).next(0);
    assert.equal(due, compile("H H * * *", { hashSeed }).next(0));
    times.add(due);
  }
  assert.ok(times.size > 150);
  assert.equal(compile("H H * * *").next(0), compile("H H * * *", { hashSeed: 0 }).next(0));
});

test("describe() says the schedule in plain English", () => {
  const cases = [
    ["*/5 * * * *", "Every 5 minutes every day"],
    ["* * * * * *", "Every second every day"],
    ["* 30 * * * *", "Every second of minute 30 of every hour every day"],
    ["*/10 0-29 8-17 * * *", "Every 10 seconds of minutes 0 to 29 of hours 8 to 17 every day"],
    ["5 * * * *", "At minute 5 of every hour every day"],
    ["10 */5 * * * *", "At second 10 of every 5 minutes every day"],
    ["30 2,14 * * *", "At 02:30 and 14:30 every day"],
    ["5 30 2 * * *", "At 02:30:05 every day"],
    ["0 0 1,2,15-20 * *", "At 00:00 on days 1, 2 and 15 to 20 of the month"],
    ["0 0 * * MON-WED", "At 00:00 on Monday, Tuesday or Wednesday"],
    ["0 12 1 * MON", "At 12:00 on day 1 of the month, and also on Monday (either day field may match)"],
    ["0 12 13 * +FRI", "At 12:00 on day 13 of the month, but only if that is Friday (both day fields must match)"],
    ["0 12 1-31 * MON", "At 12:00 every day"],
    ["0 12 1 * 0-6", "At 12:00 every day"],
    [
      "0 12 L,L-1,L-3 * *",
      "At 12:00 on the last day of the month, one day before the last day of the month or 3 days before the last day of the month",
    ],
    [
      "0 12 15W,LW 6 *",
      "At 12:00 on the weekday nearest to day 15 of the month or the last weekday of the month in June",
    ],
    [
      "0 12 * 1,12 MON#2,5L",
      "At 12:00 on the second Monday of the month or the last Friday of the month in January and December",
    ],
    ["0 0 0 1 1 * 2030", "At 00:00 on day 1 of the month in January in 2030"],
    [
      "0 0 0 1 1 * 2030-2032,2040/5",
      "At 00:00 on day 1 of the month in January in 2030 to 2032 and every 5 years from 2040 to 9999",
    ],
  ] as const;
  for (const [expression, text] of cases) assert.equal(compile(expression).describe(), `${text}, in time zone UTC.`);
});

test("describe() says what happens when clocks change, outside UTC", () => {
  const second = (dst: CronOptions["dst"]): string | undefined =>
    compile("30 2 * * *", { zone: riga, ...(dst === undefined ? {} : { dst }) })
      .describe()
      .split(" When clocks change, ")[1];
  const fixed = "times that they skip run once, right after, and times that they repeat run the first time only.";
  assert.equal(second(undefined), fixed);
  assert.equal(second("fixed"), fixed);
  assert.equal(second("wildcard"), "times that they skip are left out, and times that they repeat run both times.");
  assert.equal(
    second("skip"),
    "times that they skip are left out, and times that they repeat run the first time only.",
  );
});

test.run();

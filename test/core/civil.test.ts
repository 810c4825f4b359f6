import assert from "node:assert/strict";
import {
  dateOfDay,
  dayOfDate,
  daysInMonth,
  firstDayOfMonth,
  isLeapYear,
  monthOfDay,
  weekdayOfDay,
} from "../../src/core/civil.ts";
import { suite } from "../support/suite.ts";

const test = suite("civil");
const dayMs = 86_400_000;

test("dayOfDate() and dateOfDay() agree with Date on every day of 800 years around 1970", () => {
  for (let day = -146_097; day <= 146_097; day += 1) {
    const date = new Date(day * dayMs);
    const { year, month, day: dayOfMonth } = dateOfDay(day);
    const same = year === date.getUTCFullYear() && month === date.getUTCMonth() + 1 && dayOfMonth === date.getUTCDate();
    if (!same) assert.fail(`day ${day}: ${year}-${month}-${dayOfMonth}, Date says ${date.toISOString()}`);
    if (dayOfDate(year, month, dayOfMonth) !== day) assert.fail(`${year}-${month}-${dayOfMonth} is not day ${day}`);
    if (weekdayOfDay(day) !== date.getUTCDay()) assert.fail(`weekday of day ${day}`);
    if (monthOfDay(day) !== year * 12 + month - 1) assert.fail(`month of day ${day}`);
  }
});

test("dayOfDate() holds at the ends of the years a schedule can name", () => {
  for (const [year, month, day] of [
    [1, 1, 1],
    [0, 2, 29],
    [9999, 12, 31],
    [2400, 2, 29],
    [-1, 3, 1],
  ] as const) {
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    assert.equal(dayOfDate(year, month, day), date.getTime() / dayMs);
    assert.deepEqual(dateOfDay(dayOfDate(year, month, day)), { year, month, day });
  }
});

test("daysInMonth() follows the leap rule of the Gregorian calendar", () => {
  assert.deepEqual([1900, 2000, 2023, 2024].map(isLeapYear), [false, true, false, true]);
  assert.deepEqual(
    [1900, 2000, 2023, 2024].map((year) => daysInMonth(year, 2)),
    [28, 29, 28, 29],
  );
  const lengths = Array.from({ length: 12 }, (_, index) => daysInMonth(2023, index + 1));
  assert.deepEqual(lengths, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
  for (let month = 1990 * 12; month < 2010 * 12; month += 1) {
    const length = daysInMonth(Math.floor(month / 12), (month % 12) + 1);
    assert.equal(firstDayOfMonth(month + 1) - firstDayOfMonth(month), length);
  }
});

test.run();

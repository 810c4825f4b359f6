import fc from "fast-check";
import * as assert from "uvu/assert";
import { RetryWindow } from "../../src/core/retry-window.ts";
import { suite } from "../support/suite.ts";

const test = suite("retry-window");
const hourMs = 3_600_000;
const weekMs = 168 * hourMs;

test("a retry counts for seven days, to the hour", () => {
  const window = new RetryWindow();
  window.add(1_000 * hourMs);
  assert.is(window.total(1_000 * hourMs), 1);
  assert.is(window.total(1_000 * hourMs + weekMs - 1), 1);
  assert.is(window.total(1_000 * hourMs + weekMs), 0);
});

test("a retry before the window is not counted, one within it is, also when the clock was set back", () => {
  const window = new RetryWindow();
  window.add(1_000 * hourMs);
  window.add(1_000 * hourMs - weekMs);
  window.add(1_000 * hourMs - weekMs + hourMs);
  assert.is(window.total(1_000 * hourMs), 2);
  assert.is(window.total(0), 2);
});

test("an hour counts to 65,535 and stays there", () => {
  const window = new RetryWindow();
  for (let i = 0; i < 65_540; i++) window.add(5);
  assert.is(window.total(5), 65_535);
});

test("the first hours after 1970 have no hours before them", () => {
  const window = new RetryWindow();
  window.add(0);
  assert.is(window.total(0), 1);
  assert.is(window.numbers().length, 169);
});

test("a window agrees with a list of retries, however time jumps", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60, size: "max" }),
      fc.nat(600),
      (hours, now) => {
        const window = new RetryWindow();
        let latest = 0;
        const counted: number[] = [];
        for (const hour of hours) {
          latest = Math.max(latest, hour);
          if (hour > latest - 168) counted.push(hour);
          window.add(hour * hourMs + 17);
        }
        const oldest = Math.max(now, latest) - 168;
        assert.is(window.total(now * hourMs), counted.filter((hour) => hour > oldest).length);
      },
    ),
    { numRuns: 500, includeErrorInReport: true },
  );
});

test.run();

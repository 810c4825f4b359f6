import fc from "fast-check";
import * as assert from "uvu/assert";
import { AssertionError } from "../../src/core/assert.ts";
import { isKronError } from "../../src/core/errors.ts";
import { formatInstant, instantMsMax, instantMsMin, parseInstant } from "../../src/core/instant.ts";
import { suite } from "../support/suite.ts";

const test = suite("instant");

function refusal(value: unknown): string {
  try {
    parseInstant(value as string, "at");
  } catch (error) {
    if (isKronError(error, "KRON_OPTION_INVALID")) return error.message;
    throw error;
  }
  throw new Error(`accepted ${String(value)}`);
}

test("parseInstant() reads RFC 3339 with an explicit offset", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
    ["2026-03-29T09:30:00+02:00", "2026-03-29T07:30:00.000Z"],
    ["2026-03-29T09:30+02", "2026-03-29T07:30:00.000Z"],
    ["2026-03-29T09:30:15-0330", "2026-03-29T13:00:15.000Z"],
    ["2026-03-29 09:30:00.5z", "2026-03-29T09:30:00.500Z"],
    ["2026-03-29t09:30:00,123999999Z", "2026-03-29T09:30:00.123Z"],
    ["2026-03-29T09:30:00-00:00", "2026-03-29T09:30:00.000Z"],
    ["2024-02-29T23:59:59.999-23:59", "2024-03-01T23:58:59.999Z"],
    ["2000-02-29T00:00Z", "2000-02-29T00:00:00.000Z"],
    ["2026-12-31T23:59:59Z", "2026-12-31T23:59:59.000Z"],
    ["0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ];
  for (const [text, utc] of cases) assert.is(parseInstant(text, "at"), Date.parse(utc), text);
});

test("parseInstant() takes milliseconds and Dates", () => {
  assert.is(parseInstant(0, "at"), 0);
  assert.ok(Object.is(parseInstant(-0, "at"), 0));
  assert.is(parseInstant(new Date("2026-01-01T00:00:00Z"), "at"), 1_767_225_600_000);
  assert.is(parseInstant({ getTime: () => 5 }, "at"), 5);
  assert.is(parseInstant(instantMsMin, "at"), Date.parse("0000-01-01T00:00:00Z"));
  assert.is(parseInstant(instantMsMax, "at"), Date.parse("9999-12-31T23:59:59.999Z"));
});

test("parseInstant() refuses what is not an instant and says why", () => {
  const form = /does not have this form/;
  const years = /outside the years 0 to 9999/;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["2026-03-29T09:30:00", /has no offset/],
    ["2026-03-29 09:30", /has no offset/],
    ["2026-03-29", /a date alone/],
    ["2026-03-29T09:30:00+02:00[Europe/Berlin]", /zone in brackets/],
    ["2026-00-10T00:00Z", /no month 0/],
    ["2026-13-10T00:00Z", /no month 13/],
    ["2026-02-30T00:00Z", /2026-2 has no day 30/],
    ["2026-02-29T00:00Z", /no day 29/],
    ["1900-02-29T00:00Z", /no day 29/],
    ["2026-04-31T00:00Z", /no day 31/],
    ["2026-12-32T00:00Z", /no day 32/],
    ["2026-01-00T00:00Z", /no day 0/],
    ["2026-01-01T24:00Z", /hours go/],
    ["2026-01-01T00:60Z", /minutes go/],
    ["2026-06-30T23:59:60Z", /leap seconds/],
    ["2026-01-01T00:00+24:00", /offsets go/],
    ["2026-01-01T00:00+00:60", /offsets go/],
    ["9999-12-31T23:59:59-00:01", years],
    ["0000-01-01T00:00+00:01", years],
    ["+010000-01-01T00:00:00Z", years],
    ["-000001-01-01T00:00:00Z", years],
    ["1767225600000", /as a number, not as a text/],
    ["", form],
    ["now", form],
    ["tomorrow 9am", form],
    ["2026-1-1T00:00Z", form],
    ["2026-01-01T00:00:00.Z", form],
    ["2026-01-01T00:00:00.1234567890Z", form],
    ["2026-01-01T00:00:00 Z", form],
    [" 2026-01-01T00:00:00Z", form],
    ["2026-01-01T00:00:00Z\n", form],
    ["20260101T000000Z", form],
    ["٢٠٢٦-01-01T00:00Z", form],
    [instantMsMax + 1, years],
    [instantMsMin - 1, years],
    [Number.POSITIVE_INFINITY, years],
    [Number.NaN, /holds no time/],
    [0.5, /must be whole/],
    [new Date(Number.NaN), /got a Date: it holds no time/],
    [new Date(8.64e15), years],
    [{ getTime: () => "5" }, /holds no time/],
    [{ getTime: 5 }, /a text, a number or a Date/],
    [{}, /a text, a number or a Date/],
    [null, /a text, a number or a Date/],
    [undefined, /a text, a number or a Date/],
    [5n, /a text, a number or a Date/],
  ];
  for (const [value, why] of cases) {
    const message = refusal(value);
    assert.match(message, why, message);
    assert.match(message, /^Expected at to be an instant/);
  }
});

test("formatInstant() gives what Date.prototype.toISOString gives", () => {
  const edges = [0, -1, 1, 8.64e15, -8.64e15, instantMsMin - 1, instantMsMin, instantMsMax, instantMsMax + 1];
  for (const ms of edges) assert.is(formatInstant(ms), new Date(ms).toISOString());
  fc.assert(
    fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (ms) => {
      assert.is(formatInstant(ms), new Date(ms).toISOString());
    }),
    { numRuns: 1_000 },
  );
});

test("formatInstant() takes only what Date could hold", () => {
  for (const ms of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1])
    assert.throws(
      () => formatInstant(ms),
      (error: unknown) => error instanceof AssertionError,
    );
});

test("parseInstant() reads back what formatInstant() wrote, at any offset", () => {
  const ms = fc.integer({ min: instantMsMin + 86_400_000, max: instantMsMax - 86_400_000 });
  fc.assert(
    fc.property(ms, fc.integer({ min: -1_439, max: 1_439 }), (at, offset) => {
      const size = Math.abs(offset);
      const clock = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, "0")).join(":");
      const local = formatInstant(at + offset * 60_000).slice(0, -1);
      assert.is(parseInstant(`${local}${offset < 0 ? "-" : "+"}${clock}`, "at"), at);
    }),
    { numRuns: 1_000 },
  );
});

test("parseInstant() gives a whole number in range or a KronError, whatever the text", () => {
  const characters = fc.constantFrom(..."0123456789-:TZ+. tz");
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 40 }), fc.nat(24), (tail, cut) => {
      try {
        const ms = parseInstant("2026-03-29T09:30:00.000Z".slice(0, cut) + tail, "at");
        assert.ok(Number.isInteger(ms) && ms >= instantMsMin && ms <= instantMsMax);
      } catch (error) {
        assert.ok(isKronError(error, "KRON_OPTION_INVALID"));
      }
    }),
    { numRuns: 2_000 },
  );
});

test.run();

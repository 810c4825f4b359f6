import fc from "fast-check";
import * as assert from "uvu/assert";
import { durationMsMax, formatDuration, parseDuration } from "../../src/core/duration.ts";
import { isKronError } from "../../src/core/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("duration");

function refusal(value: unknown, limits?: { minMs?: number; maxMs?: number }): string {
  try {
    parseDuration(value as string, "every", limits);
  } catch (error) {
    if (isKronError(error, "KRON_DURATION_INVALID")) return error.message;
    throw error;
  }
  throw new Error(`accepted ${String(value)}`);
}

test("parseDuration() reads the compact form", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["0ms", 0],
    ["0s", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["90m", 5_400_000],
    ["1h30m", 5_400_000],
    ["1h 30m", 5_400_000],
    ["  1 h  30 m ", 5_400_000],
    ["1.5h", 5_400_000],
    ["1,5h", 5_400_000],
    ["1h 0.5m", 3_630_000],
    ["0.001s", 1],
    ["2d", 172_800_000],
    ["1w", 604_800_000],
    ["1w2d3h4m5s6ms", 788_645_006],
    ["36525d", durationMsMax],
  ];
  for (const [text, ms] of cases) assert.is(parseDuration(text, "every"), ms, text);
});

test("parseDuration() reads the ISO 8601 form", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["PT0S", 0],
    ["PT1H30M", 5_400_000],
    ["P1DT12H", 129_600_000],
    ["P2W", 1_209_600_000],
    ["P1W1D", 691_200_000],
    ["P0.5D", 43_200_000],
    ["PT0.5S", 500],
    ["PT0,25S", 250],
    ["PT36H", 129_600_000],
    [" PT1M ", 60_000],
  ];
  for (const [text, ms] of cases) assert.is(parseDuration(text, "every"), ms, text);
});

test("parseDuration() takes a number as whole milliseconds", () => {
  assert.is(parseDuration(0, "every"), 0);
  assert.is(parseDuration(1_500, "every"), 1_500);
  assert.is(parseDuration(durationMsMax, "every"), durationMsMax);
});

test("parseDuration() refuses what is not a duration and says why", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["", /is empty/],
    ["   ", /is empty/],
    ["500", /no unit after "500"; units are w, d, h, m, s, ms/],
    ["10x", /unknown unit "x"/],
    ["10S", /unknown unit "S"/],
    ["5min", /unknown unit "min"/],
    ["1y", /years and months have no fixed length/],
    ["2 months", /years and months have no fixed length/],
    ["h", /no number at "h"/],
    ["1h-30m", /no number at "-30m"/],
    ["1h, 30m", /no number at ", 30m"/],
    ["-5s", /must not be negative/],
    ["+5s", /no number at "\+5s"/],
    ["30m1h", /"h" is out of order or comes twice/],
    ["1h1h", /"h" is out of order or comes twice/],
    ["1.5h30m", /only the last part may have a fraction/],
    ["1.h", /no unit after "1"/],
    [".5h", /no number at "\.5h"/],
    ["0.5ms", /not a whole number of milliseconds/],
    ["0.0001s", /not a whole number of milliseconds/],
    ["0.0000001h", /at most 6 digits/],
    ["1e3s", /unknown unit "e"/],
    [`${"9".repeat(99)}s`, /at most 36525d/],
    [`${"9".repeat(100)}s`, /longer than 100 characters/],
    ["P", /nothing follows the P/],
    ["PT", /nothing follows the T/],
    ["P1DT", /nothing follows the T/],
    ["P1Y", /years and months have no fixed length/],
    ["P1M", /years and months have no fixed length/],
    ["P1H", /"H" needs a T/],
    ["P1D1W", /"W" is out of order or comes twice/],
    ["PT1M1H", /"H" is out of order or comes twice/],
    ["PT1D", /unknown unit "D"; units are H, M, S/],
    ["PT1Y", /unknown unit "Y"/],
    ["P0.5DT1H", /only the last part may have a fraction/],
    ["PT1H 30M", /have no spaces/],
    ["PT1", /no unit after "1"/],
    ["P1DT1HT1M", /unknown unit "HT"/],
    [-1, /must not be negative/],
    [1.5, /whole count of milliseconds/],
    [Number.NaN, /whole count of milliseconds/],
    [Number.POSITIVE_INFINITY, /whole count of milliseconds/],
    [2 ** 53, /whole count of milliseconds/],
    [null, /a text or a number/],
    [undefined, /a text or a number/],
    [{}, /a text or a number/],
    [10n, /a text or a number/],
  ];
  for (const [value, why] of cases) {
    const message = refusal(value);
    assert.match(message, why, `${String(value)}: ${message}`);
    assert.match(message, /^Expected every to be /);
  }
});

test("parseDuration() holds its limits on both sides", () => {
  assert.is(parseDuration("10ms", "every", { minMs: 10 }), 10);
  assert.is(refusal("9ms", { minMs: 10 }), 'Expected every to be at least 10ms, got "9ms"');
  assert.is(parseDuration("1h", "every", { maxMs: 3_600_000 }), 3_600_000);
  assert.is(refusal(3_600_001, { maxMs: 3_600_000 }), "Expected every to be at most 1h, got 3600001");
  assert.match(refusal(durationMsMax + 1), /at most 36525d/);
});

test("a hint and the option's name come with the error", () => {
  try {
    parseDuration("soon", "retry.base");
    assert.unreachable();
  } catch (error) {
    assert.ok(isKronError(error));
    assert.match(error.hint ?? "", /1h30m/);
    assert.equal(error.details, { option: "retry.base" });
  }
});

test("formatDuration() writes the compact form", () => {
  assert.is(formatDuration(0), "0ms");
  assert.is(formatDuration(0.4), "0ms");
  assert.is(formatDuration(999), "999ms");
  assert.is(formatDuration(1_500), "1s 500ms");
  assert.is(formatDuration(5_400_000), "1h 30m");
  assert.is(formatDuration(604_800_000), "7d");
  assert.is(formatDuration(90_061_001), "1d 1h 1m 1s 1ms");
  assert.is(formatDuration(59_999.6), "1m");
  assert.is(formatDuration(-61_000), "-1m 1s");
});

test("parseDuration() reads back what formatDuration() wrote", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: durationMsMax }), (ms) => {
      assert.is(parseDuration(formatDuration(ms), "every"), ms);
    }),
  );
});

test("the compact and the ISO 8601 form agree", () => {
  const part = fc.nat(99);
  fc.assert(
    fc.property(part, part, part, part, part, fc.nat(999), (w, d, h, m, s, ms) => {
      const iso = `P${w}W${d}DT${h}H${m}M${s}.${String(ms).padStart(3, "0")}S`;
      assert.is(parseDuration(`${w}w${d}d${h}h${m}m${s}s${ms}ms`, "every"), parseDuration(iso, "every"));
    }),
  );
});

test("parseDuration() gives a whole number in range or a KronError, whatever the text", () => {
  const characters = fc.constantFrom(..."0123456789.,wdhmsPTYWDHMS -+e\u0000é");
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 20 }), (text) => {
      try {
        const ms = parseDuration(text, "every");
        assert.ok(Number.isSafeInteger(ms) && ms >= 0 && ms <= durationMsMax);
      } catch (error) {
        assert.ok(isKronError(error, "KRON_DURATION_INVALID"));
      }
    }),
    { numRuns: 2_000 },
  );
});

test.run();

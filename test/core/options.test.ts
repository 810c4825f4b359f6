import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  decodeDefinition,
  defaultMisfire,
  definitionKey,
  encodeDefinition,
  type ScheduleSpec,
} from "../../src/core/definition.ts";
import { isKronError, KronError } from "../../src/core/errors.ts";
import { parseScheduleOptions, type ScheduleOptions, type TimerRequest } from "../../src/core/options.ts";
import { defaultRetry, noRetry } from "../../src/core/retry.ts";
import { suite } from "../support/suite.ts";

const test = suite("options");

const checkNothing = (): void => undefined;

function parse(options: ScheduleOptions): TimerRequest {
  return parseScheduleOptions("timer", options, checkNothing);
}

function refusal(options: unknown): KronError {
  try {
    parseScheduleOptions("timer", options, checkNothing);
  } catch (error) {
    if (isKronError(error)) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(options)}`);
}

test("parseScheduleOptions() fills in the defaults", () => {
  assert.equal(parse({ every: "10s" }), {
    id: "timer",
    definition: {
      schedule: { kind: "every", everyMs: 10_000 },
      target: { kind: "callback" },
      overlap: "delay",
      retry: { maxAttempts: 3, backoff: "exponential", baseMs: 30_000, capMs: 3_600_000, jitter: false },
      misfire: { mode: "once", withinMs: 86_400_000, max: 1_000 },
      timeoutMs: 0,
      graceMs: 5_000,
      jitterMs: 0,
      jitterMode: "stable",
      concurrency: 0,
    },
    atMs: undefined,
    payload: undefined,
    payloadBytes: 0,
  });
});

test("parseScheduleOptions() reads every kind of schedule", () => {
  const schedule = (options: ScheduleOptions): ScheduleSpec => parse(options).definition.schedule;
  const cron = { kind: "cron", expression: "0 9 * * 1-5", zone: "UTC", dst: "vixie", dayMatch: "or" };
  assert.equal(schedule({ cron: "  0 9\t*  * 1-5\n" }), cron);
  assert.equal(schedule({ cron: "0 9 * * 1-5", timezone: "Europe/Berlin", dst: "skip", dayMatch: "and" }), {
    ...cron,
    zone: "Europe/Berlin",
    dst: "skip",
    dayMatch: "and",
  });
  assert.equal(schedule({ every: 10 }), { kind: "every", everyMs: 10 });
  assert.equal(schedule({ after: 0 }), { kind: "after", afterMs: 0 });
  assert.equal(schedule({ at: "2026-01-01T00:00Z" }), { kind: "at" });
  assert.is(parse({ at: "2026-01-01T00:00Z" }).atMs, Date.UTC(2026, 0, 1));
  assert.is(parse({ at: new Date(5) }).atMs, 5);
  assert.is(parse({ at: 1 }).atMs, 1);
});

test("parseScheduleOptions() reads every other option", () => {
  const payload = { to: "a@example.org" };
  const request = parse({
    every: "1m",
    overlap: "allow",
    retry: { maxAttempts: 5, backoff: "linear", base: "1s", cap: "10s", jitter: true },
    misfire: { mode: "all", within: "1h", max: 10 },
    timeout: "30s",
    grace: 0,
    jitter: { max: "5s", mode: "random" },
    concurrency: 4,
    payload,
  });
  assert.equal(request.definition, {
    schedule: { kind: "every", everyMs: 60_000 },
    target: { kind: "callback" },
    overlap: "allow",
    retry: { maxAttempts: 5, backoff: "linear", baseMs: 1_000, capMs: 10_000, jitter: true },
    misfire: { mode: "all", withinMs: 3_600_000, max: 10 },
    timeoutMs: 30_000,
    graceMs: 0,
    jitterMs: 5_000,
    jitterMode: "random",
    concurrency: 4,
  });
  assert.is(request.payload, payload);
});

test("short forms and partial objects take the rest from the defaults", () => {
  const read = (options: ScheduleOptions) => parse({ every: "1m", ...options }).definition;
  assert.is(read({ retry: false }).retry, noRetry);
  assert.is(read({}).retry, defaultRetry);
  assert.equal(read({ retry: {} }).retry, defaultRetry);
  assert.equal(read({ retry: { base: "2h" } }).retry, { ...defaultRetry, baseMs: 7_200_000, capMs: 7_200_000 });
  assert.equal(read({ retry: { cap: "5s" } }).retry, { ...defaultRetry, baseMs: 5_000, capMs: 5_000 });
  assert.equal(read({ misfire: "skip" }).misfire, { ...defaultMisfire, mode: "skip" });
  assert.equal(read({ misfire: {} }).misfire, defaultMisfire);
  assert.equal(read({ misfire: { within: 0 } }).misfire, { ...defaultMisfire, withinMs: 0 });
  assert.equal(read({ misfire: { mode: "all" } }).misfire, { ...defaultMisfire, mode: "all" });
  assert.is(read({ jitter: 500 }).jitterMs, 500);
  assert.is(read({ jitter: "1m" }).jitterMs, 60_000);
  assert.is(read({ jitter: { max: "1s" } }).jitterMode, "stable");
  assert.is(read({ jitter: { max: 0, mode: "random" } }).jitterMode, "stable");
  assert.is(read({ concurrency: 1 }).concurrency, 1);
  assert.is(parse({ cron: "* * * * *", jitter: "1h" }).definition.jitterMs, 3_600_000);
});

test("members that are undefined count as absent", () => {
  const names = ["cron", "after", "at", "timezone", "dst", "dayMatch", "overlap", "retry", "misfire", "timeout"];
  const absent = Object.fromEntries(
    [...names, "grace", "jitter", "concurrency", "payload"].map((name) => [name, undefined]),
  );
  assert.equal(parse({ ...absent, every: "10s" }), parse({ every: "10s" }));
  assert.equal(
    parse({
      every: "1m",
      retry: { base: undefined },
      misfire: { mode: undefined },
      jitter: { max: 1, mode: undefined },
    }),
    parse({ every: "1m", retry: {}, misfire: {}, jitter: 1 }),
  );
  assert.equal(parse(Object.assign(Object.create(null), { every: "10s" })), parse({ every: "10s" }));
});

test("equal timers have equal definitions, however they were written", () => {
  const key = (options: ScheduleOptions): string => definitionKey(parse(options).definition);
  assert.is(key({ every: "1h30m" }), key({ every: "PT90M", misfire: "once", overlap: "delay", grace: "5s" }));
  assert.is(key({ cron: "0  9 * * *" }), key({ cron: "0 9 * * *", timezone: "UTC" }));
  assert.is.not(key({ after: "1h" }), key({ every: "1h" }));
});

const refusedOptions: readonly (readonly [unknown, string, RegExp])[] = [
  [undefined, "KRON_OPTION_INVALID", /^Expected the options to be a plain object, got undefined$/],
  [null, "KRON_OPTION_INVALID", /got null$/],
  ["10s", "KRON_OPTION_INVALID", /got "10s"$/],
  [[], "KRON_OPTION_INVALID", /got an array$/],
  [new Date(0), "KRON_OPTION_INVALID", /got a Date$/],
  [Object.create({ every: "10s" }), "KRON_OPTION_INVALID", /plain object/],
  [{}, "KRON_OPTION_INVALID", /^Expected exactly one of cron, every, after and at, got none$/],
  [{ every: undefined }, "KRON_OPTION_INVALID", /got none$/],
  [{ every: "1s", cron: "* * * * *" }, "KRON_OPTION_INVALID", /got cron and every$/],
  [{ at: 0 }, "KRON_OPTION_INVALID", /^Expected at to be after 1970-01-01T00:00:00Z, got 1970-01-01T00:00:00.000Z$/],
  [{ every: "1s", after: "1s", at: 1 }, "KRON_OPTION_INVALID", /got every and after and at$/],
  [{ every: "1s", evrey: 1 }, "KRON_OPTION_INVALID", /^Expected an option of the options, got "evrey"$/],
  [
    { every: "1s", timezone: "UTC" },
    "KRON_OPTION_INVALID",
    /^Expected timezone only together with cron, got it with every$/,
  ],
  [{ after: "1s", dst: "skip" }, "KRON_OPTION_INVALID", /^Expected dst only .* with after$/],
  [{ at: 1, dayMatch: "or" }, "KRON_OPTION_INVALID", /^Expected dayMatch only .* with at$/],
  [{ cron: 5 }, "KRON_OPTION_INVALID", /^Expected cron to be a text, got 5$/],
  [{ cron: "" }, "KRON_OPTION_INVALID", /^Expected cron to be a text, got an empty one$/],
  [{ cron: "  " }, "KRON_OPTION_INVALID", /empty/],
  [{ cron: "*".repeat(1_001) }, "KRON_OPTION_INVALID", /^Expected cron to have at most 1000 characters, got 1001$/],
  [{ cron: "* * * * *", timezone: 1 }, "KRON_OPTION_INVALID", /^Expected timezone to be a text, got 1$/],
  [
    { cron: "* * * * *", dst: "spring" },
    "KRON_OPTION_INVALID",
    /^Expected dst to be one of "vixie", "fixed", "wildcard", "skip", got "spring"$/,
  ],
  [
    { cron: "* * * * *", dayMatch: true },
    "KRON_OPTION_INVALID",
    /^Expected dayMatch to be one of "or", "and", got true$/,
  ],
  [{ every: "9ms" }, "KRON_DURATION_INVALID", /^Expected every to be at least 10ms, got "9ms"$/],
  [{ every: 0 }, "KRON_DURATION_INVALID", /at least 10ms/],
  [{ every: "9223372036854776s" }, "KRON_DURATION_INVALID", /at most 36525d/],
  [{ every: null }, "KRON_DURATION_INVALID", /got null/],
  [{ every: {} }, "KRON_DURATION_INVALID", /got an object/],
  [{ after: "soon" }, "KRON_DURATION_INVALID", /^Expected after to be a duration/],
  [{ after: -1 }, "KRON_DURATION_INVALID", /negative/],
  [{ at: "2026-01-01" }, "KRON_OPTION_INVALID", /^Expected at to be an instant/],
  [{ at: 8.64e15 }, "KRON_OPTION_INVALID", /years 0 to 9999/],
  [{ at: null }, "KRON_OPTION_INVALID", /got null/],
  [{ every: "1s", overlap: "skp" }, "KRON_OPTION_INVALID", /^Expected overlap to be one of/],
  [{ every: "1s", retry: true }, "KRON_OPTION_INVALID", /^Expected retry to be false or an object, got true$/],
  [{ every: "1s", retry: 5 }, "KRON_OPTION_INVALID", /got 5$/],
  [{ every: "1s", retry: null }, "KRON_OPTION_INVALID", /got null$/],
  [{ every: "1s", retry: { max: 5 } }, "KRON_OPTION_INVALID", /^Expected an option of retry, got "retry.max"$/],
  [
    { every: "1s", retry: { maxAttempts: 0 } },
    "KRON_OPTION_INVALID",
    /^Expected retry.maxAttempts to be a whole number from 1 to 1000000, got 0$/,
  ],
  [{ every: "1s", retry: { maxAttempts: 1_000_001 } }, "KRON_OPTION_INVALID", /got 1000001$/],
  [{ every: "1s", retry: { maxAttempts: Number.POSITIVE_INFINITY } }, "KRON_OPTION_INVALID", /got Infinity$/],
  [{ every: "1s", retry: { maxAttempts: 1.5 } }, "KRON_OPTION_INVALID", /got 1.5$/],
  [{ every: "1s", retry: { maxAttempts: "3" } }, "KRON_OPTION_INVALID", /got "3"$/],
  [{ every: "1s", retry: { backoff: "quadratic" } }, "KRON_OPTION_INVALID", /^Expected retry.backoff to be one of/],
  [{ every: "1s", retry: { base: "x" } }, "KRON_DURATION_INVALID", /^Expected retry.base to be a duration/],
  [
    { every: "1s", retry: { base: "2h", cap: "1h" } },
    "KRON_OPTION_INVALID",
    /^Expected retry.cap to be at least retry.base, which is 2h, got 1h$/,
  ],
  [{ every: "1s", retry: { jitter: 1 } }, "KRON_OPTION_INVALID", /^Expected retry.jitter to be true or false, got 1$/],
  [{ every: "1s", misfire: "never" }, "KRON_OPTION_INVALID", /^Expected misfire to be one of/],
  [{ every: "1s", misfire: null }, "KRON_OPTION_INVALID", /^Expected misfire to be one of .*, got null$/],
  [{ every: "1s", misfire: { mode: "never" } }, "KRON_OPTION_INVALID", /^Expected misfire.mode to be one of/],
  [
    { every: "1s", misfire: { mode: "all", max: 1_001 } },
    "KRON_OPTION_INVALID",
    /^Expected misfire.max to be a whole number from 1 to 1000/,
  ],
  [
    { every: "1s", misfire: { max: 5 } },
    "KRON_OPTION_INVALID",
    /^Expected misfire.max only with mode "all", got it with "once"$/,
  ],
  [
    { every: "1s", misfire: { mode: "skip", within: 5 } },
    "KRON_OPTION_INVALID",
    /^Expected misfire.within only with mode/,
  ],
  [{ every: "1s", misfire: { within: -5 } }, "KRON_DURATION_INVALID", /^Expected misfire.within/],
  [{ every: "1s", misfire: { wihtin: 5 } }, "KRON_OPTION_INVALID", /got "misfire.wihtin"$/],
  [{ every: "1s", timeout: "x" }, "KRON_DURATION_INVALID", /^Expected timeout/],
  [{ every: "1s", timeout: false }, "KRON_DURATION_INVALID", /^Expected timeout/],
  [{ every: "1s", grace: Number.NaN }, "KRON_DURATION_INVALID", /^Expected grace/],
  [{ every: "1s", jitter: "2s" }, "KRON_OPTION_INVALID", /^Expected jitter to be at most every, which is 1s, got 2s$/],
  [{ every: "1s", jitter: { max: 1_001 } }, "KRON_OPTION_INVALID", /^Expected jitter.max to be at most every/],
  [{ every: "1s", jitter: {} }, "KRON_OPTION_INVALID", /^Expected jitter.max to be a duration, got undefined$/],
  [{ every: "1s", jitter: { max: 1, mode: "wild" } }, "KRON_OPTION_INVALID", /^Expected jitter.mode to be one of/],
  [{ every: "1s", jitter: true }, "KRON_DURATION_INVALID", /^Expected jitter to be a duration/],
  [{ every: "1s", concurrency: 0 }, "KRON_OPTION_INVALID", /^Expected concurrency to be a whole number from 1/],
  [
    { every: "1s", concurrency: 2 },
    "KRON_OPTION_INVALID",
    /^Expected concurrency over 1 only with overlap "allow", got 2 with "delay"$/,
  ],
  [{ every: "1s", payload: { fn: () => 1 } }, "KRON_PAYLOAD_INVALID", /^Expected payload.fn to be plain data/],
  [{ every: "1s", payload: "x".repeat(262_144) }, "KRON_PAYLOAD_INVALID", /at most 262144 bytes/],
  [JSON.parse('{"every":"1s","__proto__":{}}'), "KRON_OPTION_INVALID", /got "__proto__"$/],
];
test("parseScheduleOptions() refuses whatever is wrong, and says what and where", () => {
  for (const [options, code, message] of refusedOptions) {
    const error = refusal(options);
    assert.is(error.code, code, error.message);
    assert.match(error.message, message);
  }
});

test("an unknown option comes with the one that was meant", () => {
  const hint = (options: object): string | undefined => refusal(options).hint;
  assert.is(hint({ evrey: "1s" }), "Did you mean every?");
  assert.is(hint({ CRON: "* * * * *" }), "Did you mean cron?");
  assert.is(hint({ cron: "* * * * *", timeZone: "UTC" }), "Did you mean timezone?");
  assert.is(hint({ cron: "* * * * *", tz: "UTC" }), "Did you mean timezone?");
  assert.is(hint({ interval: 5 }), "Did you mean every?");
  assert.is(hint({ every: "1s", retry: { maxAttempt: 5 } }), "Did you mean maxAttempts?");
  assert.is(hint({ every: "1s", overlap: "skp" }), 'Did you mean "skip"?');
  assert.is(hint({ every: "1s", overlap: "whatever" }), undefined);
  assert.is(hint({ every: "1s", misfire: { x: 5 } }), "Options are mode, within, max");
  assert.match(hint({ every: "1s", ["z".repeat(10_000)]: 1 }) ?? "", /^Options are cron, every, after, at,/);
});

test("parseScheduleOptions() refuses a bad id before anything else", () => {
  assert.throws(
    () => parseScheduleOptions("", {}, checkNothing),
    (error: unknown) => isKronError(error, "KRON_ID_INVALID"),
  );
});

test("parseScheduleOptions() hands the schedule to the check and passes on what it throws", () => {
  const seen: ScheduleSpec[] = [];
  parseScheduleOptions("timer", { every: "10s" }, (schedule) => seen.push(schedule));
  assert.equal(seen, [{ kind: "every", everyMs: 10_000 }]);
  const trouble = new KronError("KRON_CRON_INVALID", "Expected minutes from 0 to 59, got 61");
  const check = (): void => {
    throw trouble;
  };
  assert.throws(
    () => parseScheduleOptions("timer", { cron: "61 * * * *" }, check),
    (error: unknown) => error === trouble,
  );
});

test("parseScheduleOptions() gives a definition that survives the log, or a KronError, whatever it is given", () => {
  const value = fc.oneof(
    fc.constantFrom("1s", "all", "allow", "or", 5, 100, "random", "* * * * *", false),
    fc.anything({ maxDepth: 1 }),
  );
  const some = fc.dictionary(fc.constantFrom("maxAttempts", "base", "cap", "backoff", "mode", "within", "max"), value);
  const names = [
    "cron",
    "every",
    "after",
    "at",
    "dst",
    "overlap",
    "retry",
    "misfire",
    "timeout",
    "jitter",
    "concurrency",
    "payload",
  ];
  const anything = fc.dictionary(fc.constantFrom(...names, "other"), fc.oneof(value, some), { maxKeys: 4 });
  fc.assert(
    fc.property(anything, (options) => {
      try {
        const { definition } = parseScheduleOptions("timer", options, checkNothing);
        assert.equal(decodeDefinition(encodeDefinition(definition)), definition);
      } catch (error) {
        if (!isKronError(error)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});

test("history is read member by member, and each is refused by its name", () => {
  assert.is(parse({ every: "10s" }).definition.history, undefined);
  assert.equal(parse({ every: "10s", history: {} }).definition.history, {});
  const { history } = parse({ every: "10s", history: { count: 1, age: "2d", bytes: 4_096 } }).definition;
  assert.equal(history, { count: 1, ageMs: 172_800_000, bytes: 4_096 });
  const option = (value: unknown): unknown => refusal({ every: "10s", history: value }).details?.option;
  assert.is(option(5), "history");
  assert.is(option({ rows: 5 }), "history.rows");
  assert.is(option({ count: 0 }), "history.count");
  assert.is(option({ count: 10_000_001 }), "history.count");
  assert.is(option({ bytes: 4_095 }), "history.bytes");
  assert.is(refusal({ every: "10s", history: { age: "soon" } }).code, "KRON_DURATION_INVALID");
  assert.is(refusal({ every: "10s", history: { age: 0 } }).code, "KRON_DURATION_INVALID");
});

test.run();

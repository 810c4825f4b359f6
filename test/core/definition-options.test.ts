import fc from "fast-check";
import * as assert from "uvu/assert";
import { decodeDefinition, definitionKey, encodeDefinition } from "../../src/core/definition.ts";
import { scheduleOptionsOf } from "../../src/core/definition-options.ts";
import { parseScheduleOptions, type ScheduleOptions, type TimerRequest } from "../../src/core/options.ts";
import { targetOptions } from "../support/random-targets.ts";
import { suite } from "../support/suite.ts";

const test = suite("definition-options");

function parse(options: ScheduleOptions): TimerRequest {
  return parseScheduleOptions("timer", options, () => undefined);
}

const ms = fc.integer({ min: 1, max: 10_000_000_000 });
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });

const rule: fc.Arbitrary<ScheduleOptions> = fc.oneof(
  fc.record({
    cron: fc.constantFrom("0 9 * * 1-5", "@reboot", "H 2 * * *"),
    timezone: maybe(fc.constantFrom("UTC", "Europe/Riga")),
    dst: maybe(fc.constantFrom("vixie", "fixed", "wildcard", "skip")),
    dayMatch: maybe(fc.constantFrom("or", "and")),
  }),
  fc.record({ every: fc.integer({ min: 10, max: 100_000_000 }) }),
  fc.record({ after: fc.integer({ min: 0, max: 100_000_000 }) }),
  fc.record({ at: fc.integer({ min: 1, max: 4_000_000_000_000 }) }),
);

const options: fc.Arbitrary<ScheduleOptions> = fc
  .record({
    rule,
    overlap: maybe(fc.constantFrom("delay", "skip", "allow", "queue", "replace")),
    retry: maybe(
      fc.oneof(
        fc.constant(false as const),
        fc.record({
          maxAttempts: maybe(fc.integer({ min: 1, max: 50 })),
          backoff: maybe(fc.constantFrom("fixed", "linear", "exponential")),
          cap: maybe(ms),
          jitter: maybe(fc.boolean()),
        }),
      ),
    ),
    misfire: maybe(
      fc.oneof(
        fc.constantFrom("skip", "once", "all"),
        fc.record({ mode: fc.constant("once" as const), within: ms }),
        fc.record({ mode: fc.constant("all" as const), within: maybe(ms), max: maybe(fc.integer({ min: 1, max: 9 })) }),
      ),
    ),
    timeout: maybe(ms),
    grace: maybe(ms),
    jitter: maybe(fc.record({ max: fc.integer({ min: 0, max: 10 }), mode: fc.constantFrom("stable", "random") })),
    history: maybe(
      fc.record({ count: maybe(fc.integer({ min: 1, max: 9 })), age: maybe(ms), bytes: maybe(fc.constant(4_096)) }),
    ),
    concurrency: maybe(fc.integer({ min: 1, max: 9 })),
    target: targetOptions,
  })
  .map(({ rule: own, concurrency, target, ...rest }) => ({
    ...own,
    ...target,
    ...rest,
    concurrency: rest.overlap === "allow" ? concurrency : undefined,
  }));

test("scheduleOptionsOf() gives options that are read back as an equal definition, through JSON", () => {
  fc.assert(
    fc.property(options, (given) => {
      const { definition, atMs } = parse(given);
      const written = JSON.parse(JSON.stringify(scheduleOptionsOf(definition, atMs ?? 5))) as ScheduleOptions;
      const read = parse(written);
      assert.equal(read.definition, definition);
      assert.is(definitionKey(read.definition), definitionKey(definition));
      assert.equal(decodeDefinition(encodeDefinition(definition)), definition);
      assert.is(read.atMs, atMs);
    }),
    { numRuns: 500 },
  );
});

test("scheduleOptionsOf() leaves nothing to a default", () => {
  const { definition } = parse({ cron: "0 9 * * 1-5" });
  assert.equal(scheduleOptionsOf(definition, 5), {
    ...{ cron: "0 9 * * 1-5", timezone: "UTC", dst: "vixie", dayMatch: "or", overlap: "delay" },
    retry: { maxAttempts: 3, backoff: "exponential", base: 30_000, cap: 3_600_000, jitter: false },
    misfire: { mode: "once", within: 86_400_000 },
    ...{ timeout: 0, grace: 5_000 },
  });
  assert.is(scheduleOptionsOf(parse({ at: "2026-11-24T07:00Z" }).definition, 0).at, "1970-01-01T00:00:00.000Z");
});

test.run();

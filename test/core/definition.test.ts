import fc from "fast-check";
import { Packr } from "msgpackr";
import * as assert from "uvu/assert";
import {
  backoffs,
  dayMatches,
  decodeDefinition,
  defaultMisfire,
  definitionKey,
  dstPolicies,
  encodeDefinition,
  jitterModes,
  misfireModes,
  overlapPolicies,
  type ScheduleSpec,
  type TimerDefinition,
} from "../../src/core/definition.ts";
import { isKronError } from "../../src/core/errors.ts";
import { defaultRetry } from "../../src/core/retry.ts";
import { suite } from "../support/suite.ts";

const test = suite("definition");

const plain: TimerDefinition = {
  schedule: { kind: "every", everyMs: 10_000 },
  target: { kind: "callback" },
  overlap: "delay",
  retry: defaultRetry,
  misfire: defaultMisfire,
  timeoutMs: 0,
  graceMs: 5_000,
  jitterMs: 0,
  jitterMode: "stable",
  concurrency: 0,
};
const cron: ScheduleSpec = {
  kind: "cron",
  expression: "0 9 * * 1-5",
  zone: "Europe/Berlin",
  dst: "vixie",
  dayMatch: "or",
};

/** Small values, so that equal definitions are drawn now and then. */
const ms = fc.oneof(fc.nat(2), fc.nat(3_155_760_000_000));
const choice = <T>(choices: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...choices);
/** Records with the usual prototype; those without one are not what `assert.equal` takes for equal. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const schedules: fc.Arbitrary<ScheduleSpec> = fc.oneof(
  record({
    kind: fc.constant("cron" as const),
    expression: fc.oneof(choice(["* * * * *", '"', "a,b"]), fc.string({ minLength: 1 })),
    zone: choice(["UTC", "Europe/Berlin"]),
    dst: choice(dstPolicies),
    dayMatch: choice(dayMatches),
  }),
  record({ kind: fc.constant("every" as const), everyMs: ms.map((value) => value + 1) }),
  record({ kind: fc.constant("after" as const), afterMs: ms }),
  fc.constant({ kind: "at" as const }),
);
const definitions: fc.Arbitrary<TimerDefinition> = record({
  schedule: schedules,
  target: fc.constant({ kind: "callback" as const }),
  overlap: choice(overlapPolicies),
  retry: record({
    maxAttempts: fc.integer({ min: 1, max: 3 }),
    backoff: choice(backoffs),
    baseMs: ms,
    capMs: ms,
    jitter: fc.boolean(),
  }),
  misfire: record({ mode: choice(misfireModes), withinMs: ms, max: fc.integer({ min: 1, max: 1_000 }) }),
  timeoutMs: ms,
  graceMs: ms,
  jitterMs: ms,
  jitterMode: choice(jitterModes),
  concurrency: fc.nat(3),
});

test("decodeDefinition() reads back what encodeDefinition() wrote, through msgpack", () => {
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  fc.assert(
    fc.property(definitions, (definition) => {
      assert.equal(decodeDefinition(encodeDefinition(definition)), definition);
      assert.equal(decodeDefinition(packr.unpack(packr.pack(encodeDefinition(definition)))), definition);
    }),
    { numRuns: 500 },
  );
});

test("encodeDefinition() is compact and never changes", () => {
  const plainFields = [1, [1, 10_000], [0], 0, 3, 2, 30_000, 3_600_000, 0, [1, 86_400_000, 1_000], 0, 5_000, [0, 0], 0];
  assert.equal(encodeDefinition(plain), plainFields);
  assert.equal(
    encodeDefinition({
      schedule: { ...cron, dst: "skip", dayMatch: "and" },
      target: { kind: "callback" },
      overlap: "replace",
      retry: { maxAttempts: 9, backoff: "fixed", baseMs: 1, capMs: 2, jitter: true },
      misfire: { mode: "all", withinMs: 3, max: 4 },
      timeoutMs: 5,
      graceMs: 6,
      jitterMs: 7,
      jitterMode: "random",
      concurrency: 8,
    }),
    [1, [0, "0 9 * * 1-5", "Europe/Berlin", 3, 1], [0], 4, 9, 0, 1, 2, 1, [2, 3, 4], 5, 6, [7, 1], 8],
  );
  assert.equal((encodeDefinition({ ...plain, schedule: { kind: "after", afterMs: 5 } }) as unknown[])[1], [2, 5]);
  assert.equal((encodeDefinition({ ...plain, schedule: { kind: "at" } }) as unknown[])[1], [3]);
  assert.ok(new Packr().pack(encodeDefinition(plain)).length < 48);
});

test("definitionKey() is equal exactly when definitions are equal", () => {
  assert.is(definitionKey(plain), definitionKey({ ...plain, schedule: { everyMs: 10_000, kind: "every" } }));
  const variants: TimerDefinition[] = [
    plain,
    { ...plain, schedule: { kind: "after", afterMs: 10_000 } },
    { ...plain, schedule: { kind: "at" } },
    ...dstPolicies.map((dst): TimerDefinition => ({ ...plain, schedule: { ...cron, dst } })),
    { ...plain, schedule: { ...cron, dayMatch: "and" } },
    { ...plain, schedule: { ...cron, zone: "UTC" } },
    { ...plain, schedule: { ...cron, expression: "0 9 * * *" } },
    { ...plain, overlap: "skip" },
    { ...plain, retry: { ...defaultRetry, jitter: true } },
    { ...plain, misfire: { ...defaultMisfire, max: 1 } },
    { ...plain, timeoutMs: 1 },
    { ...plain, graceMs: 1 },
    { ...plain, jitterMs: 1 },
    { ...plain, jitterMode: "random" },
    { ...plain, concurrency: 1 },
  ];
  assert.is(new Set(variants.map(definitionKey)).size, variants.length);
  fc.assert(
    fc.property(definitions, definitions, (a, b) => {
      assert.is(definitionKey(a) === definitionKey(b), JSON.stringify(a) === JSON.stringify(b));
      assert.is(definitionKey(a), definitionKey(structuredClone(a)));
    }),
  );
});

test("decodeDefinition() refuses what does not have the shape of its layout", () => {
  const good = encodeDefinition({ ...plain, schedule: cron }) as unknown[];
  const withField = (index: number, value: unknown): unknown[] => good.map((old, at) => (at === index ? value : old));
  const wrong: readonly unknown[] = [
    null,
    undefined,
    {},
    "definition",
    [],
    [0],
    [1],
    good.slice(0, -1),
    [...good, 0],
    withField(0, 0),
    withField(0, "1"),
    withField(1, null),
    withField(1, [4]),
    withField(1, [0, "* * * * *", "UTC", 0]),
    withField(1, [0, "", "UTC", 0, 0]),
    withField(1, [0, "* * * * *", 5, 0, 0]),
    withField(1, [0, "* * * * *", "UTC", 4, 0]),
    withField(1, [0, "* * * * *", "UTC", 0, 2]),
    withField(1, [1]),
    withField(1, [1, 0]),
    withField(1, [1, 5, 5]),
    withField(1, [2, -1]),
    withField(1, [2, 1.5]),
    withField(1, [3, 0]),
    withField(2, 0),
    withField(2, [1]),
    withField(2, [0, 0]),
    withField(3, 5),
    withField(3, "delay"),
    withField(4, 0),
    withField(5, 3),
    withField(6, -1),
    withField(7, Number.NaN),
    withField(8, 2),
    withField(8, true),
    withField(9, [1, 1]),
    withField(9, [3, 1, 1]),
    withField(9, [1, 1, 0]),
    withField(10, 2 ** 53),
    withField(10, 5n),
    withField(11, null),
    withField(12, [0]),
    withField(12, [0, 2]),
    withField(13, undefined),
  ];
  for (const value of wrong)
    assert.throws(
      () => decodeDefinition(value),
      (error: unknown) => isKronError(error, "KRON_JOURNAL_CORRUPT"),
      `${value}`,
    );
  assert.throws(
    () => decodeDefinition(withField(2, [7])),
    /Expected target of a timer definition to be a number below 1, got 7/,
  );
});

test("a history policy takes the second layout, whatever part of it is given", () => {
  const policies = [{}, { count: 5 }, { ageMs: 60_000 }, { bytes: 4_096 }, { count: 1, ageMs: 1, bytes: 1 }];
  const definitions = policies.map((history) => ({ ...plain, history }));
  for (const definition of definitions) {
    const encoded = encodeDefinition(definition) as unknown[];
    assert.is(encoded[0], 2);
    assert.equal(decodeDefinition(encoded), definition);
  }
  assert.is(new Set([plain, ...definitions].map(definitionKey)).size, 6);
  const first = encodeDefinition(plain) as unknown[];
  for (const history of [[1, 2], [0, null, null], [null, "1d", null], [null, null, -1], null])
    assert.throws(
      () => decodeDefinition([2, ...first.slice(1), history]),
      (error: unknown) => isKronError(error, "KRON_JOURNAL_CORRUPT"),
    );
});

test("decodeDefinition() names a layout that it is too old to read", () => {
  assert.throws(
    () => decodeDefinition([4, "whatever"]),
    (error: unknown) => isKronError(error, "KRON_JOURNAL_VERSION"),
  );
});

test("an unknown schedule cannot pass unseen", () => {
  assert.throws(() => encodeDefinition({ ...plain, schedule: { kind: "soon" } as never }), /Unexpected value/);
});

test.run();

import assert from "node:assert/strict";
import fc from "fast-check";
import { fieldsKey } from "../../src/core/cron-fields.ts";
import { parseCron } from "../../src/core/cron-parse.ts";
import { isKronError, type KronError } from "../../src/core/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("cron-parse");

function keyOf(expression: string, seed = 0): string {
  const parsed = parseCron(expression, seed);
  return parsed.kind === "fields" ? fieldsKey(parsed.fields) : parsed.kind;
}

function errorOf(expression: string): KronError {
  try {
    parseCron(expression, 0);
  } catch (error) {
    if (isKronError(error, "KRON_CRON_INVALID")) return error;
    throw error;
  }
  return assert.fail(`Accepted ${JSON.stringify(expression)}`);
}

test("parseCron() reads different spellings of the same schedule alike", () => {
  const pairs = [
    ["@yearly", "0 0 1 1 *"],
    ["@annually", "0 0 1 JAN *"],
    ["@monthly", "0 0 1 * *"],
    ["@weekly", "0 0 * * SUN"],
    ["@daily", "@midnight"],
    ["@hourly", "0 * * * *"],
    ["@every_minute", "* * * * *"],
    ["5 4 * * *", "0 5 4 * * *"],
    ["0 5 4 * * *", "0 5 4 * * * *"],
    ["  5\t4 * * *  ", "5 4 * * *"],
    ["0 0 * jan-mar,Dec mon-FRI", "0 0 * 1,2,3,12 1,2,3,4,5"],
    ["0 0 * * 7", "0 0 * * 0"],
    ["0 0 * * 5-7", "0 0 * * 0,5,6"],
    ["0 0 * * 0-7", "0 0 * * 0-6"],
    ["0 0 * * 7-2", "0 0 * * 0-2"],
    ["0 0 * * FRI-MON", "0 0 * * 0,1,5,6"],
    ["0 0 * * SUN-SAT", "0 0 * * 0-6"],
    ["0 0 * * 7/3", "0 0 * * 0"],
    ["0 22-2 * * *", "0 0,1,2,22,23 * * *"],
    ["0 22-2/2 * * *", "0 22,0,2 * * *"],
    ["0 0 28-3/2 * *", "0 0 28,30,1,3 * *"],
    ["0 0 * 11-2 *", "0 0 * 11,12,1,2 *"],
    ["7/20 * * * *", "7,27,47 * * * *"],
    ["*/25 * * * *", "*/25,0,25,50 * * * *"],
    ["007 * * * *", "7 * * * *"],
    ["0 0 ? * MON", "0 0 * * MON"],
    ["0 0 1 * ?", "0 0 1 * *"],
    ["0 0 * * 5L", "0 0 * * FRI#L"],
    ["0 0 * * fril", "0 0 * * FRI#L"],
    ["0 0 * * 7#2", "0 0 * * SUN#2"],
    ["0 0 l,lw * *", "0 0 LW,L * *"],
    ["0 0 0 1 1 * 2030/2000", "0 0 0 1 1 * 2030-9999/2000"],
  ] as const;
  for (const [one, other] of pairs) assert.equal(keyOf(one), keyOf(other), `${one} and ${other}`);
});

test("parseCron() tells apart what only looks alike", () => {
  const pairs = [
    ["0 0 1-31 * MON", "0 0 * * MON"],
    ["0 0 1 * MON", "0 0 1 * +MON"],
    ["0-59 * * * *", "0-59 0-23 * * *"],
    ["0 0 15W * *", "0 0 15 * *"],
    ["0 0 * * FRI", "0 0 * * FRIL"],
    ["0 0 L * *", "0 0 L-1 * *"],
    ["0 0 LW * *", "0 0 L * *"],
  ] as const;
  for (const [one, other] of pairs) assert.notEqual(keyOf(one), keyOf(other), `${one} and ${other}`);
});

test("parseCron() resolves H by the seed, within its range and step", () => {
  const minutes = new Set<number>();
  for (let seed = 0; seed < 500; seed += 1) {
    const parsed = parseCron("H H(2-4) H H H", seed);
    assert.ok(parsed.kind === "fields");
    const { minutes: minute, hours, monthDays, months, weekDays } = parsed.fields;
    for (const set of [minute, hours, monthDays.days, months, weekDays.days]) assert.equal(set.size, 1);
    minutes.add(minute.next(0));
    assert.ok([2, 3, 4].includes(hours.next(0)));
    assert.ok(monthDays.days.next(0) >= 1 && monthDays.days.next(0) <= 28);
    assert.equal(keyOf("H H * * *", seed), keyOf("h h * * *", seed));
    const quarter = parseCron("H/15 * * * *", seed);
    assert.ok(quarter.kind === "fields");
    const phase = quarter.fields.minutes.next(0);
    assert.ok(phase < 15);
    assert.deepEqual(quarter.fields.minutes.values(), [phase, phase + 15, phase + 30, phase + 45]);
    const ranged = parseCron("H(10-29)/10 * * * H(MON-TUE)", seed);
    assert.ok(ranged.kind === "fields" && ranged.fields.minutes.size === 2 && ranged.fields.minutes.next(0) >= 10);
    assert.ok([1, 2].includes(ranged.fields.weekDays.days.next(0)));
    assert.equal(keyOf("H(0-2)/5 0 * * *", seed), keyOf("H(0-2)/3 0 * * *", seed));
  }
  assert.equal(minutes.size, 60);
});

test("parseCron() keeps @reboot apart", () => {
  assert.deepEqual(parseCron("@reboot", 0), { kind: "reboot" });
});

test("parseCron() refuses what is not in the grammar, and points at it", () => {
  const cases = [
    ["", undefined, 0, 1],
    ["* * * *", undefined, 0, 7],
    ["* * * * * * * *", undefined, 0, 15],
    ["60 * * * *", "minute", 0, 2],
    ["* 24 * * *", "hour", 2, 2],
    ["0 0 0 * *", "dayOfMonth", 4, 1],
    ["0 0 32 * *", "dayOfMonth", 4, 2],
    ["0 0 * 0 *", "month", 6, 1],
    ["0 0 * 13 *", "month", 6, 2],
    ["0 0 * * 8", "dayOfWeek", 8, 1],
    ["60 0 0 * * *", "second", 0, 2],
    ["0 0 0 1 1 * 1969", "year", 12, 4],
    ["0 0 0 1 1 * 10000", "year", 12, 5],
    ["0 0 0 1 1 * 2030-2020", "year", 12, 9],
    ["0 0 0 1 1 * H", "year", 12, 1],
    ["*/0 * * * *", "minute", 2, 1],
    ["*/61 * * * *", "minute", 2, 2],
    ["/5 * * * *", "minute", 0, 2],
    ["1/ * * * *", "minute", 2, 1],
    ["5- * * * *", "minute", 2, 1],
    ["5,,6 * * * *", "minute", 2, 1],
    [", * * * *", "minute", 0, 1],
    ["5, * * * *", "minute", 2, 1],
    ["-5 * * * *", "minute", 0, 2],
    ["1.5 * * * *", "minute", 1, 2],
    ["*/5x * * * *", "minute", 3, 1],
    ["** * * * *", "minute", 1, 1],
    ["99999999999999999999 * * * *", "minute", 0, 20],
    ["00000 * * * *", "minute", 0, 5],
    ["? * * * *", "minute", 0, 1],
    ["0 0 ?,1 * *", "dayOfMonth", 4, 1],
    ["0 0 1,? * *", "dayOfMonth", 6, 1],
    ["0 0 +1 * *", "dayOfMonth", 4, 2],
    ["0 0 1-15W * *", "dayOfMonth", 4, 5],
    ["0 0 *W * *", "dayOfMonth", 4, 2],
    ["0 0 L-31 * *", "dayOfMonth", 6, 2],
    ["0 0 L-3W * *", "dayOfMonth", 7, 1],
    ["0 0 * * L", "dayOfWeek", 8, 1],
    ["0 0 * * MON#6", "dayOfWeek", 12, 1],
    ["0 0 * * MON#0", "dayOfWeek", 12, 1],
    ["0 0 * * 1-3#2", "dayOfWeek", 8, 5],
    ["0 0 * * *L", "dayOfWeek", 8, 2],
    ["0 0 * * ++MON", "dayOfWeek", 9, 4],
    ["0 0 * JANL *", "month", 6, 4],
    ["H(5-2) * * * *", "minute", 2, 4],
    ["H(1 * * * *", "minute", 3, 1],
    ["H(1-5 * * * *", "minute", 5, 1],
    ["HH * * * *", "minute", 0, 2],
    ["@Daily", undefined, 0, 6],
    ["@dialy", undefined, 0, 6],
    [" @daily 0", undefined, 1, 6],
    ["0\n0 * * *", undefined, 0, 9],
  ] as const;
  for (const [expression, field, offset, length] of cases) {
    const { details, message } = errorOf(expression);
    assert.deepEqual(
      { field: details?.field, offset: details?.offset, length: details?.length },
      { field, offset, length },
      `${expression}: ${message}`,
    );
    assert.match(message, /[Ee]xpected .+, got /);
  }
});

test("parseCron() says what may be meant", () => {
  assert.equal(errorOf("@Daily").hint, "Did you mean @daily?");
  assert.equal(errorOf("@sometimes").hint?.startsWith("Known: @yearly"), true);
  assert.equal(errorOf("0 0 * JANUARY *").hint, "Did you mean JAN?");
  assert.equal(errorOf("0 0 * * FRYDAY").hint, "Did you mean FRI?");
  assert.equal(errorOf("0 0 * * XYZ").hint, undefined);
});

test("parseCron() bounds what it reads and what it repeats of it", () => {
  const long = errorOf(`${"0,".repeat(600)}0 * * * *`);
  assert.deepEqual(long.details, { offset: 1000, length: 209 });
  assert.ok(long.message.length < 250);
  const odd = errorOf("\u001b[31m\u202e * * * *").message;
  assert.match(odd, /^[ -~]+$/);
});

test("parseCron() ends with fields or with KRON_CRON_INVALID for any text", () => {
  const letters = fc.constantFrom(..."0123456789*/-,?LWH#+()@ \tMONFRIJAdaily");
  const text = fc.string({ unit: letters, maxLength: 40 });
  const fields = fc.array(fc.string({ unit: letters, minLength: 1, maxLength: 8 }), { minLength: 5, maxLength: 7 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        text,
        fields.map((words) => words.join(" ")),
      ),
      (expression) => {
        try {
          parseCron(expression, 1);
        } catch (error) {
          if (!isKronError(error, "KRON_CRON_INVALID")) throw error;
          const { offset, length } = error.details as { offset: number; length: number };
          assert.ok(offset >= 0 && length >= 1 && offset + length <= expression.length + 1);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test.run();

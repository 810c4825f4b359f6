import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { encodeDefinition } from "../../src/core/definition.ts";
import { isKronError } from "../../src/core/errors.ts";
import { instantMsMax } from "../../src/core/instant.ts";
import { Kind } from "../../src/core/record.ts";
import { checkEntry, recordFields } from "../../src/core/record-shape.ts";
import { boom, boomWith, definitionOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("record-shape");
const definition = encodeDefinition(definitionOf());
const good: readonly (readonly unknown[])[] = [
  [Kind.RUNTIME_STARTED, "boot"],
  [Kind.RUNTIME_STOPPED],
  [Kind.CLOCK_STEPPED, -5],
  [Kind.TIMER_CREATED, "a", definition, 0, instantMsMax, { a: 1 }],
  [Kind.TIMER_CREATED, "a", 7, 0, 0, null],
  [Kind.TIMER_UPDATED, 1, definition, 0, -1, null],
  [Kind.TIMER_PAUSED, 1],
  [Kind.TIMER_RESUMED, 1],
  [Kind.TIMER_CANCELLED, 1],
  [Kind.RUN_DUE, 1, 2, 3, 0, 1],
  [Kind.RUN_TRIGGERED, 1, 0, undefined],
  [Kind.RUN_STARTED, 1, 1],
  [Kind.RUN_SUCCEEDED, 1, 1, 0, 0, "result", null],
  [Kind.RUN_SUCCEEDED, 1, 1, 0, 0, null, "note"],
  [Kind.RUN_FAILED, 1, 1, 0, 0, 0, boom],
  [Kind.RUN_TIMED_OUT, 1, 1, 0, 0, 0, ["E", "m", "stack", "CODE"]],
  [Kind.RUN_LOST, 1, 1, 0, 0, 0, boom],
  [Kind.RUN_LOST, 1, 1, 0, 0, 0, boomWith({ exitCode: 1 })],
  [Kind.RUN_CANCELLED, 1, "requested", 0],
  [Kind.RUN_MISSED, 1, 2, 3, 2, 4, "late"],
  [Kind.RUN_SKIPPED_OVERLAP, 1, 2, 3, 2, 4],
];

function refuses(
  data: unknown,
  message: RegExp,
  code: "KRON_JOURNAL_CORRUPT" | "KRON_JOURNAL_VERSION" = "KRON_JOURNAL_CORRUPT",
): void {
  assert.throws(
    () => checkEntry(data, "kron.aof:40"),
    (error: unknown) => isKronError(error, code) && message.test(error.message),
    `${String(message)} for ${inspect(data)}`,
  );
}

test("every kind has a shape, and a record of each is taken as it is", () => {
  for (const kind of Object.values(Kind)) assert.ok(recordFields(kind) !== undefined, String(kind));
  assert.is(recordFields(99), undefined);
  const entry = [5, ...good];
  assert.is(checkEntry(entry, "here"), entry);
  assert.equal(checkEntry([0], "here"), [0]);
});

test("a field too few or too many is refused, for every kind", () => {
  for (const record of good) {
    const mayGrow = recordFields(record[0] as number)?.at(-1)?.[2] === true;
    refuses([5, [...record, ...(mayGrow ? ["given-up"] : []), 1]], /fields, expected/);
    if (record.length > 1) refuses([5, record.slice(0, -1)], /fields, expected/);
  }
});

test("what is no entry or no record is refused", () => {
  for (const data of [null, {}, "x", [], [-1], [1.5], ["1"], [instantMsMax + 1], [Number.NaN], [null, good[0]]]) {
    refuses(data, /Bad entry at kron\.aof:40: expected \[atMs/);
  }
  for (const record of [null, 1, "x", {}]) refuses([5, record], /record 0 is not a tuple/);
});

test("an unknown kind asks for a newer version, whatever it is", () => {
  for (const kind of [0, 99, "20", null, undefined, {}, Object.create(null), [20]]) {
    refuses([5, good[1], [kind]], /Record 1 at kron\.aof:40 is of unknown kind/, "KRON_JOURNAL_VERSION");
  }
});

test("a field that cannot hold its value is named, with what came", () => {
  for (const [record, message] of [
    [[Kind.RUNTIME_STARTED, 5], /record 0 \(RUNTIME_STARTED\) has a bad boot: expected a text, got 5/],
    [[Kind.CLOCK_STEPPED, 0.5], /bad deltaMs: expected a whole number/],
    [
      [Kind.TIMER_CREATED, "a", definition, 0, -1, null],
      /bad nextAtMs: expected milliseconds from 1970 to 9999, got -1/,
    ],
    [[Kind.TIMER_CREATED, "a", definition, instantMsMax + 1, 0, null], /bad anchorMs/],
    [[Kind.TIMER_CREATED, "a", [1, 2], 0, 0, null], /bad definition: expected a timer definition/],
    [[Kind.TIMER_CREATED, "a", null, 0, 0, null], /bad definition/],
    [[Kind.TIMER_CREATED, "a", -1, 0, 0, null], /bad definition/],
    [[Kind.TIMER_UPDATED, 1, definition, 0, -2, null], /bad nextAtMs: .* or -1/],
    [[Kind.TIMER_PAUSED, -1], /bad timer: expected a whole number from 0/],
    [[Kind.TIMER_PAUSED, 2 ** 53], /bad timer/],
    [[Kind.TIMER_PAUSED, 1n], /bad timer: .* got a bigint/],
    [[Kind.RUN_DUE, 1, 2, 3, 0, 2], /bad start: expected 0 or 1/],
    [[Kind.RUN_DUE, 1, 2, 3, 0, true], /bad start/],
    [[Kind.RUN_SUCCEEDED, 1, 1, 0, 0, null, 5], /bad resultNote: expected a text or null/],
    [[Kind.RUN_FAILED, 1, 1, 0, 0, 0, ["E", "m", null]], /bad error: expected \[name, message, stack, code\]/],
    [[Kind.RUN_FAILED, 1, 1, 0, 0, 0, "E"], /bad error/],
    [[Kind.RUN_FAILED, 1, 1, 0, 0, 0, [1, "m", null, null]], /bad error/],
    [[Kind.RUN_FAILED, 1, 1, 0, 0, 0, ["E", 1, null, null]], /bad error/],
    [[Kind.RUN_FAILED, 1, 1, 0, 0, 0, ["E", "m", 1, null]], /bad error/],
    [[Kind.RUN_FAILED, 1, 1, 0, 0, 0, ["E", "m", null, 1]], /bad error/],
  ] as const) {
    refuses([5, record], message);
  }
});

test("the ending may be left out, and is nothing but an ending", () => {
  const failed = [Kind.RUN_FAILED, 1, 1, 0, 0, 0, boom];
  const cancelled = [Kind.RUN_CANCELLED, 1, "requested", 0];
  for (const ending of ["thread-terminated", "process-terminated", "process-killed", "given-up"]) {
    checkEntry([5, [...failed, ending], [...cancelled, ending]], "here");
  }
  for (const record of [failed, cancelled]) {
    for (const ending of [null, undefined, 1, {}])
      refuses([5, [...record, ending]], /bad ending: expected how an attempt was ended by force/);
    refuses([5, [...record, "vaporized"]], /Expected an ending .* got "vaporized"/, "KRON_JOURNAL_VERSION");
    refuses([5, [...record, "given-up", 1]], /fields, expected/);
  }
});

test("details of an error are an object of plain data, and small", () => {
  const failed = (details: unknown) => [5, [Kind.RUN_FAILED, 1, 1, 0, 0, 0, [...boom, details]]];
  checkEntry(failed({}), "here");
  for (const details of [null, undefined, [], "text", 1, new Date(0), { at: new Date(0) }, { text: "x".repeat(2_048) }])
    refuses(failed(details), /bad error: expected \[name, message, stack, code\] and perhaps details/);
  refuses([5, [Kind.RUN_FAILED, 1, 1, 0, 0, 0, [...boom, {}, 1]]], /bad error/);
});

test("a definition of a later layout asks for a newer version", () => {
  refuses([5, [Kind.TIMER_CREATED, "a", [4], 0, 0, null]], /layout 4/, "KRON_JOURNAL_VERSION");
});

test.run();

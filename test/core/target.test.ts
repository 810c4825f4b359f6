import fc from "fast-check";
import { Packr } from "msgpackr";
import * as assert from "uvu/assert";
import { decodeDefinition, definitionKey, encodeDefinition } from "../../src/core/definition.ts";
import { isKronError } from "../../src/core/errors.ts";
import { decodeTarget, encodeTarget, type TargetSpec, targetKey } from "../../src/core/target.ts";
import { targets } from "../support/random-targets.ts";
import { definitionOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("target");

test("decodeTarget() reads back what encodeTarget() wrote, through msgpack, in layout 3", () => {
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  fc.assert(
    fc.property(targets, (target) => {
      assert.equal(decodeTarget(packr.unpack(packr.pack(encodeTarget(target))), true), target);
      const definition = definitionOf({ target });
      assert.equal(decodeDefinition(packr.unpack(packr.pack(encodeDefinition(definition)))), definition);
      const withHistory = { ...definition, history: { count: 5 } };
      assert.equal(decodeDefinition(encodeDefinition(withHistory)), withHistory);
    }),
    { numRuns: 500 },
  );
});

test("definitionKey() is equal exactly when targets are, whatever their texts", () => {
  fc.assert(
    fc.property(targets, targets, (a, b) => {
      const [one, other] = [definitionOf({ target: a }), definitionOf({ target: b })];
      const isSame = JSON.stringify(encodeTarget(a)) === JSON.stringify(encodeTarget(b));
      assert.is(definitionKey(one) === definitionKey(other), isSame);
      assert.is(definitionKey(one), definitionKey(structuredClone(one)));
      const other2 = definitionOf({ target: a, schedule: { kind: "every", everyMs: 7 } });
      assert.is.not(definitionKey(one), definitionKey(other2));
    }),
    { numRuns: 500 },
  );
});

test("definitionKey() tells texts apart that would be alike side by side", () => {
  const command = (argv: string[], parts: object = {}): TargetSpec => ({
    ...{ kind: "command", argv, cwd: undefined, env: {}, shell: false },
    ...parts,
  });
  const http = (parts: object): TargetSpec => ({
    ...{ kind: "http", method: "POST", url: "http://a", headers: [], body: undefined, success: [[200, 299]] },
    ...parts,
  });
  const all: TargetSpec[] = [
    { kind: "callback" },
    command(["a", "b"]),
    command(["a,b"]),
    command(['a","b']),
    command(["a"], { env: { b: "" } }),
    command(["a"], { env: { b: "c" } }),
    command(["a"], { cwd: "b" }),
    command(["a"]),
    command(["a"], { shell: true }),
    http({}),
    http({ body: null }),
    http({ body: "null" }),
    http({ body: "" }),
    http({ body: {} }),
    http({ headers: [["a", "b"]] }),
    http({
      headers: [
        ["a", ""],
        ["b", ""],
      ],
    }),
    http({ success: [[200, 204]] }),
  ];
  assert.is(new Set(all.map((target) => definitionKey(definitionOf({ target })))).size, all.length);
  assert.is(targetKey({ kind: "callback" }), "", "which nearly all timers have");
});

test("encodeTarget() never changes", () => {
  assert.equal(encodeTarget({ kind: "callback" }), [0]);
  assert.equal(
    encodeTarget({
      ...{ kind: "module", path: "./a.js", exportName: "run", isolate: "process" },
      ...{ heapMbMax: 1, runsPerWorkerMax: 2, memoryBytesMax: 3 },
    }),
    [1, "./a.js", "run", 2, 1, 2, 3],
  );
  assert.equal(encodeTarget({ kind: "command", argv: ["a", ""], cwd: "/", env: { A: "1", B: "" }, shell: true }), [
    2,
    ["a", ""],
    "/",
    ["A", "1", "B", ""],
    1,
  ]);
  const headers = [["a", "b"]] as const;
  const success = [
    [200, 299],
    [404, 404],
  ] as const;
  assert.equal(encodeTarget({ kind: "http", method: "PUT", url: "http://a", headers, body: { a: [1] }, success }), [
    ...[3, "PUT", "http://a"],
    ["a", "b"],
    '{"a":[1]}',
    [200, 299, 404, 404],
  ]);
});

test("decodeTarget() refuses what does not have the shape of its kind, and says what was expected", () => {
  const module = [1, "./a.js", "run", 0, 0, 0, 0];
  const command = [2, ["a"], null, [], 0];
  const http = [3, "GET", "http://a", [], null, []];
  const withField = (fields: readonly unknown[], at: number, value: unknown): unknown[] =>
    fields.map((old, index) => (index === at ? value : old));
  for (const [value, message] of [
    [null, /Expected target .* to be an array, got null/],
    [[], /target .* a whole number from 0, got undefined/],
    [[4], /target .* a number below 4, got 4/],
    [[0, 1], /target .* 1 fields, got 2/],
    [module.slice(1), /target/],
    [module.slice(0, 6), /module target .* 7 fields, got 6/],
    [withField(module, 1, ""), /module path .* a text, got ""/],
    [withField(module, 2, 1), /module export .* a text, got 1/],
    [withField(module, 3, 3), /isolate .* a number below 3, got 3/],
    [withField(module, 4, -1), /heapMbMax/],
    [withField(module, 5, 0.5), /runsPerWorkerMax/],
    [withField(module, 6, "1"), /memoryBytesMax/],
    [command.slice(0, 4), /command target .* 5 fields, got 4/],
    [withField(command, 1, "a"), /command .* an array, got "a"/],
    [withField(command, 1, []), /command .* at least one text, got 0/],
    [withField(command, 1, ["a", 1]), /command\[1\] .* a text, got 1/],
    [withField(command, 2, ""), /cwd .* a text, got ""/],
    [withField(command, 3, {}), /env .* an array/],
    [withField(command, 3, ["A"]), /env .* a text, got undefined/],
    [withField(command, 3, ["A", 1]), /env .* a text, got 1/],
    [withField(command, 4, true), /shell .* a whole number/],
    [[...http, 0], /http target .* 6 fields, got 7/],
    [withField(http, 1, ""), /http method/],
    [withField(http, 2, null), /http url/],
    [withField(http, 3, ["a"]), /http headers/],
    [withField(http, 4, "{"), /http body .* JSON, got "\{"/],
    [withField(http, 4, ""), /http body .* JSON, got ""/],
    [withField(http, 4, 5), /http body .* JSON, got 5/],
    [withField(http, 5, [200]), /http success .* a whole number from 0, got undefined/],
    [withField(http, 5, [200, "x"]), /http success/],
  ] as const) {
    assert.throws(
      () => decodeTarget(value, true),
      (error: unknown) => isKronError(error, "KRON_JOURNAL_CORRUPT") && message.test(error.message),
      `${JSON.stringify(value)} ${String(message)}`,
    );
  }
});

test("layouts before 3 know only callbacks, and layout 3 takes a callback as well", () => {
  const [layout, schedule, , ...rest] = encodeDefinition(definitionOf()) as unknown[];
  const module = [1, "./a.js", "run", 0, 0, 0, 0];
  assert.is(layout, 1);
  for (const definition of [
    [1, schedule, module, ...rest],
    [2, schedule, module, ...rest, [null, null, null]],
    [3, schedule, module, ...rest],
    [3, schedule, module, ...rest, 5],
  ])
    assert.throws(
      () => decodeDefinition(definition),
      (error: unknown) => isKronError(error, "KRON_JOURNAL_CORRUPT"),
    );
  assert.equal(decodeDefinition([3, schedule, [0], ...rest, null]), definitionOf());
  assert.equal((encodeDefinition(definitionOf({ target: decodeTarget(module, true) })) as unknown[]).at(-1), null);
});

test("names of the log that objects know too are names like any other", () => {
  const target = decodeTarget([2, ["a"], null, ["__proto__", "x", "constructor", "y"], 0], true);
  assert.ok(target.kind === "command");
  assert.equal(Object.keys(target.env), ["__proto__", "constructor"]);
  assert.is(Object.getPrototypeOf(target.env), Object.prototype);
  assert.equal(encodeTarget(target), [2, ["a"], null, ["__proto__", "x", "constructor", "y"], 0]);
});

test.run();

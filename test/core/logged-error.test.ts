import { runInNewContext } from "node:vm";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { toLoggedError } from "../../src/core/logged-error.ts";
import { suite } from "../support/suite.ts";

const test = suite("logged-error");

test("an error is kept with name, message, stack and a code that is a text", () => {
  const error = Object.assign(new TypeError("bad"), { code: "E_BAD" });
  const [name, message, stack, code] = toLoggedError(error);
  assert.equal([name, message, code], ["TypeError", "bad", "E_BAD"]);
  assert.match(stack ?? "", "TypeError: bad");
  assert.is(toLoggedError(Object.assign(new Error("x"), { code: 5 }))[3], null);
  assert.is(toLoggedError(Object.assign(new Error("x"), { stack: undefined }))[2], null);
});

test("the message tells the cause, when that is an error", () => {
  assert.is(toLoggedError(new Error("top", { cause: new Error("below") }))[1], "top (cause: below)");
  assert.is(toLoggedError(new Error("top", { cause: "text" }))[1], "top");
});

test("an error of another realm is an error", () => {
  const [name, message, stack] = toLoggedError(runInNewContext("new RangeError('far')"));
  assert.equal([name, message], ["RangeError", "far"]);
  assert.ok(stack !== null);
});

test("anything else that is thrown is described", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (const [thrown, message] of [
    ["text", "text"],
    [undefined, "undefined"],
    [null, "null"],
    [42, "42"],
    [Symbol("s"), "Symbol(s)"],
    [{ a: 1 }, '{"a":1}'],
    [{ toJSON: () => undefined }, "[object Object]"],
    [circular, "The thrown value could not be read"],
    [
      Object.defineProperty(new Error("x"), "name", {
        get: () => {
          throw new Error("no");
        },
      }),
      "The thrown value could not be read",
    ],
  ] as const) {
    assert.equal(toLoggedError(thrown), ["Error", message, null, null]);
  }
});

test("long texts are cut between code points, and say what is missing", () => {
  assert.is(toLoggedError("a".repeat(4_096))[1], "a".repeat(4_096));
  assert.is(toLoggedError("a".repeat(4_100))[1], `${"a".repeat(4_096)}… (4 more characters)`);
  assert.is(toLoggedError(`${"a".repeat(4_095)}😀b`)[1], `${"a".repeat(4_095)}… (3 more characters)`);
  assert.is(toLoggedError(`${"a".repeat(4_094)}😀b`)[1], `${"a".repeat(4_094)}😀… (1 more characters)`);
});

test("every text can be written as UTF-8 and read back, whatever was thrown", () => {
  assert.is(toLoggedError("\ud800x\udc00")[1], "\ufffdx\ufffd");
  fc.assert(
    fc.property(fc.anything(), fc.string({ unit: "binary" }), (thrown, text) => {
      for (const value of [thrown, text, new Error(text)]) {
        for (const field of toLoggedError(value)) {
          assert.ok(field === null || field === Buffer.from(field, "utf8").toString("utf8"));
        }
      }
    }),
  );
});

test.run();

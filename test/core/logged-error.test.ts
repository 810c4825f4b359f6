import { runInNewContext } from "node:vm";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import {
  detailsBytesMax,
  fromLoggedError,
  isLoggedDetails,
  toLoggedError,
  withDetailsOf,
} from "../../src/core/logged-error.ts";
import { checkPayload } from "../../src/core/payload.ts";
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

test("an error that was logged is an error again, and is logged as it was", () => {
  const plain = fromLoggedError(["TypeError", "bad", "TypeError: bad\n    at x", "E_BAD"]);
  assert.ok(plain instanceof Error && !(plain instanceof KronError));
  assert.equal(toLoggedError(plain), ["TypeError", "bad", "TypeError: bad\n    at x", "E_BAD"]);
  assert.equal(toLoggedError(fromLoggedError(["Error", "x", null, null])), ["Error", "x", null, null]);
  const own = fromLoggedError(["KronError", "late", null, "KRON_RUN_TIMEOUT"]);
  assert.ok(own instanceof KronError && own.code === "KRON_RUN_TIMEOUT");
  assert.equal(toLoggedError(own), ["KronError", "late", null, "KRON_RUN_TIMEOUT"]);
  for (const code of ["KRON_CONFLICT", "E_BAD", null]) {
    const detailed = ["Error", "x", "stack", code, { exitCode: 1 }] as const;
    assert.equal(toLoggedError(fromLoggedError(detailed)), detailed);
  }
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
          assert.ok(field === null || field === Buffer.from(String(field), "utf8").toString("utf8"));
        }
      }
    }),
  );
});

const withDetails = (details: unknown): Error => Object.assign(new Error("x"), { details });
const detailsOf = (details: unknown): unknown => toLoggedError(withDetails(details))[4];

test("details that are plain data are kept, as a copy", () => {
  const details = { exitCode: 2, signal: null, stderr: "no space", limits: { bytes: [1, 2] } };
  const logged = toLoggedError(new KronError("KRON_CONFLICT", "x", { details }));
  assert.is(logged.length, 5);
  assert.equal(logged[4], details);
  details.limits.bytes.push(3);
  assert.equal((logged[4] as typeof details).limits.bytes, [1, 2]);
});

test("without details the error is as short as ever", () => {
  for (const details of [undefined, null, {}, 5, "text", [1], new Uint8Array(3), new Map(), { only: undefined }]) {
    assert.is(toLoggedError(withDetails(details)).length, 4, String(details));
  }
  assert.is(toLoggedError("text").length, 4);
  assert.is(toLoggedError({ details: { a: 1 } }).length, 4, "not an error");
});

test("members that cannot be kept are left out, and so are those that do not fit", () => {
  const big = "x".repeat(detailsBytesMax);
  assert.equal(detailsOf({ a: 1, b: undefined, c: () => 1, d: new Date(0), big, e: "last" }), { a: 1, e: "last" });
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`m${n}`, "x".repeat(100)]));
  const kept = detailsOf(many) as object;
  assert.ok(checkPayload(kept, "details") <= detailsBytesMax);
  assert.ok(Object.keys(kept).length > 15);
  assert.equal(detailsOf(Object.defineProperty({ a: 1, u: undefined }, "__proto__", { value: 2, enumerable: true })), {
    a: 1,
  });
});

test("up to 2 KiB are kept, and not a byte more", () => {
  // One byte for the object, two for its key, three before a text of that length.
  const text = "x".repeat(detailsBytesMax - 6);
  assert.equal(detailsOf({ k: text }), { k: text });
  assert.is(detailsOf({ k: `${text}x` }), undefined);
  assert.ok(isLoggedDetails({ k: text }));
  assert.not.ok(isLoggedDetails({ k: `${text}x` }));
});

test("details that tell something else each time they are read, or fail, never break the error", () => {
  let reads = 0;
  const shifty = {
    get a(): unknown {
      reads += 1;
      return reads === 1 ? 1 : "x".repeat(10_000);
    },
  };
  assert.equal(toLoggedError(withDetails(shifty)).slice(0, 2), ["Error", "x"]);
  assert.is(detailsOf(shifty), undefined);
  const failing = Object.defineProperty(new Error("x"), "details", {
    get: () => {
      throw new Error("no");
    },
  });
  assert.equal(toLoggedError(failing).slice(0, 2), ["Error", "x"]);
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
  assert.equal(toLoggedError(withDetails(hostile)).slice(0, 2), ["Error", "x"]);
});

test("whatever the details are, what is kept of them can stand in the log", () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
      (details) => {
        const kept = detailsOf(details);
        assert.ok(kept === undefined || isLoggedDetails(kept));
      },
    ),
  );
});

test("withDetailsOf() takes the details of the other error, if it has any", () => {
  const error = toLoggedError("mine");
  assert.is(withDetailsOf(error, toLoggedError("other")), error);
  assert.equal(withDetailsOf(error, toLoggedError(withDetails({ a: 1 }))), ["Error", "mine", null, null, { a: 1 }]);
});

test.run();

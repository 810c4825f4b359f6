import * as assert from "uvu/assert";
import { AssertionError, assert as insist, unreachable } from "../../src/core/assert.ts";
import { ERROR_CODES, isKronError, KronError } from "../../src/core/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("errors");

test("a KronError has its code, and what else it was given", () => {
  const cause = new Error("below");
  const error = new KronError("KRON_CONFLICT", "Expected this, got that", { hint: "Try", cause, details: { pid: 1 } });
  assert.is(error.name, "KronError");
  assert.is(error.code, "KRON_CONFLICT");
  assert.is(error.hint, "Try");
  assert.is(error.cause, cause);
  assert.equal(error.details, { pid: 1 });
  const bare = new KronError("KRON_CONFLICT", "Expected this, got that");
  assert.not.ok("cause" in bare);
  assert.is(bare.hint, undefined);
});

test("isKronError() tells codes apart, and other errors from ours", () => {
  const error = new KronError("KRON_CONFLICT", "x");
  assert.ok(isKronError(error));
  assert.ok(isKronError(error, "KRON_CONFLICT"));
  assert.not.ok(isKronError(error, "KRON_STOPPED"));
  assert.not.ok(isKronError(new Error("x")));
  assert.not.ok(isKronError({ code: "KRON_CONFLICT" }));
});

test("every code is named and described in the house style", () => {
  for (const [code, meaning] of Object.entries(ERROR_CODES)) {
    assert.match(code, /^KRON_[A-Z_]+$/);
    assert.not.match(meaning, /\.$/);
  }
});

test("assert() passes what holds and stops at what does not", () => {
  insist(true, "it holds");
  assert.throws(
    () => insist(false, "it holds"),
    (error: unknown) => error instanceof AssertionError && error.message === "Assertion failed: it holds",
  );
  assert.throws(() => unreachable("odd" as never), /Unexpected value odd/);
});

test.run();

/** Errors on the wire: what survives, what is left out, and what is made of strangers. */

import { equal, is, ok } from "uvu/assert";
import { AssertionError } from "../../src/core/assert.ts";
import { isKronError, KronError } from "../../src/core/errors.ts";
import { errorBody, readError, toKronError } from "../../src/ipc/wire-error.ts";
import { packCopy, unpackValue } from "../../src/journal/codec.ts";
import { suite } from "../support/suite.ts";

const test = suite("ipc errors");

/** What the other side makes of `error`. */
function across(error: KronError): KronError {
  const bytes = packCopy(errorBody(error));
  return readError(unpackValue(bytes, 0, bytes.length) as readonly unknown[]);
}

test("code, message, hint and details arrive, and so does their absence", () => {
  const full = across(new KronError("KRON_CONFLICT", "No", { hint: "Ask again", details: { at: 1, list: ["a"] } }));
  equal(
    [full.code, full.message, full.hint, full.details],
    ["KRON_CONFLICT", "No", "Ask again", { at: 1, list: ["a"] }],
  );
  const bare = across(new KronError("KRON_CONFLICT", "No"));
  equal([bare.hint, bare.details], [undefined, undefined]);
  ok(isKronError(bare));
});

test("details that cannot be carried or are too large are left out; long texts are cut; lone surrogates go", () => {
  const odd = across(new KronError("KRON_CONFLICT", "No", { details: { map: new Map([[1, 2]]) } }));
  is(odd.details, undefined);
  is(across(new KronError("KRON_CONFLICT", "No", { details: { x: "x".repeat(20_000) } })).details, undefined);
  const long = across(new KronError("KRON_CONFLICT", "x".repeat(10_000), { hint: "\ud800!" }));
  is(long.message.length, 4_097);
  is(long.hint, "\ufffd!");
});

test("a code of a later version becomes KRON_INTERNAL, and is kept in the details", () => {
  const later = readError(["KRON_OF_TOMORROW", "Something", null, { a: 1 }]);
  equal([later.code, later.details], ["KRON_INTERNAL", { a: 1, code: "KRON_OF_TOMORROW" }]);
  is(readError(["toString", "x", null, null]).code, "KRON_INTERNAL");
});

test("tuples of another shape are breaches", () => {
  for (const body of [[], ["KRON_CONFLICT"], [1, "x", null, null], ["K", 1, null, null], ["K", "x", 1, null]]) {
    try {
      readError(body);
      ok(false, JSON.stringify(body));
    } catch (error) {
      ok(isKronError(error, "KRON_IPC_PROTOCOL"), JSON.stringify(body));
    }
  }
  is(readError(["KRON_CONFLICT", "x", null, [1]]).details, undefined, "details that are no map are ignored");
});

test("whatever is thrown becomes an error of ours, and a failed assertion still ends the process", async () => {
  is(toKronError(new TypeError("oops")).message, "oops");
  is(toKronError("text").message, "text");
  const mute = toKronError({
    toString() {
      throw new Error("no");
    },
  });
  is(mute.message, "The thrown value could not be read");
  const own = new KronError("KRON_CONFLICT", "No");
  is(toKronError(own), own);
  const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
  const failed = new AssertionError("cannot be");
  is(toKronError(failed).code, "KRON_INTERNAL");
  is(await uncaught, failed);
});

test.run();

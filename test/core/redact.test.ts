import fc from "fast-check";
import * as assert from "uvu/assert";
import { redactDefinition, redactedPlaces, redactedText, redactTarget } from "../../src/core/redact.ts";
import { type CommandTarget, encodeTarget, type HttpTarget, type TargetSpec } from "../../src/core/target.ts";
import { targets } from "../support/random-targets.ts";
import { definitionOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("redact");

function command(parts: Partial<CommandTarget>): CommandTarget {
  return redactTarget({
    ...{ kind: "command", argv: ["a"], cwd: undefined, env: {}, shell: false },
    ...parts,
  }) as CommandTarget;
}

function http(parts: Partial<HttpTarget>): HttpTarget {
  return redactTarget({
    ...{ kind: "http", method: "GET", url: "https://a", headers: [], body: undefined, success: [[200, 299]] },
    ...parts,
  }) as HttpTarget;
}

test("headers and variables whose names say so are redacted, whatever the case", () => {
  const secret = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"];
  for (const name of [...secret, "client-secret", "my-password", "x-credential"])
    assert.equal(http({ headers: [[name, "hunter2"]] }).headers, [[name, redactedText]]);
  for (const name of ["accept", "content-type", "x-request-id"])
    assert.equal(http({ headers: [[name, "v"]] }).headers, [[name, "v"]]);
  const env = { DB_PASSWORD: "a", apiKey: "b", AWS_SECRET_ACCESS_KEY: "c", TOKEN: "d", PASSWD: "e", PASSPHRASE: "f" };
  for (const value of Object.values(command({ env }).env)) assert.is(value, redactedText);
  assert.equal(command({ env: { PATH: "/bin", LEVEL: "1", EMPTY_TOKEN: "" } }).env, {
    ...{ PATH: "/bin", LEVEL: "1", EMPTY_TOKEN: "" },
  });
});

test("user names and passwords in URLs are redacted, wherever the URL stands", () => {
  for (const [text, shown] of [
    ["postgres://me:hunter2@db/x?y", "postgres://[redacted]@db/x?y"],
    ["see HTTPS://hunter2@a, b", "see HTTPS://[redacted]@a, b"],
    ["--url=redis://:p@ss@h:1", "--url=redis://[redacted]@h:1"],
    ["a://x:1@b c://y@d", "a://[redacted]@b c://[redacted]@d"],
    ["http://host/a@b", "http://host/a@b"],
    ["me@example.com", "me@example.com"],
    ["http://host?x=a@b", "http://host?x=a@b"],
  ] as const) {
    assert.equal(command({ argv: ["x", text] }).argv, ["x", shown]);
    assert.equal(command({ argv: [text], shell: true }).argv, [shown]);
    assert.equal(command({ env: { URL: text } }).env, { URL: shown });
    assert.is(http({ url: text }).url, shown);
    assert.equal(http({ headers: [["referer", text]] }).headers, [["referer", shown]]);
  }
});

test("parameters of a request's URL are redacted by their names", () => {
  assert.is(
    http({ url: "https://a/?x=1&access_token=hunter2&y=&apiKey=3#token=4" }).url,
    "https://a/?x=1&access_token=[redacted]&y=&apiKey=[redacted]#token=4",
  );
  assert.is(http({ url: "https://a/?token" }).url, "https://a/?token");
});

test("redactedPlaces() names where something was", () => {
  assert.equal(redactedPlaces(command({ argv: ["a", "b://c@d"], env: { KEY: "x", A: "b" } })), [
    "command[1]",
    "env.KEY",
  ]);
  assert.equal(redactedPlaces(command({ argv: ["b://c@d"], shell: true })), ["command"]);
  const headers = [
    ["accept", "b"],
    ["cookie", "x"],
  ] as const;
  assert.equal(redactedPlaces(http({ url: "a://b@c", headers })), ["http.url", "http.headers.cookie"]);
  assert.equal(redactedPlaces({ kind: "callback" }), []);
  assert.equal(redactedPlaces(http({})), []);
});

test("all else stays as it is, nothing is changed in place, and once is enough", () => {
  fc.assert(
    fc.property(targets, (target) => {
      const before = JSON.stringify(encodeTarget(target));
      const shown = redactTarget(target);
      assert.is(JSON.stringify(encodeTarget(target)), before);
      assert.equal(redactTarget(shown), shown);
      if (redactedPlaces(shown).length === 0) assert.equal(shown, target);
      assert.equal(Object.keys(shown), Object.keys(target));
    }),
  );
});

test("what cannot hold a secret is given back as it is", () => {
  const callback = definitionOf();
  assert.is(redactDefinition(callback), callback);
  const module: TargetSpec = {
    ...{ kind: "module", path: "./token.js", exportName: "key", isolate: "thread" },
    ...{ heapMbMax: 0, runsPerWorkerMax: 0, memoryBytesMax: 0 },
  };
  const definition = definitionOf({ target: module });
  assert.is(redactDefinition(definition), definition);
  const body = { list: [1] };
  const shown = redactDefinition(definitionOf({ target: { ...http({}), body } }));
  assert.throws(() => ((shown.target as { body: typeof body }).body.list[0] = 2));
  assert.equal(body.list, [1]);
});

test("long texts take no longer than their length", () => {
  // Quadratic work over these would take minutes.
  for (const text of [
    "a".repeat(500_000),
    "a://".repeat(100_000),
    `a://${"b".repeat(500_000)}`,
    "?&=".repeat(150_000),
  ]) {
    assert.is(command({ argv: [text] }).argv[0], text);
    assert.is(http({ url: text }).url, text);
  }
});

test.run();

import * as assert from "uvu/assert";
import { isSecretName, redactedText } from "../../src/core/redact.ts";
import { redacted } from "../../src/core/secrets.ts";
import { suite } from "../support/suite.ts";

const test = suite("secrets");

// A name for a secret, which is none itself.
const reference = (name: string): string => `\${env:${name}}`;

test("isSecretName() knows what secrets are called", () => {
  for (const name of [
    "PASSWORD",
    "db_passwd",
    "API_KEY",
    "apiKey",
    "authorization",
    "x-auth",
    "Set-Cookie",
    "SENTRY_DSN",
  ])
    assert.ok(isSecretName(name), name);
  for (const name of ["PATH", "HOME", "monkey", "author", "accept", "keyboard", "command"])
    assert.not(isSecretName(name), name);
});

test("redacted() leaves out members by their names, at any depth", () => {
  const options = {
    env: { PGPASSWORD: "hunter2", PATH: "/bin", TOKEN: `${reference("TOKEN")}` },
    http: {
      url: "https://h/",
      headers: { authorization: "Bearer abc", "x-api-key": `${reference("KEY")}`, cookie: `Bearer ${reference("C")}` },
    },
    payload: { list: [{ secret: 1 }, { open: 1 }], token: null, data: new Uint8Array([1]) },
  };
  assert.equal(redacted(options), {
    env: { PGPASSWORD: redactedText, PATH: "/bin", TOKEN: `${reference("TOKEN")}` },
    http: {
      url: "https://h/",
      headers: { authorization: redactedText, "x-api-key": `${reference("KEY")}`, cookie: `Bearer ${reference("C")}` },
    },
    payload: { list: [{ secret: redactedText }, { open: 1 }], token: null, data: new Uint8Array([1]) },
  });
  assert.is(redacted("x", "password"), redactedText);
  assert.is(redacted(undefined, "password"), undefined);
});

test("redacted() leaves out passwords in URLs and arguments", () => {
  const texts: readonly (readonly [string, string])[] = [
    ["postgres://ada:hunter2@db/x", `postgres://ada:${redactedText}@db/x`],
    ["https://h/?a=1&token=abc#f", `https://h/?a=1&token=${redactedText}#f`],
    [`https://h/?token=${reference("T")}`, `https://h/?token=${reference("T")}`],
    ["PGPASSWORD=abc pg_dump --file x", `PGPASSWORD=${redactedText} pg_dump --file x`],
    ["curl --password 'a b' --user-agent x", `curl --password ${redactedText} --user-agent x`],
    [`x --token=${reference("T")} --verbose --out=/tmp/x`, `x --token=${reference("T")} --verbose --out=/tmp/x`],
    ["mail -s key x", "mail -s key x"],
  ];
  for (const [text, shown] of texts) assert.is(redacted(text), shown);
});

test("redacted() leaves out the argument behind the name of a secret", () => {
  const command = ["curl", "--token", "abc", "--password", "--verbose", "x", "-pwd", "y", 5];
  assert.equal(redacted(command), [
    ...["curl", "--token", redactedText, "--password", "--verbose", "x", "-pwd", redactedText, 5],
  ]);
});

test.run();

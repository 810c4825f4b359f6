/** docs/api.md and docs/events.md name everything that the package exports, with the types that ship. */

import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { codeOf, exportsOf, tablesOf } from "./declarations.ts";

const test = suite("docs/api.md and docs/events.md");

const pages = ["docs/api.md", "docs/events.md"];
const text = pages.map((path) => readFileSync(repositoryPath(path), "utf8")).join("\n");
const tables = new Map(pages.flatMap((path) => [...tablesOf(path)]));
const declarations = [...exportsOf("index"), ...exportsOf("testing")];

test("the declarations are read", () => {
  const found = declarations.find(({ name }) => name === "ShutdownOptions");
  assert.equal([...(found?.members ?? [])], [["timeoutMs", "number"]]);
  assert.ok(declarations.length > 60);
});

for (const { kind, name, members, text: type } of declarations) {
  if (kind === "const" || kind === "function") {
    test(`${name} is there`, () => assert.ok(text.includes(`\`${name}`)));
  } else if (kind === "type") {
    test(`${name} is there, as it is declared`, () => {
      const row = tables.get("Named")?.find(([first]) => codeOf(first) === name);
      assert.ok(row, "there is a row");
      // A structure is told in words.
      if (!/\{|keyof/.test(type)) assert.is(codeOf(row[1]), type);
    });
  } else if (name === "Kron" || name === "VirtualClock") {
    test(`${name} has a line for each call`, () => {
      for (const [member, signature] of members) assert.ok(text.includes(`- \`${member}${signature}\`\n`), member);
    });
  } else {
    test(`${name} has a row for each member`, () => {
      const rows = (tables.get(name) ?? []).slice(1);
      assert.equal(
        rows.map(([member, of]) => [codeOf(member), codeOf(of)]),
        [...members],
      );
    });
  }
}

test("every type of a run event has a row", () => {
  const types = declarations.find(({ name }) => name === "RunEventType")?.text.match(/\w+/g) ?? [];
  for (const type of types) assert.ok(text.includes(`| \`${type}\` `), type);
});

test.run();

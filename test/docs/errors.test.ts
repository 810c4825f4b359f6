/** docs/errors.md has every code there is, with its meaning and exit code as the code has them, and what to do. */

import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { exitCodeOf } from "../../bin/exit-codes.ts";
import { ERROR_CODES, isKronErrorCode, KronError } from "../../src/core/errors.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";

const test = suite("docs/errors.md");

const [, ...sections] = readFileSync(repositoryPath("docs/errors.md"), "utf8").split(/^## /m);
const documented = new Map(
  sections.map((section) => {
    const [code = "", ...lines] = section.split("\n");
    return [code, lines.join("\n").replace(/\s+/g, " ").trim()];
  }),
);

test("every code has a section, in the order of the code", () => {
  assert.equal([...documented.keys()], Object.keys(ERROR_CODES));
});

for (const [code, text] of documented) {
  test(`${code} says what it means, how a command exits, when it comes and what to do`, () => {
    assert.ok(isKronErrorCode(code));
    const meaning = ERROR_CODES[code].replace(/^start\(\)/, "`start()`");
    const first = `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}`;
    assert.is(text.split(" - **")[0], `${first}. Exit code ${exitCodeOf(new KronError(code, ""))}.`);
    assert.match(text, /- \*\*When\*\*: .{20,} - \*\*What to do\*\*: .{5,}/);
  });
}

test.run();

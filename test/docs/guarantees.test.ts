import { existsSync, readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { promisesOf, testNamesOf } from "./guarantees.ts";

const test = suite("guarantees");

const promises = promisesOf(readFileSync(repositoryPath("docs/guarantees.md"), "utf8"));
const namesByPath = new Map<string, ReadonlySet<string> | undefined>();

/** The names of the tests in a file, undefined when there is none. */
function namesIn(path: string): ReadonlySet<string> | undefined {
  const known = namesByPath.get(path);
  if (known !== undefined) return known;
  const file = [".test.ts", ".slow.test.ts"].map((end) => repositoryPath(`test/${path}${end}`)).find(existsSync);
  const names = file === undefined ? undefined : testNamesOf(readFileSync(file, "utf8"));
  namesByPath.set(path, names);
  return names;
}

test("every sentence of docs/guarantees.md that promises something names a test", () => {
  assert.ok(promises.length > 80, `${promises.length} promises`);
  assert.equal(
    promises.filter(({ references }) => references.length === 0).map(({ section, text }) => `${section}: ${text}`),
    [],
  );
});

test("every test that docs/guarantees.md names is there", () => {
  const missing = promises.flatMap(({ references }) =>
    references
      .filter(({ path, name }) => !namesIn(path)?.has(name))
      .map(({ path, name }) => `${path} "${name}" ${namesIn(path) === undefined ? "(no such file)" : ""}`),
  );
  assert.equal(missing, []);
});

test("a sentence without a reference is found, wherever it stands", () => {
  const page = [
    "# Guarantees",
    "",
    "Free.",
    "",
    "## Order",
    "",
    "These hold:",
    "",
    '- One. [test: a "x"]',
    "- Two, on",
    '  two lines. Three. [test: a "x"] [test: b/c "y … z"]',
    "",
    "A paragraph.",
    "",
    "| what | proof |",
    "| ---- | ----- |",
    '| row  | [test: a "x"] |',
    "| bare | none |",
    '| in   | [test: a "x"] the midst |',
    "",
    "> See it: free.",
    "",
    "```",
    "code is free.",
    "```",
  ].join("\n");
  const found = promisesOf(page);
  assert.equal(
    found.filter(({ references }) => references.length === 0).map(({ text }) => text),
    ["Two, on two lines.", "A paragraph.", "| bare | none |", "| in   |  the midst |"],
  );
  assert.equal(found.find(({ text }) => text === "Three.")?.references, [
    { path: "a", name: "x" },
    { path: "b/c", name: "y … z" },
  ]);
  assert.throws(() => promisesOf("## Order\n\n> A promise in a note."), /begin with "See it:"/);
});

test("names of tests are found in every form, and only where they are tests", () => {
  const source = [
    'test("plain \\"name\\"", () => {});',
    `  test(\`with \${value} in it\`, () => {});`,
    `test(\n  \`on its own \${JSON.stringify(x)} line\`,\n  () => {});`,
    '// test("commented out", () => {});',
    'test.skip("skipped", "why");',
    'notATest("other")',
  ].join("\n");
  assert.equal([...testNamesOf(source)], ['plain "name"', "with … in it", "on its own … line"]);
});

test.run();

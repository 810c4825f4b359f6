import { readdirSync, readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { wrapped } from "../../bin/labelled-lines.ts";
import { type Column, tableLines } from "../../bin/table.ts";
import { displayWidth } from "../../src/core/display-width.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { goldenPath, goldenText, tables } from "./tables.ts";

const test = suite("tables");

for (const name of Object.keys(tables)) {
  test(`the table of ${name} looks as it did in all widths (node dist/test/bin/regenerate-tables.js)`, () => {
    assert.fixture(goldenText(name), readFileSync(goldenPath(name), "utf8"));
  });
}

test("no golden table is left over", () => {
  const there = readdirSync(repositoryPath("test/golden/tables")).map((name) => name.replace(/\.txt$/, ""));
  assert.equal(there.sort(), Object.keys(tables).sort());
});

test("no line is wider than the terminal, however narrow that is, and none has anything a terminal acts on", () => {
  for (const [name, table] of Object.entries(tables)) {
    for (let width = 1; width <= 220; width++) {
      for (const line of tableLines(table, width)) {
        assert.ok(displayWidth(line) <= width, `${name} at ${width}: ${line}`);
        assert.not.match(line, /[\p{Cc}\u202e]/u);
      }
    }
  }
});

test("nothing is cut where there is no terminal", () => {
  const long = "x".repeat(500);
  assert.equal(tableLines({ columns: [{ heading: "A", widthMin: 1, priority: 9 }], rows: [[long]] }, undefined), [
    "A",
    long,
  ]);
});

const columns: readonly Column[] = [
  { heading: "A", widthMin: 4 },
  { heading: "N", align: "right", priority: 2 },
  { heading: "B", widthMin: 4, priority: 1 },
];
const rows = [
  ["aaaaaaaaaa", "1", "bbbbbb"],
  ["a", "10", ""],
];

test("columns shrink, the widest first, before any is left out, and the least important goes first", () => {
  const lines = (width: number): string[] => tableLines({ columns, rows }, width);
  assert.equal(lines(22), ["A            N  B", "aaaaaaaaaa   1  bbbbbb", "a           10"]);
  assert.equal(lines(18), ["A        N  B", "aaaaa…   1  bbbbbb", "a       10"]);
  assert.equal(lines(14), ["A      N  B", "aaa…   1  bbb…", "a     10"]);
  assert.equal(lines(13), ["A      B", "aaaa…  bbbbbb", "a"]);
  assert.equal(lines(9), ["A", "aaaaaaaa…", "a"]);
  assert.equal(lines(2), ["A", "a…", "a"]);
});

test("tones are put around the text, and not around what fills a column", () => {
  const table = { columns, rows: [[["a", "good"], "1", ["b", "plain"]] as const] };
  const paint = (tone: string, text: string): string => `<${tone}>${text}</>`;
  assert.equal(tableLines(table, undefined, paint)[1], "<good>a</>  1  b");
  assert.equal(tableLines(table, undefined, paint)[0], "<strong>A</>  <strong>N</>  <strong>B</>");
});

test("wrapped() breaks at spaces, keeps words whole, and keeps two spaces within a line", () => {
  assert.equal(wrapped("one two  three", 20), ["one two  three"]);
  assert.equal(wrapped("one two  three", 8), ["one two", "three"]);
  assert.equal(wrapped("a /very/long/path b", 6), ["a", "/very/long/path", "b"]);
  assert.equal(wrapped("日本 語", 5), ["日本", "語"]);
  assert.equal(wrapped("", 5), [""]);
});

test.run();

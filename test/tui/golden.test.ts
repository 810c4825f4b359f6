import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { displayWidth } from "../../src/core/display-width.ts";
import { layout } from "../../src/tui/layout/layout.ts";
import { textOf } from "../../src/tui/layout/row.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { goldenPath, screens, screenText, sizes } from "./screens.ts";

const test = suite("golden screens");

for (const name of Object.keys(screens)) {
  for (const [columns, rows] of sizes) {
    test(`${name} at ${columns}×${rows} looks as it did (node dist/test/tui/regenerate.js)`, () => {
      const path = goldenPath(name, columns, rows);
      assert.ok(existsSync(path), `${path} is not there`);
      assert.fixture(screenText(name, columns, rows), readFileSync(path, "utf8"));
    });
  }
}

test("no golden screen is left over", () => {
  const known = Object.keys(screens).flatMap((name) => sizes.map(([columns, rows]) => goldenPath(name, columns, rows)));
  const there = readdirSync(repositoryPath("test/golden/tui")).map((name) => repositoryPath(`test/golden/tui/${name}`));
  assert.equal(there.sort(), known.sort());
});

test("every screen fills every size exactly, however small", () => {
  for (const [name, make] of Object.entries(screens)) {
    for (const columns of [1, 20, 59, 79, 80, 81, 100, 121, 240]) {
      for (const rows of [1, 3, 5, 10, 24, 70]) {
        const lines = layout(make(columns, rows), columns, rows);
        assert.is(lines.length, rows, `${name} ${columns}×${rows}`);
        for (const line of lines)
          assert.is(displayWidth(textOf(line)), columns, `${name} ${columns}×${rows}: ${textOf(line)}`);
      }
    }
  }
});

test.run();

/** The five minutes of README.md, typed as they stand there into a shell in an empty folder. */

import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { programLine, scratchDirectory } from "../bin/command-line.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { blocksOf, hasLines, ShellSession, stepsOf } from "./shell-session.ts";

const test = suite("README", 120_000);

const readme = readFileSync(repositoryPath("README.md"), "utf8");
const deadlineMs = 60_000;

test("the five minutes work as typed", async () => {
  const folder = scratchDirectory();
  const [setUp = ""] = blocksOf(readme, "sh");
  const [application = ""] = blocksOf(readme, "js file=app.mjs");
  const steps = blocksOf(readme, "console").flatMap(stepsOf);
  assert.is(setUp, "npm init -y\nnpm install kron-scheduler\n");
  assert.match(readme, /Put this into `app\.mjs`:\n\n```js file=app\.mjs\n/);
  assert.ok(steps.length >= 7);
  // What `npm init -y` and `npm install` leave behind, without asking a registry.
  writeFileSync(join(folder, "package.json"), '{ "name": "readme", "version": "1.0.0" }\n');
  mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
  symlinkSync(repositoryPath("."), join(folder, "node_modules", "kron-scheduler"));
  const script = `#!/bin/sh\n${programLine}\n`;
  writeFileSync(join(folder, "node_modules", ".bin", "kron"), script, { mode: 0o755 });
  writeFileSync(join(folder, "app.mjs"), application);
  const shell = new ShellSession(folder, {});
  try {
    for (const step of steps) await shell.type(step, deadlineMs);
  } finally {
    await shell.end();
  }
});

test("README shows the way, and is short", () => {
  assert.ok(readme.split("\n").length <= 200);
});

test("docs/README.md leads to every page", () => {
  const folder = repositoryPath("docs");
  const index = readFileSync(join(folder, "README.md"), "utf8");
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"));
  assert.ok(pages.length > 1);
  assert.equal(
    pages.filter((path) => path !== "README.md" && !index.includes(`](${path})`)),
    [],
  );
});

test("output that is missing or in another order is found", () => {
  assert.ok(hasLines(["a …", "z"], "x\na b\nc\nz\n"));
  assert.ok(hasLines(["…", "a.b"], "x\na.b\n"));
  assert.not(hasLines(["z", "a …"], "a b\nz\n"));
  assert.not(hasLines(["a.b"], "axb\n"));
  assert.not(hasLines(["a", "a"], "a\n"));
  assert.equal(stepsOf("$ one\nout\nmore\n$ two &\n"), [
    { command: "one", output: ["out", "more"] },
    { command: "two &", output: [] },
  ]);
});

test.run();

/** The commands of the pages for operators, run as they stand there in the situation that each block names. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import * as assert from "uvu/assert";
import { programLine } from "../bin/command-line.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { scenarios } from "./scenarios.ts";
import { ShellSession, type Step, stepsOf } from "./shell-session.ts";

const test = suite("pages for operators", 60_000);
const deadlineMs = 20_000;
const pages = ["docs/troubleshooting.md", "docs/operations.md"];

interface ScenicBlock {
  readonly scenario: string | undefined;
  readonly steps: readonly Step[];
}

/** The blocks of `console` of a page, each with the situation that a comment before it names. */
function scenicBlocksOf(page: string): ScenicBlock[] {
  const pattern = /(?:<!-- scenario: ([\w-]+) -->\n\n)?^```console\n([\s\S]*?)^```$/gm;
  return [...page.matchAll(pattern)].map(([, scenario, block = ""]) => ({ scenario, steps: stepsOf(block) }));
}

for (const path of pages) {
  const blocks = scenicBlocksOf(readFileSync(repositoryPath(path), "utf8"));
  for (const [index, { scenario, steps }] of blocks.entries()) {
    test(`${path}: block ${index + 1} (${scenario}) does what stands there`, async () => {
      const make = scenarios[scenario ?? ""];
      assert.ok(make !== undefined, `Expected a comment with one of ${Object.keys(scenarios).join(", ")}`);
      assert.ok(steps.length > 0);
      const scene = await make();
      const tools = join(scene.folder, "bin");
      mkdirSync(tools);
      const script = `#!/bin/sh\n${programLine}\n`;
      writeFileSync(join(tools, "kron"), script, { mode: 0o755 });
      const path = `${tools}${delimiter}${process.env.PATH ?? ""}`;
      const shell = new ShellSession(scene.folder, { PATH: path, KRON_HOME: scene.home });
      try {
        for (const step of steps) await shell.type(step, deadlineMs);
      } finally {
        await shell.end();
        await scene.end();
      }
    });
  }
}

test("every situation is told of somewhere", () => {
  const told = pages.flatMap((path) => scenicBlocksOf(readFileSync(repositoryPath(path), "utf8")));
  assert.equal(
    [...new Set(told.map(({ scenario }) => scenario))].sort(),
    Object.keys(scenarios).sort(),
    "and no other",
  );
});

test.run();

/** `tsconfig.pure.json` really refuses what the pure core must not touch. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "./source-files.ts";

const test = suite("purity");

const impure: Readonly<Record<string, string>> = {
  "process.ts": "export const x = process.pid;",
  "buffer.ts": "export const x = Buffer.alloc(1);",
  "timer.ts": "setTimeout(() => 1, 1);",
  "clock.ts": "export const x = performance.now();",
  "console.ts": "console.log(1);",
  "builtin.ts": `import { readFileSync } from "node:fs";\nexport const x = readFileSync;`,
};

let output = "";

test.before(() => {
  const root = mkdtempSync(join(tmpdir(), "kron-purity-"));
  try {
    const config = {
      extends: repositoryPath("tsconfig.pure.json"),
      include: ["*.ts"],
      compilerOptions: { rootDir: "." },
    };
    writeFileSync(join(root, "tsconfig.json"), JSON.stringify(config));
    writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
    writeFileSync(join(root, "pure.ts"), "export const x = new Map<string, Uint8Array>();");
    for (const [name, source] of Object.entries(impure)) writeFileSync(join(root, name), source);
    const compiler = repositoryPath("node_modules/typescript/bin/tsc");
    const result = spawnSync(process.execPath, [compiler, "-p", root, "--pretty", "false"], {
      cwd: root,
      encoding: "utf8",
    });
    output = result.stdout + result.stderr;
    assert.is.not(result.status, 0);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

for (const name of Object.keys(impure)) {
  test(`${name} does not compile as core`, () => {
    assert.match(output, new RegExp(`^${name}\\(`, "m"));
  });
}

test("pure.ts compiles as core", () => {
  assert.not.match(output, /^pure\.ts/m);
});

test.run();

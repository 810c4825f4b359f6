// Installs a packed tarball as a user would, and uses it: import, require(), and the command.
//
//     node scripts/pack-smoke.mjs kron-scheduler-0.1.0.tgz

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [tarball] = process.argv.slice(2);
assert.ok(tarball, "Usage: node scripts/pack-smoke.mjs <tarball>");

const folder = mkdtempSync(join(tmpdir(), "kron-pack-"));
try {
  writeFileSync(join(folder, "package.json"), `{ "name": "user", "version": "1.0.0", "private": true }`);
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", resolve(tarball)]);
  const installed = join(folder, "node_modules", "kron-scheduler");
  const { version, exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));

  checkContents(installed);
  for (const entry of Object.keys(exports).filter((name) => !name.endsWith(".json"))) checkEntry(entry);
  checkThreads();
  const answer = run("npx", ["--no", "--", "kron", "--version"]).trim();
  assert.equal(answer, version, "kron --version");
  console.log(`kron --version: ${answer}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command, args) {
  return execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** What is shipped: the built sources, declarations and documents, and nothing of tests or tooling. */
function checkContents(installed) {
  const names = readdirSync(installed, { recursive: true, encoding: "utf8" });
  const strangers = names.filter((name) =>
    /(^|\/)(test|bench|scripts|examples|node_modules|\.ci)(\/|$)|\.tgz$/.test(name),
  );
  assert.deepEqual(strangers, [], "files that should not be in the package");
  for (const name of ["LICENSE", "README.md", "SECURITY.md"]) assert.ok(names.includes(name), `${name} is missing`);
  console.log(`${names.length} files and folders in the package`);
}

/** What runs in files of its own has to be found from the installed package: threads, hosting processes, LMDB's writer. */
function checkThreads() {
  writeFileSync(join(folder, "job.mjs"), "export default ({ payload }) => payload.n + 1;\n");
  const script = `
    import { kron } from "kron-scheduler";
    const ended = [];
    const all = new Promise((resolve) => {
      kron.on("run", ({ type, result }) => type === "RUN_SUCCEEDED" && ended.push(result) === 2 && resolve());
    });
    for (const isolate of ["thread", "process"]) {
      await kron.schedule(isolate, { after: 0, payload: { n: 1 }, module: "./job.mjs", isolate });
    }
    await kron.start({ dataDir: "data" });
    await all;
    await kron.checkpoint();
    await kron.shutdown();
    console.log(JSON.stringify(ended));
  `;
  assert.equal(run(process.execPath, ["--input-type=module", "--eval", script]).trim(), "[2,2]", "runs of modules");
  assert.ok(readdirSync(join(folder, "data")).includes("kron.snapshot"), "a snapshot in LMDB");
  console.log("modules in a thread and in a process, and a snapshot: as they should be");
}

/** `import` and `require()` must give the same names, without a word on the way. */
function checkEntry(entry) {
  const specifier = JSON.stringify(join("kron-scheduler", entry));
  const print =
    "console.log(JSON.stringify(Object.keys(m).filter((k) => k !== '__esModule' && k !== 'module.exports')))";
  const evaluate = (args) =>
    JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", timeout: 30_000 }));
  const imported = evaluate(["--input-type=module", "--eval", `import * as m from ${specifier}; ${print}`]);
  const required = evaluate(["--input-type=commonjs", "--eval", `const m = require(${specifier}); ${print}`]);
  assert.ok(imported.length > 0, `${specifier} exports nothing`);
  assert.deepEqual(required.sort(), imported.sort(), `require(${specifier}) differs from import`);
  console.log(`${specifier}: ${imported.join(", ")}`);
}

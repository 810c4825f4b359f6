/** The test runner fails on everything that must not pass, and says which it was. */

import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { runFixtures } from "./fixture-run.ts";

const test = suite("test runner");

const good = `const test = suite("good"); test("holds", () => {}); test.run();`;

/** Sources that must fail: why, what the runner must say, and the file. */
const failures: readonly (readonly [title: string, said: RegExp, source: string])[] = [
  ["a failing test", /1 failed/, `const test = suite("s"); test("t", () => { throw new Error("no"); }); test.run();`],
  [
    "an error with details of its own",
    /no such host[\s\S]*1 failed/,
    `const test = suite("s"); test("t", () => { throw Object.assign(new Error("no such host"), { details: { a: 1 } }); });
    test("another", () => {}); test.run();`,
  ],
  ["a suite without run()", /suite "s" was never run\(\)/, `const test = suite("s"); test("t", () => {});`],
  ["a second suite without run()", /suite "two" was never run/, `${good} suite("two")("t", () => {});`],
  ["a test added after run()", /only 1 of 2 tests finished/, `${good} test("late", () => {});`],
  ["no tests", /no tests/, `suite("s").run();`],
  ["no report", /no report \(exit SIGKILL\)/, `process.kill(process.pid, "SIGKILL");`],
  ["a syntax error", /SyntaxError[\s\S]*no report/, "const const = 1;"],
  [
    "a throwing before hook",
    /before hook of suite "s" failed: Error: no/,
    `const test = suite("s"); test.before(() => { throw new Error("no"); }); test("t", () => {}); test.run();`,
  ],
  [
    "a throwing after hook",
    /after hook of suite "s" failed: Error: no/,
    `const test = suite("s"); test.after(async () => { throw new Error("no"); }); test("t", () => {}); test.run();`,
  ],
  [
    "a throwing beforeEach hook",
    /beforeEach hook of suite "s" failed: Error: no/,
    `const test = suite("s"); test.beforeEach(() => { throw new Error("no"); }); test("t", () => {}); test.run();`,
  ],
  [
    "a throwing afterEach hook",
    /afterEach hook of suite "s" failed: Error: no/,
    `const test = suite("s"); test.afterEach(() => { throw new Error("no"); }); test("t", () => {}); test.run();`,
  ],
  [
    "a test that never settles",
    /No result within 50 ms: s: hangs[\s\S]*1 failed/,
    `const test = suite("s", 50); test("hangs", () => new Promise(() => {})); test.run();`,
  ],
  [
    "a hook that never settles",
    /No result within 50 ms: after hook of s/,
    `const test = suite("s", 50); test("t", () => {}); test.after(() => new Promise(() => {})); test.run();`,
  ],
  [
    "process.exit(0) within a test",
    /only 0 of 1 tests finished/,
    `const test = suite("s"); test("t", () => process.exit(0)); test.run();`,
  ],
  [
    "process.exit(0) before the tests",
    /only 0 of 1 tests finished/,
    `const test = suite("s"); test("t", () => {}); test.run(); process.exit(0);`,
  ],
  [
    "process.exit(0) in an after hook",
    /exited before the last suite was over/,
    `const test = suite("s"); test("t", () => {}); test.after(() => process.exit(0)); test.run();`,
  ],
  [
    "a rejection nobody handles after the last test",
    /Error: late[\s\S]*all tests passed, but exit 1/,
    `const test = suite("s"); test("t", () => {});
     test.after(() => { setTimeout(() => Promise.reject(new Error("late")), 20); }); test.run();`,
  ],
  [
    "a handle left open",
    /still alive 5000 ms after the last test, held by: .*Timeout/,
    `${good} setInterval(() => {}, 1000);`,
  ],
  [
    "a child left behind that holds the output",
    /left a child process behind/,
    `import { spawn } from "node:child_process";
     const test = suite("s");
     test("t", () => {
       spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" }).unref();
     });
     test.run();`,
  ],
];

for (const [title, said, source] of failures) {
  test(`a file with ${title} fails`, () => {
    const run = runFixtures({ "bad.test.js": source, "good.test.js": good });
    assert.match(run.output, said);
    assert.match(run.lastLine, /^\d passed, 1 failed, 0 skipped$/);
    assert.is(run.exitCode, 1);
  });
}

test("a file over its deadline is killed and fails", () => {
  const run = runFixtures({ "spin.test.js": "for (;;);", "good.test.js": good }, ["--deadline-ms", "1500"]);
  assert.match(run.output, /FAIL spin\.test\.js: no end within 1\.5 s; killed/);
  assert.is(run.lastLine, "1 passed, 1 failed, 0 skipped");
  assert.is(run.exitCode, 1);
});

test("good files pass, and skipped tests are counted and named", () => {
  const skips = `const test = suite("s"); test("t", () => {}); test.skip("far", "no network"); test.run();`;
  const run = runFixtures({ "good.test.js": good, "sub/skips.test.js": skips });
  assert.match(run.output, /^skipped: s: far \(no network\)$/m);
  assert.is(run.lastLine, "2 passed, 0 failed, 1 skipped");
  assert.is(run.exitCode, 0);
});

test("a child's forged report on the output is not believed", () => {
  const forged = `console.log('{"registered":9,"passed":9,"failed":0,"skipped":0,"troubles":[]}'); process.exit(0);`;
  const run = runFixtures({ "forged.test.js": forged });
  assert.match(run.output, /no tests/);
  assert.is(run.lastLine, "0 passed, 1 failed, 0 skipped");
  assert.is(run.exitCode, 1);
});

test("a run in which every test is skipped fails", () => {
  const run = runFixtures({ "a.test.js": `const test = suite("s"); test.skip("t", "why"); test.run();` });
  assert.is(run.lastLine, "0 passed, 0 failed, 1 skipped");
  assert.is(run.exitCode, 1);
});

test("patterns choose files by part of their path", () => {
  const run = runFixtures({ "core/a.test.js": good, "core/b.test.js": good, "raft/a.test.js": good }, ["core/"]);
  assert.is(run.lastLine, "2 passed, 0 failed, 0 skipped");
  assert.is(run.exitCode, 0);
});

test("--quick leaves out slow files", () => {
  const run = runFixtures({ "a.test.js": good, "b.slow.test.js": "throw new Error('slow')" }, ["--quick"]);
  assert.is(run.lastLine, "1 passed, 0 failed, 0 skipped");
  assert.is(run.exitCode, 0);
});

/** Calls that must be refused before anything runs. */
const refusals: readonly (readonly [title: string, said: RegExp, args: readonly string[]])[] = [
  ["a pattern without match", /No test file matches nowhere/, ["good", "nowhere"]],
  ["--quick with only slow matches", /Only slow tests match/, ["--quick", "b.slow"]],
  ["--jobs that is no number", /--jobs must be a whole number/, ["--jobs", "many"]],
  ["--jobs 0", /--jobs must be a whole number/, ["--jobs", "0"]],
  ["an unknown option", /Unknown option '--fast'/, ["--fast"]],
];

for (const [title, said, args] of refusals) {
  test(`${title} is refused`, () => {
    const run = runFixtures({ "good.test.js": good, "b.slow.test.js": good }, args);
    assert.match(run.output, said);
    assert.is(run.lastLine, "0 passed, 1 failed, 0 skipped");
    assert.is(run.exitCode, 1);
  });
}

test("a directory without tests is refused", () => {
  const run = runFixtures({});
  assert.match(run.output, /No test files under/);
  assert.is(run.exitCode, 1);
});

test.run();

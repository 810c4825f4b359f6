import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { CommandError, ExitCode, exitCodeOf } from "../../bin/exit-codes.ts";
import { KronError } from "../../src/core/errors.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { exampleDirectory, kron } from "./command-line.ts";

const test = suite("kron", 60_000);

test("--version prints the version of the package", () => {
  const { version } = JSON.parse(readFileSync(repositoryPath("package.json"), "utf8")) as { version: string };
  assert.equal(kron(["--version"]), { exitCode: 0, stdout: `${version}\n`, stderr: "" });
  assert.equal(kron(["-V"]).stdout, `${version}\n`);
});

test("--help shows every command, the exit codes and examples", () => {
  const { exitCode, stdout, stderr } = kron(["--help"]);
  assert.equal([exitCode, stderr], [0, ""]);
  for (const word of ["job", "log", "doctor", "explain", "Exit codes: 0 ok", "Examples:", "--data-dir"]) {
    assert.ok(stdout.includes(word), word);
  }
  const job = kron(["job", "--help"]).stdout;
  for (const word of ["list", "status", "history", "next"]) assert.ok(job.includes(word), word);
  assert.match(kron(["job", "history", "--help"]).stdout, /--since <when>(.|\n)*Options of all commands:(.|\n)*--tz <zone>/);
});

test("usage errors lead to 2 and to what was meant", () => {
  const cases: [string[], RegExp][] = [
    [["jbo"], /unknown command 'jbo'\n\(Did you mean job\?\)/],
    [["job", "lst"], /unknown command 'lst'\n\(Did you mean list\?\)/],
    [["job", "list", "--jsno"], /unknown option '--jsno'\n\(Did you mean --json\?\)/],
    [["job", "status"], /missing required argument 'timer'/],
    [["job", "status", "a", "b"], /too many arguments/],
    [["job", "history", "a", "--limit"], /argument missing/],
    [["job"], /Usage: kron job/],
    [[], /Usage: kron/],
    [["job", "list", "--now", "soon"], /Expected --now to be an instant/],
  ];
  for (const [args, expected] of cases) {
    const { exitCode, stdout, stderr } = kron(args);
    assert.equal([exitCode, stdout], [2, ""], args.join(" "));
    assert.match(stderr, expected);
  }
});

test("colours come only where they are wanted", async () => {
  const dataDir = await exampleDirectory();
  const look = ["doctor", "--data-dir", dataDir];
  const hasColor = (args: string[], env: Record<string, string> = {}): boolean =>
    kron(args, env).stdout.includes("\u001b[");
  assert.not(hasColor(look), "no terminal");
  assert.ok(hasColor(look, { FORCE_COLOR: "1" }));
  assert.not(hasColor([...look, "--no-color"], { FORCE_COLOR: "1" }));
  assert.not(hasColor(look, { FORCE_COLOR: "1", NO_COLOR: "1" }));
  assert.not(hasColor(look, { FORCE_COLOR: "0" }));
});

test("exitCodeOf() gives each error its exit code", () => {
  assert.is(exitCodeOf(new KronError("KRON_DIR_LOCKED", "x")), ExitCode.LOCKED);
  assert.is(exitCodeOf(new KronError("KRON_JOURNAL_CORRUPT", "x")), ExitCode.PROBLEMS);
  assert.is(exitCodeOf(new KronError("KRON_JOURNAL_VERSION", "x")), ExitCode.FAILURE);
  assert.is(exitCodeOf(new CommandError(ExitCode.UNREACHABLE, "x")), ExitCode.UNREACHABLE);
  assert.is(exitCodeOf(new TypeError("x")), ExitCode.FAILURE);
});

test.run();

import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { byErrorCode, CommandError, ExitCode, exitCodeOf } from "../../bin/exit-codes.ts";
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
  assert.match(
    kron(["job", "history", "--help"]).stdout,
    /--since <when>(.|\n)*Options of all commands:(.|\n)*--tz <zone>/,
  );
});

test("usage errors lead to 2 and to what was meant", () => {
  const cases: [string[], RegExp][] = [
    [["jbo"], /^kron: Expected a command of kron, got "jbo"\nhint: Did you mean job\?\n$/],
    [["job", "lst"], /a command of kron job, got "lst"\nhint: Did you mean list\?/],
    [["job", "tirgger", "a"], /Did you mean trigger\?/],
    [["frobnicate"], /hint: `kron help` shows what there is/],
    [["job", "list", "--jsno"], /an option of kron job list, got --jsno\nhint: Did you mean --json\?/],
    [["job", "list", "--sate", "dead"], /got --sate\nhint: Did you mean --state\?/],
    [["job", "list", "--wide"], /hint: `kron help job list` shows what there is/],
    [
      ["job", "list", "--state", "dead,pausd"],
      /--state to be one of scheduled, .*, got "pausd"\nhint: Did you mean paused\?/,
    ],
    [["run", "list", "--state", "runing"], /Did you mean running\?/],
    [["events", "--type", "run_faled"], /Did you mean RUN_FAILED\?/],
    [["job", "add", "x", "--overlap", "skp"], /--overlap to be one of delay, .*\nhint: Did you mean skip\?/],
    [["import", "--on-conflict", "replce"], /Did you mean replace\?/],
    [["explain", "* * * * *", "--dst", "vixi"], /Did you mean vixie\?/],
    [["supervise", "a.js", "--restart", "on-fail"], /--restart to be one of always, on-failure, never/],
    [["help", "job", "lst"], /Did you mean list\?/],
    [
      ["job", "status"],
      /^kron: Missing required argument "timer"\nhint: `kron help job status` shows what there is\n$/,
    ],
    [["job", "status", "a", "b"], /Too many arguments/],
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

test("usage errors are JSON when that is asked for", () => {
  for (const args of [["jbo"], ["job", "list", "--sate", "dead"], ["job"], ["run", "list", "--state", "x"]]) {
    const { exitCode, stdout, stderr } = kron([...args, "--json"]);
    assert.equal([exitCode, stdout], [2, ""], args.join(" "));
    const told = JSON.parse(stderr) as { exitCode: number; error: { message: string } };
    assert.is(told.exitCode, 2);
    assert.match(told.error.message, /^Expected /);
  }
});

test("docs/cli.md has each exit code once, with the errors that lead to it", () => {
  const text = readFileSync(repositoryPath("docs/cli.md"), "utf8");
  const section = /\n## Exit codes\n([\s\S]*?)\n## /.exec(text)?.[1] ?? "";
  const rows = section.split("\n").filter((line) => /^\| +\d/.test(line));
  const told = rows.map((row) => {
    const [, code, , errors = ""] = row.split("|");
    return [Number(code), [...errors.matchAll(/KRON_\w+/g)].map(([name]) => name).sort()];
  });
  const errorsOf = (exitCode: number): string[] =>
    Object.entries(byErrorCode)
      .filter(([, value]) => value === exitCode)
      .map(([name]) => name)
      .sort();
  const wanted = Object.values(ExitCode).map((code) => [code, errorsOf(code)]);
  assert.equal(told, wanted);
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

import * as assert from "uvu/assert";
import { commandHelp } from "../../bin/help/examples.ts";
import { wrappedCommand } from "../../bin/help/layout.ts";
import { makeProgram } from "../../bin/program.ts";
import { suite } from "../support/suite.ts";
import { kron } from "./command-line.ts";
import { allCommands, parsedCommand, shellWords } from "./command-tree.ts";

const test = suite("help");
const commands = allCommands();

test("every command has a description, and its options have one too", () => {
  assert.ok(commands.size > 40, "the tree was walked");
  for (const [path, command] of commands) {
    assert.ok(command.description().length > 5, path);
    for (const { flags, description } of command.options) assert.ok(description.length > 5, `${path} ${flags}`);
  }
});

test("every command has at least one example, and nothing else has", () => {
  assert.equal(Object.keys(commandHelp).sort(), [...commands.keys()].sort());
  for (const [path, { examples }] of Object.entries(commandHelp)) {
    assert.ok(examples.length > 0, path);
    for (const { does } of examples) assert.ok(does.length > 5, path);
  }
});

test("every example is a command line of the command that it stands for", () => {
  for (const [path, { examples }] of Object.entries(commandHelp)) {
    const isNoun = (commands.get(path)?.commands.length ?? 0) > 0;
    for (const { line } of examples) {
      const reached = shellWords(line)
        .filter(([program]) => program === "kron")
        .map(([, ...words]) => parsedCommand(words));
      assert.ok(reached.length > 0, line);
      const isOwn = reached.some((one) => one === path || (isNoun && one.startsWith(`${path} `)));
      assert.ok(isOwn, `${line} is an example of ${path}, and leads to ${reached}`);
    }
  }
});

test("a wrong example is found", () => {
  assert.throws(() => parsedCommand(["job", "lst"]), /a command of kron job/);
  assert.throws(() => parsedCommand(["job", "list", "--stat", "dead"]), /an option of/);
  assert.throws(() => parsedCommand(["job", "status"]), /Missing required argument/);
  assert.is(parsedCommand(["job", "rm", "a"]), "kron job cancel");
  assert.equal(shellWords("a 'b c' | kron \"d\" > e"), [
    ["a", "b c"],
    ["kron", "d"],
  ]);
});

test("help fits the width of the terminal, down to forty columns, and stays readable on a wide one", () => {
  for (const columns of [40, 60, 80, 132, 400]) {
    for (const [path, command] of allCommands()) {
      command.configureOutput({ getOutHelpWidth: () => columns });
      for (const line of command.helpInformation().split("\n")) {
        const isOneWord = !line.trim().replace(/ \\$/, "").includes(" ") || /^\s*# \S+$/.test(line);
        assert.ok(
          line.length <= Math.min(columns, 100) || isOneWord || isQuoted(line),
          `${path} at ${columns}: ${line}`,
        );
        assert.is(line, line.trimEnd());
      }
    }
  }
});

/** What is quoted is one word of the shell, and cannot be broken. */
function isQuoted(line: string): boolean {
  return /^\s*(--\S+ )?['"].*['"]( \\)?$/.test(line);
}

test("an example that was broken is the same command", () => {
  for (const { examples } of Object.values(commandHelp)) {
    for (const { line } of examples) {
      for (const width of [30, 50, 80]) {
        assert.equal(shellWords(wrappedCommand(line, width).join("\n")), shellWords(line), `${width}: ${line}`);
      }
    }
  }
});

test("commands are in groups, and come before the options", () => {
  const help = makeProgram().helpInformation();
  const places = ["Timers and runs:", "Runtimes:", "In place of cron:", "Data:", "Help:", "Options:", "Examples:"].map(
    (title) => help.indexOf(`\n${title}\n`),
  );
  assert.ok(places.every((place) => place > 0));
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
  );
  assert.not.match(help, /\nCommands:/, "none is left without a group");
});

test("kron help shows the help of any command", () => {
  const expected = kron(["job", "add", "--help"]).stdout;
  assert.match(expected, /^Usage: kron job add \[options\] <timer> \[command\.\.\.\]\n/);
  assert.equal(kron(["help", "job", "add"]), { exitCode: 0, stdout: expected, stderr: "" });
  assert.equal(kron(["job", "help", "add"]).stdout, expected);
  assert.equal(kron(["help"]).stdout, kron(["--help"]).stdout);
  assert.match(kron(["help", "top"]).stdout, /^Usage: kron tui\|top /);
  const { exitCode, stderr } = kron(["help", "job", "lst"]);
  assert.is(exitCode, 2);
  assert.match(stderr, /Did you mean list\?/);
});

test.run();

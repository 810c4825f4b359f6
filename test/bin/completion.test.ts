/** The scripts of `kron completion` in the real shells: asked by their functions, and typed into at a terminal. */

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import * as assert from "uvu/assert";
import { commandModels, valueOptions } from "../../bin/completion/model.ts";
import { makeProgram } from "../../bin/program.ts";
import { Kron } from "../../src/index.ts";
import { suite } from "../support/suite.ts";
import { hasTmux, Terminal } from "../tui/tmux.ts";
import { fingerprint, kron, programLine, programPath, scratchDirectory, silent } from "./command-line.ts";
import { type LiveProcess, startRuntime } from "./live-process.ts";

const test = suite("completion", 120_000);

const home = scratchDirectory();
const dataDir = join(home, "a data dir");
const tools = join(home, "bin");
const oddIds = ['it\'s $HOME "x" `y`', "a b", "back\\slash", "star*?", "semi;colon&more", "(paren)", "ünï✓", "-dash"];
const ids = ["nightly", "nightly-report", "reports:daily", "reports:weekly", ...oddIds];
const env: Record<string, string> = {
  ...{ HOME: home, KRON_HOME: dataDir, LANG: "C.UTF-8", LC_ALL: "C.UTF-8", TERM: "xterm" },
  PATH: `${tools}${delimiter}${process.env.PATH ?? ""}`,
};
let runtime: LiveProcess | undefined;

test.before(async () => {
  mkdirSync(tools);
  writeFileSync(join(tools, "kron"), `#!/bin/sh\n${programLine}\n`);
  chmodSync(join(tools, "kron"), 0o755);
  for (const shell of ["bash", "zsh", "fish"]) {
    const { exitCode, stdout, stderr } = kron(["completion", shell]);
    assert.equal([exitCode, stderr], [0, ""]);
    writeFileSync(join(home, `kron.${shell}`), stdout);
  }
  const kronOfIds = new Kron({ dataDir, logger: silent });
  for (const id of ids) await kronOfIds.schedule(id, { every: "1h" }, () => undefined);
  await kronOfIds.start();
  await kronOfIds.shutdown();
});

test.after(async () => await runtime?.kill());

function hasShell(name: string): boolean {
  return spawnSync(name, ["-c", "exit 0"], { stdio: "ignore" }).status === 0;
}

function inShell(name: string, title: string, body: () => void | Promise<void>, needs = true): void {
  if (hasShell(name) && needs) test(`${name} ${title}`, body);
  else test.skip(`${name} ${title}`, `${needs ? name : "tmux"} is not installed`);
}

/** What bash would offer for each line, in its own process once for all. */
function bashOffers(lines: readonly string[]): string[][] {
  const script = `source "$HOME/kron.bash"
for COMP_LINE in "$@"; do
  COMP_POINT=\${#COMP_LINE} COMPREPLY=()
  _kron
  printf '%s\\n' "\${COMPREPLY[@]}" ''
  echo .
done`;
  const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", script, "bash", ...lines], {
    ...{ env, cwd: home, encoding: "utf8" },
  });
  assert.equal([status, stderr], [0, ""]);
  const blocks = stdout.split("\n.\n").slice(0, -1);
  return blocks.map((block) => block.split("\n").filter((line) => line !== ""));
}

const cases: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ["kron jo", ["job"]],
  ["kron job re", ["resume", "retry"]],
  ["kron --json job hi", ["history"]],
  ["kron --data-dir x job hi", ["history"]],
  ["kron job list --st", ["--state"]],
  ["kron job list --state or", ["orphaned"]],
  ["kron job list --state dead,pa", ["dead,paused"]],
  ["kron explain '* * * * *' --dst ", ["vixie", "fixed", "wildcard", "skip"]],
  ["kron import cr", ["crontab"]],
  ["kron help job hi", ["history"]],
  ["kron completion ", ["bash", "zsh", "fish"]],
  ["kron --tz Europe/Rig", ["Europe/Riga"]],
  ["kron job status nig", ["nightly", "nightly-report"]],
  ["kron job rm nightly-", ["nightly-report"]],
  ["kron run list --timer nightly-", ["nightly-report"]],
  ["kron job status nightly no", []],
  ["kron job frobnicate ", []],
];

inShell("bash", "completes commands, options, their words, and ids", () => {
  const offers = bashOffers(cases.map(([line]) => line));
  for (const [index, [line, expected]] of cases.entries()) assert.equal(offers[index], expected, line);
  const [afterEquals, files] = bashOffers(["kron job list --state=dea", 'kron --data-dir "a da']);
  assert.equal(afterEquals, ["dead"], "bash has a word of its own behind the sign");
  assert.equal(files, ["a data dir"]);
});

inShell("bash", "quotes ids as the word is quoted, and finds those that were typed in quotes", () => {
  const offers = bashOffers([
    "kron job status it",
    "kron job status 'it",
    'kron job status "it',
    "kron job status it\\'s\\ ",
    "kron job status a\\ ",
    "kron job status reports:d",
    "kron job status 'reports:d",
    "kron job status ba",
    "kron job status ü",
    "kron job status \\(",
  ]);
  assert.equal(offers, [
    ['it\\\'s\\ \\$HOME\\ \\"x\\"\\ \\`y\\`'],
    ["it'\\''s $HOME \"x\" `y`"],
    ['it\'s \\$HOME \\"x\\" \\`y\\`'],
    ['it\\\'s\\ \\$HOME\\ \\"x\\"\\ \\`y\\`'],
    ["a\\ b"],
    ["daily"],
    ["reports:daily"],
    ["back\\\\slash"],
    ["ünï✓"],
    ["\\(paren\\)"],
  ]);
});

inShell("bash", "offers words that the shell reads back as the ids", () => {
  // What begins with a dash is an option to whoever types it.
  const plain = ids.filter((id) => !id.startsWith("-"));
  const lines = plain.map((id) => `kron job status ${id.slice(0, 1).replace(/[(]/, "\\(")}`);
  const offers = [...new Set(bashOffers(lines).flat())];
  const { stdout } = spawnSync("bash", ["--norc", "-c", `printf '%s\\n' ${offers.join(" ")}`], {
    env,
    encoding: "utf8",
  });
  assert.equal(stdout.trimEnd().split("\n").sort(), [...plain].sort());
});

inShell("fish", "completes commands, options, their words, and ids", () => {
  const lines = [...cases.map(([line]) => line), "kron job list --state=dea", "kron job status it"];
  const script = `source $HOME/kron.fish\nfor line in $argv\ncomplete -C $line\necho .\nend`;
  const { status, stdout, stderr } = spawnSync("fish", ["--no-config", "-c", script, ...lines], {
    ...{ env, cwd: home, encoding: "utf8" },
  });
  assert.equal([status, stderr], [0, ""]);
  const blocks = stdout.split(/^\.\n/m).slice(0, -1);
  const offers = blocks.map((block) =>
    block
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t")[0] ?? ""),
  );
  for (const [index, [line, expected]] of cases.entries()) {
    assert.equal([...(offers[index] ?? [])].sort(), [...expected].sort(), line);
  }
  assert.equal(offers.slice(-2), [["--state=dead"], ['it\'s $HOME "x" `y`']]);
  assert.match(blocks[0] ?? "", /^job\ttimers and their runs\n/);
});

/** Types into the shell at a real terminal, and waits for what it shows. */
async function typeInto(shell: string, args: readonly string[], setup: string): Promise<void> {
  writeFileSync(join(home, ".zshrc"), setup);
  writeFileSync(join(home, ".kronrc"), setup);
  const terminal = new Terminal(args, { columns: 120, env: { ...env, ZDOTDIR: home }, program: [shell] });
  const enter = async (text: string, pattern: RegExp): Promise<void> => {
    await terminal.shows(/ready> *$/m);
    terminal.type(text);
    terminal.press("Tab");
    await terminal.shows(pattern);
  };
  const clear = async (): Promise<void> => {
    terminal.press("C-u");
    terminal.type("clear");
    terminal.press("Enter");
    await terminal.shows(/^\S*ready> *$/m);
  };
  try {
    await enter("kron exp", /ready> kron exp(lain|ort)?/);
    await clear();
    await enter("kron job hist", /kron job history$/m);
    terminal.type("nightly-r");
    terminal.press("Tab");
    await terminal.shows(/kron job history nightly-report$/m);
    terminal.type("--lim");
    terminal.press("Tab");
    await terminal.shows(/nightly-report --limit$/m);
    await clear();
    await enter("kron job list --state orp", /--state orphaned/);
    await clear();
    await enter("kron job status reports:d", /reports:daily/);
    terminal.press("Enter");
    await terminal.shows(/timer: +reports:daily/);
    await clear();
    await enter("kron job status it", /HOME/);
    terminal.press("Enter");
    await terminal.shows(/timer: +it's \$HOME "x" `y`/);
    await clear();
    await enter("kron job status 'a", /'a b/);
    terminal.press("Enter");
    await terminal.shows(/timer: +a b/);
  } finally {
    terminal.close();
  }
}

inShell(
  "bash",
  "completes at a terminal",
  () =>
    typeInto(
      "bash",
      ["--noprofile", "--rcfile", join(home, ".kronrc"), "-i"],
      `PS1='ready> '\nsource "$HOME/kron.bash"\n`,
    ),
  hasTmux(),
);

inShell(
  "zsh",
  "completes at a terminal",
  () =>
    typeInto(
      "zsh",
      ["-d", "-i"],
      `PS1='ready> '\nsetopt interactive_comments\nautoload -U compinit; compinit -D\nsource "$HOME/kron.zsh"\n`,
    ),
  hasTmux(),
);

inShell(
  "fish",
  "completes at a terminal",
  () =>
    typeInto(
      "fish",
      [
        "--no-config",
        "--private",
        "-i",
        "-C",
        `function fish_prompt; echo -n 'ready> '; end; function fish_greeting; end; source $HOME/kron.fish`,
      ],
      "",
    ),
  hasTmux(),
);

test("what scripts ask is quiet, and writes nothing, whatever is wrong", () => {
  const before = fingerprint(dataDir);
  const offers = (...args: string[]): string[] => {
    const { exitCode, stdout, stderr } = kron(["__complete", ...args]);
    assert.equal([exitCode, stderr], [0, ""], args.join(" "));
    return stdout.split("\n").filter((line) => line !== "");
  };
  assert.equal(offers("timers", "--data-dir", dataDir, "--", "nightly-"), ["nightly-report\tscheduled"]);
  assert.equal(offers("timers", "--data-dir", dataDir, "--", "-"), ["-dash\tscheduled"]);
  assert.equal(offers("runs", "--data-dir", dataDir), []);
  assert.equal(offers("logs", "--data-dir", dataDir, "--timer", "nightly"), []);
  assert.equal(offers("frobnications", "--data-dir", dataDir), []);
  assert.equal(offers("timers", "--data-dir", join(home, "nowhere")), []);
  assert.equal(offers("timers", "--data-dir", programPath), []);
  assert.not(existsSync(join(home, "nowhere")));
  assert.equal(fingerprint(dataDir), before);
});

test("a runtime is asked, for timers and for runs", async () => {
  const live = join(scratchDirectory(), "data");
  runtime = await startRuntime(live);
  const asked = (...args: string[]): string => kron(["__complete", ...args, "--data-dir", live]).stdout;
  assert.is(asked("timers", "fl"), "flaky\tscheduled\n");
  assert.is(kron(["job", "trigger", "endless", "--data-dir", live]).exitCode, 0);
  assert.match(asked("runs", "run_"), /^run_\w+\trunning, of endless\n/m);
});

test("an option takes a value in every command or in none, as scripts have one table of them", () => {
  const models = commandModels(makeProgram());
  const withValue = new Set(valueOptions(models));
  for (const { paths, options } of models) {
    for (const { names, value } of options) {
      for (const name of names) assert.is(withValue.has(name), value !== undefined, `${paths[0]} ${name}`);
    }
  }
});

test.run();

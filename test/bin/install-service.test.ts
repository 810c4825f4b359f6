/** `kron install-service` as its users run it, and what systemd says of the unit. */

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { kron, kronJson, programPath, scratchDirectory } from "./command-line.ts";

const test = suite("kron install-service", 60_000);

/** A place whose name holds all that systemd treats in a special way. */
function oddPlace(): { readonly directory: string; readonly file: string } {
  const directory = join(scratchDirectory(), `a b%n $HOME "q" 'x' back\\slash;d`);
  mkdirSync(directory);
  const file = join(directory, "kron.config.json");
  writeFileSync(file, JSON.stringify({ drain: "1m", timers: { a: { every: "1h", command: ["true"] } } }));
  return { directory, file };
}

test("--dry-run prints the unit of the system and writes nothing", () => {
  const { file } = oddPlace();
  const printed = kron(["install-service", "--dry-run", "--config", file, "--run-as", "jobs"]);
  assert.is(printed.exitCode, 0, printed.stderr);
  assert.match(printed.stdout, /^ExecStart=\S*node\S* \S*kron\.js runtime start --config ".*%%n \$\$HOME .*\\\\slash/m);
  assert.match(printed.stdout, /^TimeoutStopSec=80s$/m);
  assert.match(printed.stdout, /^User=jobs$/m);
  const json = kronJson(["install-service", "--dry-run", "--config", file, "--name", "kron-two"]);
  assert.is(json.path, "/etc/systemd/system/kron-two.service");
  assert.is(json.outcome, "would be written");
});

test("a unit is written once, and replaced only with --force", () => {
  const { file } = oddPlace();
  const env = { XDG_CONFIG_HOME: scratchDirectory() };
  const path = join(env.XDG_CONFIG_HOME, "systemd", "user", "kron.service");
  const written = kron(["install-service", "--user", "--config", file], env);
  assert.is(written.exitCode, 0, written.stderr);
  assert.match(written.stdout, /systemctl --user enable --now kron\.service(.|\n)*enable-linger/);
  assert.is(statSync(path).mode & 0o022, 0);
  writeFileSync(path, "mine");
  const again = kron(["install-service", "--user", "--config", file], env);
  assert.is(again.exitCode, 1);
  assert.match(again.stderr, /--force/);
  assert.is(readFileSync(path, "utf8"), "mine");
  assert.is(kron(["install-service", "--user", "--force", "--config", file], env).exitCode, 0);
  assert.match(readFileSync(path, "utf8"), /^ExecStart=/m);
});

test("what would not work is refused before anything is written", () => {
  const { directory, file } = oddPlace();
  for (const [args, told] of [
    [["--name", "a/b"], /--name of letters/],
    [["--exec", "kron"], /absolute path/],
    [["--user", "--run-as", "x"], /--run-as/],
    [["--app", join(directory, "no.js")], /nothing is there/],
  ] as const) {
    const result = kron(["install-service", "--dry-run", "--config", file, ...args]);
    assert.ok(result.exitCode === 2 || result.exitCode === 3, result.stderr);
    assert.match(result.stderr, told);
  }
  const quoted = kron(["install-service", "--dry-run", "--config", file, "--exec", `/opt/"x"/kron`]);
  assert.match(quoted.stderr, /a program without quotes/);
  writeFileSync(file, '{"timers":{"a":{}}}');
  assert.match(kron(["install-service", "--dry-run", "--config", file]).stderr, /timers\.a/);
});

test("the data directory of the configuration, and an application, are taken", () => {
  const { directory, file } = oddPlace();
  writeFileSync(file, JSON.stringify({ dataDir: "data" }));
  const own = kron(["install-service", "--dry-run", "--config", file]).stdout;
  assert.match(own, /^ReadWritePaths=".*data"$/m);
  const app = join(directory, "app.js");
  writeFileSync(app, "");
  const supervised = kron(["install-service", "--dry-run", "--app", app]).stdout;
  assert.match(supervised, /^Type=notify$/m);
  assert.match(supervised, /^ExecStart=.* supervise ".*app\.js"/m);
});

const hasAnalyzer = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!hasAnalyzer) test.skip("systemd finds nothing wrong with the units", "systemd-analyze is not there");
else {
  test("systemd finds nothing wrong with the units, whatever their paths hold", () => {
    const { directory, file } = oddPlace();
    // Systemd takes no program with quotes or backslashes in its path.
    const tools = join(scratchDirectory(), "a b%n $HOME;d");
    mkdirSync(tools);
    const exec = join(tools, "kron");
    writeFileSync(exec, "#!/bin/sh\n");
    chmodSync(exec, 0o755);
    for (const [more, isUser] of [
      [["--exec", exec], false],
      [["--exec", exec, "--data-dir", join(directory, "data")], false],
      [["--user"], true],
      [["--app", programPath], false],
    ] as const) {
      const unit = join(scratchDirectory(), "kron.service");
      writeFileSync(unit, kron(["install-service", "--dry-run", "--config", file, ...more]).stdout);
      const { status, stderr, stdout } = spawnSync("systemd-analyze", ["verify", ...(isUser ? ["--user"] : []), unit], {
        encoding: "utf8",
        timeout: 30_000,
        env: { ...process.env, XDG_RUNTIME_DIR: scratchDirectory(), SYSTEMD_COLORS: "0" },
      });
      const told = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("kron.service"));
      assert.equal([status, told], [0, []], `${stderr}${readFileSync(unit, "utf8")}`);
    }
  });

  test("systemd does find something wrong with a unit that is", () => {
    const unit = join(scratchDirectory(), "kron.service");
    writeFileSync(unit, "[Service]\nExecStart=/no/such/program %n\n");
    assert.is.not(spawnSync("systemd-analyze", ["verify", unit], { timeout: 30_000 }).status, 0);
  });
}

test.run();

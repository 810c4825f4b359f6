/** `kron import crontab` as its users run it. */

import { chmodSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { kron, kronJson, scratchDirectory } from "./command-line.ts";

const test = suite("kron import crontab", 60_000);

const crontab = `SHELL=/bin/bash
MAILTO=ada
*/7 * * * *  /usr/local/bin/poll.sh
0 3 * * mon  pg_dump shop%input
@reboot      echo up
`;

interface Place {
  readonly file: string;
  readonly dataDir: string;
}

function place(text: string): Place {
  const directory = scratchDirectory();
  const file = join(directory, "crontab.txt");
  writeFileSync(file, text);
  return { file, dataDir: join(directory, "data") };
}

const asked = ({ dataDir }: Place, ...more: string[]): string[] => [
  ...["import", "crontab", "--data-dir", dataDir, "--home", "/srv", "--zone", "Europe/Riga", ...more],
];

test("entries become timers, with a report of what differs, and a second import changes nothing", () => {
  const at = place(crontab);
  const dry = kron(asked(at, at.file, "--dry-run"));
  assert.is(dry.exitCode, 0, dry.stderr);
  assert.match(dry.stdout, /nothing was changed: 3 create/);
  const made = kron(asked(at, at.file));
  assert.match(made.stdout, /create\s+cron:poll\.sh-[0-9a-f]{8}\s+\*\/7 \* \* \* \* Europe\/Riga/);
  assert.match(made.stdout, /done: 3 create/);
  assert.match(made.stdout, /overlap: "allow".*\n.*misfire: "skip"/);
  assert.match(made.stdout, /MAILTO.*\(line 2\)/);
  assert.match(made.stdout, /SHELL runs the command.*\(lines 3, 4, 5\)/);
  const again = kronJson(asked(at, at.file));
  assert.is((again.counts as Record<string, number>).unchanged, 3);
  const codes = (again.differences as { code: string }[]).map(({ code }) => code);
  for (const code of ["time-zone", "mail", "shell", "reboot", "percent", "uneven-step"])
    assert.ok(codes.includes(code));

  const exported = kron(["export", "--data-dir", at.dataDir]).stdout.split("\n");
  const { options } = JSON.parse(exported.find((line) => line.includes("pg_dump")) ?? "{}");
  assert.equal(options.command, ["/bin/bash", "-c", "pg_dump shop"]);
  assert.equal([options.payload, options.cwd, options.overlap], ["input\n", "/srv", "allow"]);
  assert.equal([options.misfire.mode, options.retry.maxAttempts], ["skip", 1]);
  assert.is(kron(["doctor", "--data-dir", at.dataDir]).exitCode, 0);
});

test("a changed crontab changes its timers, and --prune takes away what left it", () => {
  const at = place(crontab);
  kron(asked(at, at.file));
  writeFileSync(at.file, crontab.replace("*/7", "*/5").replace(/@reboot.*\n/, ""));
  const changed = kron(asked(at, at.file));
  assert.match(changed.stdout, /update\s+cron:poll\.sh-\w+\s+cron: "\*\/7 \* \* \* \*" → "\*\/5 \* \* \* \*"/);
  assert.match(changed.stdout, /keep\s+cron:echo-/);
  assert.match(kron(asked(at, at.file, "--prune")).stdout, /prune\s+cron:echo-/);
  writeFileSync(at.file, "# nothing\n");
  assert.is(kron(asked(at, at.file, "--prune")).exitCode, 2);
});

test("all that is wrong is told with line and column, and nothing is done", () => {
  const at = place("0 25 * * * a\n@daily ok\n* * * *\n@dayly c\n");
  const refused = kron(asked(at, at.file));
  assert.is(refused.exitCode, 2);
  assert.match(refused.stderr, /^line 1, column 3: Bad hour field/m);
  assert.match(refused.stderr, /^line 3, column 8: Expected 5 fields/m);
  assert.match(refused.stderr, /^line 4, column 1: .*Did you mean @daily/m);
  assert.match(refused.stderr, /3 problems .*nothing was changed\nhint: .*--skip-invalid/);
  assert.is(kron(["job", "list", "--data-dir", at.dataDir]).exitCode, 3, "no directory was made");
  const json = kronJson(asked(at, at.file), 2);
  assert.equal((json.problems as object[]).length, 3);
  const rest = kron(asked(at, at.file, "--skip-invalid"));
  assert.is(rest.exitCode, 0, rest.stderr);
  assert.match(rest.stdout, /done: 1 create/);
  assert.match(rest.stdout, /skipped: 3 entries/);
});

test("standard input, `crontab -l` and the system's format are read", () => {
  const at = place("");
  const piped = kron(asked(at, "-", "--dry-run"), {}, "@daily from-pipe\n");
  assert.match(piped.stdout, /create\s+cron:from-pipe-/, piped.stderr);

  const tools = scratchDirectory();
  writeFileSync(join(tools, "crontab"), '#!/bin/sh\n[ "$1" = -l ] && echo "@daily from-user"\n');
  chmodSync(join(tools, "crontab"), 0o755);
  const path = { PATH: `${tools}${delimiter}${process.env.PATH ?? ""}` };
  assert.match(kron(asked(at, "--user", "--dry-run"), path).stdout, /create\s+cron:from-user-/);
  writeFileSync(join(tools, "crontab"), '#!/bin/sh\necho "no crontab for ada" >&2\nexit 1\n');
  const none = kron(asked(at, "--user"), path);
  assert.is(none.exitCode, 3);
  assert.match(none.stderr, /no crontab for ada/);

  writeFileSync(at.file, "17 * * * * kron-no-such-user run-parts /etc/cron.hourly\n");
  const other = kron(asked(at, at.file, "--system"));
  assert.is(other.exitCode, 2);
  assert.match(other.stderr, /line 1, column 12: Expected commands of .*, got one of kron-no-such-user/);
  assert.match(kron(asked(at, at.file, "--system", "--users", "same")).stdout, /cron:run-parts-/);
});

test("a crontab can be printed as a configuration that says the same", () => {
  const at = place(crontab);
  const config = kron(asked(at, at.file, "--as-config"));
  assert.is(config.exitCode, 0, config.stderr);
  const path = join(scratchDirectory(), "kron.config.json");
  writeFileSync(path, config.stdout);
  kron(asked(at, at.file));
  const synced = kron(["sync", "--config", path, "--data-dir", at.dataDir]);
  assert.match(synced.stdout, /done: 3 unchanged/, synced.stderr);
});

test("what makes no sense is refused", () => {
  const at = place(crontab);
  for (const [args, told] of [
    [[], /either a file, - .* or --user/],
    [[at.file, "--user"], /either a file/],
    [[at.file, "--users", "root"], /--users to be one of refuse, same, runuser/],
    [[at.file, "--zone", "Mars"], /time zone/],
    [[`${at.file}.absent`], /Expected to read/],
  ] as const) {
    const result = kron(asked(at, ...args));
    assert.ok(result.exitCode === 2 || result.exitCode === 3, result.stdout);
    assert.match(result.stderr, told);
  }
  writeFileSync(at.file, Buffer.from([0xff, 0xfe]));
  assert.match(kron(asked(at, at.file)).stderr, /to be UTF-8/);
});

test("a file of lines of JSON is still imported beside it", () => {
  const at = place('{"kind":"export","format":1}\n');
  const result = kron(["import", at.file, "--data-dir", at.dataDir, "--dry-run"]);
  assert.match(result.stdout, /would be imported: 0 created/, result.stderr);
});

test.run();

/** The grammar of crontabs, against samples in the style of crontab(5) and of the files that Debian installs. */

import fc from "fast-check";
import * as assert from "uvu/assert";
import { commandName, splitCommand } from "../../bin/crontab-command.ts";
import { lineCharactersMax, readCrontab } from "../../bin/crontab-lines.ts";
import { suite } from "../support/suite.ts";

const test = suite("crontab lines");

const manual = `# use /bin/bash to run commands, instead of the default /bin/sh
SHELL=/bin/bash
# mail any output to \`paul', no matter whose crontab this is
MAILTO=paul
#
# run five minutes after midnight, every day
5 0 * * *       $HOME/bin/daily.job >> $HOME/tmp/out 2>&1
# run at 2:15pm on the first of every month -- output mailed to paul
15 14 1 * *     $HOME/bin/monthly
# run at 10 pm on weekdays, annoy Joe
0 22 * * 1-5    mail -s "It's 10pm" joe%Joe,%%Where are your kids?%
23 0-23/2 * * * echo "run 23 minutes after midn, 2am, 4am ..., everyday"
5 4 * * sun     echo "run at 5 after 4 every Sunday"
0 */4 1 * mon   echo "run every 4th hour on the 1st and on every Monday"
`;

const system = `# /etc/crontab: system-wide crontab
SHELL=/bin/sh
PATH = "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin"

17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
@reboot www-data /usr/bin/warm-cache
`;

test("readCrontab() reads the example of the manual page", () => {
  const { entries, variables, problems } = readCrontab(manual, false);
  assert.equal(problems, []);
  assert.equal(
    variables.map(({ line, name, value }) => [line, name, value]),
    [
      [2, "SHELL", "/bin/bash"],
      [4, "MAILTO", "paul"],
    ],
  );
  assert.equal(
    entries.map(({ line, expression }) => [line, expression]),
    [
      [7, "5 0 * * *"],
      [9, "15 14 1 * *"],
      [11, "0 22 * * 1-5"],
      [12, "23 0-23/2 * * *"],
      [13, "5 4 * * sun"],
      [14, "0 */4 1 * mon"],
    ],
  );
  assert.is(entries[0]?.command, "$HOME/bin/daily.job >> $HOME/tmp/out 2>&1");
  assert.is(entries[0]?.variables.get("SHELL"), "/bin/bash");
});

test("readCrontab() takes the user of the system's crontab, tabs and nicknames", () => {
  const { entries, problems, variables } = readCrontab(system, true);
  assert.equal(problems, []);
  assert.is(variables[1]?.value, "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin");
  assert.equal(
    entries.map(({ expression, user, userColumn, command }) => [expression, user, userColumn, command]),
    [
      ["17 *\t* * *", "root", 12, "cd / && run-parts --report /etc/cron.hourly"],
      ["25 6\t* * *", "root", 12, "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }"],
      ["@reboot", "www-data", 9, "/usr/bin/warm-cache"],
    ],
  );
});

test("readCrontab() lets a variable hold for the entries below it only", () => {
  const { entries } = readCrontab("@daily a\nX=1\n@daily b\nX='2 '\n@daily c\n\"Y\" = z z \n@daily d", false);
  assert.equal(
    entries.map(({ variables }) => Object.fromEntries(variables)),
    [{}, { X: "1" }, { X: "2 " }, { X: "2 ", Y: "z z" }],
  );
});

test("readCrontab() takes a command that sets a variable for an entry", () => {
  const { entries, variables } = readCrontab("*/5 * * * * A=b cmd\n  1 2 3 4 5 x=y", false);
  assert.is(variables.length, 0);
  assert.equal(
    entries.map(({ expression, column, command }) => [expression, column, command]),
    [
      ["*/5 * * * *", 1, "A=b cmd"],
      ["1 2 3 4 5", 3, "x=y"],
    ],
  );
});

test("readCrontab() gathers all that is wrong, with line and column", () => {
  const lines = [
    "5 0 * *",
    "5 0 * * *",
    "5 0 * * *   ",
    "@daily",
    "2bad=1",
    `a${"b".repeat(lineCharactersMax)}`,
    "* * * * * a\0b",
  ];
  const { problems, entries } = readCrontab(lines.join("\n"), false);
  assert.is(entries.length, 0);
  assert.equal(
    problems.map(({ line, column, message }) => [line, column, message]),
    [
      [1, 8, "Expected 5 fields and a command, got 4 fields"],
      [2, 10, "Expected a command after 5 0 * * *, got nothing"],
      [3, 13, "Expected a command after 5 0 * * *, got nothing"],
      [4, 7, "Expected a command after @daily, got nothing"],
      [5, 1, 'Expected the name of a variable before "=", got "2bad"'],
      [6, lineCharactersMax + 1, `Expected at most ${lineCharactersMax} characters in a line`],
      [7, 12, "Expected a text, got NUL in it"],
    ],
  );
  const [noUser, noCommand] = readCrontab("@daily\n* * * * * root", true).problems;
  assert.is(noUser?.message, "Expected a user and a command after @daily, got nothing");
  assert.is(noCommand?.message, "Expected a command after * * * * *, got nothing");
});

test("readCrontab() takes a carriage return off and says where", () => {
  const { entries, returnLines } = readCrontab("@daily a\r\n\r\n# c\r\n@daily b\n", false);
  assert.equal(
    entries.map(({ command }) => command),
    ["a", "b"],
  );
  assert.equal(returnLines, [1, 2, 3]);
});

test("readCrontab() gives every line one meaning, whatever stands there", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60, unit: "binary-ascii" }), (text) => {
      const { entries, variables, problems } = readCrontab(text, false);
      const lines = text.split("\n");
      const meaningful = lines.filter((line) => /[^ \t\r]/.test(line) && !/^[ \t]*#/.test(line));
      assert.ok(entries.length + variables.length + problems.length >= meaningful.filter((l) => l.trim()).length - 1);
      const numbers = [...entries, ...variables, ...problems].map(({ line }) => line);
      assert.is(new Set(numbers).size, numbers.length, "two meanings of a line");
      for (const { line, column } of problems) assert.ok(column >= 1 && column <= (lines[line - 1] ?? "").length + 1);
      for (const { line, column, expression, command } of entries) {
        const source = lines[line - 1] ?? "";
        assert.is(source.slice(column - 1, column - 1 + expression.length), expression);
        assert.ok(source.replace(/\r$/, "").endsWith(command));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("splitCommand() makes of % what Debian's cron does", () => {
  const sample: readonly (readonly [string, string, string | undefined])[] = [
    ["a", "a", undefined],
    ["a%", "a", undefined],
    ["a%b", "a", "b\n"],
    ["a%b%", "a", "b\n"],
    ["a%b%%", "a", "b\n\n"],
    ["a%%b", "a", "\nb\n"],
    ["date +\\%F", "date +%F", undefined],
    ["a\\b\\\\c\\", "a\\b\\\\c\\", undefined],
    ["a\\\\%b", "a\\%b", undefined],
    ["a%x\\%y\\z\\", "a", "x%y\\z\\\n"],
    ['mail -s "x" joe%Joe,%%Where?%', 'mail -s "x" joe', "Joe,\n\nWhere?\n"],
  ];
  for (const [command, shellText, input] of sample) {
    assert.equal(splitCommand(command), { shellText, input }, command);
  }
});

test("splitCommand() changes nothing but percent signs", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      const escaped = text.replace(/%/g, "\\%");
      // A backslash before an escaped percent sign is not one of the escape's own.
      assert.equal(splitCommand(escaped), { shellText: text, input: undefined });
    }),
  );
});

test("commandName() is the program that does the work", () => {
  const names: readonly (readonly [string, string])[] = [
    ["/usr/local/bin/backup.sh --full > /dev/null 2>&1", "backup.sh"],
    ["cd / && run-parts --report /etc/cron.hourly", "run-parts"],
    ["test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", "run-parts"],
    ["nice -n 19 ionice -c3 /opt/x/clean_up", "clean_up"],
    ["FOO=1 BAR=2 node /srv/app/jobs/report.js", "report.js"],
    ["[ -d /x ] && find /x -mtime +3 -delete", "find"],
    ["$HOME/bin/daily.job", "daily.job"],
    ['"/opt/my tool/run"', "my"],
    ["/bin/sh", "sh"],
    ["cd /tmp", "job"],
    ["§§§", "job"],
    [`/x/${"a".repeat(60)}`, "a".repeat(40)],
  ];
  for (const [text, name] of names) assert.is(commandName(text), name, text);
});

test("commandName() is always fit for an id", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => assert.match(commandName(text), /^[A-Za-z0-9._-]{1,40}$/)),
  );
});

test.run();

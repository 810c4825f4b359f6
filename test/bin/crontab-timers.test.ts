/** What the entries of a crontab become, and what is said about the differences. */

import * as assert from "uvu/assert";
import { crontabDifferences } from "../../bin/crontab-differences.ts";
import { readCrontab } from "../../bin/crontab-lines.ts";
import { type CrontabSettings, type CrontabTimers, crontabTimers } from "../../bin/crontab-timers.ts";
import { parseCron } from "../../src/core/cron-parse.ts";
import { parseScheduleOptions, type ScheduleOptions } from "../../src/core/options.ts";
import { suite } from "../support/suite.ts";

const test = suite("crontab timers");

// What cron takes literally and Kron would take for a reference to a variable.
const reference = `\${env:HOME}`;

const settings: CrontabSettings = {
  ...{ zone: "Europe/Riga", home: "/home/ada", user: "ada", users: "refuse", idPrefix: "cron:" },
  homeOf: (user) => (user === "ada" || user === "www-data" ? `/home/${user}` : undefined),
};

function check(id: string, options: ScheduleOptions): void {
  parseScheduleOptions(id, options, (schedule) => {
    if (schedule.kind === "cron") parseCron(schedule.expression, 0);
  });
}

function make(text: string, more: Partial<CrontabSettings> = {}, isSystem = false): CrontabTimers {
  return crontabTimers(readCrontab(text, isSystem).entries, { ...settings, ...more }, check);
}

function onlyOptions(text: string, more: Partial<CrontabSettings> = {}, isSystem = false): ScheduleOptions {
  const { timers, problems } = make(text, more, isSystem);
  assert.equal(problems, []);
  assert.is(timers.length, 1);
  return timers[0]?.options ?? {};
}

test("an entry becomes a command that runs as under cron", () => {
  assert.equal(onlyOptions("*/5 1-3 * * mon  ./backup.sh --all"), {
    ...{ cron: "*/5 1-3 * * mon", timezone: "Europe/Riga", command: "./backup.sh --all", shell: true },
    ...{ cwd: "/home/ada", overlap: "allow", misfire: "skip", retry: false },
  });
});

test("variables go along, those that speak to cron do not", () => {
  const text = `MAILTO=x\nCRON_TZ=UTC\nPATH=/opt/bin:$PATH\nREF="${reference}"\nHOME=/srv\n@daily job%in`;
  const options = onlyOptions(text);
  assert.equal(options.env, { PATH: "/opt/bin:$PATH", REF: `$${reference}`, HOME: "/srv" });
  assert.is(options.timezone, "UTC");
  assert.is(options.cwd, "/srv");
  assert.is(options.payload, "in\n");
  assert.is(options.cron, "@daily");
});

test("another SHELL is a program of its own", () => {
  const { command, shell } = onlyOptions("SHELL=/bin/bash\n@daily echo $((1 + 2)) \\%");
  assert.equal(command, ["/bin/bash", "-c", "echo $((1 + 2)) %"]);
  assert.is(shell, undefined);
  assert.is(onlyOptions("SHELL=/bin/sh\n@daily x").shell, true);
});

test("users of the system's crontab are refused, ignored or obeyed, as is asked for", () => {
  const text = "@daily ada own\n@daily www-data theirs\n@daily nobody-here x";
  const refused = make(text, {}, true);
  assert.is(refused.timers.length, 1);
  assert.equal(
    refused.problems.map(({ line, column }) => [line, column]),
    [
      [2, 8],
      [3, 8],
    ],
  );
  assert.match(refused.problems[0]?.message ?? "", /ada, who runs Kron here, got one of www-data/);

  const same = make(text, { users: "same" }, true);
  assert.is(same.problems.length, 0);
  assert.is(same.timers[1]?.options.command, "theirs");

  const others = make(text, { users: "runuser" }, true);
  assert.equal(
    others.problems.map(({ message }) => message),
    ["Expected a user of this machine, got nobody-here"],
  );
  const { command, env, cwd } = others.timers[1]?.options ?? {};
  assert.equal(command, ["runuser", "-u", "www-data", "--", "/bin/sh", "-c", "theirs"]);
  assert.equal(env, { HOME: "/home/www-data", LOGNAME: "www-data" });
  assert.is(cwd, "/home/www-data");
});

test("ids depend on who runs what, and duplicates are numbered", () => {
  const ids = (text: string): string[] => make(text).timers.map(({ id }) => id);
  const [first, second, third] = ids("0 1 * * * /x/backup.sh a\n0 2 * * * /x/backup.sh a\n0 2 * * * /x/backup.sh b");
  assert.match(first ?? "", /^cron:backup\.sh-[0-9a-f]{8}$/);
  assert.is(second, `${first}-2`);
  assert.is.not(third, first);
  assert.equal(ids("# comment\n5 5 5 5 5 /x/backup.sh a"), [first], "another time, and still the same timer");
});

test("what Kron's grammar refuses is told with the place in the file", () => {
  const { problems, timers } = make("X=1\n  0 25 * * * a\n*/90 * * * * b\n0~59 * * * * c\n@dayly d\n@daily ok");
  assert.is(timers.length, 1);
  assert.equal(
    problems.map(({ line, column }) => [line, column]),
    [
      [2, 5],
      [3, 3],
      [4, 2],
      [5, 1],
    ],
  );
  assert.match(problems[3]?.hint ?? "", /@daily/);
});

test("what schedule() would refuse is told too", () => {
  const { problems } = make(`HOME=${"x".repeat(5_000)}\n@daily a`);
  assert.is(problems[0]?.line, 2);
  assert.match(problems[0]?.message ?? "", /cwd/);
});

test("a fault that is no error of the options is passed on", () => {
  const boom = new TypeError("boom");
  assert.throws(
    () =>
      crontabTimers(readCrontab("@daily a", false).entries, settings, () => {
        throw boom;
      }),
    (error: unknown) => error === boom,
  );
});

test("differences are told with the lines they concern", () => {
  const text = [
    "MAILTO=ada",
    "PATH=/bin:$PATH",
    "*/7 * * * * uneven",
    "*/5 */2 * * * even\r",
    "@reboot r",
    "RANDOM_DELAY=5",
    "CRON_TZ=UTC",
    "TZ=UTC",
    "SHELL=/bin/bash",
    "0 0 * * * a%b",
  ].join("\n");
  const crontab = readCrontab(text, false);
  const { timers } = crontabTimers(crontab.entries, settings, check);
  const lines = Object.fromEntries(crontabDifferences(crontab, timers, settings).map((one) => [one.code, one.lines]));
  for (const code of ["time-zone", "clock-changes", "overlap", "missed", "failure", "output", "environment"]) {
    assert.equal(lines[code], [], code);
  }
  assert.equal(lines.mail, [1]);
  assert.equal(lines["literal-value"], [2]);
  assert.equal(lines["uneven-step"], [3]);
  assert.equal(lines["carriage-return"], [4]);
  assert.equal(lines.reboot, [5]);
  for (const code of ["random-delay", "cron-tz", "tz", "shell", "percent"]) assert.equal(lines[code], [10], code);
  assert.is(lines.user, undefined);
});

test("what is done about other users is told", () => {
  const crontab = readCrontab("@daily ada a\n@daily www-data b", true);
  for (const users of ["same", "runuser"] as const) {
    const asked = { ...settings, users };
    const { timers } = crontabTimers(crontab.entries, asked, check);
    const told = crontabDifferences(crontab, timers, asked).find(({ code }) => code === "user");
    assert.equal(told?.lines, [2]);
    assert.match(told?.message ?? "", users === "same" ? /as ada/ : /runuser/);
  }
});

test.run();

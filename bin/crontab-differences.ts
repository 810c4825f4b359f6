/** What is not the same under Kron as it was under cron, said for the entries that it concerns. */

import type { Crontab, CrontabEntry } from "./crontab-lines.ts";
import type { CrontabSettings, CrontabTimer } from "./crontab-timers.ts";

/** A difference. `lines` are those that it concerns; none when it holds for all. */
export interface CrontabDifference {
  readonly code: string;
  readonly lines: readonly number[];
  readonly message: string;
}

/** How far a step goes round evenly: minutes of an hour, hours of a day. */
const evenSpans = [60, 24] as const;

/** The differences, those that hold for every entry first. */
export function crontabDifferences(
  { variables, returnLines }: Crontab,
  timers: readonly CrontabTimer[],
  settings: CrontabSettings,
): CrontabDifference[] {
  const entries = timers.map(({ entry }) => entry);
  const having = (name: string): number[] => linesOf(entries, (entry) => entry.variables.has(name));
  const setting = (test: (name: string, value: string) => boolean): number[] =>
    variables.filter(({ name, value }) => test(name, value)).map(({ line }) => line);
  const some: CrontabDifference[] = [
    { code: "mail", lines: setting((name) => name.startsWith("MAIL")), message: texts.mailTo },
    { code: "cron-tz", lines: having("CRON_TZ"), message: texts.cronTz },
    { code: "tz", lines: having("TZ"), message: texts.tz },
    { code: "random-delay", lines: having("RANDOM_DELAY"), message: texts.randomDelay },
    { code: "shell", lines: linesOf(entries, hasOtherShell), message: texts.shell },
    { code: "literal-value", lines: setting((_name, value) => value.includes("$")), message: texts.literalValue },
    { code: "reboot", lines: linesOf(entries, ({ expression }) => expression === "@reboot"), message: texts.reboot },
    { code: "percent", lines: linesOf(entries, ({ command }) => command.includes("%")), message: texts.percent },
    { code: "uneven-step", lines: linesOf(entries, hasUnevenStep), message: texts.unevenStep },
    { code: "user", lines: otherUsers(entries, settings), message: userText(settings) },
    { code: "carriage-return", lines: returnLines, message: texts.carriageReturn },
  ];
  return [...general(settings), ...some.filter(({ lines }) => lines.length > 0)];
}

function general({ zone, home }: CrontabSettings): CrontabDifference[] {
  const all = (code: string, message: string): CrontabDifference => ({ code, lines: [], message });
  return [
    all("time-zone", `Times are in ${zone}, and stay there when the zone of the machine is changed; cron follows it`),
    all("clock-changes", texts.clockChanges),
    all("overlap", texts.overlap),
    all("missed", texts.missed),
    all("failure", texts.failure),
    all("output", texts.output),
    all("environment", texts.environment),
    all("directory", `Commands start in ${home}, or in HOME where the crontab sets it, as under cron`),
    all("granularity", texts.granularity),
  ];
}

const texts = {
  clockChanges:
    'Clock changes are met as Debian\'s cron meets them (dst: "vixie"); a clock that is set by hand never repeats a run',
  overlap: 'overlap: "allow", as cron starts a run whatever the one before it does; Kron\'s own default is "delay"',
  missed:
    'misfire: "skip", as cron makes up for nothing that passed while the machine was off; it is recorded as missed. Kron\'s own default is one run for all of it',
  failure: "retry: false, as cron tries nothing again; a code other than 0 makes the run dead, which cron ignores",
  output: "Nothing is mailed: output is kept with the run, see `kron job logs`",
  environment:
    "Commands get the environment of the runtime, PATH included, besides what the crontab sets; cron gives them HOME, LOGNAME, SHELL and PATH=/usr/bin:/bin",
  granularity:
    "Runs start at second 0, cron's within the minute; at most as many at a time as the runtime's concurrency says",
  mailTo: "MAILTO and MAILFROM have no effect",
  cronTz: "CRON_TZ is the zone of these entries; Debian's cron has no such variable, and took it for the commands'",
  tz: "TZ is set for the commands; it does not say when they run, here as under cron",
  randomDelay: "RANDOM_DELAY has no effect; the option jitter does the like",
  shell: "SHELL runs the command, as a program of its own rather than as Kron's shell",
  literalValue: "A $ in a value stays as it is: neither cron nor Kron puts in other variables",
  reboot: "@reboot is each start of the runtime, not only that of the machine",
  percent: "% ends the command, and what follows is its standard input; \\% is a percent sign, as under cron",
  unevenStep:
    "A step counts anew from the start of each hour or day, as under cron; where an even pace is meant use `every`",
  carriageReturn: "A carriage return at the end of the line was left out; cron would give it to the command",
} as const;

function userText({ user, users }: CrontabSettings): string {
  return users === "runuser"
    ? "Commands of other users are run by runuser, which only root may"
    : `Commands of other users are run as ${user}`;
}

function otherUsers(entries: readonly CrontabEntry[], settings: CrontabSettings): number[] {
  return linesOf(entries, ({ user }) => user !== undefined && user !== settings.user);
}

function hasOtherShell({ variables }: CrontabEntry): boolean {
  const shell = variables.get("SHELL");
  return shell !== undefined && shell !== "" && shell !== "/bin/sh";
}

function hasUnevenStep({ expression }: CrontabEntry): boolean {
  return expression.split(/[ \t]+/, evenSpans.length).some((field, at) => {
    const steps = [...field.matchAll(/\*\/(\d+)/g)].map(([, step]) => Number(step));
    return steps.some((step) => step > 0 && (evenSpans[at] ?? 60) % step !== 0);
  });
}

function linesOf(entries: readonly CrontabEntry[], test: (entry: CrontabEntry) => boolean): number[] {
  return entries.filter(test).map(({ line }) => line);
}

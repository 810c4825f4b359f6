/** The timers that a crontab's entries become, so that they run when and how cron runs them. */

import { isKronError } from "../src/core/errors.ts";
import { stableHash } from "../src/core/hash.ts";
import type { ScheduleOptions } from "../src/core/options.ts";
import { commandName, splitCommand } from "./crontab-command.ts";
import type { CrontabEntry, CrontabProblem } from "./crontab-lines.ts";

/** How the system's crontab names who runs an entry, and what is done about it. */
export type UserChoice = "refuse" | "same" | "runuser";

/** What the timers depend on besides the crontab. */
export interface CrontabSettings {
  /** The zone in which cron reads its times, unless `CRON_TZ` says another. */
  readonly zone: string;
  /** Where commands start, unless `HOME` says otherwise. */
  readonly home: string;
  /** The user whose commands Kron runs. */
  readonly user: string;
  readonly users: UserChoice;
  /** The home of another user; undefined when there is no such user. */
  readonly homeOf: (user: string) => string | undefined;
  /** Stands before every id. */
  readonly idPrefix: string;
}

/** A timer and the entry that it was made of. */
export interface CrontabTimer {
  readonly id: string;
  readonly options: ScheduleOptions;
  readonly entry: CrontabEntry;
}

/** Throws what `schedule(id, options)` would. */
export type CheckTimer = (id: string, options: ScheduleOptions) => void;

/** Timers, and what kept other entries from becoming one. */
export interface CrontabTimers {
  readonly timers: readonly CrontabTimer[];
  readonly problems: readonly CrontabProblem[];
}

/** Variables that speak to cron and not to commands. */
export const cronVariables: ReadonlySet<string> = new Set([
  ...["CRON_TZ", "MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING", "RANDOM_DELAY"],
]);
const defaultShell = "/bin/sh";

/** Makes a timer of each entry, in their order. */
export function crontabTimers(
  entries: readonly CrontabEntry[],
  settings: CrontabSettings,
  check: CheckTimer,
): CrontabTimers {
  const timers: CrontabTimer[] = [];
  const problems: CrontabProblem[] = [];
  const uses = new Map<string, number>();
  for (const entry of entries) {
    const wrongUser = judgeUser(entry, settings);
    if (wrongUser !== undefined) {
      problems.push(wrongUser);
      continue;
    }
    const id = nextId(entry, settings, uses);
    const options = optionsOf(entry, settings);
    try {
      check(id, options);
      timers.push({ id, options, entry });
    } catch (error) {
      problems.push(problemOf(entry, error));
    }
  }
  return { timers, problems };
}

/** Ids depend on who runs what, and not on when: an entry whose times were changed is still the same timer. */
function nextId({ user, command }: CrontabEntry, { idPrefix }: CrontabSettings, uses: Map<string, number>): string {
  const hash = stableHash(`${user ?? ""}\n${command}`)
    .toString(16)
    .padStart(8, "0");
  const id = `${idPrefix}${commandName(splitCommand(command).shellText)}-${hash}`;
  const count = (uses.get(id) ?? 0) + 1;
  uses.set(id, count);
  return count === 1 ? id : `${id}-${count}`;
}

function optionsOf(entry: CrontabEntry, settings: CrontabSettings): ScheduleOptions {
  const { variables } = entry;
  const { shellText, input } = splitCommand(entry.command);
  const other = otherUser(entry, settings);
  const home = other === undefined ? settings.home : settings.homeOf(other);
  const env = environmentOf(entry);
  if (other !== undefined && home !== undefined) env.HOME ??= home;
  if (other !== undefined) env.LOGNAME ??= other;
  return {
    cron: entry.expression,
    timezone: variables.get("CRON_TZ") || settings.zone,
    ...commandOf(shellText, variables.get("SHELL") || defaultShell, other),
    cwd: variables.get("HOME") || (home ?? "/"),
    ...(Object.keys(env).length > 0 && { env }),
    ...(input !== undefined && { payload: input }),
    // As cron: a run is started whatever the one before it does, never made up for, and never tried again.
    overlap: "allow",
    misfire: "skip",
    retry: false,
  };
}

function commandOf(
  shellText: string,
  shell: string,
  user: string | undefined,
): Pick<ScheduleOptions, "command" | "shell"> {
  if (user !== undefined) return { command: ["runuser", "-u", user, "--", shell, "-c", shellText] };
  return shell === defaultShell ? { command: shellText, shell: true } : { command: [shell, "-c", shellText] };
}

function environmentOf({ variables }: CrontabEntry): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of variables) {
    // What cron takes literally must not be taken for a reference to a variable of the runtime.
    if (!cronVariables.has(name)) env[name] = value.replace(/\$\{env:/g, "$$$&");
  }
  return env;
}

function otherUser({ user }: CrontabEntry, settings: CrontabSettings): string | undefined {
  return user === undefined || user === settings.user || settings.users === "same" ? undefined : user;
}

function judgeUser(entry: CrontabEntry, settings: CrontabSettings): CrontabProblem | undefined {
  const user = otherUser(entry, settings);
  if (user === undefined) return undefined;
  const place = { line: entry.line, column: entry.userColumn };
  if (settings.users === "refuse") {
    const message = `Expected commands of ${settings.user}, who runs Kron here, got one of ${user}`;
    const hint = "Use --users runuser where Kron runs as root, or --users same to run them all as that user";
    return { ...place, message, hint };
  }
  if (settings.homeOf(user) !== undefined) return undefined;
  return { ...place, message: `Expected a user of this machine, got ${user}` };
}

function problemOf({ line, column }: CrontabEntry, error: unknown): CrontabProblem {
  if (!isKronError(error)) throw error;
  const offset = error.code === "KRON_CRON_INVALID" ? error.details?.offset : undefined;
  return {
    line,
    column: column + (typeof offset === "number" ? offset : 0),
    message: error.message,
    ...(error.hint !== undefined && { hint: error.hint }),
  };
}

/** The timers that a configuration declares, judged as `schedule` judges them; all that is wrong is gathered. */

import { describe, quote } from "../core/describe.ts";
import { isKronError, type KronError } from "../core/errors.ts";
import { isPlainObject, type RawOptions } from "../core/option-reader.ts";
import { parseScheduleOptions, type ScheduleOptions } from "../core/options.ts";
import { copyPayload } from "../core/payload-copy.ts";
import type { DeclaredTimer } from "../core/sync-plan.ts";
import type { Recurrences } from "../supervisor/recurrences.ts";

/** Something that is wrong with a configuration, and where in it: `timers.backup.cron`. */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** A timer of a configuration, with the options as they stand there, defaults of the configuration filled in. */
export interface ConfiguredTimer extends DeclaredTimer {
  readonly options: ScheduleOptions;
}

/** What became of the timers of a configuration. */
export interface ConfigTimers {
  readonly timers: readonly ConfiguredTimer[];
  readonly problems: readonly ConfigProblem[];
}

const scheduleNames = ["cron", "every", "after", "at"] as const;
const targetNames = ["module", "command", "http"] as const;
/** What a wrong option is replaced by while the others are judged; those not named here are left out instead. */
const substitutes: Readonly<Record<string, unknown>> = {
  ...{ cron: "* * * * *", every: "1d", after: "1d", at: 0 },
  ...{ module: "./x.js", command: ["x"], http: "http://x" },
};
/** A timer has no more options than this, so none is judged more often. */
const problemsPerTimerMax = 40;

/** Reads the timers of a configuration; `zone` is that of `cron` timers which name none. */
export function readConfigTimers(value: unknown, zone: string | undefined, recurrences: Recurrences): ConfigTimers {
  const timers: ConfiguredTimer[] = [];
  const problems: ConfigProblem[] = [];
  if (value === undefined) return { timers, problems };
  if (!isPlainObject(value)) {
    const message = `Expected timers to be an object of timers by their ids, got ${describe(value)}`;
    return { timers, problems: [{ path: "timers", message }] };
  }
  for (const [id, raw] of Object.entries(value)) {
    const options = isPlainObject(raw) ? withZone(raw, zone) : raw;
    const found = judge(id, options, recurrences);
    problems.push(...found);
    if (found.length === 0) timers.push(timerOf(id, options as ScheduleOptions, recurrences));
  }
  return { timers, problems };
}

/** `timers.backup`, or `timers["my backup"]` where the id is no plain word. */
export function timerPath(id: string): string {
  return /^[A-Za-z_][\w:-]*$/.test(id) ? `timers.${id}` : `timers[${quote(id)}]`;
}

function withZone(raw: RawOptions, zone: string | undefined): RawOptions {
  return raw.cron !== undefined && raw.timezone === undefined && zone !== undefined ? { ...raw, timezone: zone } : raw;
}

function timerOf(id: string, options: ScheduleOptions, recurrences: Recurrences): ConfiguredTimer {
  const { definition, atMs, payload } = parse(id, options, recurrences);
  return { id, definition, atMs, payload: copyPayload(payload), options };
}

function parse(id: string, options: unknown, recurrences: Recurrences): ReturnType<typeof parseScheduleOptions> {
  return parseScheduleOptions(id, options, (schedule) => {
    if (schedule.kind === "cron") recurrences.compile(id, schedule);
  });
}

/** What `schedule` refuses, then, with that out of the way, the next that it refuses, and so on. */
function judge(id: string, options: unknown, recurrences: Recurrences): ConfigProblem[] {
  const path = timerPath(id);
  const problems: ConfigProblem[] = [];
  let rest = options;
  while (problems.length < problemsPerTimerMax) {
    try {
      parse(id, rest, recurrences);
      break;
    } catch (error) {
      if (!isKronError(error)) throw error;
      const option = optionOf(error);
      const name = option.split(/[.[]/, 1)[0] ?? "";
      const isThere = isPlainObject(rest) && rest[name] !== undefined;
      const problem = { path: isThere ? `${path}.${option}` : path, message: error.message, ...hintOf(error) };
      if (problems.some(({ path: where, message }) => where === problem.path && message === problem.message)) break;
      problems.push(problem);
      if (!isThere) break;
      rest = without(rest as RawOptions, name);
    }
  }
  if (problems.length === 0 && !targetNames.some((name) => (options as RawOptions)[name] !== undefined)) {
    const hint = "Callbacks belong to applications: kron.schedule(id, options, callback)";
    problems.push({ path, message: "Expected one of module, command and http, got none", hint });
  }
  return problems;
}

function without(raw: RawOptions, name: string): RawOptions {
  const { [name]: wrong, ...rest } = raw;
  for (const group of [scheduleNames, targetNames] as readonly (readonly string[])[]) {
    // Of several that exclude each other the first is judged next, and the others are left out.
    const others: readonly string[] = group.filter((one) => one !== name && raw[one] !== undefined);
    if (!group.includes(name) || others.length === 0) continue;
    const kept = Object.entries(rest).filter(([one]) => !others.includes(one));
    return { ...Object.fromEntries(kept), [name]: wrong };
  }
  if (name === "shell" && typeof raw.command === "string") return { ...rest, shell: true };
  if (name === "command") return { ...rest, command: raw.shell === true ? "x" : substitutes.command };
  return name in substitutes ? { ...rest, [name]: substitutes[name] } : rest;
}

/** The option that an error is about; empty when it is about the timer as a whole. */
function optionOf({ code, details }: KronError): string {
  if (code === "KRON_CRON_INVALID") return "cron";
  if (code === "KRON_ZONE_INVALID") return "timezone";
  if (code === "KRON_PAYLOAD_INVALID") return "payload";
  const option = details?.option;
  return typeof option === "string" ? option : "";
}

function hintOf({ hint }: KronError): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}

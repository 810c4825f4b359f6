/**
 * `kron import crontab`: makes a timer of each entry. All entries are judged before anything is changed; then the
 * timers are brought in as a configuration's are, so that importing a crontab again changes what has changed in it.
 */

import { readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import type { ScheduleOptions } from "../../src/core/options.ts";
import { Zones } from "../../src/core/zone.ts";
import { readConfigTimers } from "../../src/runtime/config-timers.ts";
import { type SyncResult, syncTimers } from "../../src/runtime/sync.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { readRegistration } from "../../src/supervisor/registration.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type CommandContext, jsonVersion, localZoneName } from "../context.ts";
import { type CrontabDifference, crontabDifferences } from "../crontab-differences.ts";
import { type Crontab, type CrontabProblem, readCrontab } from "../crontab-lines.ts";
import { type CrontabSettings, type CrontabTimer, crontabTimers, type UserChoice } from "../crontab-timers.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { counted, printable } from "../printable.ts";
import { type CrontabSource, crontabSource } from "./crontab-source.ts";
import { withDesk } from "./open-desk.ts";
import { printSteps, stepCounts, stepsJson } from "./sync-report.ts";

/** Options of `kron import crontab`. */
export interface ImportCrontabOptions {
  /** Take what `crontab -l` prints. */
  readonly user?: boolean;
  /** A user stands before each command. */
  readonly system?: boolean;
  readonly users?: UserChoice;
  readonly zone?: string;
  readonly home?: string;
  readonly prefix?: string;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly adopt?: boolean;
  readonly skipInvalid?: boolean;
  /** Print a configuration rather than making timers. */
  readonly asConfig?: boolean;
}

interface Reading {
  readonly crontab: Crontab;
  readonly timers: readonly CrontabTimer[];
  readonly problems: readonly CrontabProblem[];
  readonly differences: readonly CrontabDifference[];
}

/** Imports the crontab, or says what an import would do. */
export async function importCrontab(
  context: CommandContext,
  file: string | undefined,
  options: ImportCrontabOptions,
): Promise<ExitCodeValue> {
  const { output, dataDir } = context;
  const recurrences = new Recurrences(new Zones(intlOffsetSource()));
  const settings = settingsOf(options, recurrences);
  if ((file === undefined) !== (options.user === true)) {
    throw new CommandError(ExitCode.USAGE, "Expected either a file, - for standard input, or --user for `crontab -l`");
  }
  const source = crontabSource(file, settings.user);
  const reading = read(source, options, settings, recurrences);
  if (reading.problems.length > 0 && options.skipInvalid !== true) return reportProblems(context, source, reading);
  const declared = Object.fromEntries(reading.timers.map(({ id, options: own }) => [id, own]));
  if (options.asConfig === true) {
    output.json({ name: source.name, timers: declared });
    return ExitCode.OK;
  }
  const { dryRun = false, prune = false, adopt = false } = options;
  if (prune && reading.timers.length === 0) {
    throw new CommandError(ExitCode.USAGE, "Expected entries in the crontab before timers are pruned, got none");
  }
  const { timers } = readConfigTimers(declared, undefined, recurrences);
  const request = { dataDir, source: source.name, timers, prune, adopt, isDryRun: dryRun, onRefused: "stop" } as const;
  const result = await withDesk(context, dryRun, (desk) => syncTimers(request, desk));
  report(context, source, reading, result);
  return result.steps.some(({ kind }) => kind === "refuse") ? ExitCode.FAILURE : ExitCode.OK;
}

function settingsOf(options: ImportCrontabOptions, recurrences: Recurrences): CrontabSettings {
  const { users = "refuse", zone = localZoneName(), home = homedir(), prefix = "cron:" } = options;
  // What is wrong with the zone is told once, and not for each entry.
  recurrences.compile("", { kind: "cron", expression: "@daily", zone, dst: "vixie", dayMatch: "or" });
  const homes = readHomes();
  return {
    ...{ zone, home, users, idPrefix: prefix, user: userInfo().username },
    homeOf: (user) => homes.get(user),
  };
}

function read(
  { text }: CrontabSource,
  { system = false }: ImportCrontabOptions,
  settings: CrontabSettings,
  recurrences: Recurrences,
): Reading {
  const crontab = readCrontab(text, system);
  const check = (id: string, own: ScheduleOptions): void => {
    readRegistration(id, own, recurrences, 0);
  };
  const { timers, problems } = crontabTimers(crontab.entries, settings, check);
  const all = [...crontab.problems, ...problems].sort((a, b) => a.line - b.line);
  return { crontab, timers, problems: all, differences: crontabDifferences(crontab, timers, settings) };
}

/** Users of this machine with their homes, from the file that has them; none where there is no such file. */
function readHomes(): ReadonlyMap<string, string> {
  try {
    const fields = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"));
    return new Map(fields.map(([user = "", , , , , home = ""]) => [user, home]));
  } catch {
    // Windows and sandboxes have none: then nobody is known there.
    return new Map();
  }
}

function reportProblems(
  { output, dataDir }: CommandContext,
  { name }: CrontabSource,
  { problems }: Reading,
): ExitCodeValue {
  if (output.options.isJson) {
    const outcome = "refused";
    output.json({ version: jsonVersion, command: "import crontab", dataDir, source: name, outcome, problems });
    return ExitCode.USAGE;
  }
  for (const problem of problems) output.message(problemText(problem));
  throw new CommandError(
    ExitCode.USAGE,
    `${counted(problems.length, "problem")} in the ${printable(name)}, nothing was changed`,
    "Add --skip-invalid to import the other entries",
  );
}

function problemText({ line, column, message, hint }: CrontabProblem): string {
  return `line ${line}, column ${column}: ${printable(message)}${hint === undefined ? "" : ` (${printable(hint)})`}`;
}

function report(
  context: CommandContext,
  { name }: CrontabSource,
  { timers, problems, differences }: Reading,
  result: SyncResult,
): void {
  const { output, dataDir } = context;
  const skipped = problems.length;
  if (output.options.isJson) {
    const lines = timers.map(({ id, entry: { line } }) => ({ id, line }));
    output.json({
      ...{ version: jsonVersion, command: "import crontab", dataDir, source: name, isDone: result.isDone },
      ...{ counts: stepCounts(result), steps: stepsJson(result), entries: lines, problems, differences },
    });
    return;
  }
  for (const problem of problems) output.message(`skipped: ${problemText(problem)}`);
  printSteps(context, result);
  if (skipped > 0) output.line(`skipped: ${counted(skipped, "entry").replace("entrys", "entries")}`);
  output.line();
  output.line("What is, and what is not, as under cron:");
  for (const { lines, message } of differences) {
    const where = lines.length === 0 ? "" : ` (${lines.length === 1 ? "line" : "lines"} ${lines.join(", ")})`;
    output.line(`  - ${message}${where}`);
  }
}

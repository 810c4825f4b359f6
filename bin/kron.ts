#!/usr/bin/env node
/**
 * The command line of Kron: which commands and options there are. What a command does is in `commands/`, one
 * file each, loaded when it is called, so that `kron --help` loads none of them.
 */

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { type CommandContext, makeContext, makeOutput, type SharedOptions } from "./context.ts";
import { printError } from "./errors.ts";
import { CommandError, ExitCode, type ExitCodeValue, exitCodeOf } from "./exit-codes.ts";
import { OutputClosed } from "./output.ts";

type Work = (context: CommandContext) => Promise<ExitCodeValue>;

await main();

async function main(): Promise<void> {
  const program = makeProgram();
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = endWith(error, program.optsWithGlobals());
  }
}

/** Says what went wrong, where that is still to be said, and gives the exit code. */
function endWith(error: unknown, options: SharedOptions): ExitCodeValue {
  // Nobody reads any more: what was asked for has been done.
  if (error instanceof OutputClosed) return ExitCode.OK;
  // Commander has told the user already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
  printError(makeOutput(options), error);
  return exitCodeOf(error);
}

function makeProgram(): Command {
  const program = new Command("kron")
    .description("Reliable application time: look into a data directory, beside a runtime or without one.")
    .version(readVersion(), "-V, --version", "print the version")
    .option("--data-dir <path>", "the data directory (default: $KRON_HOME, else .kron)")
    .option("--json", "print JSON with a version number in it")
    .option("--no-color", "print without colours, as does NO_COLOR=1")
    .option("--tz <zone>", "the time zone to show times in (default: this machine's)")
    .option("--now <instant>", "what counts as now, for relative times and what is due")
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .showHelpAfterError("(kron --help shows what there is)")
    .exitOverride()
    .addHelpText(
      "after",
      `
Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 runtime not reachable, 5 locked, 6 problems found

Examples:
  kron job list
  kron job history nightly-report --since 7d --json
  kron explain "0 2 * * *" --tz Europe/Riga
  kron doctor --data-dir /var/lib/app/.kron`,
    );
  addJobCommands(program);
  addLogCommands(program);
  addBackupCommands(program);
  program
    .command("doctor")
    .description("prove from the files that nothing is lost and every occurrence is accounted for")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("./commands/doctor.ts")).doctor(context)),
    );
  program
    .command("explain <cron>")
    .description("say what a cron expression means, when it is due, and what clock changes do to it")
    .option("-n, --next <count>", "how many due times to show (default: 10)")
    .option("--dst <policy>", "vixie, fixed, wildcard or skip (default: vixie)")
    .option("--day-match <rule>", "or, and: whether both day fields must match (default: or)")
    .option("--id <timer>", "the timer id that H is derived from")
    .action((cron: string, options, command: Command) =>
      run(command, async (context) => (await import("./commands/explain.ts")).explain(context, cron, options)),
    );
  return program;
}

function addJobCommands(program: Command): void {
  const job = program.command("job").description("timers and their runs");
  job
    .command("list")
    .description("list all timers, sorted by id")
    .option(
      "--state <states>",
      "only those scheduled, running, retrying, waiting, paused, completed, dead or cancelled",
    )
    .action((options, command: Command) =>
      run(command, async (context) => (await import("./commands/job-list.ts")).jobList(context, options)),
    );
  job
    .command("status <timer>")
    .description("show what is on record about a timer")
    .action((timer: string, _options, command: Command) =>
      run(command, async (context) => (await import("./commands/job-status.ts")).jobStatus(context, timer)),
    );
  job
    .command("history <timer>")
    .description("show how its occurrences ended, the newest first")
    .option("--limit <count>", "at most so many (default: 20)")
    .option("--since <when>", "finished at or after an instant, or so long ago: 2026-11-24T00:00Z, 24h")
    .option("--before <when>", "finished before an instant, or so long ago")
    .action((timer: string, options, command: Command) =>
      run(command, async (context) => (await import("./commands/job-history.ts")).jobHistory(context, timer, options)),
    );
  job
    .command("logs <timer>")
    .description("show what its newest run has printed")
    .option("--run <id>", "another run of it")
    .option("-f, --follow", "go on with what is added, until the run is over")
    .action((timer: string, options, command: Command) =>
      run(command, async (context) => (await import("./commands/job-logs.ts")).jobLogs(context, timer, options)),
    );
  job
    .command("next <timer>")
    .description("show when it is due next")
    .option("-n, --number <count>", "how many due times to show (default: 10)")
    .action((timer: string, options, command: Command) =>
      run(command, async (context) => (await import("./commands/job-next.ts")).jobNext(context, timer, options)),
    );
}

function addLogCommands(program: Command): void {
  const log = program.command("log").description("the journal");
  log
    .command("verify")
    .description("read every frame and say whether all that was acknowledged is there")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("./commands/log-verify.ts")).logVerify(context)),
    );
  log
    .command("dump")
    .description("print every entry as a line of JSON")
    .option("--from <index>", "begin at this entry")
    .option("--to <index>", "end with this entry")
    .option("--limit <count>", "at most so many entries")
    .action((options, command: Command) =>
      run(command, async (context) => (await import("./commands/log-dump.ts")).logDump(context, options)),
    );
  log
    .command("compact")
    .description("write a checkpoint and drop what the journal need not hold; takes the lock of the directory")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("./commands/log-compact.ts")).logCompact(context)),
    );
  log
    .command("repair")
    .description("cut a damaged journal before the damage; takes the lock of the directory")
    .option("--accept-loss", "give up acknowledged entries that cannot be read")
    .action((options, command: Command) =>
      run(command, async (context) => (await import("./commands/log-repair.ts")).logRepair(context, options)),
    );
}

function addBackupCommands(program: Command): void {
  program
    .command("backup <file>")
    .description("write everything to one file, also while a runtime is at work")
    .option("--force", "replace the file if it is there")
    .action((file: string, options, command: Command) =>
      run(command, async (context) => (await import("./commands/backup.ts")).backup(context, file, options)),
    );
  program
    .command("restore <file>")
    .description("make a new data directory of a backup")
    .action((file: string, _options, command: Command) =>
      run(command, async (context) => (await import("./commands/restore.ts")).restore(context, file)),
    );
  program
    .command("export")
    .description("print all timers as lines of JSON")
    .option("--jsonl", "lines of JSON, the only format there is")
    .option("--history", "print their history too")
    .option("--secrets", "write out secrets of commands and requests, which are left out otherwise")
    .action((options, command: Command) =>
      run(command, async (context) => (await import("./commands/export.ts")).exportLines(context, options)),
    );
  program
    .command("import [file]")
    .description("create the timers of an export, from a file or standard input; takes the lock of the directory")
    .option("--on-conflict <choice>", "fail, skip or replace timers that are there already (default: fail)")
    .option("--dry-run", "check everything and change nothing")
    .action((file: string | undefined, options, command: Command) =>
      run(command, async (context) => (await import("./commands/import.ts")).importLines(context, file, options)),
    );
}

async function run(command: Command, work: Work): Promise<void> {
  const context = makeContext(command.optsWithGlobals());
  try {
    process.exitCode = await work(context);
    context.output.flush();
  } catch (error) {
    // What was found before the error is still worth having.
    if (!(error instanceof OutputClosed)) context.output.flush();
    throw error;
  }
}

/** From dist/bin/ or bin/ to the manifest of the package. */
function readVersion(): string {
  for (const path of ["../../package.json", "../package.json"]) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      const { name, version } = manifest as { name?: unknown; version?: unknown };
      if (name === "kron-scheduler" && typeof version === "string") return version;
    } catch {
      // Not there: look in the next place.
    }
  }
  throw new CommandError(ExitCode.FAILURE, "Expected the package.json of kron-scheduler beside its dist folder");
}

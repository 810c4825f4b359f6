#!/usr/bin/env node
/**
 * The command line of Kron. Which commands and options there are stands in `nouns/`; what a command does is in
 * `commands/`, one file each, loaded when it is called, so that `kron --help` loads none of them.
 */

import { Command, CommanderError } from "commander";
import { packageVersion } from "../src/version.ts";
import { makeOutput, type SharedOptions } from "./context.ts";
import { printError } from "./errors.ts";
import { ExitCode, type ExitCodeValue, exitCodeOf } from "./exit-codes.ts";
import { addBackupCommands } from "./nouns/backup.ts";
import { addJobCommands } from "./nouns/job.ts";
import { addLogCommands } from "./nouns/log.ts";
import { addRunCommands } from "./nouns/run.ts";
import { addRuntimeCommands } from "./nouns/runtime.ts";
import { addServiceCommands } from "./nouns/service.ts";
import { addSuperviseCommands } from "./nouns/supervise.ts";
import { OutputClosed } from "./output.ts";
import { run } from "./running.ts";

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
    .description(
      "Reliable application time: look at the timers of a runtime, or of a directory without one, and change them.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .option("--data-dir <path>", "the data directory (default: $KRON_HOME, else .kron)")
    .option("--json", "print JSON with a version number in it")
    .option("--no-color", "print without colours, as does NO_COLOR=1")
    .option("--tz <zone>", "the time zone to show times in (default: this machine's)")
    .option("--offline", "read the files, even beside a runtime that could be asked")
    .option("--now <instant>", "what counts as now, for relative times and what is due")
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .showHelpAfterError("(kron --help shows what there is)")
    .exitOverride()
    .addHelpText(
      "after",
      `
Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 runtime not reachable, 5 locked, 6 problems found, 7 runs ended by a stop

Examples:
  kron job list
  kron job history nightly-report --since 7d --json
  kron explain "0 2 * * *" --tz Europe/Riga
  kron doctor --data-dir /var/lib/app/.kron`,
    );
  addJobCommands(program);
  addRunCommands(program);
  addRuntimeCommands(program);
  addSuperviseCommands(program);
  addLogCommands(program);
  addBackupCommands(program);
  addServiceCommands(program);
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

/** The tree of all commands: which there are, in which groups help shows them, and what they share. */

import { Command } from "commander";
import { packageVersion } from "../src/version.ts";
import type { SharedOptions } from "./context.ts";
import { helpLayout } from "./help/layout.ts";
import { addBackupCommands } from "./nouns/backup.ts";
import { addCompletionCommands } from "./nouns/completion.ts";
import { addDoctorCommand } from "./nouns/doctor.ts";
import { addExplainCommand } from "./nouns/explain.ts";
import { addHelpCommand } from "./nouns/help.ts";
import { addJobCommands } from "./nouns/job.ts";
import { addLogCommands } from "./nouns/log.ts";
import { addRunCommands } from "./nouns/run.ts";
import { addRuntimeCommands } from "./nouns/runtime.ts";
import { addServiceCommands } from "./nouns/service.ts";
import { addSuperviseCommands } from "./nouns/supervise.ts";
import { explainUsage } from "./usage.ts";

/** Makes it anew. Nothing of what the commands do is loaded. */
export function makeProgram(): Command {
  const program = new Command("kron")
    .description(
      "Reliable application time: look at the timers of a runtime, or of a directory without one, and change them.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this; of each command, too")
    .option("--data-dir <path>", "the data directory (default: $KRON_HOME, else .kron)")
    .option("--json", "print JSON with a version number in it")
    .option("--color", "print in colours, also where nobody may look at them, as does FORCE_COLOR=1")
    .option("--no-color", "print without colours, as does NO_COLOR=1")
    .option("--tz <zone>", "the time zone to show times in (default: TZ, else this machine's)")
    .option("--utc", "show times in UTC")
    .option("--progress", "say how far long work is also where standard error is no terminal")
    .option("--offline", "read the files, even beside a runtime that could be asked")
    .option("--now <instant>", "what counts as now, for relative times and what is due")
    .configureHelp(helpLayout);
  program.configureOutput({
    // Errors are told by whoever catches them. What else comes here is help that nobody asked for.
    outputError: () => undefined,
    writeErr: (text) => {
      if (program.opts<SharedOptions>().json !== true) process.stderr.write(text);
    },
  });
  program.commandsGroup("Timers and runs:");
  addJobCommands(program);
  addRunCommands(program);
  addExplainCommand(program);
  program.commandsGroup("Runtimes:");
  addRuntimeCommands(program);
  addSuperviseCommands(program);
  program.commandsGroup("In place of cron:");
  addServiceCommands(program);
  program.commandsGroup("Data:");
  addDoctorCommand(program);
  addLogCommands(program);
  addBackupCommands(program);
  program.commandsGroup("Help:");
  addCompletionCommands(program);
  addHelpCommand(program);
  explainUsage(program);
  return program;
}

/** The commands that bring a directory, or its timers, elsewhere. */

import type { Command } from "commander";
import { choiceOption } from "../choice-option.ts";
import { run } from "../running.ts";

/** Adds them to `program`. */
export function addBackupCommands(program: Command): void {
  program
    .command("backup <file>")
    .description("write everything to one file, also while a runtime is at work")
    .option("--force", "replace the file if it is there")
    .action((file: string, options, command: Command) =>
      run(command, async (context) => (await import("../commands/backup.ts")).backup(context, file, options)),
    );
  program
    .command("restore <file>")
    .description("make a new data directory of a backup")
    .action((file: string, _options, command: Command) =>
      run(command, async (context) => (await import("../commands/restore.ts")).restore(context, file)),
    );
  program
    .command("export")
    .description("print all timers as lines of JSON")
    .option("--jsonl", "lines of JSON, the only format there is")
    .option("--history", "print their history too")
    .option("--secrets", "write out secrets of commands and requests, which are left out otherwise")
    .action((options, command: Command) =>
      run(command, async (context) => (await import("../commands/export.ts")).exportLines(context, options)),
    );
  const imports = program.command("import [file]");
  imports
    .description("create the timers of an export, from a file or standard input; takes the lock of the directory")
    .addOption(
      choiceOption(
        "--on-conflict <choice>",
        "what to do about timers that are there already: fail, skip or replace them (default: fail)",
        ["fail", "skip", "replace"],
      ),
    )
    .option("--dry-run", "check everything and change nothing")
    .action((file: string | undefined, options, command: Command) =>
      run(command, async (context) => (await import("../commands/import.ts")).importLines(context, file, options)),
    );
  addCrontabCommand(imports);
}

/** Beside `kron import [file]`: a file that is called `crontab` is `./crontab` there. */
function addCrontabCommand(imports: Command): void {
  imports
    .command("crontab [file]")
    .description("make timers of the entries of a crontab, from a file, standard input (-) or `crontab -l` (--user)")
    .option("--user", "take the crontab of the user, as `crontab -l` prints it")
    .option("--system", "a user stands before each command, as in /etc/crontab and /etc/cron.d")
    .addOption(
      choiceOption(
        "--users <choice>",
        "with --system: refuse commands of others, run all as the same user, or by runuser",
        ["refuse", "same", "runuser"],
      ),
    )
    .option("--zone <zone>", "the zone in which times are read (default: that of this machine)")
    .option("--home <directory>", "where commands start (default: the home of the user)")
    .option("--prefix <text>", "what stands before every id (default: cron:)")
    .option("--dry-run", "say what would be done, and change nothing")
    .option("--prune", "cancel timers of entries that are no longer in the crontab")
    .option("--adopt", "take over timers that something else declared")
    .option("--skip-invalid", "import what can be imported, rather than nothing")
    .option("--as-config", "print a configuration (kron.config.json) and change nothing")
    .action((file: string | undefined, _options, command: Command) =>
      run(command, async (context) =>
        (await import("../commands/import-crontab.ts")).importCrontab(context, file, command.optsWithGlobals()),
      ),
    );
}

/** The commands that bring a directory, or its timers, elsewhere. */

import type { Command } from "commander";
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
  program
    .command("import [file]")
    .description("create the timers of an export, from a file or standard input; takes the lock of the directory")
    .option("--on-conflict <choice>", "fail, skip or replace timers that are there already (default: fail)")
    .option("--dry-run", "check everything and change nothing")
    .action((file: string | undefined, options, command: Command) =>
      run(command, async (context) => (await import("../commands/import.ts")).importLines(context, file, options)),
    );
}

/** The commands with which Kron takes the place of cron: configuration, runtime, sync, crontabs, service. */

import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import type { ExitCodeValue } from "./exit-codes.ts";

/** Does the work of a command and sets the exit code. */
export type RunCommand = (command: Command, work: (context: CommandContext) => Promise<ExitCodeValue>) => Promise<void>;

/** Adds them to the program. */
export function addServiceCommands(program: Command, run: RunCommand): void {
  const config = program.command("config").description("the configuration, kron.config.{ts,js,mjs,json}");
  withConfig(config.command("print").description("show what it comes to, and where each option was set")).action(
    (_options, command: Command) =>
      run(command, async (context) =>
        (await import("./commands/config-print.ts")).configPrint(context, command.optsWithGlobals()),
      ),
  );
  withConfig(program.command("sync").description("make the timers on record those that the configuration declares"))
    .option("--dry-run", "say what would be done, and change nothing")
    .option("--prune", "cancel timers that this configuration declared before and does not any more")
    .option("--adopt", "take over timers that another configuration declared")
    .option("--allow-empty", "prune even when the configuration declares no timer at all")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("./commands/sync.ts")).sync(context, command.optsWithGlobals())),
    );
}

/** The options of every command that reads a configuration. */
function withConfig(command: Command): Command {
  return command
    .option("--config <file>", "the configuration (default: kron.config.{ts,js,mjs,json} in the working directory)")
    .option("--timezone <zone>", "the zone of cron timers that name none (KRON_TZ)")
    .option("--log-level <level>", "trace, debug, info, warn, error, fatal or silent (KRON_LOG_LEVEL)")
    .option("--concurrency <count>", "attempts under way at a time (KRON_CONCURRENCY)")
    .option("--durability <how>", "always, group:<duration> or everysec (KRON_DURABILITY)")
    .option("--drain <duration>", "how long attempts under way have to finish at a stop (KRON_DRAIN)");
}

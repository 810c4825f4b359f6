/** The commands with which Kron takes the place of cron: configuration, sync, service. */

import type { Command } from "commander";
import { run } from "../running.ts";
import { withConfig } from "./config-options.ts";

/** Adds them to the program. */
export function addServiceCommands(program: Command): void {
  const config = program.command("config").description("the configuration, kron.config.{ts,js,mjs,json}");
  withConfig(config.command("print").description("show what it comes to, and where each option was set")).action(
    (_options, command: Command) =>
      run(command, async (context) =>
        (await import("../commands/config-print.ts")).configPrint(context, command.optsWithGlobals()),
      ),
  );
  withConfig(program.command("sync").description("make the timers on record those that the configuration declares"))
    .option("--dry-run", "say what would be done, and change nothing")
    .option("--prune", "cancel timers that this configuration declared before and does not any more")
    .option("--adopt", "take over timers that another configuration declared")
    .option("--allow-empty", "prune even when the configuration declares no timer at all")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("../commands/sync.ts")).sync(context, command.optsWithGlobals())),
    );
  addInstallCommand(program);
}

function addInstallCommand(program: Command): void {
  program
    .command("install-service")
    .description("write a service of systemd that keeps a runtime running")
    .option("--config <file>", "the configuration (default: kron.config.{ts,js,mjs,json} in the working directory)")
    .option("--app <file>", "an application for kron supervise, rather than a runtime of its own")
    .option("--user", "a service of the user's own, rather than one of the system")
    .option("--name <name>", "what the service is called (default: kron)")
    .option("--run-as <user>", "the user that a service of the system runs as (default: root)")
    .option("--exec <path>", "the kron to execute (default: this one, with this Node)")
    .option("--dry-run", "print it, and write nothing")
    .option("--force", "replace what is there")
    .action((_options, command: Command) =>
      run(command, async (context) =>
        (await import("../commands/install-service.ts")).installService(context, command.optsWithGlobals()),
      ),
    );
}

/** The commands with which Kron takes the place of cron: configuration, runtime, sync, crontabs, service. */

import type { Command } from "commander";
import { run } from "../running.ts";

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
  addCrontabCommand(program);
  addInstallCommand(program);
  const runtime =
    program.commands.find((command) => command.name() === "runtime") ??
    program.command("runtime").description("the process that runs the timers of a directory");
  withConfig(runtime.command("start").description("run timers that need no application: modules, commands, requests"))
    .addHelpText("after", startHelp)
    .action((_options, command: Command) =>
      run(command, async (context) =>
        (await import("../commands/runtime-start.ts")).runtimeStart(context, command.optsWithGlobals()),
      ),
    );
}

const startHelp = `
SIGTERM and SIGINT: runs under way may finish (--drain), then it ends; a second of them ends it at once
SIGHUP: reads the configuration anew
Exit codes: 0 stopped in good order, 1 failed, 2 wrong configuration, 5 another process holds the directory,
6 the directory is damaged, 7 stopped, and with it attempts that took too long, 130 and 143 told to stop twice`;

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

/** Beside `kron import [file]`: a file that is called `crontab` is `./crontab` there. */
function addCrontabCommand(program: Command): void {
  const parent = program.commands.find((command) => command.name() === "import") ?? program.command("import");
  parent
    .command("crontab [file]")
    .description("make timers of the entries of a crontab, from a file, standard input (-) or `crontab -l` (--user)")
    .option("--user", "take the crontab of the user, as `crontab -l` prints it")
    .option("--system", "a user stands before each command, as in /etc/crontab and /etc/cron.d")
    .option("--users <choice>", "with --system: refuse commands of others, run all as the same user, or by runuser")
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

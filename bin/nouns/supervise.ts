/** `kron supervise`, `kron reload` and `kron restart`: keeping an app alive. */

import type { Command } from "commander";
import { restartPolicies } from "../../src/supervisor/child-policy.ts";
import { choiceOption, hintedOption } from "../choice-option.ts";
import { run } from "../running.ts";
import { durabilityWords } from "./config-options.ts";

/** Adds the commands to `program`. */
export function addSuperviseCommands(program: Command): void {
  program
    .command("supervise <app> [args...]")
    .description("run an app and keep it alive; this process has the timers, the app their callbacks")
    .option("-i, --instances <count>", "processes of the app, each run goes to one of them (default: 1)")
    .option("--watch", "reload the app when a file in its folder changes")
    .option("--watch-path <path>", "reload the app when this file or folder changes; may be given again", collect)
    .option("--max-memory <size>", "reload an instance that takes more memory for a while, such as 512MB")
    .addOption(choiceOption("--restart <when>", "always, on-failure or never (default: on-failure)", restartPolicies))
    .option("--max-restarts <count>", "give up with more within 5 minutes (default: 10)")
    .option("--restart-delay <duration>", "before the second restart in a row, then twice as long (default: 1s)")
    .option("--ready-timeout <duration>", "how long the app may take to get ready (default: 30s)")
    .option("--stop-timeout <duration>", "how long runs, and then the app, may take to end (default: 10s)")
    .option("--concurrency <count>", "attempts under way at a time (default: 64)")
    .addOption(
      hintedOption("--durability <policy>", "always, group:<duration> or everysec (default: always)", durabilityWords),
    )
    .option(
      "--config <path>",
      "options of the runtime (default: kron.config.ts, .js, .mjs or .json, where there is one)",
    )
    .option("--node-arg <arg>", "an option of Node for the app; may be given again", collect)
    .action((app: string, args: string[], _options, command: Command) =>
      run(command, async (context) =>
        (await import("../commands/supervise.ts")).supervise(context, app, args, command.optsWithGlobals()),
      ),
    );
  program
    .command("reload")
    .description("replace a supervised app: start the new one, wait until it is ready, then end the old one")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("../commands/renew.ts")).renew(context, "reload")),
    );
  program
    .command("restart")
    .description("end a supervised app, then start it again")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("../commands/renew.ts")).renew(context, "restart")),
    );
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

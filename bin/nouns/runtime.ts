/** `kron runtime …`, `kron tui` and `kron events`: the commands about the process that runs timers. */

import type { Command } from "commander";
import { eventTypeNames } from "../../src/runtime/service/event-types.ts";
import { choicesOption } from "../choice-option.ts";
import { run } from "../running.ts";
import { withConfig } from "./config-options.ts";

/** Adds the noun, `tui` and `events` to `program`. */
export function addRuntimeCommands(program: Command): void {
  const runtime = program.command("runtime").description("the process that runs the timers of a directory");
  runtime
    .command("status")
    .description("show what it is doing")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("../commands/runtime-status.ts")).runtimeStatus(context)),
    );
  withConfig(
    runtime.command("start").description("run timers that need no application: modules, commands, requests"),
  ).action((_options, command: Command) =>
    run(command, async (context) =>
      (await import("../commands/runtime-start.ts")).runtimeStart(context, command.optsWithGlobals()),
    ),
  );
  runtime
    .command("shutdown")
    .description(
      "have it finish the runs under way and close the directory; its process ends when nothing else holds it",
    )
    .option("--timeout <duration>", "how long runs may take before they are stopped (default: 10s)")
    .action((options, command: Command) =>
      run(command, async (context) =>
        (await import("../commands/runtime-shutdown.ts")).runtimeShutdown(context, options),
      ),
    );
  program
    .command("tui")
    .alias("top")
    .description("watch a runtime live, and act on its timers and runs; ? shows the keys")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("../commands/tui.ts")).tui(context)),
    );
  program
    .command("events")
    .description("show what happens in a runtime: what the log tells of lately, or with -f from now on")
    .option("-f, --follow", "show what happens from now on, until the runtime ends")
    .option("-n, --number <count>", "without -f: how many of the last events to show (default: 20)")
    .addOption(choicesOption("--type <types>", "only these types, separated by commas", eventTypeNames))
    .option("--timer <id>", "only those of one timer")
    .option("--jsonl", "print each as a line of JSON, as does --json")
    .action((options, command: Command) =>
      run(command, async (context) => (await import("../commands/events.ts")).events(context, options)),
    );
}

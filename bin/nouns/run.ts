/** `kron run …`: the commands about runs that have not ended. */

import type { Command } from "commander";
import { runStates } from "../../src/runtime/service/run-view.ts";
import { choicesOption } from "../choice-option.ts";
import { run } from "../running.ts";

/** Adds the noun to `program`. */
export function addRunCommands(program: Command): void {
  const noun = program.command("run").description("runs that have not ended");
  noun
    .command("list")
    .description("list the runs under way, between two attempts, and waiting for their first")
    .addOption(choicesOption("--state <states>", "only those in these states, separated by commas", runStates))
    .option("--timer <id>", "only those of one timer")
    .action((options, command: Command) =>
      run(command, async (context) => (await import("../commands/run-list.ts")).runList(context, options)),
    );
  noun
    .command("cancel <run>")
    .description("end a run that waits; ask one that is under way to stop")
    .action((name: string, _options, command: Command) =>
      run(command, async (context) => (await import("../commands/run-cancel.ts")).runCancel(context, name)),
    );
}

/** `kron explain`. */

import type { Command } from "commander";
import { dayMatches, dstPolicies } from "../../src/core/definition.ts";
import { choiceOption } from "../choice-option.ts";
import { run } from "../running.ts";

/** Adds the command to `program`. */
export function addExplainCommand(program: Command): void {
  program
    .command("explain <cron>")
    .description("say what a cron expression means, when it is due, and what clock changes do to it")
    .option("-n, --next <count>", "how many due times to show (default: 10)")
    .addOption(
      choiceOption(
        "--dst <policy>",
        "what clock changes do to it: vixie, fixed, wildcard or skip (default: vixie)",
        dstPolicies,
      ),
    )
    .addOption(
      choiceOption("--day-match <rule>", "or, and: whether both day fields must match (default: or)", dayMatches),
    )
    .option("--id <timer>", "the timer id that H is derived from")
    .action((cron: string, options, command: Command) =>
      run(command, async (context) => (await import("../commands/explain.ts")).explain(context, cron, options)),
    );
}

/** `kron explain`. */

import type { Command } from "commander";
import { run } from "../running.ts";
import { withCronReading } from "./cron-options.ts";

/** Adds the command to `program`. */
export function addExplainCommand(program: Command): void {
  const explain = program
    .command("explain <cron>")
    .description("say what a cron expression means, when it is due, and what clock changes do to it")
    .option("-n, --next <count>", "how many due times to show (default: 10)");
  withCronReading(explain)
    .option("--id <timer>", "the timer id that H is derived from")
    .action((cron: string, options, command: Command) =>
      run(command, async (context) => (await import("../commands/explain.ts")).explain(context, cron, options)),
    );
}

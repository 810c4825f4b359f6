/** `kron completion …`, and what its scripts ask. */

import type { Command } from "commander";
import { run } from "../running.ts";

/** Adds the commands to `program`. */
export function addCompletionCommands(program: Command): void {
  const completion = program.command("completion").description("print a script with which a shell completes kron");
  for (const shell of ["bash", "zsh", "fish"] as const) {
    completion
      .command(shell)
      .description(`print the script for ${shell}`)
      .action((_options, command: Command) =>
        run(command, async (context) =>
          (await import("../commands/completion.ts")).completion(context, program, shell),
        ),
      );
  }
  program
    .command("__complete <kind> [prefix]", { hidden: true })
    .description("print the timers, runs, logs or zones that begin so; never fails")
    .option("--timer <id>", "the timer whose logs are meant")
    .action((kind: string, prefix: string | undefined, options, command: Command) =>
      run(command, async (context) =>
        (await import("../commands/complete.ts")).complete(context, kind, prefix ?? "", options),
      ),
    );
}

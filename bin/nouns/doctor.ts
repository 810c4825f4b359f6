/** `kron doctor`. */

import type { Command } from "commander";
import { run } from "../running.ts";

/** Adds the command to `program`. */
export function addDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("prove from the files that nothing is lost and every occurrence is accounted for")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("../commands/doctor.ts")).doctor(context)),
    );
}

/** `kron log …`: the commands about the journal. */

import type { Command } from "commander";
import { run } from "../running.ts";

/** Adds the noun to `program`. */
export function addLogCommands(program: Command): void {
  const log = program.command("log").description("the journal");
  log
    .command("verify")
    .description("read every frame and say whether all that was acknowledged is there")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("../commands/log-verify.ts")).logVerify(context)),
    );
  log
    .command("dump")
    .description("print every entry as a line of JSON")
    .option("--from <index>", "begin at this entry")
    .option("--to <index>", "end with this entry")
    .option("--limit <count>", "at most so many entries")
    .action((options, command: Command) =>
      run(command, async (context) => (await import("../commands/log-dump.ts")).logDump(context, options)),
    );
  log
    .command("compact")
    .description("write a checkpoint and drop what the journal need not hold; takes the lock of the directory")
    .action((_options, command: Command) =>
      run(command, async (context) => (await import("../commands/log-compact.ts")).logCompact(context)),
    );
  log
    .command("repair")
    .description("cut a damaged journal before the damage; takes the lock of the directory")
    .option("--accept-loss", "give up acknowledged entries that cannot be read")
    .action((options, command: Command) =>
      run(command, async (context) => (await import("../commands/log-repair.ts")).logRepair(context, options)),
    );
}

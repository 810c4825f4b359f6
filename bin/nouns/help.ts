/** `kron help …`: the help of any command, however deep it stands. */

import type { Command } from "commander";

/** Adds the command to `program`. */
export function addHelpCommand(program: Command): void {
  program
    .helpCommand(false)
    .command("help [command...]")
    .description("show what a command does, with examples")
    .action((path: readonly string[]) => {
      let command = program;
      for (const name of path) {
        const next = command.commands.find((one) => one.name() === name || one.aliases().includes(name));
        if (next === undefined) command.parse([name], { from: "user" });
        else command = next;
      }
      command.help();
    });
}

/** Command lines that make no sense, told as all other errors are: what was expected, and what may have been meant. */

import type { Command, CommanderError } from "commander";
import { didYouMean } from "../src/core/suggest.ts";
import type { SharedOptions } from "./context.ts";
import { CommandError, ExitCode } from "./exit-codes.ts";
import { commandPath } from "./help/layout.ts";
import { printable } from "./printable.ts";

/** Has `command`, and all within it, throw errors of ours where the parser throws its own. */
export function explainUsage(command: Command): void {
  command.exitOverride((error) => {
    throw usageError(error, command);
  });
  for (const one of command.commands) explainUsage(one);
}

/** What was wrong with the words behind `command`; what is no mistake (help, the version) stays what it is. */
function usageError(error: CommanderError, command: Command): CommanderError | CommandError {
  if (error.exitCode === 0) return error;
  // A noun by itself: its help has been printed, unless a program is to read what is wrong.
  if (error.code === "commander.help") return isJsonAsked(command) ? missingCommand(command) : error;
  const path = commandPath(command);
  const name = /'([\s\S]*)'/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownCommand":
      return usage(
        `Expected a command of ${path}, got "${printable(name)}"`,
        didYouMean(name, commandNames(command)),
        path,
      );
    case "commander.unknownOption":
      return usage(
        `Expected an option of ${path}, got ${printable(name)}`,
        didYouMean(name, optionNames(command)),
        path,
      );
    default: {
      const text = error.message
        .replace(/^error: /, "")
        .replaceAll("'", '"')
        .replace(/\.$/, "");
      return usage(`${text.charAt(0).toUpperCase()}${printable(text.slice(1))}`, undefined, path);
    }
  }
}

function isJsonAsked(command: Command): boolean {
  return command.optsWithGlobals<SharedOptions>().json === true;
}

function missingCommand(command: Command): CommandError {
  return usage(`Expected a command behind ${commandPath(command)}`, undefined, commandPath(command));
}

function usage(message: string, hint: string | undefined, path: string): CommandError {
  const help = path.replace(/^kron\b/, "kron help");
  return new CommandError(ExitCode.USAGE, message, hint ?? `\`${help}\` shows what there is`);
}

function commandNames(command: Command): string[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .flatMap((one) => [one.name(), ...one.aliases()]);
}

function optionNames(command: Command): string[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].flatMap(({ long }) => long ?? []);
}

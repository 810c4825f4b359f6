/** The tree of commands for tests to walk, and command lines to be read by it without anything being done. */

import type { Command } from "commander";
import { commandPath } from "../../bin/help/layout.ts";
import { makeProgram } from "../../bin/program.ts";

/** Every command by its whole path, the program first; hidden ones are left out. */
export function allCommands(program: Command = makeProgram()): Map<string, Command> {
  const found = new Map<string, Command>();
  const visit = (command: Command): void => {
    found.set(commandPath(command), command);
    for (const one of command.createHelp().visibleCommands(command)) visit(one);
  };
  visit(program);
  return found;
}

/** What the tree makes of a command line: the command that it leads to. Throws as the program does. */
export function parsedCommand(words: readonly string[]): string {
  const program = makeProgram();
  let reached: Command | undefined;
  for (const command of allCommands(program).values()) {
    command.configureOutput({ writeErr: () => undefined, outputError: () => undefined });
    // A noun has nothing to do by itself: it stays one that asks for a command.
    const isNoun = command.commands.length > 0 && command.registeredArguments.length === 0;
    if (isNoun) continue;
    command.action((...given: unknown[]) => {
      reached = given.at(-1) as Command;
    });
  }
  program.parse(words, { from: "user" });
  if (reached === undefined) throw new Error(`Expected ${words.join(" ")} to lead to a command`);
  return commandPath(reached);
}

/** The commands of a line of shell, each as its words: pipes and redirections are taken apart, quotes taken off. */
export function shellWords(line: string): string[][] {
  const commands: string[][] = [[]];
  for (const [token] of line
    .replaceAll(/\\\n\s*/g, " ")
    .matchAll(/\||<\(|\)|[<>]\s*\S+|(?:"[^"]*"|'[^']*'|[^\s|<>)"'])+/g)) {
    if (token === "|" || token === "<(" || token === ")") commands.push([]);
    else if (!/^[<>]/.test(token)) commands.at(-1)?.push(token.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  }
  return commands.filter((words) => words.length > 0);
}

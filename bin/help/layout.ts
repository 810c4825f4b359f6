/** How help looks: as wide as the terminal, at most a hundred columns, with examples at the end. */

import { type Command, Help, type HelpConfiguration, type Option } from "commander";
import { wrapped } from "../labelled-lines.ts";
import { commandHelp, type Example } from "./examples.ts";

const widthDefault = 80;
const widthMax = 100;
/** Longer terms stand on a line of their own, so that one of them does not take the room of all descriptions. */
const termWidthMax = 30;
/** With less room beside its term a description stands beneath it. */
const besideWidthMin = 30;

/** The layout for all commands of `program`, which are made after it is set. */
export const helpLayout: HelpConfiguration = {
  showGlobalOptions: true,
  prepareContext({ helpWidth }): void {
    this.helpWidth = Math.min(helpWidth ?? widthDefault, widthMax);
  },
  visibleCommands(command: Command): Command[] {
    // `kron help …` serves all commands; the help of `kron job help` need not stand among its commands.
    return Help.prototype.visibleCommands.call(this, command).filter((one) => !isBuiltInHelp(one, command));
  },
  subcommandTerm(command: Command): string {
    return [[command.name(), ...command.aliases()].join(", "), ...command.registeredArguments.map(argumentText)].join(
      " ",
    );
  },
  optionDescription({ description, argChoices }: Option): string {
    // Where the words are not told already.
    const isTold = argChoices === undefined || argChoices.every((word) => description.includes(word));
    return isTold ? description : `${description}: ${orList(argChoices)}`;
  },
  padWidth(command: Command, help: Help): number {
    return Math.min(termWidthMax, Help.prototype.padWidth.call(this, command, help));
  },
  styleUsage(usage: string): string {
    const indent = "Usage: ".length;
    return indented(wrapped(usage, (this.helpWidth ?? widthDefault) - indent), indent);
  },
  formatItem(term: string, termWidth: number, description: string): string {
    const width = this.helpWidth ?? widthDefault;
    const beside = width - termWidth - 4;
    if (description === "") return `  ${term}`;
    if (beside < besideWidthMin) {
      return `  ${indented(wrapped(term, width - 2), 4)}\n      ${indented(wrapped(description, width - 6), 6)}`;
    }
    const lines = indented(wrapped(description, beside), termWidth + 4);
    const head = `  ${term.padEnd(termWidth)}`;
    return term.length > termWidth ? `${head}\n${" ".repeat(termWidth + 4)}${lines}` : `${head}  ${lines}`;
  },
  visibleGlobalOptions(command: Command): Option[] {
    if (command.parent === null) return [];
    return rootOf(command).options.filter((option) => !option.hidden && option.long !== "--version");
  },
  formatHelp(command: Command, help: Help): string {
    return helpText(command, help, this.helpWidth ?? widthDefault);
  },
};

/** `kron job add`. */
export function commandPath(command: Command): string {
  return command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;
}

/** `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.join(", ").replace(/, ([^,]*)$/, " or $1");
}

/** A command in lines that a shell still takes as one: broken between its words, with a backslash at each end. */
export function wrappedCommand(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^ ])+/g) ?? [];
  const lines: string[] = [];
  let last = "";
  for (const word of words) {
    if (last !== "" && last.length + 1 + word.length > width - 2) {
      lines.push(`${last} \\`);
      last = `  ${word}`;
    } else last = last === "" ? word : `${last} ${word}`;
  }
  return [...lines, last];
}

function indented(lines: readonly string[], columns: number): string {
  return lines.join(`\n${" ".repeat(columns)}`);
}

function isBuiltInHelp(one: Command, parent: Command): boolean {
  return one.name() === "help" && parent.parent !== null;
}

function argumentText(argument: Command["registeredArguments"][number]): string {
  const name = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** Commands come before options: whoever does not know them needs them first. */
function helpText(command: Command, help: Help, width: number): string {
  const termWidth = help.padWidth(command, help);
  const item = (term: string, description: string): string => help.formatItem(term, termWidth, description, help);
  const options = (list: readonly Option[]): string[] =>
    list.map((one) => item(help.optionTerm(one), help.optionDescription(one)));
  const section = (title: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : [[title, ...items].join("\n")];
  const commands = grouped(help.visibleCommands(command), (one) => one.helpGroup() || "Commands:");
  const own = grouped(help.visibleOptions(command), (one) => one.helpGroupHeading ?? "Options:");
  const parts = [
    `Usage: ${help.styleUsage(help.commandUsage(command))}`,
    wrapped(help.commandDescription(command), width).join("\n"),
    ...commands.flatMap(([title, list]) =>
      section(
        title,
        list.map((one) => item(help.subcommandTerm(one), help.subcommandDescription(one))),
      ),
    ),
    ...own.flatMap(([title, list]) => section(title, options(list))),
    ...section("Options of all commands:", options(help.visibleGlobalOptions(command))),
    ...tail(commandPath(command), width),
  ];
  return `${parts.join("\n\n")}\n`;
}

function grouped<Item>(items: readonly Item[], titleOf: (item: Item) => string): [title: string, items: Item[]][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(titleOf(item), [...(groups.get(titleOf(item)) ?? []), item]);
  return [...groups];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function tail(path: string, width: number): string[] {
  const { about = [], examples = [] } = commandHelp[path] ?? {};
  const shown = examples.map((one) => exampleText(one, width));
  return [...about.map((text) => wrapped(text, width).join("\n")), ["Examples:", ...shown].join("\n")];
}

function exampleText({ line, does }: Example, width: number): string {
  const comment = wrapped(does, width - 4).map((text) => `  # ${text}`);
  return [...comment, ...wrappedCommand(line, width - 2).map((text) => `  ${text}`)].join("\n");
}

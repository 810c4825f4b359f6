/**
 * The tables that bash and zsh scripts share: functions that put into `REPLY` what can stand at a place, given the path
 * of the command. Both shells read them alike.
 */

import { type CommandModel, type Described, type Value, valueOptions } from "./model.ts";

/** A text as one word of a shell. */
export function quotedWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The functions; `described` makes a word of a name and its description. */
export function shellTables(models: readonly CommandModel[], described: (word: Described) => string): string {
  const commands = models
    .filter((model) => model.commands.length > 0)
    .map((model) => arm(model.paths, model.commands.map(described)));
  const options = models.map((model) => {
    const words = model.options.flatMap(({ names, description }) => names.map((name) => ({ name, description })));
    return arm(model.paths, words.map(described));
  });
  return [
    table("__kron_commands", "the commands within a command", commands),
    table("__kron_options", "the options of a command", options),
    table("__kron_value", "what the value of an option is, by the command and the option", valueArms(models)),
    table("__kron_argument", "what an argument of a command is, by the command and its number", argumentArms(models)),
    `# Whether an option takes a value.\n__kron_takes_value() {\n  case "$1" in\n    ${valueOptions(models).join("|")}) return 0 ;;\n  esac\n  return 1\n}\n`,
  ].join("\n");
}

function table(name: string, what: string, arms: readonly string[]): string {
  return `# Into REPLY: ${what}.\n${name}() {\n  REPLY=()\n  case "$1" in\n${arms.join("")}  esac\n}\n`;
}

function arm(patterns: readonly string[], words: readonly string[]): string {
  return `    ${patterns.map(quotedWord).join("|")}) REPLY=(${words.map(quotedWord).join(" ")}) ;;\n`;
}

/** `words`, `list` or the name of what is asked for, then the words. */
function valueWords(value: Value): string[] {
  if (value.kind !== "words") return [value.kind];
  return [value.isList ? "list" : "words", ...value.words];
}

function valueArms(models: readonly CommandModel[]): string[] {
  return models.flatMap(({ paths, options }) =>
    options.flatMap(({ names, value }) => {
      if (value === undefined || value.kind === "anything") return [];
      const patterns = paths.flatMap((path) => names.map((name) => `${path} ${name}`));
      return [arm(patterns, valueWords(value))];
    }),
  );
}

function argumentArms(models: readonly CommandModel[]): string[] {
  return models.flatMap(({ paths, arguments: values }) =>
    values.flatMap((value, index) => {
      if (value.kind === "anything") return [];
      const patterns = paths.map((path) => `${path} ${index}`);
      return [arm(patterns, valueWords(value))];
    }),
  );
}

/** What can stand where on a command line, taken from the tree of commands: what scripts for shells are made of. */

import type { Command, Option } from "commander";

/** What may be typed as a value; ids and zones are asked for when they are wanted, as `kron __complete` gives them. */
export type Value =
  | { readonly kind: "words"; readonly words: readonly string[]; readonly isList: boolean }
  | { readonly kind: "timers" | "runs" | "logs" | "zones" | "files" | "directories" | "anything" };

/** A word with what it stands for. */
export interface Described {
  readonly name: string;
  readonly description: string;
}

/** An option. */
export interface OptionModel {
  /** `--follow`, `-f`: the long one first. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined when the option takes none. */
  readonly value: Value | undefined;
}

/** One command. */
export interface CommandModel {
  /** The ways to type its whole path, such as `kron job cancel` and `kron job rm`. */
  readonly paths: readonly string[];
  readonly commands: readonly Described[];
  /** Its own options and those of all commands. */
  readonly options: readonly OptionModel[];
  readonly arguments: readonly Value[];
  /** Whether the last argument may come again. */
  readonly isVariadic: boolean;
}

/** Values by what stands for them in the usage. */
const valueKinds: Readonly<Record<string, Exclude<Value["kind"], "words">>> = {
  ...{ timer: "timers", run: "runs", zone: "zones", directory: "directories" },
  ...{ file: "files", path: "files", app: "files" },
};
/** Where what stands in the usage is not enough to know. */
const optionKinds: Readonly<Record<string, Exclude<Value["kind"], "words">>> = {
  ...{ "--data-dir": "directories", "--cwd": "directories", "--timer": "timers", "--run": "logs" },
};

/** The program and all commands in it that are not hidden. */
export function commandModels(program: Command): CommandModel[] {
  return modelsOf(program, [program.name()]);
}

function modelsOf(command: Command, paths: readonly string[]): CommandModel[] {
  const help = command.createHelp();
  const within = help.visibleCommands(command).filter((one) => !(one.name() === "help" && command.parent !== null));
  const shared = command.parent === null ? [] : help.visibleGlobalOptions(command);
  const own: CommandModel = {
    paths,
    commands: within.map((one) => ({ name: one.name(), description: one.description() })),
    options: [...help.visibleOptions(command), ...shared].map(optionModel),
    arguments: command.registeredArguments.map((one) => ({ kind: valueKinds[one.name()] ?? "anything" })),
    isVariadic: command.registeredArguments.at(-1)?.variadic === true,
  };
  const names = (one: Command): string[] => [one.name(), ...one.aliases()];
  return [
    own,
    ...within.flatMap((one) =>
      modelsOf(
        one,
        paths.flatMap((path) => names(one).map((name) => `${path} ${name}`)),
      ),
    ),
  ];
}

function optionModel(option: Option): OptionModel {
  const { long, short, description } = option;
  const names = [long, short].filter((name) => name !== undefined && name !== null) as string[];
  return { names, description, value: option.required || option.optional ? valueModel(option) : undefined };
}

function valueModel({ flags, long, argChoices }: Option): Value {
  const placeholder = /[<[]([^>\]]*)[>\]]/.exec(flags)?.[1] ?? "";
  // Several words are asked for by a name in the plural: `--state <states>`.
  if (argChoices !== undefined) return { kind: "words", words: argChoices, isList: placeholder.endsWith("s") };
  return { kind: optionKinds[long ?? ""] ?? valueKinds[placeholder] ?? "anything" };
}

/** The names of options that take a value; no name does in one command and not in another. */
export function valueOptions(models: readonly CommandModel[]): string[] {
  const names = models.flatMap(({ options }) => options.filter(({ value }) => value !== undefined));
  return [...new Set(names.flatMap((option) => option.names))].sort();
}

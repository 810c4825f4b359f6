/** The script for fish 3 and later: a line for each command, option and argument, each with the command it belongs to. */

import { type CommandModel, type OptionModel, type Value, valueOptions } from "./model.ts";

/** The whole script. */
export function fishScript(models: readonly CommandModel[]): string {
  const paths = models.flatMap((model) => model.paths);
  const [program] = models;
  const shared = (program?.options ?? []).filter(({ names }) => models.every((model) => has(model, names[0] ?? "")));
  const lines = [
    "# fish completion of kron. To use it: kron completion fish | source",
    "",
    `set -g __kron_value_options ${valueOptions(models).join(" ")}`,
    `set -g __kron_paths ${paths.map(quoted).join(" ")}`,
    "",
    functions,
    "complete -c kron -e",
    "complete -c kron -f",
    ...shared.map((option) => optionLine("", option)),
    ...models.flatMap((model) => commandLines(model, shared)),
  ];
  return `${lines.join("\n")}\n`;
}

function has({ options }: CommandModel, name: string): boolean {
  return options.some(({ names }) => names.includes(name));
}

function commandLines({ paths, commands, options, arguments: values }: CommandModel, shared: readonly OptionModel[]) {
  const at = paths.map(quoted).join(" ");
  const isShared = ({ names }: OptionModel): boolean => shared.some((one) => one.names[0] === names[0]);
  return [
    ...commands.map(
      ({ name, description }) =>
        `complete -c kron -n ${quoted(`__kron_at 0 ${at}`)} -a ${quoted(name)} -d ${quoted(description)}`,
    ),
    ...options
      .filter((option) => !isShared(option))
      .map((option) => optionLine(` -n ${quoted(`__kron_at any ${at}`)}`, option)),
    ...values.flatMap((value, index) => {
      const given = givenTo(value);
      return given === "" ? [] : [`complete -c kron -n ${quoted(`__kron_at ${index} ${at}`)}${given}`];
    }),
  ];
}

function optionLine(condition: string, { names, description, value }: OptionModel): string {
  const flags = names.map((name) => (name.startsWith("--") ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`));
  // Files may only be offered by an option that does not keep them away.
  const takes = value === undefined ? "" : ` ${value.kind === "files" ? "-r" : "-x"}${givenTo(value)}`;
  return `complete -c kron${condition}${flags.join("")}${takes} -d ${quoted(description)}`;
}

/** What is offered; empty when anything may stand there. */
function givenTo(value: Value): string {
  switch (value.kind) {
    case "words": {
      const words = value.words.map(quoted).join(" ");
      return ` -a ${quoted(value.isList ? `(__kron_list ${words})` : words)}`;
    }
    case "files":
      return " -F";
    case "directories":
      return " -a '(__fish_complete_directories)'";
    case "anything":
      return "";
    default:
      return ` -a ${quoted(`(__kron_ask ${value.kind})`)}`;
  }
}

/** As one word of fish, in which only a backslash and the quote itself are special. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

const functions = `# Sets what has been typed so far: the command, the count of its arguments, the first of them, and --data-dir.
function __kron_walk
  set -l words (commandline -opc)
  set -g __kron_path kron
  set -g __kron_count 0
  set -g __kron_first ''
  set -g __kron_dir ''
  set -l flag ''
  for word in $words[2..-1]
    if test -n "$flag"
      test "$flag" = --data-dir; and set -g __kron_dir $word
      set flag ''
    else if string match -q -- '--data-dir=*' $word
      set -g __kron_dir (string replace -- '--data-dir=' '' $word)
    else if test "$word" = --
      set -g __kron_count 99
      return
    else if string match -q -- '-*' $word
      contains -- $word $__kron_value_options; and set flag $word
    else if test "$__kron_path $word" = 'kron help'
      # What follows it is the path of a command.
    else if test $__kron_count -eq 0; and contains -- "$__kron_path $word" $__kron_paths
      set -g __kron_path "$__kron_path $word"
    else
      test $__kron_count -eq 0; and set -g __kron_first $word
      set -g __kron_count (math $__kron_count + 1)
    end
  end
end

# Whether the command is one of those named, and so many arguments stand before the cursor.
function __kron_at
  __kron_walk
  contains -- $__kron_path $argv[2..-1]; or return 1
  test $argv[1] = any; or test $argv[1] = $__kron_count
end

# Words of which several may stand in one, separated by commas.
function __kron_list
  set -l typed (commandline -ct | string replace -r -- '^--[^=]*=' '')
  set -l before ''
  string match -q -- '*,*' $typed; and set before (string replace -r -- ',[^,]*$' ',' $typed)
  for word in $argv
    echo $before$word
  end
end

# Ids and zones; says nothing when they cannot be known.
function __kron_ask
  __kron_walk
  set -l dir $__kron_dir
  test -n "$dir"; or set dir $KRON_HOME
  test -n "$dir"; or set dir .kron
  set dir (string replace -r -- '^~/' $HOME/ $dir)
  set -l words (commandline -opc)
  set -l typed (commandline -ct | string replace -r -- '^--[^=]*=' '' | string unescape)
  $words[1] __complete $argv[1] --data-dir $dir --timer "$__kron_first" -- "$typed" 2>/dev/null
end
`;

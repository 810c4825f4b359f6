/** The command of a crontab's entry: what `%` makes of it, and a name that people recognise it by. */

/** A command as cron runs it. */
export interface CrontabCommand {
  /** What the shell is given. */
  readonly shellText: string;
  /** What its standard input is; undefined for an empty one. */
  readonly input: string | undefined;
}

/** Words before a command that are not it. */
const wrappers: ReadonlySet<string> = new Set([
  ...["sudo", "nice", "ionice", "nohup", "env", "exec", "time", "timeout", "flock", "chronic", "command", "setsid"],
]);
/** Programs that run what comes behind them. */
const interpreters: ReadonlySet<string> = new Set([
  ...["sh", "bash", "dash", "zsh", "node", "perl", "php", "python", "python2", "python3", "ruby", "deno", "bun"],
]);
/** Commands that only prepare what comes behind the next `&&`, `||` or `;`. */
const preparations: ReadonlySet<string> = new Set([
  ...["cd", "test", "[", "[[", "export", "umask", "ulimit", "sleep", ":", "true", ".", "source", "if", "then", "set"],
]);
const nameLengthMax = 40;

/**
 * Splits a command at its first unescaped `%`; those behind it are line feeds, and `\%` is `%` everywhere. As in
 * `do_command.c` of Debian's cron, where no other backslash is touched, and the input ends in a line feed.
 */
export function splitCommand(command: string): CrontabCommand {
  let shellText = "";
  let input: string | undefined;
  let isEscaped = false;
  const add = (text: string): void => {
    if (input === undefined) shellText += text;
    else input += text;
  };
  for (const letter of command) {
    const wasEscaped = isEscaped;
    isEscaped = letter === "\\";
    if (wasEscaped && letter !== "%") add("\\");
    if (isEscaped) continue;
    if (letter !== "%" || wasEscaped) add(letter);
    else if (input === undefined) input = "";
    else add("\n");
  }
  if (isEscaped) add("\\");
  if (input === undefined || input === "") return { shellText, input: undefined };
  return { shellText, input: input.endsWith("\n") ? input : `${input}\n` };
}

/** A short name for a command, of letters, digits, `.`, `_` and `-`: the program that does the work, or `job`. */
export function commandName(shellText: string): string {
  for (const part of shellText.split(/&&|\|\||[;|&(){}]/)) {
    const name = programOf(part.trim().split(/\s+/));
    if (name !== "") return name;
  }
  return "job";
}

function programOf(words: readonly string[]): string {
  let isAfterWrapper = false;
  for (const raw of words) {
    const word = raw.replace(/["'`$\\]/g, "");
    const program = word.slice(word.lastIndexOf("/") + 1);
    if (preparations.has(program) && !isAfterWrapper) return "";
    if (word === "" || /^\w+=/.test(word)) continue;
    if (wrappers.has(program) || interpreters.has(program)) isAfterWrapper = true;
    // Options of a wrapper, and their numbers.
    else if (!isAfterWrapper || !/^(-|\d)/.test(word)) return slug(program);
  }
  return isAfterWrapper ? slug(words[0] ?? "") : "";
}

function slug(program: string): string {
  const base = program.slice(program.lastIndexOf("/") + 1);
  return base
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, nameLengthMax)
    .replace(/^[-._]+|[-._]+$/g, "");
}

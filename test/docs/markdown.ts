/** Reads the fenced blocks of a Markdown page. Nothing is run here. */

/** Kinds of blocks a page may have, by the first word of the info string, with what is done about them. */
export const blockKinds = {
  ts: "code",
  js: "code",
  sh: "commands",
  console: "commands",
  json: "data",
  jsonl: "data",
  crontab: "data",
  ini: "data",
  text: "shown",
} as const;

/** What is done about a block: run, run line by line, parsed or written, or nothing as nothing can be. */
export type Treatment = (typeof blockKinds)[keyof typeof blockKinds];

/** A fenced block. `line` is that of its first line of text, counted from 1. */
export interface Block {
  readonly kind: keyof typeof blockKinds;
  readonly treatment: Treatment;
  /** `file=…` of the info string: the text is written there, in the page's directory, before what follows is run. */
  readonly file: string | undefined;
  readonly line: number;
  readonly text: string;
}

/** A page: its blocks, and what is wrong with them, as `line: message`. */
export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly blocks: readonly Block[];
  readonly problems: readonly string[];
}

/** Reads `text`, the Markdown of the page at `path`. */
export function readPage(path: string, text: string): Page {
  const blocks: Block[] = [];
  const problems: string[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^( {0,3})(`{3,}|~{3,})\s*(.*)$/.exec(lines[at] ?? "");
    if (fence === null) {
      const isCode = /^(\t| {4})\s*\S/.test(lines[at] ?? "") && (lines[at - 1] ?? "").trim() === "";
      if (isCode) problems.push(`${at + 1}: an indented block has no kind; fence it`);
      continue;
    }
    const [, indent = "", marks = "", info = ""] = fence;
    const begins = at + 1;
    do at += 1;
    while (at < lines.length && !(lines[at] ?? "").trim().startsWith(marks));
    const body = lines.slice(begins, at).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    const block = readBlock(info, begins + 1, body.join("\n"));
    if (typeof block === "string") problems.push(`${begins}: ${block}`);
    else blocks.push(block);
  }
  return { path, blocks, problems };
}

function readBlock(info: string, line: number, text: string): Block | string {
  const [kind = "", ...words] = info.trim().split(/\s+/);
  if (!isKind(kind)) return `expected a block of a known kind (${Object.keys(blockKinds).join(", ")}), got "${kind}"`;
  const file = words.find((word) => word.startsWith("file="))?.slice("file=".length);
  const unknown = words.find((word) => !word.startsWith("file="));
  if (unknown !== undefined) return `expected file=<path> behind ${kind}, got "${unknown}"`;
  if (file !== undefined && (file.startsWith("/") || file.split("/").includes(".."))) {
    return `expected a file below the page's directory, got "${file}"`;
  }
  const treatment = blockKinds[kind];
  if (treatment === "shown") {
    const command = text.split("\n").find((one) => /^(\$ |(npx )?kron [a-z]|npm [a-z]|node )/.test(one));
    if (command !== undefined) return `a command in a block of text is not run; make it sh or console: ${command}`;
  }
  return { kind, treatment, file, line, text };
}

function isKind(word: string): word is keyof typeof blockKinds {
  return Object.hasOwn(blockKinds, word);
}

/** A command of a block, and the output that stands below it in a `console` block. */
export interface Command {
  readonly command: string;
  readonly line: number;
  /** Undefined where the page does not show any, in `sh`. */
  readonly output: string | undefined;
}

/**
 * The commands of a block. In `sh` each line is one, but for comments, continued lines and here-documents; in `console`
 * a line that begins with `$ ` is, and the lines up to the next are its output.
 */
export function readCommands({ kind, line, text }: Block): Command[] {
  const commands: { command: string; line: number; output: string | undefined }[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const first = lines[at] ?? "";
    const isCommand = kind === "console" ? first.startsWith("$ ") : !/^\s*(#.*)?$/.test(first);
    if (!isCommand) {
      const last = commands.at(-1);
      if (kind === "console" && last !== undefined) last.output += `${first}\n`;
      continue;
    }
    const begins = line + at;
    let command = kind === "console" ? first.slice(2) : first;
    const until = /<<-?\s*['"]?(\w+)/.exec(command)?.[1];
    while (at + 1 < lines.length && (until === undefined ? command.endsWith("\\") : (lines[at] ?? "") !== until)) {
      at += 1;
      command += `\n${lines[at] ?? ""}`;
    }
    commands.push({ command, line: begins, output: kind === "console" ? "" : undefined });
  }
  return commands;
}

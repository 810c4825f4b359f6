/** Reads what the package exports from the declarations that ship with it, so that the reference can be compared. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryPath } from "../tooling/source-files.ts";

/** One exported name. `members` are those of an interface or class, by name, with their types as they are declared. */
export interface Declaration {
  readonly kind: "class" | "function" | "const" | "interface" | "type";
  readonly name: string;
  /** The right side of a type, or the signature of a function; for others an empty text. */
  readonly text: string;
  readonly members: ReadonlyMap<string, string>;
}

/** All that the entry `index` or `testing` exports, sorted by name. */
export function exportsOf(entry: "index" | "testing"): Declaration[] {
  const path = repositoryPath(`dist/src/${entry}.d.ts`);
  const text = readFileSync(path, "utf8");
  const own = [...text.matchAll(/^export (?:declare )?(?:class|function|const|interface|type) (\w+)/gm)].map((match) =>
    readDeclaration(path, match[1] ?? ""),
  );
  const others = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)].flatMap(
    ([, names = "", from = ""]) =>
      names
        .split(",")
        .map((name) => name.replace("type ", "").trim())
        .filter((name) => name !== "")
        .map((name) => readDeclaration(join(dirname(path), from.replace(/\.ts$/, ".d.ts")), name)),
  );
  return [...own, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readDeclaration(path: string, name: string): Declaration {
  const text = readFileSync(path, "utf8");
  const found = new RegExp(`^export (?:declare )?(class|function|const|interface|type) ${name}\\b(.*)`, "m").exec(text);
  if (found === null) {
    // Passed on from where it is made.
    const from = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)"`, "m").exec(text)?.[1];
    if (from === undefined) throw new Error(`${path} has no ${name}`);
    return readDeclaration(join(dirname(path), from.replace(/\.ts$/, ".d.ts")), name);
  }
  const [, word, first = ""] = found;
  const kind = word as Declaration["kind"];
  const body = text.slice(found.index).replace(/\/\*\*[\s\S]*?\*\//g, "");
  if (kind === "interface" || kind === "class") {
    return { kind, name, text: "", members: membersOf(body.slice(0, body.search(/^\}/m))) };
  }
  const statement = body.slice(body.indexOf(first), body.search(/;$/m));
  return { kind, name, text: oneLine(statement.replace(/^\s*[=:]/, "")), members: new Map() };
}

/** Members stand at the depth of one indentation; what is deeper belongs to the one above. */
function membersOf(body: string): Map<string, string> {
  const members = new Map<string, string>();
  for (const part of body.split(/^ {4}(?=[\w#[])/m).slice(1)) {
    const found = /^(?:readonly |get )?(\[?[\w.]+\]?)(\??)([\s\S]*);\s*$/.exec(part.trimEnd());
    if (found === null || part.startsWith("#") || part.startsWith("private")) continue;
    const [, name = "", optional = "", type = ""] = found;
    const text = oneLine(type.replace(/^:/, ""));
    // An option that is undefined counts as absent, which says nothing that the page need repeat.
    members.set(name, optional === "" ? text : text.replace(/ \| undefined$/, ""));
  }
  return members;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The tables of a page by the heading above each, and their rows as cells. A heading is cut at its first blank. */
export function tablesOf(path: string): Map<string, string[][]> {
  const tables = new Map<string, string[][]>();
  let heading = "";
  for (const line of readFileSync(repositoryPath(path), "utf8").split("\n")) {
    heading = /^#+ `?([\w.]+)/.exec(line)?.[1] ?? heading;
    if (!line.startsWith("|") || /^\|[\s:|-]+\|$/.test(line)) continue;
    const cells = line.slice(1, -1).split(/(?<!\\)\|/);
    tables.set(heading, [...(tables.get(heading) ?? []), cells.map((cell) => cell.trim().replaceAll("\\|", "|"))]);
  }
  return tables;
}

/** The text of a cell that is code, without its marks. */
export function codeOf(cell: string | undefined): string {
  return /^`(.*)`$/.exec(cell ?? "")?.[1] ?? "";
}

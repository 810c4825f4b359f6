/**
 * The code of all pages as one project, type-checked and compiled in one go against this package as its users see it:
 * `kron-scheduler` in `node_modules`, with the types that ship.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { scratchDirectory } from "../bin/command-line.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { type Block, type Page, readPage } from "./markdown.ts";
import type { PageSetup } from "./page-setup.ts";
import { withMachineAt } from "./scratch.ts";

/** A page with its setting, and the names that its code may use. */
export interface SetPage extends Page {
  /** `readme`, `guide-testing`: of its files and folders here. */
  readonly name: string;
  readonly setup: PageSetup;
  /** By the absolute path of their module. */
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** The project: where it is, and what the compiler says, by page and line. */
export interface Project {
  readonly directory: string;
  readonly problems: readonly string[];
}

const namesPath = repositoryPath("dist/test/docs/names.js");

/** The name of the page at `path`: `docs/guide/testing.md` is `guide-testing`. */
export function pageName(path: string): string {
  return path
    .replace(/^docs\/(?!README)/, "")
    .replace(/\.md$/, "")
    .replaceAll("/", "-")
    .toLowerCase();
}

/** Reads a page of the repository, and its setting where it has one. */
export async function readSetPage(path: string): Promise<SetPage> {
  const page = readPage(path, readFileSync(repositoryPath(path), "utf8"));
  const name = pageName(path);
  const names = new Map([[namesPath, Object.keys(await import(namesPath))]]);
  const own = repositoryPath(`dist/test/docs/pages/${name}.js`);
  if (!existsSync(own)) return { ...page, name, setup: {}, names };
  const { setup = {}, ...others } = (await import(own)) as { readonly setup?: PageSetup };
  names.set(own, Object.keys(others));
  return { ...page, name, setup, names };
}

/** The name of the file that a block of code is compiled to, relative to the page's directory. */
export function compiledFile({ file, line, kind }: Block): string {
  return (file ?? `at-line-${line}.${kind}`).replace(/\.ts$/, ".js");
}

/** Writes the code of `pages` into a project of its own, `compiled/<page>/…`, and compiles it. */
export function compilePages(pages: readonly SetPage[]): Project {
  const directory = scratchDirectory();
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(repositoryPath(""), join(directory, "node_modules/kron-scheduler"), "dir");
  write(directory, "package.json", JSON.stringify({ type: "module", private: true }));
  write(directory, "tsconfig.json", JSON.stringify(compilerSettings));
  const problems: string[] = [];
  for (const page of pages) {
    const files = new Set<string>();
    for (const block of page.blocks) {
      if (block.treatment !== "code") continue;
      const file = block.file ?? `at-line-${block.line}.${block.kind}`;
      if (files.has(file)) problems.push(`${page.path}:${block.line}: a block before it is ${file} already`);
      files.add(file);
      write(
        directory,
        `source/${page.name}/${file}`,
        withMachineAt(join(directory, "hidden", page.name, "root"), withNames(block, page)),
      );
    }
  }
  return { directory, problems: [...problems, ...compile(directory, pages)] };
}

const compilerSettings = {
  compilerOptions: {
    ...{ target: "es2022", lib: ["es2023", "esnext.disposable"], module: "nodenext", strict: true },
    ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    ...{ allowJs: true, checkJs: true, rewriteRelativeImportExtensions: true },
    ...{ types: ["node"], typeRoots: [repositoryPath("node_modules/@types")] },
    ...{ rootDir: "source", outDir: "compiled", noEmitOnError: false, pretty: false },
  },
  include: ["source"],
};

/** The text of a block on the lines on which it stands in its page, with the names it uses and does not declare. */
function withNames({ line, text }: Block, page: SetPage): string {
  const imports: string[] = [];
  const taken = new Set<string>();
  // A page's own name goes before one that all have.
  for (const [path, names] of [...page.names].reverse()) {
    const wanted = names.filter((name) => !taken.has(name) && usesFreely(text, name));
    for (const name of wanted) taken.add(name);
    if (wanted.length > 0) imports.push(`import { ${wanted.join(", ")} } from ${JSON.stringify(path)};`);
  }
  return `${imports.join(" ")}${"\n".repeat(line - 1)}${text}\n`;
}

function usesFreely(text: string, name: string): boolean {
  const declared = new RegExp(
    `^(export )?(const|let|async function|function|class) ${name}\\b|^import .*\\b${name}\\b`,
    "m",
  );
  return new RegExp(`(?<![."'\`\\w])${name}\\b(?!\\s*:)`).test(text) && !declared.test(text);
}

function compile(directory: string, pages: readonly SetPage[]): string[] {
  const compiler = repositoryPath("node_modules/.bin/tsc");
  const { stdout, stderr, error } = spawnSync(compiler, ["-p", directory], { encoding: "utf8", timeout: 60_000 });
  if (error !== undefined) throw error;
  if (stderr !== "") throw new Error(stderr);
  return stdout.split("\n").flatMap((text) => {
    const found = /^(?:.*\/)?source\/([^/]+)\/(.*?)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(text);
    if (found === null) return /error TS/.test(text) ? [text] : [];
    const [, name, file = "", line, code = "", message] = found;
    // Parameters of a script in JavaScript have no types.
    if (file.endsWith(".js") && ["TS7006", "TS7031"].includes(code)) return [];
    return [`${pages.find((page) => page.name === name)?.path}:${line}: ${code} ${message}`];
  });
}

function write(directory: string, path: string, text: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

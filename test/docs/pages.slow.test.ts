/**
 * Every command and every snippet of README.md and docs/, run as it stands there. CONTRIBUTING.md says how a page is
 * written so that it can be. `node dist/test/docs/pages.slow.test.js guide` runs the pages with `guide` in their path.
 */

import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { excluded } from "./excluded.ts";
import { type Block, type Command, readCommands } from "./markdown.ts";
import { isOutputAsShown } from "./output.ts";
import { entryFor } from "./page-setup.ts";
import { compiledFile, compilePages, type Project, pageName, readSetPage, type SetPage } from "./project.ts";
import { Scratch } from "./scratch.ts";

const test = suite("documents", 120_000);

const paths = ["README.md", ...listDocuments("docs")];
const pages = await Promise.all(paths.map(readSetPage));
const wanted = pages.filter(({ path }) => process.argv.slice(2).every((part) => path.includes(part)));
const runCode = repositoryPath("dist/test/docs/run-code.js");
let project: Project | undefined;

test("every block has a kind that says what is done about it", () => {
  assert.equal(
    pages.flatMap(({ path, problems }) => problems.map((problem) => `${path}:${problem}`)),
    [],
  );
});

test("what is excluded, and what settings speak of, is there", () => {
  const stale = excluded.filter(({ page, what }) => {
    const found = pages.find(({ path }) => path === page);
    return found === undefined || !thingsOf(found).some((thing) => thing.startsWith(what));
  });
  assert.equal(stale, []);
  const unused = pages.flatMap((page) => {
    const { before, stays, exits } = page.setup;
    const keys = [before, stays, exits].flatMap((table) => Object.keys(table ?? {}));
    return keys
      .filter((key) => !thingsOf(page).some((thing) => thing.startsWith(key)))
      .map((key) => `${page.path}: ${key}`);
  });
  assert.equal(unused, []);
  const settings = readdirSync(repositoryPath("test/docs/pages")).map((name) => name.replace(/\.ts$/, ""));
  assert.equal(
    settings.filter((name) => !paths.some((path) => pageName(path) === name)),
    [],
  );
});

test("all code compiles against the types that ship", () => {
  assert.equal(compiled().problems, []);
});

for (const page of wanted) {
  if (page.blocks.every(({ treatment }) => treatment === "shown")) continue;
  test(`${page.path} does what stands there`, async () => {
    const { directory } = compiled();
    const scratch = new Scratch(join(directory, "pages", page.name), join(directory, "hidden", page.name));
    writeFiles(page, scratch);
    try {
      await page.setup.setUp?.(scratch);
      for (const block of page.blocks) await carryOut(block, page, scratch);
    } finally {
      await scratch.stop();
    }
  });
}

test.run();

function compiled(): Project {
  project ??= compilePages(pages);
  return project;
}

function listDocuments(folder: string): string[] {
  return readdirSync(repositoryPath(folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** What an exclusion or a setting may name: commands, and the first lines of code. */
function thingsOf({ blocks }: SetPage): string[] {
  return blocks.flatMap((block) =>
    block.treatment === "commands" ? readCommands(block).map(({ command }) => command) : [firstLine(block.text)],
  );
}

function isExcluded({ path }: SetPage, thing: string): boolean {
  return excluded.some(({ page, what }) => page === path && thing.startsWith(what));
}

/** Writes the files of a page; they are there from its beginning. */
function writeFiles(page: SetPage, scratch: Scratch): void {
  for (const block of page.blocks) {
    if (block.treatment === "code") {
      const file = compiledFile(block);
      const target = join(scratch.directory, file);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(compiled().directory, "compiled", page.name, file), target);
    } else if (block.file !== undefined) {
      scratch.write(block.file, `${block.text}\n`, block.kind === "sh" ? 0o755 : 0o644);
    }
  }
}

async function carryOut(block: Block, page: SetPage, scratch: Scratch): Promise<void> {
  const { treatment, kind, text, file } = block;
  switch (treatment) {
    case "code":
      await carryOutCode(block, page, scratch);
      return;
    case "commands":
      if (file === undefined) for (const command of readCommands(block)) await carryOutCommand(command, page, scratch);
      return;
    case "data":
      if (kind === "json") JSON.parse(text);
      if (kind === "jsonl") for (const line of text.split("\n")) if (line !== "") JSON.parse(line);
      return;
    default:
  }
}

async function carryOutCode(block: Block, page: SetPage, scratch: Scratch): Promise<void> {
  const first = firstLine(block.text);
  if (isExcluded(page, first)) return;
  if (block.file !== undefined && isNamedElsewhere(block.file, block, page)) return;
  await entryFor(page.setup.before, first)?.(scratch);
  const untriggered = Object.keys(page.setup.untriggered ?? {}).map((id) => `'${id}'`);
  const { exitCode, output } = await scratch.run(`node "${runCode}" "${compiledFile(block)}" ${untriggered.join(" ")}`);
  assert.is(exitCode, 0, `${page.path}:${block.line}: ${output}`);
}

/** Whether something else of the page names the file, and so runs it: a command, a timer, an import; or it is a configuration. */
function isNamedElsewhere(file: string, block: Block, { blocks }: SetPage): boolean {
  const stem = file.replace(/\.\w+$/, "");
  return stem === "kron.config" || blocks.some((other) => other !== block && other.text.includes(stem));
}

async function carryOutCommand({ command, line, output }: Command, page: SetPage, scratch: Scratch): Promise<void> {
  if (isExcluded(page, command)) return;
  const where = `${page.path}:${line}: ${command}`;
  await entryFor(page.setup.before, command)?.(scratch);
  const background = /^(.*) &$/.exec(command)?.[1];
  const ready = entryFor(page.setup.stays, command);
  if (ready !== undefined || background !== undefined) {
    await scratch.start(background ?? command, ready);
    return;
  }
  const ended = await scratch.run(command);
  assert.is(ended.exitCode, entryFor(page.setup.exits, command) ?? 0, `${where}\n${ended.output}`);
  if (output === undefined || isOutputAsShown(output, ended.output)) return;
  assert.unreachable(`${where} should print\n${output}\nand not\n${ended.output}`);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/**
 * The rules of CONTRIBUTING.md that the linter cannot express, checked over the sources. What Biome can say
 * (layers, lengths, `any`, clocks, cycles …) stands in `biome.json` and is proven in `tooling/lint.test.ts`.
 */

import { readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "./support/suite.ts";
import { importedModules, repositoryFiles, repositoryPath, type SourceFile } from "./tooling/source-files.ts";

const test = suite("tidy");

const files = repositoryFiles();
const paths = new Set(files.map(({ path }) => path));
const shipped = files.filter(({ path }) => /^(src|bin)\/.*\.ts$/.test(path));
const typescript = files.filter(({ path }) => path.endsWith(".ts"));
const manifest = JSON.parse(readFileSync(repositoryPath("package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

/** The files, or folders ending in `/`, that may import a package; those not named here may be used in one file. */
const packageHomes: Readonly<Record<string, readonly string[]>> = {
  commander: ["bin/"],
  koffi: ["src/journal/lock.ts", "src/runtime/notify-socket.ts"],
  lmdb: ["src/snapshot/lmdb-thread.ts"],
  msgpackr: ["src/journal/codec.ts"],
  piscina: ["src/runners/module-seat.ts"],
  pino: ["src/system.ts", "src/logger.ts"],
};

/** Ways to time and chance that are no globals, so that Biome cannot refuse them outside `src/system.ts`. */
const worldPatterns: readonly RegExp[] = [
  /\bprocess\.(hrtime|uptime)\b/,
  /\bMath\.random\b/,
  /\bglobalThis\.(Date|performance|setTimeout|setInterval|setImmediate)\b/,
  /\b(from|import|require)\s*\(?\s*["'](node:)?(timers(\/promises)?|perf_hooks)["']/,
];

/** Files that may use them all the same, each with its reason. Keep this short. */
const worldAllowed: ReadonlyMap<string, string> = new Map([["src/system.ts", "it is the real clock and randomness"]]);

/** Rules that nobody may switch off in the sources; a true exception stands in `biome.json`, in plain sight. */
const strictRules =
  /biome-ignore.*(noRestricted|noImportCycles|noExplicitAny|noEnum|noNonNull|noDefaultExport|noExcessive|noFloating)/;

test("every export of src and bin has a docstring", () => {
  assert.equal(violations(shipped, undocumentedExports), []);
});

test("an export without a docstring is found", () => {
  assert.equal(
    undocumentedExports("export const a = 1;\n/** B. */\nexport type B = 1;\n\nexport class C {}\n"),
    [1, 5],
  );
  assert.equal(undocumentedExports("/** F. */\nexport function f(): 1;\nexport function f(x?: 1): 1 {}\n"), []);
});

test("no file is named for nothing", () => {
  const vague = /(^|\/)(utils?|helpers?|common|misc|types|interfaces|shared)\.ts$/;
  const barrels = /^(?!src\/index\.ts$).*\/index\.ts$/;
  assert.equal(
    typescript.map(({ path }) => path).filter((path) => vague.test(path) || barrels.test(path)),
    [],
  );
});

test("only src/system.ts asks for time or chance", () => {
  const guarded = shipped.filter(({ path }) => path.startsWith("src/") && !worldAllowed.has(path));
  assert.equal(violations(guarded, linesWith(...worldPatterns)), []);
});

test("strict rules are not switched off in the sources", () => {
  const others = typescript.filter(({ path }) => path !== "test/tidy.test.ts");
  assert.equal(violations(others, linesWith(strictRules, /biome-ignore-all/, /@ts-(ignore|nocheck)/)), []);
});

test("coverage is ignored only where the types rule a branch out", () => {
  assert.equal(violations(shipped, ignoredReachableLines), []);
});

test("a package is imported where its home is, and is a dependency", () => {
  assert.equal(misplacedImports(shipped), []);
});

test("a misplaced package is found", () => {
  const sample = (path: string, name: string): SourceFile => ({ path, text: `import { x } from "${name}";` });
  assert.is(misplacedImports([sample("src/journal/lock.ts", "koffi"), sample("bin/kron.ts", "commander")]).length, 0);
  assert.is(misplacedImports([sample("src/runners/pool.ts", "koffi")]).length, 1);
  assert.is(misplacedImports([sample("src/core/x.ts", "croner/sub")]).length, 1, "a development dependency");
});

test("an import goes straight to its file", () => {
  const roundabout = (text: string): string[] =>
    importedModules(text).filter((name) => name.startsWith(".") && name !== plain(posix.normalize(name)));
  assert.equal(violations(shipped, roundabout), []);
});

test("only the test support talks to uvu itself", () => {
  const direct = typescript.filter(({ text }) => importedModules(text).includes("uvu"));
  assert.equal(
    direct.map(({ path }) => path),
    ["test/support/suite.ts"],
  );
});

test("src/ports.ts holds nothing but types", () => {
  const built = readFileSync(repositoryPath("dist/src/ports.js"), "utf8");
  assert.is(built.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").trim(), "export {};");
});

test("no file names a machine's paths or a registry", () => {
  // Put together from parts, so that this file does not hold the words itself.
  const words = [
    "(^|[^\\w.])/work" + "/",
    "/tmp" + "/kron",
    "//registry" + "\\.",
    "registry" + "\\.npm",
    "artifact" + "ory",
  ];
  const pattern = new RegExp(words.join("|"));
  assert.equal(violations(files, linesWith(pattern)), []);
});

test("the documents of the repository are there", () => {
  for (const name of ["README.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", ".editorconfig"]) {
    assert.ok(paths.has(name), name);
  }
});

test("README shows how to run and how to test, each on one line", () => {
  const lines = new Set((files.find(({ path }) => path === "README.md")?.text ?? "").split("\n"));
  assert.ok(lines.has("npm ci && npm start"));
  assert.ok(lines.has("npm ci && npm test"));
});

test("relative links in documents lead to files", () => {
  const documents = files.filter(({ path }) => path.endsWith(".md"));
  const broken = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)]
      .map((match) => posix.join(dirname(path), match[1] ?? ""))
      .filter((target) => !isPathOfRepository(target))
      .map((target) => `${path} → ${target}`),
  );
  assert.equal(broken, []);
});

test.run();

/** What `find` finds in each file, as `path:finding`. */
function violations(within: readonly SourceFile[], find: (text: string) => readonly (number | string)[]): string[] {
  return within.flatMap(({ path, text }) => find(text).map((finding) => `${path}:${finding}`));
}

function linesWith(...patterns: readonly RegExp[]): (text: string) => number[] {
  return (text) =>
    text.split("\n").flatMap((line, index) => (patterns.some((pattern) => pattern.test(line)) ? [index + 1] : []));
}

function undocumentedExports(text: string): number[] {
  const lines = text.split("\n");
  const isExport = (index: number): boolean =>
    /^export (?:(?:async|abstract|declare) )*(?:function\*?|class|const|let|interface|type) \w/.test(
      lines[index] ?? "",
    );
  const isDocumented = (index: number): boolean => {
    const above = lines[index - 1]?.trimEnd() ?? "";
    // One docstring may speak for a pair of one-line exports, such as a minimum and a maximum, or for overloads.
    return above.endsWith("*/") || (isExport(index - 1) && above.endsWith(";") && isDocumented(index - 1));
  };
  return lines.flatMap((_, index) => (isExport(index) && !isDocumented(index) ? [index + 1] : []));
}

function ignoredReachableLines(text: string): number[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) =>
    line.includes("c8 ignore") && !lines.slice(index, index + 3).some((next) => next.includes("unreachable("))
      ? [index + 1]
      : [],
  );
}

function misplacedImports(within: readonly SourceFile[]): string[] {
  const users = new Map<string, string[]>();
  for (const { path, text } of within) {
    for (const name of importedModules(text)) {
      if (/^(\.|node:)/.test(name)) continue;
      const packageName = name.split("/", name.startsWith("@") ? 2 : 1).join("/");
      users.set(packageName, [...(users.get(packageName) ?? []), path]);
    }
  }
  return [...users].flatMap(([name, importers]) => {
    const homes = packageHomes[name];
    const isDependency = { ...manifest.dependencies, ...manifest.optionalDependencies }[name] !== undefined;
    if (!isDependency) return importers.map((path) => `${path}: ${name} is no dependency`);
    if (homes === undefined) return new Set(importers).size > 1 ? [`${name} in ${importers.join(", ")}`] : [];
    return importers
      .filter((path) => !homes.some((home) => path === home || (home.endsWith("/") && path.startsWith(home))))
      .map((path) => `${path}: ${name} belongs in ${homes.join(" or ")}`);
  });
}

function plain(path: string): string {
  return path.startsWith(".") ? path : `./${path}`;
}

function isPathOfRepository(target: string): boolean {
  const folder = target.endsWith("/") ? target : `${target}/`;
  return paths.has(target) || [...paths].some((path) => path.startsWith(folder));
}

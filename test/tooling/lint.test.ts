/** Each rule of `biome.json` that the project counts on is shown to bite, and to let the allowed thing pass. */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "./source-files.ts";

const test = suite("lint");

type Sample = readonly [title: string, rule: string, path: string, source: string];

const layers = "lint/style/noRestrictedImports";
const globals = "lint/style/noRestrictedGlobals";
const uses = (specifier: string): string => `import { x } from "${specifier}";\nexport const y = x;\n`;
const usesType = (specifier: string): string => `import type { X } from "${specifier}";\nexport type Y = X;\n`;
const statements = (count: number): string => "console.info(1);\n".repeat(count);

/** What must be refused. Every path must be unique, as the file name tells the findings apart. */
const refused: readonly Sample[] = [
  ["core importing a device", layers, "src/core/r1.ts", uses("../journal/frame.ts")],
  ["core importing a port", layers, "src/core/r2.ts", usesType("../ports.ts")],
  ["core importing Node", layers, "src/core/r3.ts", uses("node:fs")],
  ["core importing a package", layers, "src/core/r4.ts", uses("msgpackr")],
  ["core importing dynamically", layers, "src/core/r5.ts", `export const x = import("../system.ts");\n`],
  ["core re-exporting a device", layers, "src/core/r6.ts", `export { x } from "../raft/core.ts";\n`],
  ["ports importing a device", layers, "src/ports.ts", usesType("./journal/frame.ts")],
  ["journal importing a runner", layers, "src/journal/r1.ts", uses("../runners/pool.ts")],
  ["journal importing the clock", layers, "src/journal/r2.ts", uses("../system.ts")],
  ["a snapshot importing the journal's files", layers, "src/snapshot/r1.ts", uses("../journal/segment-scan.ts")],
  ["a runner importing the journal", layers, "src/runners/r1.ts", uses("../journal/segment.ts")],
  ["ipc importing the supervisor", layers, "src/ipc/r1.ts", uses("../supervisor/engine.ts")],
  ["raft importing ipc", layers, "src/raft/r1.ts", uses("../ipc/session.ts")],
  ["raft importing bin", layers, "src/raft/r2.ts", uses("../../bin/kron.ts")],
  ["the TUI importing ipc", layers, "src/tui/r1.ts", uses("../ipc/client.ts")],
  ["the model of the TUI importing ipc", layers, "src/tui/model/r1.ts", uses("../../ipc/client.ts")],
  ["the server importing the client", layers, "src/server/r1.ts", usesType("../client/client.ts")],
  ["the client importing the root", layers, "src/client/r1.ts", uses("../kron.ts")],
  ["supervisor importing the journal", layers, "src/supervisor/r1.ts", uses("../journal/frame.ts")],
  ["a package entry importing a device", layers, "src/r1.ts", uses("./journal/frame.ts")],
  ["bin/kron.ts importing a device", layers, "bin/r1.ts", uses("../src/ipc/client.ts")],
  ["Date in src", globals, "src/supervisor/r2.ts", "export const x = Date.now();\n"],
  ["setTimeout in src", globals, "src/ipc/r2.ts", "setTimeout(() => 1, 1);\n"],
  ["setInterval in src", globals, "src/ipc/r3.ts", "setInterval(() => 1, 1);\n"],
  ["setImmediate in src", globals, "src/ipc/r4.ts", "setImmediate(() => 1);\n"],
  ["performance in src", globals, "src/ipc/r5.ts", "export const x = performance.now();\n"],
  ["console in src", "lint/suspicious/noConsole", "src/ipc/r6.ts", `console.log("x");\n`],
  ["a cycle", "lint/suspicious/noImportCycles", "src/core/r7.ts", uses("./r8.ts").replace("y = x", "x = 1; x")],
  ["a promise nobody awaits", "lint/nursery/noFloatingPromises", "src/r2.ts", "async function f() {}\nf();\n"],
  ["a promise as a condition", "lint/nursery/noMisusedPromises", "src/r3.ts", "async function f() {}\nif (f()) f;\n"],
  ["any", "lint/suspicious/noExplicitAny", "src/r5.ts", "export const x: any = 1;\n"],
  ["an enum", "lint/style/noEnum", "src/r6.ts", "export enum X {\n  a = 1,\n}\n"],
  [
    "a non-null assertion",
    "lint/style/noNonNullAssertion",
    "src/r7.ts",
    "export const f = (x?: string) => x!.length;\n",
  ],
  ["a default export", "lint/style/noDefaultExport", "src/r8.ts", "export default 1;\n"],
  [
    "a parameter property",
    "lint/style/noParameterProperties",
    "src/r9.ts",
    "export class X {\n  constructor(readonly x: number) {}\n}\n",
  ],
  ["a barrel", "lint/performance/noBarrelFile", "src/r10.ts", `export { x } from "./core/x.ts";\n`],
  ["an import without its extension", "lint/correctness/useImportExtensions", "src/r11.ts", uses("./core/r9")],
  ["an undeclared package", "lint/correctness/noUndeclaredDependencies", "src/r12.ts", uses("left-pad")],
  ["an unused import", "lint/correctness/noUnusedImports", "src/r13.ts", `import { x } from "./core/r9.ts";\n`],
  ["a value import used as a type", "lint/style/useImportType", "src/r14.ts", usesType("./x.ts").replace(" type", "")],
  ["a builtin without node:", "lint/style/useNodejsImportProtocol", "src/r15.ts", uses("fs")],
  ["a file over 400 lines", "lint/style/noExcessiveLinesPerFile", "src/r16.ts", statements(401)],
  [
    "a function over 60 lines",
    "lint/complexity/noExcessiveLinesPerFunction",
    "src/r17.ts",
    `export function f() {\n${"  f();\n".repeat(61)}}\n`,
  ],
  [
    "a file name that is not kebab-case",
    "lint/style/useFilenamingConvention",
    "src/camelCase.ts",
    "export const x = 1;\n",
  ],
  [
    "throwing what is no error",
    "lint/style/useThrowOnlyError",
    "src/r18.ts",
    `export function f() {\n  throw "x";\n}\n`,
  ],
  [
    "an empty catch without a reason",
    "lint/suspicious/noEmptyBlockStatements",
    "src/r19.ts",
    "export function f() {\n  try {\n    f();\n  } catch {}\n}\n",
  ],
  ["four spaces", "format", "src/r20.ts", "export function f() {\n    f();\n}\n"],
  ["single quotes", "format", "src/r21.ts", "export const x = 'y';\n"],
];

/** What must pass without a finding. */
const allowed: readonly (readonly [title: string, path: string, source: string])[] = [
  ["core importing core", "src/core/a1.ts", uses("./r9.ts")],
  ["ports importing types of core", "src/ports-like/a1.ts", usesType("../core/r9.ts")],
  ["the journal importing core and Node", "src/journal/a1.ts", `${usesType("../core/r9.ts")}`],
  ["a device importing Node", "src/ipc/a1.ts", uses("node:net")],
  ["a snapshot importing a codec of the journal", "src/snapshot/a3.ts", uses("../journal/codec.ts")],
  ["a device importing the frame codec", "src/ipc/a2.ts", uses("../journal/frame.ts")],
  ["the composition root importing devices", "src/kron.ts", uses("./journal/frame.ts")],
  ["a command importing devices", "bin/commands/a1.ts", uses("../../src/journal/frame.ts")],
  ["the turns of ipc", "src/ipc/turn.ts", "export const soon = (run: () => void) => void setImmediate(run);\n"],
  ["the clock's file", "src/system.ts", "export const now = () => Date.now();\nsetTimeout(now, 1);\n"],
  ["tests with timers", "test/a1.test.ts", "setTimeout(() => 1, 1);\nconsole.log(Date.now());\n"],
  ["assigning a parameter", "src/a1.ts", "export function f(x: number) {\n  x += 1;\n  return x;\n}\n"],
];

const support: Readonly<Record<string, string>> = {
  "src/core/r8.ts": uses("./r7.ts"),
  "src/core/r9.ts": "export const x = 1;\nexport type X = number;\n",
  "src/journal/frame.ts": "export const x = 1;\n",
};

const findings = new Map<string, Set<string>>();

test.before(() => {
  const root = mkdtempSync(join(tmpdir(), "kron-lint-"));
  try {
    for (const name of ["biome.json", "package.json"]) copyFileSync(repositoryPath(name), join(root, name));
    const files = [...refused.map(([, , path, source]) => [path, source] as const)];
    files.push(...allowed.map(([, path, source]) => [path, source] as const), ...Object.entries(support));
    for (const [path, source] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), source);
    }
    for (const { category, location } of lint(root)) {
      const path = typeof location.path === "string" ? location.path : location.path.file;
      findings.set(path, (findings.get(path) ?? new Set()).add(category));
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

interface Diagnostic {
  readonly category: string;
  readonly location: { readonly path: string | { readonly file: string } };
}

function lint(root: string): readonly Diagnostic[] {
  const biome = repositoryPath("node_modules/@biomejs/biome/bin/biome");
  const args = ["check", "--error-on-warnings", "--max-diagnostics=none", "--reporter=json", "."];
  const result = spawnSync(process.execPath, [biome, ...args], { cwd: root, encoding: "utf8" });
  assert.is(result.status, 1, "Biome must find something here");
  return (JSON.parse(result.stdout) as { diagnostics: Diagnostic[] }).diagnostics;
}

for (const [title, rule, path] of refused) {
  test(`${title} is refused`, () => {
    assert.ok(findings.get(path)?.has(rule), `${rule} should refuse ${path}; found ${[...(findings.get(path) ?? [])]}`);
  });
}

for (const [title, path] of allowed) {
  test(`${title} is allowed`, () => {
    assert.equal([...(findings.get(path) ?? [])], []);
  });
}

test.run();

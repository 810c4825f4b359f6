/** Finding and loading configurations in each of their formats, with real files. */

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isKronError, type KronError } from "../../src/core/errors.ts";
import { readConfig } from "../../src/runtime/config.ts";
import { loadConfigFile } from "../../src/runtime/config-file.ts";
import { systemClock } from "../../src/system.ts";
import { VirtualClock } from "../../src/testing.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";

const test = suite("config file");
const clock = systemClock();
let directory = "";

test.beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "kron-config-")));
});
test.afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

async function load(path?: string): Promise<unknown> {
  return (await loadConfigFile({ path, directory, clock }))?.exported;
}

async function refusal(path?: string): Promise<KronError> {
  try {
    await load(path);
  } catch (error) {
    assert.ok(isKronError(error, "KRON_CONFIG_INVALID"), String(error));
    return error;
  }
  return assert.unreachable("it was loaded") as never;
}

test("JSON, ESM and CommonJS are loaded, and a directory without any has none", async () => {
  assert.is(await load(), undefined);
  const samples: readonly (readonly [string, string])[] = [
    ["kron.config.json", '\uFEFF{"concurrency":1}'],
    ["kron.config.mjs", "export default { concurrency: 1 };"],
    ["kron.config.js", "module.exports = { concurrency: 1 };"],
    ["other.mjs", "export const config = { concurrency: 1 };"],
  ];
  for (const [name, text] of samples) {
    const path = write(name, text);
    assert.equal(await load(name.startsWith("kron") ? undefined : name), { concurrency: 1 }, name);
    rmSync(path);
  }
});

test("a file that changed is read anew, CommonJS too", async () => {
  for (const [name, before] of [
    ["kron.config.mjs", "export default "],
    ["kron.config.js", "module.exports = "],
  ] as const) {
    for (const concurrency of [1, 2, 3]) {
      const path = write(name, `${before}{ concurrency: ${concurrency} };`);
      assert.equal(await load(path), { concurrency });
    }
    rmSync(join(directory, name));
  }
});

const stripsTypes = Boolean((process.features as { readonly typescript?: unknown }).typescript);

test("TypeScript is loaded where Node strips types, and else it is said what to do", async () => {
  write("package.json", '{"type":"module"}');
  write("kron.config.ts", "const many: number = 1;\nexport default { concurrency: many };");
  if (stripsTypes) assert.equal(await load(), { concurrency: 1 });
  else assert.match((await refusal()).hint ?? "", /kron\.config\.mjs/);
});

test("defineConfig() is found beside the configuration, and it is said how when it is not", async () => {
  const text = 'import { defineConfig } from "kron-scheduler";\nexport default defineConfig({ concurrency: 1 });';
  write("kron.config.mjs", text);
  assert.match((await refusal()).hint ?? "", /Install kron-scheduler in .*without defineConfig/);
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(repositoryPath("."), join(directory, "node_modules", "kron-scheduler"));
  assert.equal(await load(), { concurrency: 1 });
});

test("two configurations, none where one was asked for, and other formats are refused", async () => {
  assert.match((await refusal("absent.json")).message, /nothing is there/);
  assert.match((await refusal(".")).message, /Expected a file/);
  assert.match((await refusal(write("kron.config.yaml", "a: 1"))).message, /got \.yaml/);
  write("kron.config.json", "{}");
  write("kron.config.mjs", "export default {};");
  const error = await refusal();
  assert.match(error.message, /got kron\.config\.mjs and kron\.config\.json/);
  assert.match(error.hint ?? "", /--config/);
});

test("what cannot be loaded is told with its reason", async () => {
  assert.match((await refusal(write("a.json", '{"a":}'))).message, /Expected JSON in .*a\.json/);
  assert.match((await refusal(write("b.mjs", "throw new Error('boom');"))).message, /to load: boom/);
  assert.match((await refusal(write("c.mjs", "export const x = 1;"))).message, /export a configuration as default/);
  assert.match((await refusal(write("d.mjs", "export default {"))).message, /to load: /);
});

test("a file that everybody may write is refused", async () => {
  const path = write("kron.config.json", "{}");
  chmodSync(path, 0o666);
  const error = await refusal();
  assert.match(error.message, /open to all/);
  assert.is(error.hint, `chmod o-w ${path}`);
});

test("a file that never loads is given up", async () => {
  const path = write("kron.config.mjs", "await new Promise(() => undefined);");
  const virtual = new VirtualClock("2026-01-01T00:00:00Z");
  const loading = loadConfigFile({ path, directory, clock: virtual });
  await Promise.all([
    virtual.advance("31s"),
    loading.then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, /within 30 s/),
    ),
  ]);
});

test("paths in a file are relative to it, those of flags and variables to the working directory", async () => {
  mkdirSync(join(directory, "etc"));
  const path = write("etc/kron.config.json", '{"dataDir":"data","baseDir":"../jobs"}');
  const read = (flags: Record<string, string>, environment: Record<string, string>) =>
    readConfig({ path, flags, environment, directory, clock });
  const plain = await read({}, {});
  assert.equal([plain.dataDir, plain.baseDir], [join(directory, "etc/data"), join(directory, "jobs")]);
  assert.is(plain.source, path);
  assert.is((await read({}, { KRON_HOME: "h" })).dataDir, join(directory, "h"));
  assert.is((await read({ dataDir: "f" }, { KRON_HOME: "h" })).dataDir, join(directory, "f"));
  const none = await readConfig({ path: undefined, flags: {}, environment: {}, directory, clock });
  assert.equal([none.dataDir, none.baseDir, none.file], [join(directory, ".kron"), directory, undefined]);
});

test.run();

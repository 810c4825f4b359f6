import { execFile } from "node:child_process";
import * as assert from "uvu/assert";
import { type LogLine, lazyLogger, type WriteLine } from "../src/logger.ts";
import { suite } from "./support/suite.ts";

const test = suite("logger");
const loggerUrl = new URL("../src/logger.js", import.meta.url).href;

/** What a process of its own writes to stderr when it runs `code` with a default logger at hand. */
function stderrOf(code: string, level?: string): Promise<string> {
  const script = `import { defaultLogger, plainWriter } from ${JSON.stringify(loggerUrl)};\n${code}`;
  const env = { ...process.env, KRON_LOG_LEVEL: level };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ["--input-type=module", "-e", script], { env, timeout: 20_000 }, (error, _, stderr) =>
      error === null ? resolve(stderr) : reject(error),
    );
  });
}

async function linesOf(code: string, level?: string): Promise<Record<string, unknown>[]> {
  const text = await stderrOf(code, level);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A source that notes what is asked of it; `finish` ends the loading. */
function fakeSource() {
  const written: LogLine[] = [];
  const write: WriteLine = (line) => written.push(line);
  const asked = { load: 0, loadNow: 0 };
  let finish = (_failure?: Error): void => undefined;
  const source = {
    load: () => {
      asked.load += 1;
      return new Promise<WriteLine>((resolve, reject) => {
        finish = (failure) => (failure === undefined ? resolve(write) : reject(failure));
      });
    },
    loadNow: () => {
      asked.loadNow += 1;
      return write;
    },
  };
  return { source, written, asked, finish: (failure?: Error) => finish(failure) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const messages = (lines: readonly LogLine[]): string[] => lines.map(({ message }) => message);

test("lazyLogger() loads nothing for lines below its level", () => {
  const { source, asked } = fakeSource();
  const logger = lazyLogger("warn", source);
  logger.debug({}, "no");
  logger.info({}, "no");
  lazyLogger("silent", source).error({}, "no");
  assert.equal(asked, { load: 0, loadNow: 0 });
});

test("lazyLogger() keeps early lines and writes them in order", async () => {
  const { source, written, asked, finish } = fakeSource();
  const listeners = process.listenerCount("exit");
  const logger = lazyLogger("debug", source);
  logger.debug({ a: 1 }, "one");
  logger.info({}, "two");
  assert.is(process.listenerCount("exit"), listeners + 1);
  assert.equal(written, []);
  const beforeMs = Date.now();
  finish();
  await settled();
  logger.error({}, "three");
  assert.equal(messages(written), ["one", "two", "three"]);
  assert.equal(written[0]?.fields, { a: 1 });
  assert.ok((written[0]?.atMs ?? Number.POSITIVE_INFINITY) <= beforeMs);
  assert.equal(asked, { load: 1, loadNow: 0 });
  assert.is(process.listenerCount("exit"), listeners);
});

test("lazyLogger() loads on the spot when too many lines wait", async () => {
  const { source, written, asked, finish } = fakeSource();
  const logger = lazyLogger("warn", source);
  for (let n = 0; n < 1_000; n++) logger.warn({}, `${n}`);
  assert.is(written.length, 0);
  logger.warn({}, "1000");
  assert.is(written.length, 1_001);
  finish();
  await settled();
  logger.warn({}, "1001");
  assert.equal(messages(written).slice(-2), ["1000", "1001"]);
  assert.is(written.length, 1_002);
  assert.equal(asked, { load: 1, loadNow: 1 });
});

test("lazyLogger() writes what it kept when loading fails", async () => {
  const { source, written, asked, finish } = fakeSource();
  lazyLogger("warn", source).warn({}, "kept");
  finish(new Error("not found"));
  await settled();
  assert.equal(messages(written), ["kept"]);
  assert.equal(asked, { load: 1, loadNow: 1 });
});

test("defaultLogger() writes JSON lines to stderr, from warn on", async () => {
  const lines = await linesOf(`
    const logger = defaultLogger();
    logger.info({}, "too light");
    logger.warn({ timer: "a" }, "early");
    await import(${JSON.stringify(import.meta.resolve("pino"))});
    await new Promise((resolve) => setImmediate(resolve));
    logger.error({ error: new TypeError("bad") }, "late");`);
  assert.equal(
    lines.map(({ level, name, msg }) => ({ level, name, msg })),
    [
      { level: 40, name: "kron", msg: "early" },
      { level: 50, name: "kron", msg: "late" },
    ],
  );
  assert.is(lines[0]?.timer, "a");
  assert.ok(Number(lines[0]?.time) <= Number(lines[1]?.time));
  assert.match(JSON.stringify(lines[1]?.error), /"type":"TypeError","message":"bad","stack":/);
});

test("defaultLogger() loses no line of a process that ends at once", async () => {
  const lines = await linesOf(`defaultLogger().warn({}, "last words"); process.exit(0);`);
  assert.equal(
    lines.map(({ msg }) => msg),
    ["last words"],
  );
});

test("defaultLogger() follows KRON_LOG_LEVEL", async () => {
  const code = `const logger = defaultLogger(); logger.debug({}, "d"); logger.error({}, "e");`;
  assert.is((await linesOf(code, "DEBUG")).length, 2);
  assert.is((await linesOf(code, "silent")).length, 0);
  const [first, second] = await linesOf(code, "lound");
  assert.match(String(first?.msg), /^KRON_LOG_LEVEL is "lound", which is no level; using "warn"$/);
  assert.is(second?.msg, "e");
});

test("defaultLogger() writes plain text when pino cannot be loaded", async () => {
  const text = await stderrOf(`
    const { default: Module } = await import("node:module");
    Module._resolveFilename = () => { throw new Error("gone"); };
    defaultLogger().warn({ a: 1 }, "anyhow");
    process.exit(0);`);
  assert.match(text, /^\d+ kron warn: "anyhow" \{ a: 1 \} \(pino did not load: "Error: gone"\)\n$/);
});

test("plainWriter() needs no package and says why it is used", async () => {
  const text = await stderrOf(`
    const write = plainWriter(new Error("no pino"));
    for (const message of ["one", "two\\n"]) write({ level: "warn", fields: { a: 1 }, message, atMs: 5 });`);
  assert.is(
    text,
    '5 kron warn: "one" { a: 1 } (pino did not load: "Error: no pino")\n5 kron warn: "two\\n" { a: 1 }\n',
  );
});

test.run();

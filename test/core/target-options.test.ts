import * as assert from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { parseScheduleOptions } from "../../src/core/options.ts";
import { encodeTarget } from "../../src/core/target.ts";
import { readByteSize, readTarget, targetBytesMax, targetOptionNames } from "../../src/core/target-options.ts";
import { suite } from "../support/suite.ts";

const test = suite("target-options");

/** Options that must be refused, with the name of the one that is wrong and a part of the message. */
function refuses(options: object, option: string, message: RegExp): void {
  assert.throws(
    () => readTarget(options as Readonly<Record<string, unknown>>),
    (error: unknown) =>
      isKronError(error, "KRON_OPTION_INVALID") && error.details?.option === option && message.test(error.message),
    `${option} ${String(message)}`,
  );
}

test("without any of them a timer executes its callback", () => {
  assert.equal(readTarget({}), { kind: "callback" });
  assert.equal(readTarget({ module: undefined, env: undefined }), { kind: "callback" });
});

test("at most one of them, and nothing that belongs to another", () => {
  refuses({ module: "a.js", http: "http://a" }, "module", /at most one of .* got module and http/);
  refuses({ export: "run" }, "export", /only together with module, got it alone/);
  refuses({ command: ["a"], maxMemory: 5 }, "maxMemory", /only together with module, got it with command/);
  refuses({ http: "http://a", env: {} }, "env", /only together with command, got it with http/);
  for (const name of targetOptionNames.filter((one) => !["module", "command", "http"].includes(one)))
    refuses({ [name]: 1 }, name, /only together with/);
});

test("module: defaults, every option, and a URL", () => {
  assert.equal(readTarget({ module: " ./a.js " }), {
    ...{ kind: "module", path: "./a.js", exportName: "default", isolate: "thread" },
    ...{ heapMbMax: 0, runsPerWorkerMax: 0, memoryBytesMax: 0 },
  });
  const options = { export: "run", isolate: "process", resourceLimits: { maxOldGenerationSizeMb: 64 } };
  assert.equal(readTarget({ module: "a", ...options, maxRunsPerWorker: 9, maxMemory: "512MB" }), {
    ...{ kind: "module", path: "a", exportName: "run", isolate: "process" },
    ...{ heapMbMax: 64, runsPerWorkerMax: 9, memoryBytesMax: 512 * 1024 * 1024 },
  });
  const path = (module: unknown): unknown => (readTarget({ module }) as { path?: string }).path;
  assert.is(path(new URL("file:///a%20b.js")), "file:///a%20b.js");
  assert.is(path("C:\\jobs\\a.js"), "C:\\jobs\\a.js");
  assert.is(path("/jobs/a:b.js"), "/jobs/a:b.js");
});

test("module: what is wrong is named", () => {
  for (const module of [null, 5, true, {}, [], { href: null }, { href: 7 }, Symbol("s")])
    refuses({ module }, "module", /Expected module to be a text, got/);
  refuses({ module: "  " }, "module", /got an empty one/);
  refuses({ module: "x".repeat(4_097) }, "module", /at most 4096 characters, got 4097/);
  refuses({ module: "a\0b" }, "module", /without NUL/);
  refuses({ module: "a\ud800" }, "module", /lone surrogates/);
  for (const module of ["https://a/b.js", "data:text/javascript,1", "node:fs", new URL("http://a/b.js")])
    refuses({ module }, "module", /a path or a file: URL, got one of "\w+:"/);
  refuses({ module: "a", export: "" }, "export", /empty/);
  refuses({ module: "a", export: null }, "export", /a text, got null/);
  refuses({ module: "a", isolate: "thraed" }, "isolate", /one of "thread", "thread-per-run", "process", got "thraed"/);
  refuses({ module: "a", resourceLimits: null }, "resourceLimits", /a plain object, got null/);
  refuses({ module: "a", resourceLimits: { heap: 1 } }, "resourceLimits.heap", /an option of resourceLimits/);
  const heap = "resourceLimits.maxOldGenerationSizeMb";
  for (const maxOldGenerationSizeMb of [0, 1.5, "64", 1_048_577])
    refuses({ module: "a", resourceLimits: { maxOldGenerationSizeMb } }, heap, /from 1 to 1048576/);
  refuses({ module: "a", maxRunsPerWorker: 0 }, "maxRunsPerWorker", /from 1 to 1000000000, got 0/);
  refuses({ module: "a", maxMemory: 0 }, "maxMemory", /to be bytes or a text such as "512MB", got 0/);
});

test("readByteSize() takes bytes and texts in units of 1,024", () => {
  for (const [value, bytes] of [
    [1, 1],
    ["1", 1],
    ["12b", 12],
    ["2KB", 2_048],
    ["2 kib", 2_048],
    [" 1.5MB ", 1_572_864],
    ["1MiB", 1_048_576],
    ["3gb", 3 * 1024 ** 3],
    ["3 GiB", 3 * 1024 ** 3],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ] as const)
    assert.is(readByteSize(value, "x"), bytes);
  const wrong = [0, -1, 0.5, Number.NaN, 2 ** 53, 5n, null, {}, "", "MB", "1TB", "1KiiB", "1e3", "-1", "0MB", "0.1B"];
  for (const value of [...wrong, "9".repeat(20), "9".repeat(400), "1 2", `1${" ".repeat(99)}B`])
    assert.throws(() => readByteSize(value, "x"), /Expected x to be bytes or a text such as "512MB", got/);
});

test("command: a list, or a text for the shell", () => {
  assert.equal(readTarget({ command: ["pg_dump", ""] }), {
    ...{ kind: "command", argv: ["pg_dump", ""], cwd: undefined, env: {}, shell: false },
  });
  const env = { B: "2", A: "", a1_: "ü\n" };
  assert.equal(readTarget({ command: "a | b", shell: true, cwd: "/tmp", env }), {
    ...{ kind: "command", argv: ["a | b"], cwd: "/tmp", env, shell: true },
  });
});

test("command: variables are sorted, and what is read does not change with the caller's own", () => {
  const env: Record<string, string> = { B: "2", A: "1" };
  const command = ["a"];
  const target = readTarget({ command, env });
  env.C = "3";
  command.push("b");
  assert.equal(encodeTarget(target), [2, ["a"], null, ["A", "1", "B", "2"], 0]);
});

test("command: what is wrong is named, and no value is repeated that may be secret", () => {
  for (const command of [null, "a b", [], {}, 5]) refuses({ command }, "command", /a list of 1 to 1000 texts, got/);
  refuses({ command: new Array(1_001).fill("a") }, "command", /got a list of 1001/);
  refuses({ command: [" "] }, "command[0]", /to name a program, got an empty text/);
  refuses({ command: ["a", 5] }, "command[1]", /a text, got 5/);
  refuses({ command: ["a", ...new Array(1), "b"] }, "command[1]", /a text, got undefined/);
  refuses({ command: Object.assign(new Array(2), { 0: "a" }) }, "command[1]", /a text, got undefined/);
  refuses({ command: ["a", "b\0"] }, "command[1]", /without NUL/);
  refuses({ command: ["a", "b\udfff"] }, "command[1]", /lone surrogates/);
  refuses({ command: ["a", "x".repeat(targetBytesMax + 1)] }, "command[1]", /at most 131072 characters, got 131073/);
  for (const command of [["a"], "", "  ", null])
    refuses({ command, shell: true }, "command", /a text for the shell, got/);
  refuses({ command: "a\0", shell: true }, "command", /without NUL/);
  refuses({ command: ["a"], shell: 1 }, "shell", /true or false/);
  refuses({ command: ["a"], cwd: "" }, "cwd", /empty/);
  refuses({ command: ["a"], cwd: "\0" }, "cwd", /without NUL/);
  refuses({ command: ["a"], env: new Map() }, "env", /a plain object, got a Map/);
  refuses({ command: ["a"], env: null }, "env", /a plain object, got null/);
  for (const name of ["", "1A", "A-B", "A=B", "ü", "A".repeat(257)])
    refuses({ command: ["a"], env: { [name]: "x" } }, "env", /names of variables in env/);
  refuses({ command: ["a"], env: JSON.parse('{"__proto__": "x"}') }, "env", /got "__proto__"/);
  refuses({ command: ["a"], env: { A: 5 } }, "env.A", /a text, got 5/);
  refuses({ command: ["a"], env: { A: undefined } }, "env.A", /a text, got undefined/);
  const secret = "hunter2\0";
  assert.throws(
    () => readTarget({ command: ["a"], env: { TOKEN: secret } }),
    (error: Error) => !error.message.includes("hunter2"),
  );
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`V${n}`, ""]));
  refuses({ command: ["a"], env: many }, "env", /at most 1000 variables in env, got 1001/);
});

test("all of it together is limited, so that a definition fits an entry of the log", () => {
  const part = "x".repeat(1_000);
  readTarget({ command: new Array(130).fill(part) });
  refuses({ command: new Array(135).fill(part) }, "command", /take at most 131072 bytes, got more/);
  const env = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`V${n}`, part]));
  refuses({ command: ["a"], env }, "command", /what goes along with it/);
  refuses({ http: { url: "http://a", body: new Array(150).fill(part) } }, "http", /at most 131072 bytes/);
});

test("options of a timer with a target: a name that was meant is suggested", () => {
  assert.throws(
    () => parseScheduleOptions("t", { every: "1s", comand: ["a"] }, () => undefined),
    (error: unknown) => isKronError(error) && error.hint === "Did you mean command?",
  );
  assert.throws(() => parseScheduleOptions("t", JSON.parse('{"every":"1s","__proto__":{}}'), () => undefined));
});

test.run();

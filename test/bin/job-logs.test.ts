/** `kron job logs`, over directories that real runtimes have written, and beside one that is at work. */

import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { JsonRenderer, TerminalRenderer } from "../../bin/commands/log-renderers.ts";
import { Output } from "../../bin/output.ts";
import { TerminalText } from "../../bin/terminal-text.ts";
import { encodeMark, type RunLogMark } from "../../src/logs/run-log-format.ts";
import { runLogPath } from "../../src/logs/run-log-paths.ts";
import { until } from "../support/processes.ts";
import { freshDirectory, make, nextRun, removeDirectories } from "../support/runtimes.ts";
import { suite } from "../support/suite.ts";
import { exampleDirectory, kron, programPath } from "./command-line.ts";
import { plainOutput } from "./plain-output.ts";

const test = suite("job logs", 60_000);
const attemptLine = /^--- run_[0-9a-z]{10}, attempt 1, 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$/;

test.after(removeDirectories);

/** A directory in which a command has run twice: the first run printed one line, the second nothing of its own. */
async function commandDirectory(command: string): Promise<{ dataDir: string; runIds: string[] }> {
  const dataDir = freshDirectory();
  const runtime = make({ dataDir });
  await runtime.start();
  await runtime.schedule("Sends:mail", { every: "1h", command, shell: true });
  for (let run = 0; run < 2; run += 1) {
    const ended = nextRun(runtime, "RUN_SUCCEEDED");
    await runtime.trigger("Sends:mail");
    await ended;
  }
  const history = await runtime.history("Sends:mail");
  await runtime.shutdown();
  return { dataDir, runIds: history.map(({ runId = "" }) => runId).reverse() };
}

test("the newest run is shown, or the one asked for; output on one stream, the rest on the other", async () => {
  const { dataDir, runIds } = await commandDirectory('printf "%s\\000\\033[31mred" $KRON_RUN_ID');
  const newest = kron(["job", "logs", "Sends:mail", "--data-dir", dataDir]);
  assert.is(newest.stdout, `${runIds[1]}\u0000\u001b[31mred`);
  assert.match(newest.stderr.trim(), attemptLine);
  assert.is(newest.exitCode, 0);
  const first = kron(["job", "logs", "Sends:mail", "--run", runIds[0] ?? "", "--data-dir", dataDir]);
  assert.is(first.stdout, `${runIds[0]}\u0000\u001b[31mred`);
  const followed = kron(["job", "logs", "Sends:mail", "-f", "--data-dir", dataDir]);
  assert.equal([followed.stdout, followed.exitCode], [newest.stdout, 0]);
});

test("lines of JSON name the run and the attempt", async () => {
  const { dataDir, runIds } = await commandDirectory("echo one; printf '\\033two'");
  const { stdout } = kron(["job", "logs", "Sends:mail", "--json", "--data-dir", dataDir]);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const common = { version: 1, timerId: "Sends:mail", runId: runIds[1], attempt: 1 };
  const { atMs, ...first } = lines[0] ?? {};
  assert.type(atMs, "number");
  assert.equal(first, { ...common, kind: "attempt" });
  assert.equal(lines.slice(1), [
    { ...common, kind: "line", line: "one" },
    { ...common, kind: "line", line: "\u001btwo" },
  ]);
});

test("a timer without output, an unknown one, and an unknown run", async () => {
  const dataDir = await exampleDirectory();
  const none = kron(["job", "logs", "fixed", "--data-dir", dataDir]);
  assert.equal([none.exitCode, none.stdout], [0, "(no output is kept)\n"]);
  const unknown = kron(["job", "logs", "fixd", "--data-dir", dataDir]);
  assert.is(unknown.exitCode, 3);
  assert.match(unknown.stderr, /Did you mean "fixed"\?/);
  assert.is(kron(["job", "logs", "fixd", "-f", "--data-dir", dataDir]).exitCode, 3);
  const run = kron(["job", "logs", "fixed", "--run", "run_0000000001", "--data-dir", dataDir]);
  assert.is(run.exitCode, 3);
  assert.match(run.stderr, /No output is kept of run_0000000001/);
  const wrong = kron(["job", "logs", "fixed", "--run", "../../x", "--data-dir", dataDir]);
  assert.is(wrong.exitCode, 2);
  assert.is(kron(["job", "logs", "fixed", "--data-dir", join(dataDir, "nowhere")]).exitCode, 3);
});

test("output of a timer that is no longer on record is still shown", async () => {
  const dataDir = await exampleDirectory();
  const path = runLogPath(dataDir, "forgotten", "run_0000000001");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "kept\n");
  assert.is(kron(["job", "logs", "forgotten", "--data-dir", dataDir]).stdout, "kept\n");
  rmSync(join(dataDir, "logs"), { recursive: true });
});

test("-f shows what is added, over attempts, until the run is over", async () => {
  const dataDir = freshDirectory();
  const gate = join(dataDir, "..", "gate");
  const runtime = make({ dataDir });
  await runtime.start();
  const text = `echo "begun $KRON_ATTEMPT"; while [ ! -e "${gate}" ]; do sleep 0.05; done; echo over; exit $((2 - KRON_ATTEMPT))`;
  await runtime.schedule("t", { after: "1h", command: text, shell: true, retry: { base: 1 } });
  const follower = spawn(process.execPath, [programPath, "job", "logs", "t", "-f", "--data-dir", dataDir], {
    env: { ...process.env, TZ: "UTC" },
  });
  let [printed, told] = ["", ""];
  follower.stdout.on("data", (bytes: Buffer) => {
    printed += bytes.toString();
  });
  follower.stderr.on("data", (bytes: Buffer) => {
    told += bytes.toString();
  });
  const closed = new Promise<number | null>((resolve) => follower.once("close", resolve));
  await until(() => told.includes("waiting for a run"), "it waits");
  const ended = nextRun(runtime, "RUN_SUCCEEDED");
  await runtime.trigger("t");
  await until(() => printed.includes("begun 1"), "it shows what is there");
  assert.not.match(printed, /over/);
  writeFileSync(gate, "");
  await ended;
  assert.is(await closed, 0);
  assert.is(printed.replace(/\n+/g, "\n"), "begun 1\nover\nbegun 2\nover\n");
  assert.match(told, /attempt 2,/);
  await runtime.shutdown();
});

test("text for a terminal keeps colours and nothing else that a terminal acts on", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["plain\ttext\nline\n", "plain\ttext\nline\n"],
    ["\u001b[1;31mred\u001b[0m\n", "\u001b[1;31mred\u001b[0m\n\u001b[0m"],
    ["\u001b]0;title\u0007\u001b[2Jx\n", "\\u001b]0;title\\u0007\\u001b[2Jx\n"],
    ["\u001b[31", "\\u001b[31\n"],
    ["a\r\nb\rc\n", "a\nb\\rc\n"],
    ["end\r", "end\\r\n"],
    ["\u202eevil\u009b31m\n", "\\u202eevil\\u009b31m\n"],
    ["täxt 💥", "täxt 💥\n"],
  ];
  for (const [text, expected] of cases) {
    const bytes = Buffer.from(text, "utf8");
    for (const size of [1, 2, 3, 100]) {
      const terminal = new TerminalText(true);
      let shown = "";
      for (let at = 0; at < bytes.length; at += size) shown += terminal.push(bytes.subarray(at, at + size));
      assert.is(shown + terminal.end(), expected, JSON.stringify(text));
    }
  }
  const plain = new TerminalText(false);
  assert.is(plain.push(Buffer.from("\u001b[31mred\u001b[0m\n")) + plain.end(), "red\n");
});

/** An output whose streams are texts. */
class TextOutput extends Output {
  text = "";

  override bytes(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString();
  }

  override message(text: string): void {
    this.text += `${text}\n`;
  }

  override jsonLine(value: object): void {
    this.text += `${JSON.stringify(value)}\n`;
  }

  override flush(): void {
    // There is nothing to be written.
  }
}

const marks: readonly RunLogMark[] = [
  { kind: "attempt", attempt: 1, atMs: 1 },
  { kind: "cut", bytesMax: 9 },
  { kind: "lost", bytes: 7 },
];

test("a terminal is told of attempts on lines of their own", () => {
  const output = new TextOutput({
    isJson: false,
    depth: "8",
    messageDepth: "8",
    width: 80,
    messageWidth: 80,
    showsProgress: false,
    isUnicode: true,
  });
  const renderer = new TerminalRenderer(output, (mark) => output.message(`<${mark.kind}>`));
  for (const mark of marks) {
    renderer.show({ kind: "mark", mark });
    renderer.show({ kind: "output", bytes: Buffer.from("\u001b[31mx") });
  }
  renderer.end();
  assert.is(output.text, marks.map(({ kind }) => `<${kind}>\n\u001b[31mx\u001b[0m\n`).join(""));
});

test("lines of JSON are not gathered without limit, and tell of all marks", () => {
  const output = new TextOutput({ ...plainOutput, isJson: true });
  const renderer = new JsonRenderer(output, { timerId: "t", runId: "run_1" });
  for (const mark of marks) renderer.show({ kind: "mark", mark });
  renderer.show({ kind: "output", bytes: Buffer.from("x".repeat(100_000)) });
  renderer.show({ kind: "output", bytes: Buffer.from("y\n") });
  renderer.end();
  const lines = output.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; line?: string; isPart?: boolean; bytes?: number });
  assert.equal(
    lines.map(({ kind, line, isPart }) => [kind, line?.length, isPart]),
    [
      ["attempt", undefined, undefined],
      ["cut", undefined, undefined],
      ["lost", undefined, undefined],
      ["line", 65_536, true],
      ["line", 100_000 - 65_536 + 1, undefined],
    ],
  );
  assert.is(lines[2]?.bytes, 7);
});

test("a mark of a distant time is shown without it", async () => {
  const dataDir = await exampleDirectory();
  const path = runLogPath(dataDir, "strange", "run_0000000001");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeMark({ kind: "attempt", attempt: 1, atMs: Number.MAX_SAFE_INTEGER }));
  appendFileSync(path, encodeMark({ kind: "cut", bytesMax: 9 }));
  const { exitCode, stderr } = kron(["job", "logs", "strange", "--data-dir", dataDir]);
  assert.is(exitCode, 0);
  assert.is(stderr, "--- run_0000000001, attempt 1, ?\n--- output cut at 9 bytes\n");
  rmSync(join(dataDir, "logs"), { recursive: true });
});

test.run();

import { appendFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { decodeMark, encodeMark, markBytesMax, type RunLogMark } from "../../src/logs/run-log-format.ts";
import { followRunLog, listRunLogs, readRunLog } from "../../src/logs/run-log-reader.ts";
import { type RunLogPiece, RunLogSplitter } from "../../src/logs/run-log-splitter.ts";
import { RunLogWriter } from "../../src/logs/run-log-writer.ts";
import { systemClock } from "../../src/system.ts";
import { suite } from "../support/suite.ts";
import { logDirectory, runId, writeRunLog } from "./log-directory.ts";

const test = suite("logs/run-log-reader");
const { path: directory, dispose } = logDirectory();

test.after(dispose);

/** Pieces as texts: output as it is, marks in angle brackets; neighbouring output is one text. */
function textsOf(pieces: readonly RunLogPiece[]): string[] {
  const texts: string[] = [];
  let output = "";
  for (const piece of pieces) {
    if (piece.kind === "output") output += Buffer.from(piece.bytes).toString("latin1");
    else {
      if (output !== "") texts.push(output);
      output = "";
      texts.push(`<${piece.mark.kind}>`);
    }
  }
  return output === "" ? texts : [...texts, output];
}

function split(bytes: Buffer, chunkBytes: number): string[] {
  const splitter = new RunLogSplitter();
  const pieces: RunLogPiece[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    pieces.push(...splitter.push(bytes.subarray(at, at + chunkBytes)));
  return textsOf([...pieces, ...splitter.end()]);
}

test("marks read back as they were written, and fit", () => {
  const marks: RunLogMark[] = [
    { kind: "attempt", attempt: 60_000, atMs: 8.64e15 },
    { kind: "cut", bytesMax: 2 ** 30 },
    { kind: "lost", bytes: Number.MAX_SAFE_INTEGER },
  ];
  for (const mark of marks) {
    const line = encodeMark(mark);
    assert.ok(line.length <= markBytesMax);
    assert.equal(decodeMark(Buffer.from(line.subarray(1, -1)).toString()), mark);
  }
  for (const text of ["", "{", "null", "[]", "{}", '{"attempt":1}', '{"cut":-1}', '{"lost":"x"}']) {
    assert.is(decodeMark(text), undefined);
  }
});

test("the splitter finds marks at the start of lines, whatever the size of the chunks", () => {
  const attempt = Buffer.from(encodeMark({ kind: "attempt", attempt: 1, atMs: 5 })).toString("latin1");
  const cut = Buffer.from(encodeMark({ kind: "cut", bytesMax: 9 })).toString("latin1");
  const text = `${attempt}one\ntwo\n${attempt}\u001enot a mark\n\u001e{}\nx${cut}${cut}\u001e${"y".repeat(500)}\nend\u001e`;
  const expected = [
    ...["<attempt>", "one\ntwo\n", "<attempt>", `\u001enot a mark\n\u001e{}\nx${cut}`],
    ...["<cut>", `\u001e${"y".repeat(500)}\nend\u001e`],
  ];
  for (const chunkBytes of [1, 2, 3, 7, 64, 4_096])
    assert.equal(split(Buffer.from(text, "latin1"), chunkBytes), expected);
});

test("the splitter keeps what may become a mark, and gives it out at the end", () => {
  const splitter = new RunLogSplitter();
  assert.equal(splitter.push(Buffer.from('\u001e{"att')), []);
  assert.equal(textsOf(splitter.end()), ['\u001e{"att']);
  assert.equal(splitter.end(), []);
});

test("listRunLogs() gives the newest first, and nothing for a timer without logs", () => {
  for (const run of [1, 36, 35]) writeRunLog(directory, "listed", runId(run), run, 1_774_746_000_000);
  writeFileSync(join(directory, "logs/runs/listed/other.txt"), "");
  mkdirSync(join(directory, "logs/runs/listed/run_9.log"));
  const logs = listRunLogs(directory, "listed");
  assert.equal(
    logs.map((log) => [log.runId, log.bytes]),
    [
      [runId(36), 36],
      [runId(35), 35],
      [runId(1), 1],
    ],
  );
  assert.is(logs[0]?.modifiedMs, 1_774_746_000_000);
  assert.equal(listRunLogs(directory, "unknown"), []);
});

test("readRunLog() gives large logs in pieces, and nothing when there is none", () => {
  writeRunLog(directory, "large", runId(1), 200_000, 1_774_746_000_000);
  const pieces = [...readRunLog(join(directory, "logs/runs/large", `${runId(1)}.log`))].map(({ length }) => length);
  assert.ok(pieces.length > 1);
  assert.is(
    pieces.reduce((sum, length) => sum + length, 0),
    200_000,
  );
  assert.equal([...readRunLog(join(directory, "nowhere"))], []);
});

/** Follows a file that does what `steps` say, one each time that the reader has seen all there is. */
async function follow(path: string, steps: readonly (() => void)[]): Promise<string> {
  const queue = [...steps];
  const isOver = (): boolean => {
    queue.shift()?.();
    return queue.length === 0;
  };
  let text = "";
  for await (const bytes of followRunLog(path, { clock: systemClock(), isOver, pollMs: 5 })) {
    text += Buffer.from(bytes).toString("latin1");
  }
  return text;
}

test("followRunLog() waits for a file that is not there yet, and gives what is added, to the very end", async () => {
  const path = join(directory, "logs", "late", "run_1.log");
  const writer = new RunLogWriter({ path, bytesMax: 1_000 }, { attempt: 1, startedAtMs: 5 });
  const add = (text: string) => () => writer.write(Buffer.from(text));
  const text = await follow(path, [() => undefined, add("one\n"), () => undefined, add("two\n"), add("last words\n")]);
  writer.close();
  assert.is(text, '\u001e{"attempt":1,"at":5}\none\ntwo\nlast words\n');
});

test("followRunLog() begins anew when the file was cut, and ends when it was removed", async () => {
  const path = join(directory, "logs", "cut", "run_1.log");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "a long beginning\n");
  const text = await follow(path, [
    () => undefined,
    () => {
      truncateSync(path, 0);
      appendFileSync(path, "anew\n");
    },
    () => rmSync(path),
    () => undefined,
  ]);
  assert.is(text, "a long beginning\nanew\n");
});

test("followRunLog() of a run that never printed ends empty", async () => {
  assert.is(await follow(join(directory, "never"), [() => undefined]), "");
});

test("followRunLog() is told of changes by the system, long before it would look by itself", async () => {
  const path = join(directory, "watched.log");
  writeFileSync(path, "a");
  let asked = 0;
  const isOver = (): boolean => {
    asked += 1;
    if (asked === 1) setTimeout(() => appendFileSync(path, "b"), 50);
    return asked > 1;
  };
  let text = "";
  for await (const bytes of followRunLog(path, { clock: systemClock(), isOver, pollMs: 20_000 })) {
    text += Buffer.from(bytes).toString("latin1");
  }
  assert.is(text, "ab");
});

test.run();

import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type AppendFiles, appendFiles, RunLogWriter } from "../../src/logs/run-log-writer.ts";
import { suite } from "../support/suite.ts";
import { logDirectory } from "./log-directory.ts";

const test = suite("logs/run-log-writer");
const { path: directory, dispose } = logDirectory();
let files = 0;

test.after(dispose);

function freshPath(): string {
  files += 1;
  return join(directory, `folder${files}`, "run_1.log");
}

function writer(path: string, bytesMax = 1_000, more: { attempt?: number; files?: AppendFiles } = {}) {
  const troubles: string[] = [];
  const log = new RunLogWriter(
    { path, bytesMax },
    { attempt: 1, startedAtMs: 5, onTrouble: ({ message }) => troubles.push(message), ...more },
  );
  return { log, troubles, write: (text: string) => log.write(Buffer.from(text)) };
}

/** Files of which appending fails while `fault` is set, after the first `room` bytes. */
function faultyFiles() {
  const state = { fault: undefined as string | undefined, room: 0 };
  const faulty: AppendFiles = {
    ...appendFiles,
    append(file, from) {
      if (state.fault === undefined) return appendFiles.append(file, from);
      if (state.room === 0) throw Object.assign(new Error(state.fault), { code: state.fault });
      const written = appendFiles.append(file, from.subarray(0, state.room));
      state.room -= written;
      return written;
    },
  };
  return { state, files: faulty };
}

const header = '\u001e{"attempt":1,"at":5}\n';

test("no file is made for an attempt that prints nothing", () => {
  const path = freshPath();
  const { log } = writer(path);
  log.write(new Uint8Array(0));
  log.close();
  assert.is(existsSync(join(path, "..")), false);
});

test("the first byte makes the file and its folder, for the owner only, with a header", () => {
  const path = freshPath();
  const { log, write } = writer(path);
  write("a");
  write("b\n");
  log.close();
  write("after the end");
  assert.is(readFileSync(path, "latin1"), `${header}ab\n`);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(statSync(join(path, "..")).mode & 0o777, 0o700);
});

test("each byte is in the file when write() returns", () => {
  const path = freshPath();
  const { log, write } = writer(path);
  write("x");
  assert.is(readFileSync(path, "latin1"), `${header}x`);
  log.close();
});

test("a later attempt begins a line of its own", () => {
  const path = freshPath();
  const first = writer(path);
  first.write("no line end");
  first.log.close();
  const second = writer(path, 1_000, { attempt: 2 });
  second.write("more");
  second.log.close();
  assert.is(readFileSync(path, "latin1"), `${header}no line end\n\u001e{"attempt":2,"at":5}\nmore`);
});

test("output is cut at the limit, which is said once, also by later attempts", () => {
  const path = freshPath();
  const room = 100 - header.length;
  const { log, write } = writer(path, 100);
  write("x".repeat(room - 1));
  write("yz");
  write("more");
  log.close();
  const expected = `${header}${"x".repeat(room - 1)}y\n\u001e{"cut":100}\n`;
  assert.is(readFileSync(path, "latin1"), expected);
  const second = writer(path, 100, { attempt: 2 });
  second.write("nothing");
  second.log.close();
  assert.is(readFileSync(path, "latin1"), expected);
});

test("output that fits exactly is not cut", () => {
  const path = freshPath();
  const { log, write } = writer(path, 100);
  write("x".repeat(100 - header.length));
  log.close();
  assert.is(statSync(path).size, 100);
});

test("two writers of one file share its limit", () => {
  const path = freshPath();
  const [one, two] = [writer(path, 200), writer(path, 200, { attempt: 2 })];
  one.write("1".repeat(60));
  two.write("2".repeat(60));
  one.write("3".repeat(400));
  two.write("4".repeat(400));
  one.log.close();
  two.log.close();
  const text = readFileSync(path, "latin1");
  assert.ok(text.length < 200 + 64, `${text.length} bytes`);
  assert.ok(text.includes("1".repeat(60)) && text.includes("2".repeat(60)));
});

test("a full disk loses output, is told once, and the gap is marked when there is space again", () => {
  const path = freshPath();
  const faulty = faultyFiles();
  const { log, write, troubles } = writer(path, 1_000, { files: faulty.files });
  write("before\n");
  Object.assign(faulty.state, { fault: "ENOSPC", room: 3 });
  write("lost bytes\n");
  write("all of it\n");
  faulty.state.fault = undefined;
  write("after\n");
  log.close();
  assert.is(readFileSync(path, "latin1"), `${header}before\nlos\n\u001e{"lost":18}\nafter\n`);
  assert.equal(troubles, ["ENOSPC"]);
});

test("a disk that is full from the start still gets its header later", () => {
  const path = freshPath();
  const faulty = faultyFiles();
  const { log, write } = writer(path, 1_000, { files: faulty.files });
  Object.assign(faulty.state, { fault: "ENOSPC", room: 0 });
  write("lost");
  faulty.state.fault = undefined;
  write("kept");
  log.close();
  assert.is(readFileSync(path, "latin1"), `${header}\u001e{"lost":4}\nkept`);
});

test("a folder that cannot be made is trouble, and no more", () => {
  const { log, write, troubles } = writer("/dev/null/folder/run_1.log");
  write("a");
  write("b");
  log.close();
  assert.is(troubles.length, 1);
  assert.match(troubles[0] ?? "", /ENOTDIR/);
});

test("a folder that is swept away between attempts is made again", () => {
  const path = freshPath();
  const first = writer(path);
  first.write("a");
  first.log.close();
  rmSync(join(path, ".."), { recursive: true });
  const second = writer(path);
  second.write("b");
  second.log.close();
  assert.equal(second.troubles, []);
  assert.is(readFileSync(path, "latin1"), `${header}b`);
});

test.run();

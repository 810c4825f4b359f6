import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { ProgressLine } from "../../bin/progress.ts";
import { progressLine, type WorkDone } from "../../bin/progress-text.ts";
import { displayWidth } from "../../src/core/display-width.ts";
import { VirtualClock } from "../../src/testing.ts";
import { suite } from "../support/suite.ts";
import { hasTmux, Terminal } from "../tui/tmux.ts";
import { exampleDirectory, kron, scratchDirectory } from "./command-line.ts";

const test = suite("progress", 60_000);

const mebibyte = 1024 * 1024;
const journal: WorkDone = {
  ...{ what: "reading the journal", unit: "bytes", done: 450 * mebibyte, total: 1_000 * mebibyte, elapsedMs: 4_500 },
};

test("the line says what is done, its share, how much, how fast and how long yet, as far as there is room", () => {
  assert.equal(
    [120, 80, 60, 59, 40, 20].map((width) => progressLine(journal, width, true)),
    [
      `reading the journal   45 %  ${"█".repeat(18)}${"░".repeat(22)}  450.0 MiB of 1000.0 MiB  100.0 MiB/s  5s left`,
      `reading the journal   45 %  ${"█".repeat(13)}${"░".repeat(17)}  100.0 MiB/s  5s left`,
      "reading the journal   45 %  ████░░░░░░  100.0 MiB/s  5s left",
      "reading the journal   45 %  100.0 MiB/s  5s left",
      "reading the journal   45 %  5s left",
      "reading the journal…",
    ],
  );
});

test("work of unknown length tells how much is done, how fast, and for how long it has been going on", () => {
  const work = { what: "writing timers", unit: "timers", done: 123_456, total: undefined, elapsedMs: 61_000 };
  assert.is(progressLine(work, 80, true), "writing timers  123,456 timers  2,024/s  1m 1s");
  assert.is(progressLine({ ...work, done: 0, elapsedMs: 0 }, 80, true), "writing timers  0 timers  0s");
  assert.is(progressLine({ ...work, unit: "", done: 0 }, 80, true), "writing timers  1m 1s");
});

test("a share is never more than all, nor all before it is, and bars are drawn in ASCII too", () => {
  assert.match(
    progressLine({ ...journal, done: 1_000 * mebibyte - 1 }, 60, false),
    / 99 % {2}#+\. {2}\S+ MiB\/s {2}1s left$/,
  );
  assert.match(
    progressLine({ ...journal, done: 2_000 * mebibyte }, 60, false),
    /100 % {2}#+ {2}\S+ MiB\/s {2}1s left$/,
  );
  assert.match(progressLine({ ...journal, done: 0 }, 60, false), / {2}0 % {2}\.+/);
});

test("no line is wider than its room", () => {
  for (let width = 1; width <= 200; width++) {
    for (const work of [journal, { ...journal, total: undefined }]) {
      assert.ok(displayWidth(progressLine(work, width, true)) <= width, String(width));
    }
  }
});

function onScreen(width: number | undefined) {
  const clock = new VirtualClock("2026-01-01T00:00:00Z");
  const written: string[] = [];
  const write = (text: string): void => {
    written.push(text);
  };
  return { clock, written, line: new ProgressLine({ width, isUnicode: false, write }, clock) };
}

test("on a terminal nothing is shown of what is soon done, and then a line that is drawn anew and taken away", async () => {
  const { clock, written, line } = onScreen(40);
  line.begin("reading", "bytes", 100);
  await clock.advance(299);
  line.add(50, "bytes");
  line.clear();
  assert.equal(written, []);
  line.begin("reading", "bytes", 100);
  line.add(50, "bytes");
  line.add(7, "pages");
  await clock.advance(1_000);
  assert.ok(/^reading {3}50 % /.test(written[0] ?? "") && written[0]?.endsWith("\u001b[K\n"), written[0]);
  assert.ok(written[1]?.startsWith("\u001b[1A\rreading   50 %"), written[1]);
  assert.ok(written.length <= 11, "at most ten a second");
  line.clear();
  assert.is(written.at(-1), "\u001b[1A\r\u001b[J");
  const count = written.length;
  line.clear();
  await clock.advance(5_000);
  assert.is(written.length, count, "nothing comes after that");
});

test("work that lets nothing else happen is shown too, by its own steps", async () => {
  const { clock, written, line } = onScreen(40);
  line.begin("reading", "bytes");
  line.clear();
  await clock.advance(400);
  for (let step = 0; step < 16; step++) line.add(1, "bytes");
  assert.is(written.length, 1);
  assert.match(written[0] ?? "", /^reading {2}8 bytes/);
});

test("where there is no terminal a whole line comes now and then", async () => {
  const { clock, written, line } = onScreen(undefined);
  line.begin("reading", "bytes", 100);
  line.add(25, "bytes");
  await clock.advance(4_100);
  assert.is(written.length, 2);
  for (const text of written) assert.match(text, /^reading {3}25 % {2}#+\.+ {2}25 bytes of 100 bytes .*\n$/);
  line.clear();
  assert.is(written.length, 2);
});

const timerLine = (id: string): string =>
  JSON.stringify({ kind: "timer", id, status: "active", options: { every: "1h" }, anchorMs: 0, nextAtMs: null });

if (hasTmux()) {
  test("a terminal shows how far an import is, and has its line back at the end, also after an error", async () => {
    const pipe = join(scratchDirectory(), "lines");
    assert.is(spawnSync("mkfifo", [pipe]).status, 0);
    const terminal = new Terminal(["import", pipe, "--data-dir", join(scratchDirectory(), "data")], { columns: 100 });
    const file = openSync(pipe, "w");
    writeSync(file, `${"x".repeat(10)}\n`);
    await terminal.shows(/reading lines {2}11 bytes/);
    writeSync(file, `${timerLine("a")}\n`);
    await terminal.shows(/reading lines {2}1\d\d bytes/);
    closeSync(file);
    const screen = await terminal.shows(/ended with 2/);
    assert.not.match(screen, /reading lines/);
    assert.match(screen, /^before\n(kron: |line 1: )/);
    terminal.close();
  });
}

test("a pipe is told nothing, and programs that read JSON never", async () => {
  const dataDir = await exampleDirectory();
  for (const more of [[], ["--json", "--progress"]]) {
    assert.is(kron(["log", "verify", "--data-dir", dataDir, ...more]).stderr, "");
  }
});

test.run();

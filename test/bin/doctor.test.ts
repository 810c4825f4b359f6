import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { encodeDefinition } from "../../src/core/definition.ts";
import { type Entry, Kind } from "../../src/core/record.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { boom, cronOf, onceOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";
import { exampleDirectory, kron, kronJson, lookedAt, scratchDirectory } from "./command-line.ts";

const test = suite("doctor", 120_000);
const minuteMs = 60_000;

/** A directory with a journal of these entries, which no runtime has thought of. */
async function forged(...entries: Entry[]): Promise<string> {
  const directory = join(scratchDirectory(), "data");
  const options = { clock: systemClock(), random: systemRandom(), report: () => undefined };
  const rest = { durability: { kind: "always" }, profile: "standard" } as const;
  const journal = await openJournal({ directory, disk: nodeDisk, ...options, ...rest }, () => undefined);
  const ignore = (): void => undefined;
  journal.start({ committed: ignore, settled: ignore, refused: ignore, failed: ignore });
  for (const entry of entries) journal.propose(entry);
  await journal.close();
  return directory;
}

const everyMinute = encodeDefinition(cronOf("* * * * *"));
const look = (directory: string, nowMs: number): string[] => [
  ...["doctor", "--data-dir", directory, "--tz", "UTC", "--now", new Date(nowMs).toISOString()],
];

test("doctor accounts for everything in a directory that is well", async () => {
  const directory = await exampleDirectory();
  const { exitCode, stdout } = kron(["doctor", "--data-dir", directory, "--now", lookedAt]);
  assert.is(exitCode, 0, stdout);
  assert.match(stdout, /\nruntime {6}stopped, started once, 0 times after a crash\n/);
  assert.match(stdout, /\njournal {6}1 segment, \d+ entries, 1\.0 MiB: clean, every checksum is good\n/);
  assert.match(stdout, /\noccurrences {2}\d+ accounted for: \d+ became runs, 0 missed, 0 skipped\n/);
  assert.match(
    stdout,
    /\nwithout an outcome yet \(0 runs, 1 timer with due times\)\n {2}TIMER .*\n {2}paused .* {2}336 {2}- {4}the timer is paused\n/,
  );
  assert.match(stdout, /\n\nno problems found\n$/);
  const report = kronJson(["doctor", "--data-dir", directory, "--now", lookedAt]);
  assert.equal(Object.keys(report), [
    ...["version", "command", "dataDir", "nowMs", "verdict", "runtime", "journal", "snapshots", "start", "files"],
    ...["replay", "occurrences", "runs", "pending", "problemCount", "problems", "noteCount", "notes"],
  ]);
  assert.equal([report.verdict, report.problems], ["ok", []]);
  const notes = (report.notes as { code: string }[]).map(({ code }) => code);
  assert.equal(notes, ["snapshot-in-plain-file"]);
  const runs = report.runs as Record<string, number>;
  assert.is((runs.scheduled ?? 0) + (runs.manual ?? 0), (runs.succeeded ?? 0) + (runs.dead ?? 0));
  assert.equal(
    (report.files as { name: string; mode: string }[]).map(({ name, mode }) => `${name} ${mode}`),
    ["kron.aof 0600", "kron.lock 0600", "kron.snapshot.pages 0600", "kron.sync 0600"],
  );
});

test("doctor finds an occurrence that was left out", async () => {
  const directory = await forged(
    [0, [Kind.RUNTIME_STARTED, "a"], [Kind.TIMER_CREATED, "evil\n\u001b[2J", everyMinute, 0, minuteMs, null]],
    [minuteMs, [Kind.RUN_DUE, 0, minuteMs, 3 * minuteMs, 0, 1], [Kind.RUN_SUCCEEDED, 3, 3, 9, 0, null, null]],
    [3 * minuteMs, [Kind.RUN_MISSED, 0, 3 * minuteMs, 4 * minuteMs, 5, 5 * minuteMs, "late"], [Kind.RUNTIME_STOPPED]],
  );
  const { exitCode, stdout } = kron(look(directory, 4.5 * minuteMs));
  assert.is(exitCode, 6);
  assert.match(
    stdout,
    /\nproblems \(2\)\n {2}occurrence-left-out \[evil\\n\\u001b\[2J, entry 2\]: Expected 1970-01-01T00:02:00\.000Z to follow .*\n {2}wrong-count \[.*, entry 3\]: .*\n$/,
  );
  const { problems, problemCount, verdict } = kronJson(look(directory, 4.5 * minuteMs), 6);
  assert.equal([verdict, problemCount], ["problems", 2]);
  assert.equal((problems as { code: string; index: number }[])[0]?.index, 2);
});

test("doctor says why occurrences have no outcome", async () => {
  const at = encodeDefinition(onceOf());
  const directory = await forged(
    [0, [Kind.RUNTIME_STARTED, "a"], [Kind.TIMER_CREATED, "due", everyMinute, 0, minuteMs, null]],
    [0, [Kind.TIMER_CREATED, "running", at, 5, 5, null], [Kind.TIMER_CREATED, "retrying", at, 5, 5, null]],
    [0, [Kind.TIMER_CREATED, "waiting", at, 5, 5, null]],
    [5, [Kind.RUN_DUE, 1, 5, 0, 0, 1], [Kind.RUN_DUE, 2, 5, 0, 0, 1], [Kind.RUN_DUE, 3, 5, 0, 0, 0]],
    [6, [Kind.RUN_FAILED, 7, 7, 1, minuteMs, 0, boom]],
  );
  const { exitCode, stdout } = kron(look(directory, 2 * minuteMs));
  assert.is(exitCode, 0, stdout);
  assert.match(stdout, /without an outcome yet \(3 runs, 1 timer with due times\)/);
  assert.match(
    stdout,
    /\n {2}running .* attempt 1 was under way when the process ended; the next start records it as lost\n/,
  );
  assert.match(stdout, /\n {2}retrying .* attempt 1 failed, the next is due 1970-01-01 00:01:00 UTC \(1m ago\)\n/);
  assert.match(stdout, /\n {2}waiting .* waits for a slot, or for the run before it\n/);
  assert.match(stdout, /\n {2}due +1970-01-01 00:01:00 UTC +1m +2 +- .* the next start applies the misfire policy\n/);
  assert.match(stdout, /notes \(1\)\n {2}runtime-ended: /);
  const { pending } = kronJson(look(directory, 2 * minuteMs));
  const { runs, due } = pending as { runs: { timerId: string; state: string }[]; due: { lateMs: number }[] };
  assert.equal(
    runs.map(({ timerId, state }) => `${timerId} ${state}`),
    ["running running", "retrying retrying", "waiting waiting"],
  );
  assert.equal(
    due.map(({ lateMs }) => lateMs),
    [minuteMs],
  );
  const listed = kron(["job", "list", "--data-dir", directory]);
  assert.match(listed.stderr, /^note: no runtime is there any more; one timer was running when it ended\n$/);
  assert.match(
    kron(["job", "status", "running", "--data-dir", directory]).stdout,
    /status: +running \(when the process ended\)/,
  );
  assert.match(
    kron(["job", "status", "retrying", "--data-dir", directory]).stdout,
    /\nrun: +run_\w+ due .*, attempt 2 /,
  );
});

test("doctor sets a limit to what it lists", async () => {
  const timers = Array.from(
    { length: 150 },
    (_, at) => [Kind.TIMER_CREATED, `t${at}`, everyMinute, 0, minuteMs, null] as const,
  );
  const directory = await forged([0, ...timers]);
  const { stdout } = kron(look(directory, minuteMs));
  assert.match(stdout, /0 runs, 150 timers with due times/);
  assert.match(stdout, /\n {2}… and 130 more\n/);
  assert.is((kronJson(look(directory, minuteMs)).pending as { due: unknown[] }).due.length, 100);
});

test("doctor looks at files: modes, what is missing, and what does not belong", async () => {
  const directory = await forged([0, [Kind.RUNTIME_STARTED, "a"], [Kind.RUNTIME_STOPPED]]);
  const codes = (exitCode: number): string[] => {
    const { problems, notes } = kronJson(["doctor", "--data-dir", directory], exitCode);
    return [...(problems as { code: string }[]), ...(notes as { code: string }[])].map(({ code }) => code);
  };
  assert.equal(codes(0), []);
  chmodSync(directory, 0o755);
  chmodSync(join(directory, "kron.aof"), 0o640);
  assert.equal(codes(6), ["mode-too-open", "mode-too-open"]);
  chmodSync(directory, 0o700);
  chmodSync(join(directory, "kron.aof"), 0o600);
  rmSync(join(directory, "kron.sync"));
  assert.equal(codes(0), ["sidecar-missing"]);
  writeFileSync(join(directory, "kron.sync"), new Uint8Array(8192), { mode: 0o600 });
  assert.equal(codes(0), ["sidecar-unreadable"]);
  mkdirSync(join(directory, "kron.odd"), { mode: 0o700 });
  symlinkSync("kron.aof", join(directory, "other.link"));
  assert.equal(codes(6), ["not-a-file", "sidecar-unreadable"]);
});

test.run();

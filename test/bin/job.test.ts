import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron } from "../../src/index.ts";
import { VirtualClock } from "../../src/testing.ts";
import { suite } from "../support/suite.ts";
import {
  exampleDirectory,
  fingerprint,
  kron,
  kronJson,
  lookedAt,
  promptDisk,
  scratchDirectory,
  silent,
} from "./command-line.ts";

const test = suite("job", 120_000);

let dataDir = "";
const look = (...args: string[]): string[] => [
  ...args,
  "--data-dir",
  dataDir,
  "--now",
  lookedAt,
  "--tz",
  "Europe/Riga",
];
const text = (...lines: string[]): string => `${lines.join("\n")}\n`;

test.before(async () => {
  dataDir = await exampleDirectory();
});

test("job list prints a table, sorted by id", () => {
  const { exitCode, stdout, stderr } = kron(look("job", "list"));
  assert.is(stderr, "");
  assert.is(exitCode, 0);
  assert.snapshot(
    stdout,
    text(
      "TIMER    STATE      NEXT RUN                  IN             LAST RUN    OUTCOME    SCHEDULE",
      "fixed    scheduled  2026-03-30 07:00:00 EEST  2h             4h ago      SUCCEEDED  every 6h",
      "flaky    scheduled  2026-03-30 07:00:00 EEST  2h             7h 59m ago  DEAD       every 10h",
      "gone     cancelled  -                         -              1d 1h ago   SUCCEEDED  every 1h",
      "nightly  scheduled  2026-03-31 03:30:00 EEST  22h 30m        1h 30m ago  SUCCEEDED  30 3 * * * Europe/Riga",
      "once     completed  -                         -              1d 3h ago   SUCCEEDED  after 5m",
      "paused   paused     2026-03-29 00:05:00 EET   1d 3h overdue  -           -          */5 * * * *",
    ),
  );
});

test("job list --state keeps only the timers in those states", () => {
  assert.match(kron(look("job", "list", "--state", "paused,Completed")).stdout, /^TIMER.*\nonce .*\npaused .*\n$/);
  assert.is(kron(look("job", "list", "--state", "dead")).stdout, "(no timers in that state)\n");
  const wrong = kron(look("job", "list", "--state", "payed"));
  assert.equal([wrong.exitCode, wrong.stdout], [2, ""]);
  assert.match(wrong.stderr, /^kron: Expected --state to be one of scheduled, .*, got "payed"\n$/);
});

test("job list --json has every field of the timers", () => {
  const { command, runtime, timers } = kronJson(look("job", "list"));
  assert.is(command, "job list");
  assert.is((runtime as { state: string }).state, "stopped");
  const list = timers as Record<string, unknown>[];
  assert.equal(
    list.map(({ id }) => id),
    ["fixed", "flaky", "gone", "nightly", "once", "paused"],
  );
  const { definition, createdAtMs, payload, ...nightly } = list[3] as Record<string, unknown>;
  assert.is(createdAtMs, Date.UTC(2026, 2, 28, 22));
  assert.equal(payload, { count: "1", bytes: { base64: "aGk=" }, text: "ü\u202e" });
  assert.is((definition as { schedule: { expression: string } }).schedule.expression, "30 3 * * *");
  assert.equal([nightly.state, nightly.lastOutcome, nightly.nextRetryAtMs], ["scheduled", "SUCCEEDED", null]);
  assert.equal(kronJson(look("job", "list", "--state", "dead")).timers, []);
});

test("job status shows all that is on record, and nothing that a terminal would act on", () => {
  const { exitCode, stdout } = kron(look("job", "status", "flaky"));
  assert.is(exitCode, 0);
  assert.snapshot(
    stdout,
    text(
      "timer:       flaky",
      "status:      scheduled",
      "schedule:    every 10h",
      "policies:    overlap skip; misfire once within 1d; 2 attempts, exponential from 30s",
      "created:     2026-03-29 00:00:00 EET  1d 4h ago",
      "last_run:    2026-03-29 21:00:30 EEST  7h 59m ago",
      "duration:    0.0ms",
      "last_status: DEAD",
      "last_error:  Error: boom \\u001b[31mred\\nsecond line",
      "next_run:    2026-03-30 07:00:00 EEST  in 2h",
      "counts:      0 succeeded, 2 dead, 0 missed, 0 skipped",
      "retries_7d:  2",
    ),
  );
  const nightly = kron(look("job", "status", "nightly")).stdout;
  assert.match(nightly, /\n {13}At 03:30 every day, in time zone Europe\/Riga\. /);
  assert.match(nightly, /\npayload: {5}\{"count":"1","bytes":\{"base64":"aGk="\},"text":"ü\\u202e"\}\n/);
  assert.equal(kronJson(look("job", "status", "nightly")).runs, []);
});

test("job history shows how occurrences ended, the newest first", () => {
  const { exitCode, stdout } = kron(look("job", "history", "nightly"));
  assert.is(exitCode, 0);
  assert.snapshot(
    stdout.replace(/run_\w{10}/g, "run_##########"),
    text(
      "FINISHED                  AGO         OUTCOME    SCHEDULED                 ATTEMPTS   TOOK  RUN             DETAIL",
      "2026-03-30 03:30:00 EEST  1h 30m ago  SUCCEEDED  2026-03-30 03:30:00 EEST         1  0.0ms  run_##########",
      "2026-03-29 04:00:00 EEST  1d 1h ago   SUCCEEDED  2026-03-29 04:00:00 EEST         1  0.0ms  run_##########  by hand",
      "2026-03-29 04:00:00 EEST  1d 1h ago   SUCCEEDED  2026-03-29 04:00:00 EEST         1  0.0ms  run_##########",
    ),
  );
  const flaky = kron(look("job", "history", "flaky", "--limit", "1")).stdout;
  assert.match(
    flaky,
    /\n.* DEAD .* 2 .* FAILED: Error: boom \\u001b\[31mred\\nsecond line, exitCode="2" stderr="bad .*\n$/,
  );
  assert.is(kron(look("job", "history", "paused")).stdout, "(no finished occurrences)\n");
});

test("job history --since and --before take instants and how long ago", () => {
  const count = (...args: string[]): number =>
    (kronJson(look("job", "history", "nightly", ...args)).entries as unknown[]).length;
  assert.is(count("--since", "2h"), 1);
  assert.is(count("--before", "2h"), 2);
  assert.is(count("--since", "2026-03-29T00:00Z", "--before", "2026-03-30T00:30:00.000Z"), 2);
  assert.is(count("--since", "2026-03-30T00:30:00Z"), 1);
  const wrong = kron(look("job", "history", "nightly", "--since", "yesterday"));
  assert.is(wrong.exitCode, 2);
  assert.match(wrong.stderr, /Expected --since to be a duration/);
  assert.is(kron(look("job", "history", "nightly", "--limit", "0")).exitCode, 2);
});

test("job next shows what the schedule knows", () => {
  assert.is(
    kron(look("job", "next", "nightly", "-n", "2")).stdout,
    text("2026-03-31 03:30:00 EEST  in 22h 30m", "2026-04-01 03:30:00 EEST  in 1d 22h"),
  );
  assert.is((kronJson(look("job", "next", "paused")).next as unknown[]).length, 10);
  const nightly = (env: Record<string, string>, ...more: string[]): string => {
    const args = ["job", "next", "nightly", "-n", "1", "--data-dir", dataDir, "--now", lookedAt, ...more];
    return kron(args, env).stdout;
  };
  assert.is(nightly({ TZ: "America/New_York" }), "2026-03-30 20:30:00 EDT  in 22h 30m\n");
  assert.is(nightly({ TZ: "America/New_York" }, "--utc"), "2026-03-31 00:30:00 UTC  in 22h 30m\n");
  assert.is(nightly({ TZ: "No/Where" }), "2026-03-31 00:30:00 UTC  in 22h 30m\n");
  const fixed = kron(look("job", "next", "fixed"));
  assert.is(fixed.stdout, "2026-03-30 07:00:00 EEST  in 2h\n");
  assert.match(fixed.stderr, /^note: each due time counts from the finish/);
  assert.is(kron(look("job", "next", "gone")).stdout, "(none)\n");
  assert.is(kron(look("job", "next", "gone", "-n", "x")).exitCode, 2);
});

test("an id that is not known leads to 3, with the nearest one that is", () => {
  for (const verb of ["status", "history", "next"]) {
    const { exitCode, stdout, stderr } = kron(look("job", verb, "nighly"));
    assert.equal([exitCode, stdout], [3, ""]);
    assert.is(stderr, text('kron: Timer "nighly" is not known', 'hint: Did you mean "nightly"?'));
  }
  const far = kron(look("job", "status", "\u001b[2J"));
  assert.is(far.stderr, text('kron: Timer "\\u001b[2J" is not known', "hint: `kron job list` shows the ids there are"));
});

test("a directory that is not there, or holds no journal, leads to 3 and stays as it is", () => {
  const scratch = scratchDirectory();
  const missing = kron(["job", "list", "--data-dir", join(scratch, "none")]);
  assert.is(missing.exitCode, 3);
  assert.match(missing.stderr, /^kron: Expected a data directory at .*, nothing is there\nhint: Give its path with/);
  assert.not(existsSync(join(scratch, "none")));
  mkdirSync(join(scratch, "empty"));
  for (const args of [["job", "list"], ["doctor"], ["log", "verify"], ["log", "dump"], ["log", "repair"]]) {
    const { exitCode, stdout } = kron([...args, "--data-dir", join(scratch, "empty")]);
    assert.equal([exitCode, stdout], [3, ""], args.join(" "));
  }
  assert.equal(readdirSync(join(scratch, "empty")), []);
});

test("a journal without timers is said to be one", async () => {
  const runtime = new Kron({ dataDir: join(scratchDirectory(), "data"), logger: silent, keepAlive: false });
  await runtime.start();
  await runtime.shutdown();
  const empty = (await runtime.runtime()).dataDir ?? "";
  assert.is(kron(["job", "list", "--data-dir", empty]).stdout, "(no timers registered)\n");
  assert.is(kron(["job", "list"], { KRON_HOME: empty }).stdout, "(no timers registered)\n");
});

test("no reading command changes a byte, a time or a mode", () => {
  const before = fingerprint(dataDir);
  const commands = [
    ["job", "list"],
    ["job", "status", "nightly"],
    ["job", "history", "flaky"],
    ["job", "next", "nightly"],
  ];
  commands.push(["doctor"], ["log", "verify"], ["log", "dump"]);
  for (const args of commands) {
    for (const more of [[], ["--json"]]) {
      const { exitCode, stderr } = kron(look(...args, ...more));
      assert.is(exitCode, 0, `${args.join(" ")}: ${stderr}`);
    }
  }
  assert.equal(fingerprint(dataDir), before);
});

test("job history says how an attempt was ended that did not stop", async () => {
  const dataDir = join(scratchDirectory(), "data");
  const clock = new VirtualClock("2026-03-28T22:00:00Z");
  const runtime = new Kron({ dataDir, clock, disk: promptDisk, logger: silent });
  const deaf = () => new Promise(() => undefined);
  await runtime.schedule("deaf", { after: "1s", timeout: "1s", grace: "1s", retry: false }, deaf);
  await runtime.start();
  await clock.advance("10s");
  await runtime.shutdown();
  const { stdout } = kron(["job", "history", "deaf", "--data-dir", dataDir]);
  assert.match(stdout, / DEAD .* TIMED_OUT: KronError: Attempt 1 of run_\w+ took longer than 1000 ms, given-up\n$/);
  const { entries } = kronJson(["job", "history", "deaf", "--data-dir", dataDir]);
  const [{ failures }] = entries as [{ failures: { ending: string }[] }];
  assert.is(failures[0]?.ending, "given-up");
});

test.run();

import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { kron, kronJson } from "./command-line.ts";

const test = suite("explain", 60_000);
const now = ["--now", "2026-03-01T12:00:00Z"];
const text = (...lines: string[]): string => `${lines.join("\n")}\n`;

test("explain says when, lists fields and due times, and what clock changes do", () => {
  const { exitCode, stdout, stderr } = kron([
    "explain",
    "30 2,3 * * MON-SUN",
    "--tz",
    "Europe/Riga",
    "--next",
    "3",
    ...now,
  ]);
  assert.equal([exitCode, stderr], [0, ""]);
  assert.snapshot(
    stdout,
    text(
      "At 02:30 and 03:30 every day, in time zone Europe/Riga. When clocks change, times that they skip run once, right after, and times that they repeat run the first time only.",
      "",
      "second:       0",
      "minute:       30",
      "hour:         2,3",
      "day of month: every",
      "month:        every",
      "day of week:  every",
      "year:         every",
      "",
      "next 3 times in Europe/Riga:",
      "  2026-03-02 02:30:00 EET  in 12h 30m",
      "  2026-03-02 03:30:00 EET  in 13h 30m",
      "  2026-03-03 02:30:00 EET  in 1d 12h",
      "",
      "clock changes in the next year that touch it:",
      "  2026-03-29  EET to EEST: 03:30:00 does not exist; it is made up by one run at 04:00:00",
      "  2026-10-25  EEST to EET: 03:30:00 comes twice; it runs the first time only",
    ),
  );
});

test("explain follows the policy for clock changes", () => {
  const changes = (...args: string[]): unknown =>
    (
      kronJson(["explain", ...args, "--tz", "Europe/Riga", "-n", "0", ...now]).clockChanges as {
        effect: string;
        count: number;
      }[]
    ).map(({ effect, count }) => `${count} ${effect}`);
  assert.equal(changes("*/15 * * * *"), ["4 left out", "4 run twice"]);
  assert.equal(changes("*/15 * * * *", "--dst", "fixed"), ["4 made up", "4 run once"]);
  assert.equal(changes("30 3 * * *", "--dst", "skip"), ["1 left out", "1 run once"]);
  assert.equal(changes("30 3 * * *", "--dst", "wildcard"), ["1 left out", "1 run twice"]);
  assert.equal(changes("0 12 * * *"), []);
  const many = kron(["explain", "*/15 * * * *", "--tz", "Europe/Riga", ...now]).stdout;
  assert.match(many, /: 4 due times from 03:00:00 on do not exist; they are left out\n/);
  assert.match(many, /: 4 due times from 03:00:00 on come twice; they run both times\n$/);
});

test("explain --json has a version, a zone and the due times", () => {
  const { command, zone, next, dayMatch } = kronJson(["explain", "0 9 * * MON", "-n", "1", ...now]);
  assert.equal([command, zone, dayMatch], ["explain", "UTC", "or"]);
  assert.equal(next, [{ atMs: Date.UTC(2026, 2, 2, 9), local: "2026-03-02 09:00:00 +00:00", inMs: 21 * 3_600_000 }]);
});

test("explain shows the special days", () => {
  const { fields } = kronJson(["explain", "0 0 9 L-2,LW,15W 1-6 FRI#2,SUNL,MON-WED 2027-2031/2", ...now]);
  assert.equal(fields, {
    second: "0",
    minute: "0",
    hour: "9",
    "day of month": "L-2,15W,LW",
    month: "1-6",
    "day of week": "MON-WED,FRI#2,SUNL",
    year: "2027-2031/2",
  });
});

test("explain knows @reboot and H", () => {
  assert.is(kron(["explain", "@reboot"]).stdout, "Once each time Kron starts.\n");
  const minute = (id: string): unknown =>
    (kronJson(["explain", "H H * * *", "--id", id]).fields as { minute: string }).minute;
  assert.is(minute("a"), minute("a"));
  assert.is.not(minute("a"), minute("b"));
});

test("explain points at what is wrong, and exits with 2", () => {
  const wrong = kron(["explain", "0 25 * * *"]);
  assert.equal([wrong.exitCode, wrong.stdout], [2, ""]);
  assert.is(
    wrong.stderr,
    text(
      "  0 25 * * *",
      "    ^^",
      'kron: Bad hour field: expected hour from 0 to 23, got "25" in cron expression "0 25 * * *"',
    ),
  );
  assert.match(
    kron(["explain", "0 9 * * MOM"]).stderr,
    /^ {2}0 9 \* \* MOM\n {10}\^\^\^\nkron: .*\nhint: Did you mean MON\?\n$/,
  );
  assert.match(kron(["explain", "\u001b 25 * * *"]).stderr, /^ {2}\\u001b 25 \* \* \*\n {2}\^{6}\n/);
  const json = kron(["explain", "0 25 * * *", "--json"]);
  const { version, exitCode, error } = JSON.parse(json.stderr) as Record<string, unknown>;
  assert.equal([json.exitCode, json.stdout, version, exitCode], [2, "", 1, 2]);
  assert.equal((error as { details: unknown }).details, { field: "hour", offset: 2, length: 2 });
});

test("explain refuses options that make no sense", () => {
  for (const args of [
    ["--tz", "Europe/Rigga"],
    ["--dst", "never"],
    ["--day-match", "xor"],
    ["--next", "-3"],
    ["--now", "then"],
  ]) {
    const { exitCode, stdout, stderr } = kron(["explain", "0 9 * * *", ...args]);
    assert.equal([exitCode, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^kron: Expected /);
  }
});

test.run();

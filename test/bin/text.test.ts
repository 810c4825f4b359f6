import * as assert from "uvu/assert";
import { labelledZone } from "../../bin/display-zone.ts";
import { bytesText } from "../../bin/numbers.ts";
import { counted, printable, printableJson, shortened } from "../../bin/printable.ts";
import {
  duration,
  fullTime,
  localTime,
  localTimeJson,
  offsetText,
  relativeTime,
  timeInText,
  tookText,
} from "../../bin/times.ts";
import { Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";

const test = suite("text");
const zones = new Zones(intlOffsetSource());

test("printable() writes out whatever a terminal would act on", () => {
  assert.is(
    printable("a\n\r\t\u001b[0m\u009b1m\u007f\u202e\u2028\ud800ü😀"),
    "a\\n\\r\\t\\u001b[0m\\u009b1m\\u007f\\u202e\\u2028\\ud800ü😀",
  );
  assert.is(printableJson('"\u009b\u202e"'), '"\\u009b\\u202e"');
  assert.is(JSON.parse(printableJson(JSON.stringify("\u009b\u2066\u001b"))), "\u009b\u2066\u001b");
});

test("shortened() cuts to a number of characters", () => {
  assert.is(shortened("abc", 3), "abc");
  assert.is(shortened("😀😀😀😀", 3), "😀😀…");
});

test("times are local, with what they are called there, and say how far away they are", () => {
  const riga = labelledZone(zones.get("Europe/Riga"));
  const ms = Date.UTC(2026, 5, 1, 9, 0, 0, 250);
  assert.is(localTime(ms, riga), "2026-06-01 12:00:00 EEST");
  assert.is(localTime(ms, riga, true), "2026-06-01 12:00:00.250 EEST");
  assert.is(localTime(ms - 250, riga, true), "2026-06-01 12:00:00 EEST");
  assert.is(localTimeJson(ms, riga), "2026-06-01 12:00:00 +03:00");
  assert.is(fullTime(ms, riga, ms - 90_000), "2026-06-01 12:00:00 EEST  in 1m 30s");
  assert.is(timeInText(ms, riga, ms + 90_000), "2026-06-01 12:00:00 EEST (1m 30s ago)");
  assert.is(offsetText(-(3 * 3_600_000 + 30 * 60_000)), "-03:30");
  assert.is(offsetText(1_000 * (5 * 3_600 + 53 * 60 + 28)), "+05:53:28");
});

test("a time that clocks show twice is told apart by its zone, and one that they leave out does not come", () => {
  const berlin = labelledZone(zones.get("Europe/Berlin"));
  const autumn = Date.UTC(2026, 9, 25, 0, 30);
  const shown = [-3_600_000, 0, 3_600_000, 7_200_000].map((ms) => localTime(autumn + ms, berlin).slice(11));
  assert.equal(shown, ["01:30:00 CEST", "02:30:00 CEST", "02:30:00 CET", "03:30:00 CET"]);
  const spring = Date.UTC(2026, 2, 29, 0, 59, 59);
  assert.equal(
    [0, 1_000].map((ms) => localTime(spring + ms, berlin).slice(11)),
    ["01:59:59 CET", "03:00:00 CEST"],
  );
  // The distance is one of time, and not of clocks.
  assert.is(fullTime(autumn + 3_600_000, berlin, autumn), "2026-10-25 02:30:00 CET  in 1h");
});

test("a zone has its name where people use one, and its offset elsewhere", () => {
  const label = (zone: string, month: number): string => labelledZone(zones.get(zone)).label(Date.UTC(2026, month, 10));
  assert.equal(
    ["UTC", "Etc/UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "America/Sao_Paulo"].map((zone) =>
      label(zone, 0),
    ),
    ["UTC", "UTC", "GMT", "EST", "+05:45", "-03:00"],
  );
  assert.is(label("Europe/London", 6), "BST");
  assert.is(label("Europe/Dublin", 6), "+01:00");
});

test("relativeTime() and duration() use the two largest units", () => {
  assert.is(relativeTime(0, 999), "now");
  assert.is(relativeTime(0, 1_000), "1s ago");
  assert.is(relativeTime(3 * 86_400_000 + 59_000, 0), "in 3d");
  assert.is(duration(90_061_000), "1d 1h");
  assert.is(duration(3_600_000), "1h");
});

test("tookText(), bytesText() and counted() are short", () => {
  assert.equal([0.04, 9.96, 12.4, 999, 1_500, 61_000].map(tookText), [
    "0.0ms",
    "10.0ms",
    "12ms",
    "999ms",
    "1.5s",
    "1m 1s",
  ]);
  assert.equal([0, 1_023, 1_536, 5 * 2 ** 40].map(bytesText), ["0 bytes", "1023 bytes", "1.5 KiB", "5.0 TiB"]);
  assert.equal(
    [0, 1, 2].map((count) => counted(count, "run")),
    ["0 runs", "1 run", "2 runs"],
  );
});

test.run();

import assert from "node:assert/strict";
import fc from "fast-check";
import { isKronError } from "../../src/core/errors.ts";
import { type OffsetSource, type Zone, Zones } from "../../src/core/zone.ts";
import type { ZoneSpan } from "../../src/core/zone-table.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";

const test = suite("zone");
const source = intlOffsetSource();
const zones = new Zones(source);
// An edge between two blocks of the table, whatever their length.
const blockSeconds = 4096 * 86_400;

/** A zone whose offset is `first` up to the first change, then that of each change in turn; in seconds. */
function madeUpZone(first: number, changes: readonly (readonly [at: number, offset: number])[]): Zone {
  const made: OffsetSource = {
    canonicalName: (name) => name,
    offsetMs: (_, atMs) => (changes.findLast(([at]) => at * 1000 <= atMs)?.[1] ?? first) * 1000,
  };
  return new Zones(made).get("Made/Up");
}

function spansOf(zone: Zone, from: number, until: number): ZoneSpan[] {
  const spans: ZoneSpan[] = [];
  for (let at = from; at < until; at = spans.at(-1)?.end ?? until) spans.push(zone.spanAt(at));
  return spans;
}

test("offsetMs() agrees with Intl at random instants of every zone, 1900 to 2100", () => {
  const names = Intl.supportedValuesOf("timeZone").filter((_, index) => index % 4 === 0);
  for (const name of names) {
    const zone = zones.get(name);
    const random = fc.sample(fc.integer({ min: -2_208_988_800, max: 4_102_444_800 }), { numRuns: 40, seed: 7 });
    for (const second of random) assert.equal(zone.offsetMs(second * 1000), source.offsetMs(name, second * 1000), name);
  }
});

test("spanAt() cuts time into spans without holes, also across blocks", () => {
  const riga = zones.get("Europe/Riga");
  const spans = spansOf(riga, -blockSeconds, 2 * blockSeconds);
  for (const [index, span] of spans.entries()) {
    assert.ok(span.end > span.start);
    assert.equal(riga.spanAt(span.start), span);
    assert.equal(riga.spanAt(span.end - 1), span);
    assert.equal(span.end, spans[index + 1]?.start ?? span.end);
  }
});

test("ZoneSpan.reached marks the gap of spring and the overlap of autumn", () => {
  const riga = zones.get("Europe/Riga");
  const summer = riga.spanAt(Date.UTC(2021, 6, 1) / 1000);
  assert.equal(summer.start, Date.UTC(2021, 2, 28, 1) / 1000);
  assert.equal(summer.start + summer.offset - summer.reached, 3600);
  const winter = riga.spanAt(summer.end);
  assert.equal(winter.start, Date.UTC(2021, 9, 31, 1) / 1000);
  assert.equal(winter.start + winter.offset - winter.reached, -3600);
});

test("spanAt() has neither gap nor overlap where a block cuts a span", () => {
  const span = zones.get("Asia/Tokyo").spanAt(blockSeconds);
  assert.equal(span.start, blockSeconds);
  assert.equal(span.reached, span.start + span.offset);
});

test("spanAt() sees a transition at the edge of a block, and an overlap that reaches over it", () => {
  const atEdge = madeUpZone(7200, [[blockSeconds, 3600]]).spanAt(blockSeconds);
  assert.equal(atEdge.reached, blockSeconds + 7200);
  const before = madeUpZone(7200, [[blockSeconds - 1800, 3600]]).spanAt(blockSeconds);
  assert.equal(before.start, blockSeconds);
  assert.equal(before.reached, blockSeconds - 1800 + 7200);
  const gapBefore = madeUpZone(3600, [[blockSeconds - 1800, 7200]]).spanAt(blockSeconds);
  assert.equal(gapBefore.reached, blockSeconds + 7200);
});

test("spanAt() finds transitions a few days apart, and offsets with seconds", () => {
  const day = 86_400;
  const changes = [
    [10 * day + 1, 60],
    [15 * day, -5],
    [20 * day, 3601],
  ] as const;
  const spans = spansOf(madeUpZone(0, changes), 0, 30 * day);
  assert.deepEqual(
    spans.slice(1).map(({ start, offset }) => [start, offset]),
    changes,
  );
  assert.equal(zones.get("Africa/Monrovia").offsetMs(0), -2_670_000);
});

test("Zones.get() gives one object per name, in the usual spelling", () => {
  assert.equal(zones.get("Europe/Riga"), zones.get("europe/RIGA"));
  assert.equal(zones.get("europe/riga").name, "Europe/Riga");
  assert.equal(zones.get("utc").name, "UTC");
  assert.equal(zones.get("Asia/Kolkata").name, "Asia/Kolkata");
  assert.equal(zones.get("Asia/Kolkata").offsetMs(0), zones.get("Asia/Calcutta").offsetMs(0));
});

test("Zones.get() goes on without sharing when spellings of aliases are without end", () => {
  const endless = new Zones({ canonicalName: () => "UTC", offsetMs: () => 0 });
  for (let index = 0; index < 2100; index += 1) assert.equal(endless.get(`Alias/${index}`).name, `Alias/${index}`);
  assert.equal(endless.get("Alias/7"), endless.get("Alias/7"));
  assert.notEqual(endless.get("Alias/2050"), endless.get("Alias/2050"));
});

test("Zones.get() refuses what is no IANA name, and says what may be meant", () => {
  const hints: Record<string, string | undefined> = {};
  const names = ["Europe/Rgia", "riga", "New York", "", "+02:00", "Mars/Olympus", "x".repeat(5000), "Europe/Riga\n"];
  for (const name of names) {
    assert.throws(
      () => zones.get(name),
      (error) => {
        assert.ok(isKronError(error, "KRON_ZONE_INVALID"));
        assert.ok(error.message.length < 200);
        hints[name] = error.hint;
        return true;
      },
    );
  }
  assert.equal(hints["Europe/Rgia"], 'Did you mean "Europe/Riga"?');
  assert.equal(hints.riga, 'Did you mean "Europe/Riga"?');
  assert.equal(hints["New York"], 'Did you mean "America/New_York"?');
  assert.equal(hints["Mars/Olympus"], 'Use a name such as "Europe/Riga" or "UTC"');
});

test.run();

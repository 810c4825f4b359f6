import assert from "node:assert/strict";
import { type Cron, compileCron } from "../../src/core/cron.ts";
import { type Zone, Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";

const test = suite("cron-zones", 100_000);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const fromMs = Date.UTC(2015, 0, 1);
const untilMs = Date.UTC(2038, 0, 1);
/** No clock has moved by more than this since 2015; half an hour to two hours are usual. */
const moveMsMax = 3 * hourMs;

/** Walks due times from `from` to `until`; fails unless they increase, agree with prev() and leave no hole. */
function walk(cron: Cron, zone: Zone, from: number, until: number, holeMsMax: number): number {
  const where = (at: number): string => `${cron.expression} in ${zone.name} at ${new Date(at).toISOString()}`;
  let count = 0;
  let last = cron.prev(from);
  for (let at = cron.next(from - 1); at !== undefined && at < until; at = cron.next(at)) {
    if (at < from || at <= (last ?? -1)) assert.fail(`not after the one before: ${where(at)}`);
    if (last !== undefined && at - last > holeMsMax) assert.fail(`a hole: ${where(at)}`);
    if (cron.prev(at) !== last) assert.fail(`prev(next(t)) is not t: ${where(at)}`);
    last = at;
    count += 1;
  }
  return count;
}

test("daily, weekly and monthly jobs of every zone increase without holes, 2015 to 2037", () => {
  const zones = new Zones(intlOffsetSource());
  for (const name of Intl.supportedValuesOf("timeZone")) {
    const zone = zones.get(name);
    const fixed = compileCron("30 2 * * *", { zone });
    assert.equal(walk(fixed, zone, fromMs, untilMs, dayMs + moveMsMax), fixed.count(fromMs - 1, untilMs - 1));
    const midnight = compileCron("0 0 * * *", { zone });
    const midnights = walk(midnight, zone, fromMs, untilMs, dayMs + moveMsMax);
    // 8,401 days; where UTC is in another day than local time one may fall outside at either end.
    assert.ok(Math.abs(midnights - 8401) <= 1, `${name}: ${midnights} midnights`);
    walk(compileCron("15 1,3 * * SUN", { zone }), zone, fromMs, untilMs, 7 * dayMs + moveMsMax);
    walk(compileCron("0 0 L */3 *", { zone }), zone, fromMs, untilMs, 92 * dayMs + moveMsMax);
  }
});

test("wildcard jobs of every zone keep their pace through every change of clocks, 2015 to 2037", () => {
  const zones = new Zones(intlOffsetSource());
  let changes = 0;
  for (const name of Intl.supportedValuesOf("timeZone")) {
    const zone = zones.get(name);
    const hourly = compileCron("0 * * * *", { zone });
    const often = compileCron("*/5 * * * *", { zone });
    for (let span = zone.spanAt(fromMs / 1000); span.end < untilMs / 1000; span = zone.spanAt(span.end)) {
      const at = span.end * 1000;
      const moved = zone.offsetMs(at) - span.offset * 1000;
      if (moved === 0) continue;
      changes += 1;
      // Clocks that move by less than an hour shorten one hour of the pace; none is ever longer.
      walk(often, zone, at - 3 * hourMs, at + 3 * hourMs, 5 * 60_000);
      const hours = walk(hourly, zone, at - 6 * hourMs, at + 6 * hourMs, hourMs + (Math.abs(moved) % hourMs));
      if (moved % hourMs === 0) assert.equal(hours, 12, `${name} ${new Date(at).toISOString()}`);
    }
  }
  assert.ok(changes > 5000, `${changes} changes`);
});

test.run();

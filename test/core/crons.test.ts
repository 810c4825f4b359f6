import assert from "node:assert/strict";
import { Crons } from "../../src/core/crons.ts";
import { isKronError } from "../../src/core/errors.ts";
import { Zones } from "../../src/core/zone.ts";
import { suite } from "../support/suite.ts";

const test = suite("crons");
const zones = new Zones({ canonicalName: (name) => name, offsetMs: () => 0 });
const zone = zones.get("UTC");
const other = zones.get("Other");

test("Crons.get() shares what is equal in expression, zone and policies", () => {
  const crons = new Crons();
  const cron = crons.get("*/5 * * * THU", { zone });
  assert.equal(crons.get("*/5 * * * THU", { zone, dst: "vixie", dayMatch: "or", hashSeed: 7 }), cron);
  assert.notEqual(crons.get("*/5 * * * THU", { zone: other }), cron);
  assert.notEqual(crons.get("*/5 * * * THU", { zone, dst: "skip" }), cron);
  assert.notEqual(crons.get("*/5 * * * THU", { zone, dayMatch: "and" }), cron);
  assert.equal(crons.get("@reboot", { zone }), crons.get("@reboot", { zone }));
  assert.equal(crons.size, 5);
});

test("Crons.get() shares expressions with H by what it came to", () => {
  const crons = new Crons();
  for (let hashSeed = 0; hashSeed < 5000; hashSeed += 1) {
    const cron = crons.get("h * * * *", { zone, hashSeed });
    assert.equal(cron.expression, "h * * * *");
    assert.equal(crons.get("h * * * *", { zone, hashSeed }), cron);
  }
  assert.equal(crons.size, 60);
});

test("Crons.get() remembers no more than 10,000", () => {
  const crons = new Crons();
  const first = crons.get("0 0 0 1 1 * 1970", { zone });
  for (let index = 0; index < 10_000; index += 1) {
    crons.get(`0 ${index % 60} ${Math.floor(index / 60) % 24} ${1 + Math.floor(index / 1440)} 1 *`, { zone });
  }
  assert.equal(crons.size, 10_000);
  assert.notEqual(crons.get("0 0 0 1 1 * 1970", { zone }), first);
  assert.equal(first.next(-1), 0);
});

test("Crons.get() remembers nothing of an expression it refuses", () => {
  const crons = new Crons();
  const isInvalid = (error: unknown): boolean => isKronError(error, "KRON_CRON_INVALID");
  assert.throws(() => crons.get("61 * * * *", { zone }), isInvalid);
  assert.throws(() => crons.get("H 0 30 2 *", { zone }), isInvalid);
  assert.throws(() => crons.get("@Hourly", { zone }), isInvalid);
  assert.throws(() => crons.get("* * * * H,@", { zone }), isInvalid);
  assert.equal(crons.size, 0);
});

test.run();

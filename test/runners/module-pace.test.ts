import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import { ModulePace } from "../../src/runners/module-pace.ts";
import { Quarantine } from "../../src/runners/module-quarantine.ts";
import { suite } from "../support/suite.ts";

const test = suite("runners/module-pace");

test("a new module is sent one attempt at a time, a quick one ever more, up to a limit", () => {
  const pace = new ModulePace();
  const sizes: number[] = [];
  for (let n = 0; n < 10; n++) {
    sizes.push(pace.size);
    pace.note(pace.size, pace.size * 0.01);
  }
  assert.equal(sizes, [1, 2, 4, 8, 16, 32, 64, 128, 256, 256]);
  assert.ok(pace.isQuick);
});

test("a batch is to take five milliseconds at most", () => {
  const pace = new ModulePace();
  for (let n = 0; n < 20; n++) pace.note(pace.size, pace.size * 0.5);
  assert.is(pace.size, 10);
  for (let n = 0; n < 20; n++) pace.note(pace.size, pace.size * 2);
  assert.is(pace.size, 1);
});

test("an attempt that turns out long makes the next batch one attempt, and quick ones make it grow again", () => {
  const pace = new ModulePace();
  for (let n = 0; n < 10; n++) pace.note(pace.size, pace.size * 0.01);
  pace.noteSlow(50);
  assert.is(pace.size, 1);
  assert.is(pace.isQuick, false);
  pace.note(0, 0);
  for (let n = 0; n < 40; n++) pace.note(pace.size, pace.size * 0.01);
  assert.is(pace.size, 256);
});

test("quarantine lasts a second, twice as long with each failure, and five minutes at most", () => {
  const quarantine = new Quarantine();
  const error = new KronError("KRON_MODULE_UNUSABLE", "broken");
  const waits: number[] = [];
  let nowMs = 1_000;
  assert.is(
    quarantine.refusal(nowMs, () => "a"),
    undefined,
  );
  assert.is(quarantine.waitMs(nowMs), 0);
  for (let n = 0; n < 11; n++) {
    quarantine.failed(error, nowMs, "a");
    waits.push(quarantine.waitMs(nowMs) / 1_000);
    nowMs += quarantine.waitMs(nowMs) - 1;
    assert.is(
      quarantine.refusal(nowMs, () => "a"),
      error,
    );
    nowMs += 1;
    assert.is(
      quarantine.refusal(nowMs, () => "a"),
      undefined,
    );
  }
  assert.equal(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
});

test("quarantine ends when the file is another one, and begins anew for that", () => {
  const quarantine = new Quarantine();
  const error = new KronError("KRON_MODULE_UNUSABLE", "broken");
  quarantine.failed(error, 0, "a");
  quarantine.failed(error, 1_000, "a");
  assert.is(
    quarantine.refusal(1_500, () => "a"),
    error,
  );
  assert.is(
    quarantine.refusal(1_500, () => "b"),
    undefined,
  );
  assert.is(
    quarantine.refusal(1_500, () => "a"),
    undefined,
  );
  quarantine.failed(error, 2_000, "b");
  assert.is(quarantine.waitMs(2_000), 1_000);
  quarantine.loaded();
  assert.is(quarantine.waitMs(2_000), 0);
});

test.run();

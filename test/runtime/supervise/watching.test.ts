/** The parts with which a supervisor looks after an app: its output, its memory, its files, and what it is told. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import * as assert from "uvu/assert";
import { Reconnecting, type ReconnectingOptions } from "../../../src/runtime/reconnecting.ts";
import { AppOutput } from "../../../src/runtime/supervise/app-output.ts";
import { MemoryGuard, overMin, quietMs, residentBytes } from "../../../src/runtime/supervise/memory-guard.ts";
import { PathWatch } from "../../../src/runtime/supervise/path-watch.ts";
import { packSupervision, supervisionVariable, takeSupervision } from "../../../src/runtime/supervise/supervision.ts";
import { systemClock } from "../../../src/system.ts";
import { VirtualClock } from "../../../src/testing.ts";
import { scratchDirectory } from "../../bin/command-line.ts";
import { quiet } from "../../support/runtimes.ts";
import { suite } from "../../support/suite.ts";

const test = suite("watching an app");

test("takeSupervision() takes the variable out, and believes only what a supervisor writes", () => {
  const supervision = { dataDir: "/data", instance: 2, key: "k" };
  const environment: NodeJS.ProcessEnv = { [supervisionVariable]: packSupervision(supervision), OTHER: "1" };
  assert.equal(takeSupervision(environment), supervision);
  assert.equal(environment, { OTHER: "1" });
  assert.is(takeSupervision(environment), undefined);
  for (const text of ["", "x", "[]", "null", '{"dataDir":1}', '{"dataDir":"/d","instance":"0","key":"k"}']) {
    assert.is(takeSupervision({ [supervisionVariable]: text }), undefined, text);
  }
});

test("AppOutput shows whole lines with their origin in front, and keeps bytes as they are", async () => {
  const shown: string[] = [];
  const kept: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      shown.push(chunk.toString());
      done();
    },
  });
  const output = new AppOutput({
    stdout: sink,
    stderr: sink,
    keep: (bytes) => kept.push(Buffer.from(bytes)),
    useColor: false,
  });
  const [out, error] = [new PassThrough(), new PassThrough()];
  output.take(0, "stdout", out);
  output.take(3, "stderr", error);
  out.write("one\ntw");
  await turn();
  error.write("bad\n");
  await turn();
  out.write("o\n\nrest");
  await turn();
  out.end();
  await turn();
  assert.equal(shown.join(""), "app-0 | one\napp-3 ! bad\napp-0 | two\napp-0 | \napp-0 | rest\n");
  assert.is(Buffer.concat(kept).toString(), "one\ntwbad\no\n\nrest");
});

test("AppOutput shows a line without an end in parts, and colours where it may", async () => {
  const shown: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      shown.push(chunk.toString());
      done();
    },
  });
  const output = new AppOutput({ stdout: sink, stderr: sink, keep: () => undefined, useColor: true });
  const out = new PassThrough();
  output.take(1, "stdout", out);
  out.write("x".repeat(70_000));
  await turn();
  assert.is(shown.length, 1);
  assert.match(shown[0] ?? "", "\u001b[33mapp-1 | \u001b[0mxxx");
});

test("AppOutput has the app wait for a terminal that is slow, and not for one that is gone", async () => {
  let takeOn: () => void = () => undefined;
  const slow = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      takeOn = done;
    },
  });
  slow.on("error", () => undefined);
  const output = new AppOutput({ stdout: slow, stderr: slow, keep: () => undefined, useColor: false });
  const [one, other] = [new Readable({ read: () => undefined }), new Readable({ read: () => undefined })];
  output.take(0, "stdout", one);
  output.take(1, "stdout", other);
  one.push("a\n");
  other.push("b\n");
  await turn();
  assert.equal([one.isPaused(), other.isPaused()], [true, true]);
  takeOn();
  await turn();
  takeOn();
  await turn();
  assert.equal([one.isPaused(), other.isPaused()], [false, false]);
  one.push("c\n");
  await turn();
  assert.ok(one.isPaused());
  slow.destroy(new Error("gone"));
  await turn();
  assert.not.ok(one.isPaused());
  one.push("d\n");
  await turn();
  assert.not.ok(one.isPaused());
});

test("MemoryGuard speaks after a few looks on end, and not again for a while", () => {
  const guard = new MemoryGuard(100);
  const looks = (bytes: readonly number[], nowMs: number, pid = 1): boolean[] =>
    bytes.map((size) => guard.isTooMuch(pid, size, nowMs));
  assert.equal(looks([101, 101, 100, 101, 101, 101], 0), [false, false, false, false, false, true]);
  assert.equal(looks([200, 200, 200, 200], quietMs - 1), [false, false, false, false]);
  assert.equal(looks([200], quietMs), [true]);
  assert.equal(looks([200, 200], 3 * quietMs), [false, false]);
  assert.equal(looks(Array(overMin).fill(200), 3 * quietMs, 2), [false, false, true], "another process begins anew");
});

test("residentBytes() says how much a process has, and nothing of one that is gone", async () => {
  const bytes = (await residentBytes(process.pid)) ?? 0;
  assert.ok(bytes > 10 * 1024 ** 2 && bytes < 4 * 1024 ** 3, String(bytes));
  assert.is(await residentBytes(2 ** 22 + 1), undefined);
});

test("PathWatch tells once of changes that come together, and not of what does not matter", async () => {
  const folder = scratchDirectory();
  const [data, file] = [join(folder, "data"), join(folder, "one.json")];
  mkdirSync(data);
  mkdirSync(join(folder, "node_modules"));
  writeFileSync(file, "1");
  const changed: string[] = [];
  let told: () => void = () => undefined;
  const watch = new PathWatch({
    ...{ paths: [folder, file], except: [data], clock: systemClock(), logger: quiet },
    changed: (path) => {
      changed.push(path);
      told();
    },
  });
  // Watching begins a moment later; until then nothing is told of what was there before.
  const next = new Promise<void>((resolve) => {
    told = resolve;
  });
  writeFileSync(join(data, "kron.aof"), "x");
  writeFileSync(join(folder, "node_modules", "x.js"), "x");
  writeFileSync(join(folder, ".hidden"), "x");
  for (const text of ["2", "3", "4"]) writeFileSync(file, text);
  await next;
  assert.equal(changed, [file]);
  watch.close();
});

test("Reconnecting tries again, later each time, until it succeeds", async () => {
  const rig = new ReconnectingRig({ isSupervised: false });
  await rig.clock.advance("1s");
  assert.equal(rig.triedAtMs, [100, 300, 700]);
  await rig.clock.advance("1m");
  assert.is((rig.triedAtMs.at(-1) ?? 0) - (rig.triedAtMs.at(-2) ?? 0), 5_000);
  rig.mayConnect = true;
  await rig.clock.advance("5s");
  const count = rig.triedAtMs.length;
  await rig.clock.advance("1h");
  assert.equal([rig.triedAtMs.length, rig.ended], [count, 0]);
});

test("Reconnecting ends a process whose supervisor does not come back", async () => {
  const rig = new ReconnectingRig({ isSupervised: true });
  await rig.clock.advance("3999ms");
  assert.is(rig.ended, 0);
  await rig.clock.advance("1ms");
  assert.is(rig.ended, 1);
  const back = new ReconnectingRig({ isSupervised: true });
  back.mayConnect = true;
  await back.clock.advance("1m");
  assert.equal([back.triedAtMs.length, back.ended], [1, 0]);
});

test.run();

class ReconnectingRig {
  readonly clock = new VirtualClock();
  readonly triedAtMs: number[] = [];
  mayConnect = false;
  ended = 0;

  constructor(options: Pick<ReconnectingOptions, "isSupervised">) {
    new Reconnecting({
      ...{ ...options, clock: this.clock, logger: quiet, keepAlive: true },
      connect: async () => {
        this.triedAtMs.push(this.clock.monotonicMs());
        if (!this.mayConnect) throw new Error("nobody is there");
      },
      end: () => {
        this.ended += 1;
      },
    });
  }
}

/** Lets streams hand on what they have. */
async function turn(): Promise<void> {
  for (let count = 0; count < 3; count++) await new Promise((resolve) => setImmediate(resolve));
}

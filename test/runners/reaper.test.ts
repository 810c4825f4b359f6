/** No child outlives its owner, with real processes: the owner is killed in each phase, and the reaper too. */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { Reaper } from "../../src/runners/reaper.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { isAlive, until } from "../support/processes.ts";
import { suite } from "../support/suite.ts";

const test = suite("runners/reaper");
const ownerPath = fileURLToPath(new URL("./reaper-owner.js", import.meta.url));

interface Owner {
  readonly process: ChildProcess;
  /** The last process of this name that it told of. */
  pid(name: "child" | "reaper"): number;
  lines(): string[];
  /** Resolves when it has printed this. */
  said(line: string): Promise<void>;
}

const plain = "echo up; exec sleep 300";
/** Prints that it is up, after which SIGTERM does nothing to it, nor to what it executes. */
const stubborn = "trap '' TERM; echo up; while :; do sleep 1; done";
const busy = "trap '' TERM; echo up; while :; do :; done";

const started: number[] = [];

function own(phase: string, text: string, graceMs = 300): Owner {
  const owner = spawn(process.execPath, [ownerPath, phase, String(graceMs), text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  owner.stdout.on("data", (bytes: Buffer) => {
    printed += bytes.toString();
  });
  const lines = (): string[] => printed.split("\n");
  const pid = (name: string): number => {
    const line = lines().findLast((text) => text.startsWith(`${name} `) && !text.endsWith("undefined"));
    const found = Number(line?.split(" ")[1]);
    if (found > 0) started.push(found);
    return found;
  };
  return {
    ...{ process: owner, pid, lines },
    said: (line) => until(() => lines().includes(line), `the owner says ${line}`),
  };
}

async function bothGone(owner: Owner): Promise<void> {
  const [child, reaper] = [owner.pid("child"), owner.pid("reaper")];
  assert.ok(child > 1 && reaper > 1, "both were started");
  await until(() => !isAlive(child), "the child is gone");
  await until(() => !isAlive(reaper), "the reaper is gone");
}

test.after(() => {
  // Nothing is left when the tests pass.
  for (const pid of new Set(started)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
});

test("a child ends when its owner is killed", async () => {
  const owner = own("watched", plain);
  await owner.said("up");
  await owner.said("ready");
  assert.ok(isAlive(owner.pid("child")));
  owner.process.kill("SIGKILL");
  await bothGone(owner);
});

test("a child that ignores SIGTERM is killed after the grace", async () => {
  const owner = own("watched", stubborn);
  await owner.said("up");
  await owner.said("ready");
  owner.process.kill("SIGKILL");
  await bothGone(owner);
});

test("a child in an endless loop is killed after the grace", async () => {
  const owner = own("watched", busy);
  await owner.said("up");
  await owner.said("ready");
  owner.process.kill("SIGKILL");
  await bothGone(owner);
});

test("grandchildren of the group end too", async () => {
  const owner = own("watched", "sleep 300 & echo grandchild $!; echo up; wait");
  await owner.said("up");
  await owner.said("ready");
  const grandchild = Number(
    owner
      .lines()
      .find((line) => line.startsWith("grandchild"))
      ?.split(" ")[1],
  );
  assert.ok(isAlive(grandchild));
  owner.process.kill("SIGKILL");
  await bothGone(owner);
  await until(() => !isAlive(grandchild), "the grandchild is gone");
});

test("an owner killed right after the word about its child, before the reaper can have read it", async () => {
  const owner = own("early", plain);
  await new Promise((resolve) => owner.process.once("close", resolve));
  await bothGone(owner);
});

if (process.platform === "linux") {
  test("an owner killed between the start of its child and the word about it", async () => {
    const owner = own("expected", plain);
    await new Promise((resolve) => owner.process.once("close", resolve));
    await bothGone(owner);
  });
} else {
  test.skip("an owner killed between the start of its child and the word about it", "there is no /proc here");
}

test("a child ends when its owner exits without a word", async () => {
  const owner = own("exit", stubborn);
  await new Promise((resolve) => owner.process.once("close", resolve));
  await bothGone(owner);
});

test("a child that was released is left alone", async () => {
  const owner = own("released", plain);
  await owner.said("up");
  await owner.said("ready");
  owner.process.kill("SIGKILL");
  const [child, reaper] = [owner.pid("child"), owner.pid("reaper")];
  await until(() => !isAlive(reaper), "the reaper is gone");
  assert.ok(isAlive(child));
  process.kill(child, "SIGKILL");
});

test("close() ends what is still watched, and the reaper", async () => {
  const owner = own("closed", plain);
  await owner.said("ready");
  await bothGone(owner);
  owner.process.kill("SIGKILL");
});

test("a reaper that was killed is started again and told of all children", async () => {
  const owner = own("watched", plain);
  await owner.said("up");
  await owner.said("ready");
  const first = owner.pid("reaper");
  process.kill(first, "SIGKILL");
  await until(() => owner.pid("reaper") !== first, "there is another reaper");
  assert.is(owner.lines().filter((line) => line.startsWith("warned")).length, 1);
  owner.process.kill("SIGKILL");
  await bothGone(owner);
});

test("a reaper takes no notice of the signals that end a service", async () => {
  const owner = own("watched", plain);
  await owner.said("up");
  await owner.said("ready");
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.kill(owner.pid("reaper"), signal);
  owner.process.kill("SIGKILL");
  await bothGone(owner);
});

test("without process groups it does nothing and says so once", () => {
  const warnings: string[] = [];
  const silent = (): void => undefined;
  const logger = { debug: silent, info: silent, error: silent, warn: (_: object, text: string) => warnings.push(text) };
  const reaper = new Reaper({ clock: systemClock(), random: systemRandom(), logger }, "win32");
  reaper.watch(4_711)();
  reaper.expect().drop();
  reaper.watch(4_712)();
  reaper.close();
  assert.is(reaper.pid, undefined);
  assert.is(warnings.length, 1);
});

test.run();

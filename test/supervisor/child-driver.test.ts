import * as assert from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import type { ChildReport } from "../../src/supervisor/child.ts";
import {
  ChildDriver,
  type ChildProcesses,
  type ChildProcessHandle,
  type ChildProcessListener,
} from "../../src/supervisor/child-driver.ts";
import { type ChildPolicy, defaultChildPolicy, type ExitInfo } from "../../src/supervisor/child-policy.ts";
import { VirtualClock } from "../../src/testing.ts";
import { suite } from "../support/suite.ts";

const test = suite("child driver");

const crash: ExitInfo = { code: 7, signal: undefined, isFailure: true };

test("a child is started, gets ready, and is stopped", async () => {
  const rig = new Rig();
  rig.driver.start();
  rig.driver.start();
  assert.is(rig.processes.length, 1);
  rig.last.listener.ready();
  assert.is(rig.driver.state, "ready");
  assert.is(rig.driver.current, rig.last);
  const stopped = rig.driver.stop();
  assert.equal(rig.last.signals, ["term"]);
  rig.last.exit();
  await stopped;
  assert.equal(rig.told, ["ready", "exited", "stopped"]);
  assert.ok(rig.driver.isOver);
  assert.is(rig.clock.pendingWaits, 0);
});

test("a child that does not end when asked to is killed, and again if that does not help", async () => {
  const rig = await ready();
  const stopped = rig.driver.stop();
  await rig.clock.advance(9_999);
  assert.equal(rig.last.signals, ["term"]);
  await rig.clock.advance(1);
  assert.equal(rig.last.signals, ["term", "kill"]);
  await rig.clock.advance(10_000);
  assert.equal(rig.last.signals, ["term", "kill", "kill"]);
  rig.last.exit({ code: undefined, signal: "SIGKILL", isFailure: true });
  await stopped;
});

test("a child that is not ready in time is ended and started again", async () => {
  const rig = new Rig();
  rig.driver.start();
  await rig.clock.advance(30_000);
  assert.equal(rig.last.signals, ["term"]);
  rig.last.exit();
  await rig.clock.advance(0);
  assert.is(rig.processes.length, 2);
  assert.equal(rig.told, ["not-ready", "exited", "restarting"]);
  assert.is(rig.driver.restartCount, 1);
});

test("a child that fails all the time is started ever later, and then given up", async () => {
  const rig = new Rig({ restartsMax: 3 });
  rig.driver.start();
  const over = rig.driver.whenOver();
  for (const delayMs of [0, 1_000, 2_000]) {
    const count = rig.processes.length;
    rig.last.exit(crash);
    if (delayMs > 0) await rig.clock.advance(delayMs - 1);
    assert.is(rig.processes.length, count);
    await rig.clock.advance(Math.min(1, delayMs));
    assert.is(rig.processes.length, count + 1);
  }
  rig.last.exit(crash);
  await over;
  assert.is(rig.driver.state, "failed");
  assert.is(rig.processes.length, 4);
});

test("reload() has the new process take the place, and the old one end when it has nothing more to do", async () => {
  const rig = await ready();
  const [old] = rig.processes as [Process];
  const reloaded = rig.driver.reload();
  assert.is(rig.processes.length, 2);
  assert.is(rig.driver.current, old, "the old one works until the new one can");
  rig.last.listener.ready();
  await reloaded;
  assert.is(rig.driver.current, rig.last);
  assert.equal(rig.drained.length, 1);
  assert.equal(old.signals, [], "it has something to do");
  rig.drained[0]?.();
  await rig.clock.advance(0);
  assert.equal(old.signals, ["term"]);
  old.exit();
  assert.is(rig.driver.state, "ready", "the exit of a process that has left its place is nobody's failure");
  assert.is(rig.clock.pendingWaits, 0);
});

test("a process that has left its place has the time to stop for its work, then for its end", async () => {
  const rig = await ready();
  const [old] = rig.processes as [Process];
  const reloaded = rig.driver.reload();
  rig.last.listener.ready();
  await reloaded;
  await rig.clock.advance(9_999);
  assert.equal(old.signals, []);
  await rig.clock.advance(1);
  assert.equal(old.signals, ["term"]);
  await rig.clock.advance(10_000);
  assert.equal(old.signals, ["term", "kill"]);
  const stopped = rig.driver.stop();
  rig.last.exit();
  assert.not.ok(rig.driver.isOver, "one process is left");
  old.exit();
  await stopped;
});

test("reload() that fails says why, and keeps the old process", async () => {
  const rig = await ready();
  const [old] = rig.processes as [Process];
  const exited = rig.driver.reload();
  rig.last.exit(crash);
  await assertRejects(exited, /exited with code 7/);
  assert.is(rig.driver.current, old);

  const late = assertRejects(rig.driver.reload(), /not within 30000 ms/);
  const [, , slow] = rig.processes as [Process, Process, Process];
  await rig.clock.advance(30_000);
  await late;
  assert.is(rig.driver.current, old);
  assert.equal(slow.signals, ["term"]);
  await rig.clock.advance(10_000);
  assert.equal(slow.signals, ["term", "kill"]);
  assert.is(rig.driver.state, "ready");
});

test("a reload goes on when the old process dies during it", async () => {
  const rig = await ready();
  const [old] = rig.processes as [Process];
  const reloaded = rig.driver.reload();
  old.exit(crash);
  assert.is(rig.processes.length, 2);
  rig.last.listener.ready();
  await reloaded;
  assert.is(rig.driver.state, "ready");
  assert.equal(rig.told, ["ready", "exited", "ready"]);
});

test("restart() ends the process before it starts another", async () => {
  const rig = await ready();
  const restarted = rig.driver.restart();
  assert.is(rig.processes.length, 1);
  rig.last.exit();
  assert.is(rig.processes.length, 2);
  rig.last.listener.ready();
  await restarted;
});

test("reload() and restart() of a child that is over or dies are refused", async () => {
  const rig = await ready();
  const restarted = rig.driver.restart();
  rig.last.exit();
  rig.last.exit(crash);
  await assertRejects(restarted, /ended before/);
  void rig.driver.stop();
  await assertRejects(rig.driver.reload(), /not running/);
});

test("force() kills all there is, what has left its place included", async () => {
  const rig = await ready();
  const [old] = rig.processes as [Process];
  const reloaded = rig.driver.reload();
  rig.last.listener.ready();
  await reloaded;
  const over = rig.driver.whenOver();
  rig.driver.force();
  assert.equal([old.signals, rig.last.signals], [["kill"], ["kill"]]);
  old.exit();
  rig.last.exit();
  await over;
  await rig.clock.advance(60_000);
  assert.equal(old.signals, ["kill"], "nothing is sent to one that is gone");
});

test("noteMemoryHigh() reloads, once", async () => {
  const rig = await ready();
  rig.driver.noteMemoryHigh(5_000);
  rig.driver.noteMemoryHigh(6_000);
  assert.is(rig.processes.length, 2);
  assert.is(rig.driver.state, "reloading");
});

test.run();

class Process implements ChildProcessHandle {
  readonly signals: string[] = [];
  readonly pid: number;
  readonly listener: ChildProcessListener;

  constructor(pid: number, listener: ChildProcessListener) {
    this.pid = pid;
    this.listener = listener;
  }

  signal(how: "term" | "kill"): void {
    this.signals.push(how);
  }

  exit(exit: ExitInfo = { code: 0, signal: undefined, isFailure: false }): void {
    this.listener.exited(exit);
  }
}

class Rig implements ChildProcesses {
  readonly clock = new VirtualClock();
  readonly processes: Process[] = [];
  readonly drained: (() => void)[] = [];
  readonly told: ChildReport["what"][] = [];
  readonly driver: ChildDriver;

  constructor(policy: Partial<ChildPolicy> = {}) {
    this.driver = new ChildDriver({
      processes: this,
      policy: { ...defaultChildPolicy, ...policy },
      clock: this.clock,
      report: ({ what }) => this.told.push(what),
    });
  }

  get last(): Process {
    return this.processes.at(-1) as Process;
  }

  spawn(listener: ChildProcessListener): ChildProcessHandle {
    const process = new Process(100 + this.processes.length, listener);
    this.processes.push(process);
    return process;
  }

  drain(): Promise<void> {
    return new Promise((resolve) => this.drained.push(resolve));
  }
}

async function ready(): Promise<Rig> {
  const rig = new Rig();
  rig.driver.start();
  rig.last.listener.ready();
  return rig;
}

async function assertRejects(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  try {
    await promise;
  } catch (error) {
    assert.ok(isKronError(error, "KRON_APP_FAILED"), String(error));
    assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable("it did not reject");
}

import * as assert from "uvu/assert";
import { AppInstances } from "../../../src/runtime/supervise/app-instances.ts";
import { reportText } from "../../../src/runtime/supervise/report-text.ts";
import type { ChildProcesses, ChildProcessHandle, ChildProcessListener } from "../../../src/supervisor/child-driver.ts";
import { type ChildPolicy, defaultChildPolicy, type ExitInfo } from "../../../src/supervisor/child-policy.ts";
import { VirtualClock } from "../../../src/testing.ts";
import { suite } from "../../support/suite.ts";

const test = suite("app instances");

test("graces are held until an instance is ready, and while none is", async () => {
  const rig = new Rig(2);
  rig.instances.start();
  assert.equal(rig.awaited, [true]);
  await rig.ready(1);
  assert.equal(rig.awaited, [true, false]);
  await rig.exit(1);
  assert.equal(rig.awaited, [true, false, true], "the other one is not ready yet");
  await rig.ready(0);
  await rig.ready(1);
  assert.equal(rig.awaited, [true, false, true, false]);
});

test("instances are reloaded one after another, and not beyond one that fails", async () => {
  const rig = await Rig.ready(3);
  const reloaded = rig.instances.reload().then(
    () => "all",
    (error: Error) => error.message,
  );
  await rig.settle();
  assert.equal(rig.counts(), [2, 1, 1]);
  await rig.ready(0);
  assert.equal(rig.counts(), [2, 2, 1]);
  await rig.exit(1);
  assert.match(await reloaded, /exited with code 7/);
  assert.equal(rig.counts(), [2, 2, 1]);
  assert.not.ok(rig.instances.hasFailed, "the old one is there");
});

test("a reload that is asked for while another goes on comes after it, once for all who ask", async () => {
  const rig = await Rig.ready(1);
  const all = [rig.instances.reload(), rig.instances.reload(), rig.instances.reload()];
  await rig.settle();
  assert.equal(rig.counts(), [2]);
  await rig.ready(0);
  await all[0];
  await rig.settle();
  assert.equal(rig.counts(), [3]);
  await rig.ready(0);
  await Promise.all(all);
  assert.equal(rig.counts(), [3]);
});

test("restart() ends each before it is started again", async () => {
  const rig = await Rig.ready(1);
  const restarted = rig.instances.restart();
  await rig.settle();
  assert.equal(rig.counts(), [1]);
  await rig.exit(0, { code: 0, signal: undefined, isFailure: false });
  assert.equal(rig.counts(), [2]);
  await rig.ready(0);
  await restarted;
});

test("while it is to stop nothing is started again, and what is ready goes on", async () => {
  const rig = new Rig(2);
  rig.instances.start();
  await rig.ready(0);
  rig.instances.prepareStop();
  assert.equal(rig.signals(), [[], ["term"]]);
  await rig.exit(0);
  await rig.clock.advance("1m");
  assert.equal(rig.counts(), [1, 1]);
  const stopped = rig.instances.stop();
  await rig.exit(1);
  await stopped;
  await rig.instances.whenOver();
});

test("force() kills what there is", async () => {
  const rig = await Rig.ready(2);
  rig.instances.force();
  assert.equal(rig.signals(), [["kill"], ["kill"]]);
});

test("an instance that is given up is remembered", async () => {
  const rig = await Rig.ready(1, { restart: "never" });
  await rig.exit(0);
  await rig.instances.whenOver();
  assert.ok(rig.instances.hasFailed);
  assert.equal(rig.instances.views(), [{ instance: 0, state: "failed", pid: undefined, restarts: 0 }]);
});

test("memory of an instance that is too much has it reloaded", async () => {
  const rig = await Rig.ready(2);
  rig.instances.noteMemoryHigh(1, 300 * 1024 ** 2);
  await rig.settle();
  assert.equal(rig.counts(), [1, 2]);
  assert.ok(rig.told.some((line) => line.includes("app-1 (pid 101) takes 300 MiB")));
});

test("reportText() has a line for everything", () => {
  const exit = { code: undefined, signal: "SIGSEGV", isFailure: true } as const;
  const lines = [
    reportText(0, { what: "restarting", delayMs: 0, failures: 1 }, undefined),
    reportText(0, { what: "restarting", delayMs: 2_000, failures: 3 }, undefined),
    reportText(1, { what: "reload-failed", reason: { kind: "exited", exit } }, 5),
    reportText(1, { what: "reload-failed", reason: { kind: "not-ready", timeoutMs: 5_000 } }, 5),
    reportText(1, { what: "reload-failed", reason: { kind: "not-running" } }, undefined),
    reportText(0, { what: "failed", reason: "too-often" }, undefined),
    reportText(0, { what: "failed", reason: "not-to-be-restarted" }, undefined),
    reportText(
      0,
      { what: "exited", exit: { code: undefined, signal: undefined, error: new Error("none"), isFailure: true } },
      5,
    ),
  ];
  assert.equal(lines, [
    "app-0 is started again",
    "app-0 is started again in 2s, after 3 failures",
    "app-1 was not reloaded: the new one has ended, it was ended by SIGSEGV",
    "app-1 was not reloaded: the new one was not ready within 5s",
    "app-1 was not reloaded: it is not running",
    "app-0 has failed too often and is given up",
    "app-0 has failed and is not started again",
    "app-0 has ended: it could not be started: none",
  ]);
});

test.run();

class Place implements ChildProcesses {
  readonly started: { readonly listener: ChildProcessListener; readonly signals: string[] }[] = [];
  readonly #instance: number;

  constructor(instance: number) {
    this.#instance = instance;
  }

  spawn(listener: ChildProcessListener): ChildProcessHandle {
    const signals: string[] = [];
    this.started.push({ listener, signals });
    return { pid: 100 + this.#instance, signal: (how) => signals.push(how) };
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }
}

class Rig {
  readonly clock = new VirtualClock();
  readonly awaited: boolean[] = [];
  readonly told: string[] = [];
  readonly instances: AppInstances;
  readonly #places: Place[];

  constructor(count: number, policy: Partial<ChildPolicy> = {}) {
    this.#places = Array.from({ length: count }, (_, instance) => new Place(instance));
    this.instances = new AppInstances({
      ...{ processes: this.#places, policy: { ...defaultChildPolicy, ...policy }, clock: this.clock },
      report: (instance, report, pid) => this.told.push(reportText(instance, report, pid)),
      awaited: (isAwaited) => this.awaited.push(isAwaited),
    });
  }

  static async ready(count: number, policy: Partial<ChildPolicy> = {}): Promise<Rig> {
    const rig = new Rig(count, policy);
    rig.instances.start();
    for (let instance = 0; instance < count; instance++) await rig.ready(instance);
    return rig;
  }

  /** How many processes each instance has had. */
  counts(): number[] {
    return this.#places.map(({ started }) => started.length);
  }

  signals(): string[][] {
    return this.#places.map(({ started }) => started.at(-1)?.signals ?? []);
  }

  async ready(instance: number): Promise<void> {
    this.#places[instance]?.started.at(-1)?.listener.ready();
    await this.settle();
  }

  async exit(instance: number, exit: ExitInfo = { code: 7, signal: undefined, isFailure: true }): Promise<void> {
    this.#places[instance]?.started.at(-1)?.listener.exited(exit);
    await this.settle();
    await this.clock.advance(0);
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

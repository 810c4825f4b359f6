import * as assert from "uvu/assert";
import { ModuleTargets } from "../../src/runtime/module-targets.ts";
import { orderOf } from "../runners/target-rig.ts";
import { RigTargets } from "../support/rig-targets.ts";
import { suite } from "../support/suite.ts";

const test = suite("runtime/module-targets");

function rig(options: { readonly hostsAll?: boolean; readonly isVirtual?: boolean }) {
  const [threads, hosts] = [new RigTargets(), new RigTargets()];
  const targets = new ModuleTargets(threads, hosts, { hostsAll: false, isVirtual: false, ...options });
  const start = (more: object = {}) => targets.start(orderOf({ module: "./x.js", ...more }), () => undefined);
  return { threads, hosts, start };
}

test("modules that ask for a process have one, all of them in a runtime that hosts them", () => {
  const { threads, hosts, start } = rig({});
  start();
  start({ isolate: "process" });
  start({ maxMemory: "100 MiB" });
  assert.equal([threads.attempts.length, hosts.attempts.length], [1, 2]);
  const other = rig({ hostsAll: true });
  other.start();
  assert.equal([other.threads.attempts.length, other.hosts.attempts.length], [0, 1]);
});

test("under a virtual clock an attempt waits or executes, and for how long is not told", () => {
  const { threads, start } = rig({ isVirtual: true });
  const handle = start();
  let executingMs: number | undefined;
  threads.last.executingMs = () => executingMs;
  assert.is(handle.executingMs?.(), undefined);
  executingMs = 3;
  assert.is(handle.executingMs?.(), Number.POSITIVE_INFINITY);
  const reason = new Error("stop");
  handle.abort(reason);
  handle.terminate?.();
  assert.equal([threads.last.aborts, threads.last.terminations], [[reason], 1]);
});

test.run();

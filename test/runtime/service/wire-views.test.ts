import { Packr } from "msgpackr";
import { equal, is } from "uvu/assert";
import { viewRuns } from "../../../src/runtime/service/run-view.ts";
import {
  packHistory,
  packRun,
  packTimer,
  unpackHistory,
  unpackRun,
  unpackTimer,
} from "../../../src/runtime/service/wire-views.ts";
import { EngineRig } from "../../support/engine-rig.ts";
import { suite } from "../../support/suite.ts";

const test = suite("wire views");
const packr = new Packr({ useRecords: false, variableMapSize: true });
const sent = (value: unknown): unknown => packr.unpack(packr.pack(value));

/** What an object is but for members that are undefined, which do not travel. */
function present(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}

/** A history with all that an entry may have, a timer with a target, and a run between two attempts. */
async function rigWithAll(): Promise<EngineRig> {
  const rig = new EngineRig();
  const module = "./job.js";
  await rig.add("t", { every: "1h", module, grace: "1s", timeout: "1m", retry: { maxAttempts: 2, base: "1s" } });
  const error = Object.assign(new Error("no"), { code: "E_NO", details: { exitCode: 2 } });
  rig.targets.onStart = (attempt) => {
    attempt.onTerminate = () => attempt.end({ kind: "lost", error, ending: "process-killed" });
    if (attempt.order.attempt === 2) attempt.end({ kind: "succeeded", result: { n: 1n } });
  };
  await rig.settle(rig.commands.trigger("t", undefined, 0));
  await rig.clock.advance("2m");
  rig.targets.onStart = (attempt) => {
    attempt.onTerminate = () => attempt.end({ kind: "lost", error, ending: "thread-terminated" });
  };
  await rig.settle(rig.commands.trigger("t", undefined, 0));
  const [run] = rig.engine.data.runs.values();
  if (run !== undefined) rig.engine.abort(run, "requested");
  await rig.clock.advance("1s");
  await rig.settle(rig.commands.trigger("t", undefined, 0));
  rig.targets.last.end({ kind: "failed", error });
  await rig.clock.settle();
  return rig;
}

test("history, timers and runs arrive with all they have, endings and details included", async () => {
  const rig = await rigWithAll();
  const history = rig.history("t");
  equal(
    history.map(({ ending, failures }) => [ending, failures.map((failure) => failure.ending)]),
    [
      ["thread-terminated", []],
      [undefined, ["process-killed"]],
    ],
  );
  for (const entry of history) {
    const there = unpackHistory(sent(packHistory(entry)));
    equal(there, entry);
    equal(Object.keys(there).sort(), Object.keys(entry).sort());
  }
  const timer = rig.view("t");
  equal(timer.lastError?.details, { exitCode: 2 });
  equal(unpackTimer(sent(packTimer({ timer, anchorMs: 5 }))), { timer, anchorMs: 5 });
  const runs = viewRuns(rig.engine.data, undefined);
  is(runs.length, 1);
  equal(viewRuns(rig.engine.data, rig.engine.data.timers.slotOf("t")), runs);
  for (const run of runs) equal(present(unpackRun(sent(packRun(run)))), present(run));
});

test.run();

/** Methods that look at one timer or change it. */

import { optionError, readFlag } from "../../core/option-reader.ts";
import { checkPayload } from "../../core/payload.ts";
import { copyPayload } from "../../core/payload-copy.ts";
import { jitterMs, nextOccurrence } from "../../core/recurrence.ts";
import type { IpcMethod } from "../../ipc/methods.ts";
import { readRegistration } from "../../supervisor/registration.ts";
import { viewTimer } from "../../supervisor/views.ts";
import { findTimer } from "./find-timer.ts";
import { readCountOr, readName, readParams } from "./params.ts";
import { viewRun } from "./run-view.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { Slices } from "./slices.ts";
import { packRun, packTimer } from "./wire-views.ts";

const nextRunsMax = 10_000;
/** Live runs of a timer that are shown with it; `run.list` has them all. */
const runsShownMax = 100;

/** Makes `timer.schedule`, `get`, `next`, `pause`, `resume`, `cancel` and `trigger`. */
export function timerMethods(runtime: ServedRuntime): [name: string, method: IpcMethod][] {
  const { commands } = runtime;
  const unary = (name: string, call: (params: unknown) => unknown): [string, IpcMethod] => {
    return [`timer.${name}`, { kind: "unary", call }];
  };
  return [
    unary("schedule", (params) => schedule(runtime, params)),
    unary("get", (params) => getTimer(runtime, params)),
    unary("next", (params) => nextRuns(runtime, params)),
    unary("pause", (params) => commands.pause(knownId(runtime, readParams(params, "id").id))),
    unary("resume", (params) => commands.resume(knownId(runtime, readParams(params, "id").id))),
    unary("cancel", (params) => {
      const { id, abort } = readParams(params, "id", "abort");
      return commands.cancel(knownId(runtime, id), readFlag(abort ?? false, "abort"));
    }),
    unary("trigger", (params) => {
      const { id, payload } = readParams(params, "id", "payload");
      const bytes = payload === undefined ? 0 : checkPayload(payload, "payload");
      return commands.trigger(knownId(runtime, id), copyPayload(payload), bytes);
    }),
  ];
}

/** The id, if there is a timer of that name; what is not known is refused with the nearest name there is. */
function knownId(runtime: ServedRuntime, value: unknown): string {
  const id = readName(value, "id");
  findTimer(runtime.engine.data, id);
  return id;
}

/** A timer whose code is in the application can only be scheduled by the application. */
function schedule(runtime: ServedRuntime, params: unknown): Promise<object> {
  const { id, options } = readParams(params, "id", "options");
  const { recurrences, clock } = runtime.engine;
  const registration = readRegistration(id, options, recurrences, clock.nowMs());
  if (registration.definition.target.kind !== "callback") return runtime.schedule(registration);
  throw optionError(
    "options",
    "Expected options that say what is executed: module, command or http; got none of them",
    "A callback is code of the application, which gives it to schedule() itself",
  );
}

function getTimer(runtime: ServedRuntime, params: unknown): object {
  const { engine, history } = runtime;
  const { data } = engine;
  const slot = findTimer(data, readName(readParams(params, "id").id, "id"));
  const timer = viewTimer(data, slot, runtime.isOrphaned(slot), history);
  const runs = data.runs.ofSlot(slot);
  return {
    timer: packTimer({ timer, anchorMs: data.timers.anchorMs.get(slot) }),
    runs: runs.slice(0, runsShownMax).map((run) => packRun(viewRun(data, run))),
    runCount: runs.length,
  };
}

/** As `viewNextRuns`, in slices: ten thousand times of a cron that is seldom due take a while. */
async function nextRuns(runtime: ServedRuntime, params: unknown): Promise<readonly number[]> {
  const { id, count } = readParams(params, "id", "count");
  const { data, recurrences } = runtime.engine;
  const slot = findTimer(data, readName(id, "id"));
  const wanted = readCountOr(count, "count", 0, nextRunsMax, 10);
  const timerId = data.timers.idOf(slot) ?? "";
  const recurrence = recurrences.of(data, slot);
  const slices = new Slices(runtime.realClock);
  const runs: number[] = [];
  let atMs: number | undefined = data.timers.nextAtMs.get(slot) || undefined;
  while (atMs !== undefined && runs.length < wanted) {
    runs.push(atMs + jitterMs(recurrence.definition, timerId, atMs));
    atMs = nextOccurrence(recurrence, atMs);
    if (slices.isOver) await slices.next();
  }
  return runs;
}

/** Methods about runs: those that have not ended, ending one, trying again, and waiting for an end. */

import { KronError } from "../../core/errors.ts";
import { readChoice } from "../../core/option-reader.ts";
import { parseRunId } from "../../core/run.ts";
import type { IpcMethod, IpcStream } from "../../ipc/methods.ts";
import type { RunEvent } from "../../supervisor/events.ts";
import { RunCommands } from "../../supervisor/run-commands.ts";
import { type HistoryEntry, viewRow } from "../../supervisor/views.ts";
import { findTimer } from "./find-timer.ts";
import { Page } from "./page.ts";
import { readChoices, readName, readParams } from "./params.ts";
import { runStates, viewRun } from "./run-view.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { Slices } from "./slices.ts";
import { packHistory, packRun, type Tuple } from "./wire-views.ts";

/** How far back a run that has ended is looked for. */
const rowsSearchedMax = 1_000;

/** Makes `run.list`, `cancel`, `retry` and `wait`. */
export function runMethods(runtime: ServedRuntime): [name: string, method: IpcMethod][] {
  const commands = new RunCommands(runtime.engine, runtime.commands);
  return [
    ["run.list", { kind: "stream", open: (params, stream) => sendRuns(runtime, params, stream) }],
    [
      "run.cancel",
      { kind: "unary", call: (params) => commands.cancel(readName(readParams(params, "runId").runId, "runId")) },
    ],
    [
      "run.retry",
      {
        kind: "unary",
        call(params) {
          const id = readName(readParams(params, "id").id, "id");
          return commands.retry(id, findTimer(runtime.engine.data, id));
        },
      },
    ],
    ["run.wait", { kind: "unary", call: (params, { signal }) => waitForRun(runtime, params, signal) }],
  ];
}

/** Those made before the walk began, in pages `{ runs }`; runs that come and go meanwhile may be there or not. */
async function sendRuns(runtime: ServedRuntime, params: unknown, stream: IpcStream): Promise<void> {
  const { state, timerId } = readParams(params, "state", "timerId");
  const states = readChoices(state, "state", (one) => readChoice(one, "state", runStates));
  const { data } = runtime.engine;
  const slot = timerId === undefined ? undefined : findTimer(data, readName(timerId, "timerId"));
  const slices = new Slices(runtime.realClock);
  const page = new Page();
  const lastId = data.recordCount;
  for (const run of slot === undefined ? data.runs.values() : data.runs.ofSlot(slot)) {
    if (run.id > lastId) break;
    if (slices.isOver) {
      await slices.next();
      if (stream.signal.aborted) return;
    }
    if (run.state === "finished" || (states !== undefined && !states.has(run.state))) continue;
    const tuple = packRun(viewRun(data, run));
    if (page.isFullFor(tuple) && !(await slices.send(stream, { runs: page.take() }))) return;
    page.add(tuple);
  }
  if (await slices.send(stream, { runs: page.take() })) stream.end();
}

/** The run's entry of the history, as soon as it has ended. */
async function waitForRun(runtime: ServedRuntime, params: unknown, signal: AbortSignal): Promise<Tuple> {
  const { timerId, runId } = readParams(params, "timerId", "runId");
  const id = readName(timerId, "timerId");
  const name = readName(runId, "runId");
  const number = parseRunId(name);
  const { data } = runtime.engine;
  const slot = findTimer(data, id);
  const reference = data.timers.reference(slot);
  if (number !== undefined && data.runs.get(number)?.slot === slot) await runEnd(runtime, id, name, signal);
  const held = data.timers.resolve(reference);
  const entry = held === undefined || number === undefined ? undefined : entryOf(runtime, held, id, number);
  if (entry !== undefined) return packHistory(entry);
  throw new KronError("KRON_RUN_NOT_FOUND", `Timer "${id}" has no run ${name} on record`, {
    hint: "It may be older than the history that is kept",
  });
}

/** Resolves when the run has ended. Rejects when the caller wants it no longer. */
function runEnd({ events }: ServedRuntime, timerId: string, runId: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const unsubscribe = events.subscribe(new Set(["run"]), (_name, event) => {
      const { type, ...run } = event as RunEvent;
      const isEnd = type === "RUN_SUCCEEDED" || type === "RUN_DEAD" || type === "RUN_CANCELLED";
      if (!isEnd || run.runId !== runId || run.timerId !== timerId) return;
      unsubscribe();
      resolve();
    });
    const giveUp = (): void => {
      unsubscribe();
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
  });
}

/** Of a run that has ended: among the newest rows, if it has just done so. */
function entryOf(runtime: ServedRuntime, slot: number, timerId: string, run: number): HistoryEntry | undefined {
  let entry: HistoryEntry | undefined;
  let rows = 0;
  runtime.history.visit(slot, (row) => {
    rows += 1;
    if (row.run === run) entry = viewRow(timerId, row);
    return entry === undefined && rows < rowsSearchedMax;
  });
  return entry;
}

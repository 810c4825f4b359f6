/** Methods about the runtime as a whole. */

import type { IpcMethod } from "../../ipc/methods.ts";
import { nextTurn } from "../../system.ts";
import { packageVersion } from "../../version.ts";
import { directorySizes } from "../directory-sizes.ts";
import { readCountOr, readParams } from "./params.ts";
import type { RuntimePhase, ServedRuntime } from "./served-runtime.ts";

/** The answer of `runtime.status`. Times are epoch milliseconds. */
export interface RuntimeStatus {
  readonly state: RuntimePhase;
  readonly mode: ServedRuntime["mode"];
  readonly dataDir: string;
  readonly uuid: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAtMs: number;
  readonly timers: number;
  readonly running: number;
  readonly concurrency: number;
  readonly waiting: number;
  readonly due: number;
  readonly abandoned: number;
  readonly isWritable: boolean;
  readonly rssBytes: number;
  readonly apps: readonly object[];
  readonly hosts: readonly object[];
  /** The last entry that was applied, and when it was stamped. */
  readonly lastIndex: number;
  readonly lastAtMs: number;
}

const timeoutMsDefault = 10_000;
const timeoutMsMax = 2 ** 31 - 1;

/** Makes `runtime.status`, `runtime.shutdown` and `log.compact`. */
export function runtimeMethods(runtime: ServedRuntime): [name: string, method: IpcMethod][] {
  return [
    [
      "runtime.status",
      {
        kind: "unary",
        call(params) {
          readParams(params);
          return runtimeStatus(runtime);
        },
      },
    ],
    ["runtime.shutdown", { kind: "unary", call: (params) => shutdown(runtime, params) }],
    ["log.compact", { kind: "unary", call: (params) => compact(runtime, params) }],
  ];
}

/** What the runtime is doing. */
export function runtimeStatus(runtime: ServedRuntime): RuntimeStatus {
  const { engine, mode, dataDir, uuid, startedAtMs } = runtime;
  const { data, dispatcher, scheduler, ledger, clock, concurrency } = engine;
  return {
    ...{ state: runtime.phase(), mode, dataDir, uuid, pid: process.pid, version: packageVersion(), startedAtMs },
    ...{ timers: data.timers.size, running: dispatcher.activeCount, concurrency, waiting: scheduler.waitingCount },
    ...{ due: scheduler.dueCount(clock.nowMs()), abandoned: dispatcher.abandonedCount },
    ...{ isWritable: ledger.isWritable, rssBytes: process.memoryUsage.rss() },
    ...{ apps: runtime.apps(), hosts: runtime.hosts(), lastIndex: data.appliedIndex, lastAtMs: data.atMs },
  };
}

/** Answers first: the connection is closed on the way down. */
function shutdown(runtime: ServedRuntime, params: unknown): object {
  const { timeoutMs } = readParams(params, "timeoutMs");
  const ms = readCountOr(timeoutMs, "timeoutMs", 0, timeoutMsMax, timeoutMsDefault);
  void nextTurn().then(() => runtime.shutdown(ms));
  return { pid: process.pid, state: "draining", timeoutMs: ms, running: runtime.engine.dispatcher.activeCount };
}

async function compact(runtime: ServedRuntime, params: unknown): Promise<object> {
  readParams(params);
  const { dataDir, disk, snapshots } = runtime;
  const before = directorySizes(dataDir, disk);
  await snapshots.compact();
  return { asOfEntry: snapshots.snapshotIndex, before, after: directorySizes(dataDir, disk) };
}

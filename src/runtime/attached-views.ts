/** What can be seen of a runtime in another process, asked for and read into the shape it has at home. */

import { isKronError, KronError } from "../core/errors.ts";
import { isPlainObject, type RawOptions } from "../core/option-reader.ts";
import type { IpcClient } from "../ipc/client.ts";
import type { HistoryEntry, HistoryRange, TimerView } from "../supervisor/views.ts";
import type { RuntimeFigures } from "./runtime.ts";
import type { RunView } from "./service/run-view.ts";
import { unpackHistory, unpackRun, unpackTimer } from "./service/wire-views.ts";

/** A timer, or undefined when there is none of this id. */
export async function readTimer(client: IpcClient, id: string): Promise<TimerView | undefined> {
  try {
    const reply = await client.call("timer.get", { id });
    return unpackTimer(membersOf(reply).timer).timer;
  } catch (error) {
    if (isKronError(error, "KRON_TIMER_NOT_FOUND")) return undefined;
    throw error;
  }
}

/** All timers, sorted by id. */
export async function readAllTimers(client: IpcClient): Promise<TimerView[]> {
  const views = new Map<string, TimerView>();
  for await (const page of client.stream("timer.list", {})) {
    const { timers } = membersOf(page);
    for (const tuple of asList(timers)) {
      const { timer } = unpackTimer(tuple);
      views.set(timer.id, timer);
    }
  }
  return [...views.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The history of a timer. Rejects with `KRON_TIMER_NOT_FOUND`. */
export async function readHistory(client: IpcClient, id: string, range: HistoryRange): Promise<HistoryEntry[]> {
  const { limit, sinceMs, beforeMs } = range;
  const params = {
    ...{ id, limit },
    ...(Number.isFinite(sinceMs) && { since: sinceMs }),
    ...(Number.isFinite(beforeMs) && { before: beforeMs }),
  };
  const entries: HistoryEntry[] = [];
  for await (const page of client.stream("timer.history", params)) {
    for (const tuple of asList(membersOf(page).entries)) entries.push(unpackHistory(tuple));
  }
  return entries;
}

/** Runs that have not ended, of one timer or of all. Rejects with `KRON_TIMER_NOT_FOUND`. */
export async function readRuns(client: IpcClient, timerId: string | undefined): Promise<RunView[]> {
  const views: RunView[] = [];
  for await (const page of client.stream("run.list", timerId === undefined ? {} : { timerId })) {
    for (const tuple of asList(membersOf(page).runs)) views.push(unpackRun(tuple));
  }
  return views;
}

/** The numbers of the runtime. */
export async function readFigures(client: IpcClient): Promise<RuntimeFigures> {
  const { timers, running, concurrency, waiting, due, abandoned, isWritable } = membersOf(
    await client.call("runtime.status"),
  );
  return {
    timers: Number(timers),
    running: Number(running),
    concurrency: Number(concurrency),
    waiting: Number(waiting),
    due: Number(due),
    abandoned: Number(abandoned),
    isWritable: isWritable === true,
  };
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refusal();
}

function membersOf(value: unknown): RawOptions {
  if (isPlainObject(value)) return value;
  throw refusal();
}

function refusal(): KronError {
  return new KronError("KRON_IPC_PROTOCOL", "Expected an answer as this version of Kron gives it", {
    hint: "Use the same version of Kron on both sides",
  });
}

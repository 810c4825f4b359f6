/** Timers, runs, history and due times, from the runtime where there is one, else from the files. */

import { isFixedDelay } from "../../src/core/recurrence.ts";
import { type RunView, viewRun } from "../../src/runtime/service/run-view.ts";
import {
  type TimerRow,
  type Tuple,
  unpackHistory,
  unpackRun,
  unpackTimer,
} from "../../src/runtime/service/wire-views.ts";
import {
  type HistoryEntry,
  type HistoryQuery,
  type TimerState,
  viewHistory,
  viewNextRuns,
  viewTimer,
} from "../../src/supervisor/views.ts";
import type { CommandContext } from "../context.ts";
import { askLive, itemsOf } from "./live.ts";
import { type Offline, openOffline, readOffline, slotOfTimer } from "./offline.ts";
import { type Seen, seenLive, seenOffline } from "./seen.ts";

type With<T> = T & { readonly seen: Seen };

/** All timers in these states, sorted by id. */
export async function lookAtTimers(
  context: CommandContext,
  states: ReadonlySet<TimerState> | undefined,
): Promise<With<{ readonly rows: readonly TimerRow[] }>> {
  const found = await askLive(context, async (live) => {
    // Of an id that comes twice, because it was made anew meanwhile, the later one counts.
    const rows = new Map<string, TimerRow>();
    const params = { state: states === undefined ? null : [...states] };
    for await (const page of itemsOf(live, "timer.list", params)) {
      for (const tuple of (page as { readonly timers: readonly Tuple[] }).timers) {
        const row = unpackTimer(tuple);
        rows.set(row.timer.id, row);
      }
    }
    return { seen: seenLive(context, live), rows: sorted([...rows.values()]) };
  });
  if (found !== undefined) return found;
  const { offline, result } = await readOffline(context, (read) => allTimers(read, states));
  return { seen: seenOffline(context, offline), rows: sorted(result) };
}

function allTimers({ state, history }: Offline, states: ReadonlySet<TimerState> | undefined): TimerRow[] {
  const rows: TimerRow[] = [];
  for (let slot = 0; slot < state.timers.slotCount; slot++) {
    if (!state.timers.has(slot)) continue;
    const timer = viewTimer(state, slot, false, history);
    if (states === undefined || states.has(timer.state)) {
      rows.push({ timer, anchorMs: state.timers.anchorMs.get(slot) });
    }
  }
  return rows;
}

function sorted(rows: TimerRow[]): TimerRow[] {
  return rows.sort((a, b) => (a.timer.id < b.timer.id ? -1 : 1));
}

/** A timer with its runs that have not ended. Throws when there is none of that id. */
export async function lookAtTimer(
  context: CommandContext,
  id: string,
): Promise<With<{ readonly row: TimerRow; readonly runs: readonly RunView[] }>> {
  const found = await askLive(context, async (live) => {
    const answer = (await live.client.call("timer.get", { id })) as { timer: Tuple; runs: readonly Tuple[] };
    return { seen: seenLive(context, live), row: unpackTimer(answer.timer), runs: answer.runs.map(unpackRun) };
  });
  if (found !== undefined) return found;
  const { offline, result } = await readOffline(context, ({ state, history }) => {
    const slot = slotOfTimer(state, id);
    const runs = state.runs.ofSlot(slot).map((run) => viewRun(state, run));
    return { row: { timer: viewTimer(state, slot, false, history), anchorMs: state.timers.anchorMs.get(slot) }, runs };
  });
  return { seen: seenOffline(context, offline), ...result };
}

/** The history of a timer, newest first. Throws when there is none of that id. */
export async function lookAtHistory(
  context: CommandContext,
  id: string,
  query: HistoryQuery,
): Promise<With<{ readonly entries: readonly HistoryEntry[] }>> {
  const found = await askLive(context, async (live) => {
    const entries: HistoryEntry[] = [];
    for await (const page of itemsOf(live, "timer.history", { id, ...query })) {
      for (const tuple of (page as { readonly entries: readonly Tuple[] }).entries) entries.push(unpackHistory(tuple));
    }
    return { seen: seenLive(context, live), entries };
  });
  if (found !== undefined) return found;
  const { offline, result } = await readOffline(context, ({ state, history }) =>
    viewHistory(state, slotOfTimer(state, id), query, history),
  );
  return { seen: seenOffline(context, offline), entries: result };
}

/** The next due times of a timer. Throws when there is none of that id. */
export async function lookAtNextRuns(
  context: CommandContext,
  id: string,
  count: number,
): Promise<With<{ readonly runs: readonly number[]; readonly isFixedDelay: boolean }>> {
  const found = await askLive(context, async (live) => {
    const runs = (await live.client.call("timer.next", { id, count })) as number[];
    const { timer } = (await live.client.call("timer.get", { id })) as { timer: Tuple };
    const { definition } = unpackTimer(timer).timer;
    return { seen: seenLive(context, live), runs, isFixedDelay: isFixedDelay(definition) };
  });
  if (found !== undefined) return found;
  const offline = await openOffline(context);
  // What comes next is in memory.
  await offline.close();
  const { state, recurrences } = offline;
  const slot = slotOfTimer(state, id);
  const definition = state.definitions.get(state.timers.definition.get(slot));
  const runs = viewNextRuns(state, slot, recurrences.of(state, slot), count);
  return { seen: seenOffline(context, offline), runs, isFixedDelay: isFixedDelay(definition) };
}

/** The runs that have not ended, in the order in which they were made. */
export async function lookAtRuns(
  context: CommandContext,
  states: ReadonlySet<RunView["state"]> | undefined,
  timerId: string | undefined,
): Promise<With<{ readonly runs: readonly RunView[] }>> {
  const found = await askLive(context, async (live) => {
    const runs: RunView[] = [];
    const params = { state: states === undefined ? null : [...states], timerId: timerId ?? null };
    for await (const page of itemsOf(live, "run.list", params)) {
      for (const tuple of (page as { readonly runs: readonly Tuple[] }).runs) runs.push(unpackRun(tuple));
    }
    return { seen: seenLive(context, live), runs };
  });
  if (found !== undefined) return found;
  const offline = await openOffline(context);
  await offline.close();
  const { state } = offline;
  const held = timerId === undefined ? state.runs.values() : state.runs.ofSlot(slotOfTimer(state, timerId));
  const runs = [...held].map((run) => viewRun(state, run)).filter((run) => states?.has(run.state) ?? true);
  return { seen: seenOffline(context, offline), runs };
}

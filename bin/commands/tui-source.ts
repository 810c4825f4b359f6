/** A connection to a runtime as the live view sees it: methods of the service, and texts that are safe to show. */

import { isFixedDelay } from "../../src/core/recurrence.ts";
import type { IpcClient } from "../../src/ipc/client.ts";
import type { DirectorySizes } from "../../src/runtime/directory-sizes.ts";
import type { FeedItem } from "../../src/runtime/service/event-feed.ts";
import type { RuntimeStats } from "../../src/runtime/service/stats-feed.ts";
import type { Timeline } from "../../src/runtime/service/timer-timeline.ts";
import type { TimerWindow } from "../../src/runtime/service/timer-window.ts";
import { type Tuple, unpackHistory, unpackRun, unpackTimer } from "../../src/runtime/service/wire-views.ts";
import type {
  DetailFacts,
  EventFacts,
  RunFacts,
  StatsFacts,
  TimelineFacts,
  TimersQuery,
  TimersWindow,
} from "../../src/tui/facts.ts";
import type { Action, EventsQuery, Source } from "../../src/tui/source.ts";
import type { DisplayZone } from "../display-zone.ts";
import { bytesText } from "../numbers.ts";
import { printable } from "../printable.ts";
import { definitionLines, eventFacts, historyFacts, runFacts, statsFacts, timerFacts } from "./tui-facts.ts";
import { lastOutput } from "./tui-output.ts";

const nextRuns = 10;
const historyEntries = 50;
const compactMsMax = 3_600_000;
/** Events that may be on their way, and that the runtime may keep for us; it drops the rest, so that we see fresh ones. */
const eventsAhead = 64;

/** A runtime over its socket. */
export class LiveSource implements Source {
  readonly #client: IpcClient;
  readonly #dataDir: string;
  readonly #zone: DisplayZone;

  constructor(client: IpcClient, dataDir: string, zone: DisplayZone) {
    this.#client = client;
    this.#dataDir = dataDir;
    this.#zone = zone;
  }

  async *stats(signal: AbortSignal): AsyncGenerator<StatsFacts> {
    for await (const item of this.#client.stream("stats", null, { window: 4, signal })) {
      yield statsFacts(item as RuntimeStats);
    }
  }

  async *events({ timerId, types }: EventsQuery, signal: AbortSignal): AsyncGenerator<EventFacts> {
    const params = { timerId: timerId ?? null, types: types ?? null, keep: eventsAhead };
    for await (const item of this.#client.stream("events", params, { window: eventsAhead, signal })) {
      yield eventFacts(item as FeedItem);
    }
  }

  async timers(query: TimersQuery, signal: AbortSignal): Promise<TimersWindow> {
    const { match, state, anchor, ...rest } = query;
    const params = {
      ...rest,
      match: match || null,
      state: state === undefined ? null : [state],
      anchor: anchor ?? null,
    };
    const answer = (await this.#client.call("timer.window", params, { signal })) as TimerWindow;
    return { ...answer, rows: answer.rows.map((tuple) => timerFacts(unpackTimer(tuple), this.#zone)) };
  }

  async strips(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    return (await this.#client.call("timer.strips", { ids, count: 20 }, { signal })) as string[];
  }

  async timeline(horizonMs: number, buckets: number, signal: AbortSignal): Promise<TimelineFacts> {
    const timeline = (await this.#client.call("timer.timeline", { horizonMs, buckets }, { signal })) as Timeline;
    return { ...timeline, peaks: timeline.peaks.map((peak) => ({ ...peak, ids: peak.ids.map(printable) })) };
  }

  async detail(id: string, signal: AbortSignal): Promise<DetailFacts> {
    const ask = (method: string, params: object): Promise<unknown> => this.#client.call(method, params, { signal });
    const [got, next, history] = await Promise.all([
      ask("timer.get", { id }) as Promise<{ readonly timer: Tuple; readonly runs: readonly Tuple[] }>,
      ask("timer.next", { id, count: nextRuns }) as Promise<number[]>,
      this.#history(id, signal),
    ]);
    const row = unpackTimer(got.timer);
    return {
      ...{ timer: timerFacts(row, this.#zone), lines: definitionLines(row, this.#zone), nextRunsMs: next },
      isFixedDelay: isFixedDelay(row.timer.definition),
      history: history.map((tuple) => historyFacts(unpackHistory(tuple))),
      runs: got.runs.map((tuple) => runFacts(unpackRun(tuple))),
      output: lastOutput(this.#dataDir, id),
    };
  }

  async runs(signal: AbortSignal): Promise<{ readonly runs: readonly RunFacts[]; readonly isPart: boolean }> {
    // One page is all that is read: with very many runs in flight the rest is left where it is.
    for await (const page of this.#client.stream("run.list", null, { window: 1, signal })) {
      const runs = (page as { readonly runs: readonly Tuple[] }).runs.map((tuple) => runFacts(unpackRun(tuple)));
      return { runs, isPart: runs.length >= pageRuns };
    }
    return { runs: [], isPart: false };
  }

  async act(action: Action): Promise<string> {
    const call = (method: string, params: object | null): Promise<unknown> => this.#client.call(method, params);
    switch (action.kind) {
      case "trigger": {
        const { runId } = (await call("timer.trigger", { id: action.timerId })) as { readonly runId: string };
        return `${printable(action.timerId)}: triggered ${runId}`;
      }
      case "pause":
      case "resume":
        await call(`timer.${action.kind}`, { id: action.timerId });
        return `${printable(action.timerId)}: ${action.kind}d`;
      case "cancelTimer":
        await call("timer.cancel", { id: action.timerId });
        return `${printable(action.timerId)}: cancelled`;
      case "retry": {
        const { runId } = (await call("run.retry", { id: action.timerId })) as { readonly runId: string };
        return `${printable(action.timerId)}: tries again as ${runId}`;
      }
      case "cancelRun": {
        const { state } = (await call("run.cancel", { runId: action.runId })) as { readonly state: string };
        return `${action.runId}: ${state}`;
      }
      case "compact":
        return compactText(await this.#client.call("log.compact", null, { deadlineMs: compactMsMax }));
      default:
        await this.#client.call("supervisor.reload", null, { deadlineMs: 0 });
        return "The app is reloaded";
    }
  }

  onClose(listener: (why: string) => void): void {
    this.#client.onClose((error) => listener(printable(error?.message ?? "It has closed the connection")));
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #history(id: string, signal: AbortSignal): Promise<Tuple[]> {
    const tuples: Tuple[] = [];
    for await (const page of this.#client.stream("timer.history", { id, limit: historyEntries }, { signal })) {
      tuples.push(...(page as { readonly entries: readonly Tuple[] }).entries);
    }
    return tuples;
  }
}

/** Runs in a full page of `run.list`. */
const pageRuns = 500;

function compactText(answer: unknown): string {
  const { before, after } = answer as { readonly before: DirectorySizes; readonly after: DirectorySizes };
  const bytes = (sizes: DirectorySizes): string => bytesText(sizes.journalBytes + sizes.snapshotBytes);
  return `Compacted: ${bytes(before)} before, ${bytes(after)} after`;
}

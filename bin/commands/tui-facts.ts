/** What the service tells, as the live view shows it: in texts that are safe for a terminal. */

import { readFileSync } from "node:fs";
import { isPlainObject } from "../../src/core/option-reader.ts";
import type { FeedItem } from "../../src/runtime/service/event-feed.ts";
import type { RunView } from "../../src/runtime/service/run-view.ts";
import type { RuntimeStats } from "../../src/runtime/service/stats-feed.ts";
import type { TimerRow } from "../../src/runtime/service/wire-views.ts";
import type { ErrorInfo } from "../../src/supervisor/events.ts";
import type { HistoryEntry } from "../../src/supervisor/views.ts";
import type { EventFacts, HistoryFacts, RunFacts, StatsFacts, TimerFacts } from "../../src/tui/facts.ts";
import type { DisplayZone } from "../display-zone.ts";
import { jsonText } from "../output.ts";
import { printable, shortened } from "../printable.ts";
import { eventDetail } from "./event-text.ts";
import { policyText, scheduleText } from "./schedule-text.ts";
import { targetText } from "./target-text.ts";

const noteLengthMax = 200;

/** The figures. */
export function statsFacts(stats: RuntimeStats): StatsFacts {
  const { status } = stats;
  const texts = { dataDir: printable(status.dataDir), version: printable(status.version) };
  const [apps, hosts] = [status.apps.map(withMemory), status.hosts.map(withMemory)];
  return { ...stats, status: { ...status, ...texts, apps, hosts } };
}

const pageBytes = 4_096;

/** A process with the memory it takes, which is looked up here: it costs the runtime nothing. */
function withMemory(one: object): object {
  const { pid } = one as { readonly pid?: unknown };
  if (typeof pid !== "number") return one;
  try {
    // proc(5): the second number of statm counts resident pages.
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
    return { ...one, rssBytes: pages * pageBytes };
  } catch {
    // It has ended, or this is no Linux.
    return one;
  }
}

/** A timer in a list. */
export function timerFacts({ timer, anchorMs }: TimerRow, zone: DisplayZone): TimerFacts {
  const { definition } = timer;
  return {
    ...{ id: timer.id, state: timer.state, schedule: scheduleText(definition, anchorMs, zone) },
    target: targetText(definition.target) ?? "callback",
    ...{ nextAtMs: timer.nextRunAtMs, retryAtMs: timer.nextRetryAtMs, lastAtMs: timer.lastFinishedAtMs },
    ...{ lastOutcome: timer.lastOutcome, lastTookMs: timer.lastDurationMs },
  };
}

/** What there is to say about a timer besides its state. */
export function definitionLines(
  { timer, anchorMs }: TimerRow,
  zone: DisplayZone,
): (readonly [name: string, value: string])[] {
  const { definition, payload, lastError } = timer;
  const counts = [
    ...[`${timer.succeededCount} succeeded`, `${timer.deadCount} dead`, `${timer.missedCount} missed`],
    ...[`${timer.skippedCount} skipped`, `${timer.retriesIn7Days} retries in 7 days`],
  ];
  return [
    ["schedule", scheduleText(definition, anchorMs, zone)],
    ["executes", targetText(definition.target) ?? "a callback of the application"],
    ["so far", counts.join(", ")],
    ...(lastError === undefined ? [] : [["last error", errorText(lastError)] as const]),
    ...policyText(definition)
      .split("; ")
      .map((part, at) => [at === 0 ? "policy" : "", part] as const),
    ...(payload === null || payload === undefined
      ? []
      : [["payload", shortened(jsonText(payload), noteLengthMax)] as const]),
  ];
}

/** A run in flight. */
export function runFacts(run: RunView): RunFacts {
  const { runId, timerId, state, isManual, attempt, maxAttempts, dueAtMs, startedAtMs, retryAtMs, target } = run;
  return { runId, timerId, state, isManual, attempt, maxAttempts, dueAtMs, startedAtMs, retryAtMs, target };
}

/** An entry of the history. */
export function historyFacts(entry: HistoryEntry): HistoryFacts {
  const { outcome, runId, isManual, scheduledAtMs, finishedAtMs, durationMs, attempts, count, failures } = entry;
  return {
    ...{ outcome, runId, isManual, scheduledAtMs, finishedAtMs, tookMs: durationMs, attempts, count },
    note: noteOf(entry),
    failures: failures.map((failure) => ({
      ...{ attempt: failure.attempt, outcome: failure.outcome, tookMs: failure.durationMs },
      error: errorText(failure.error) + (failure.ending === undefined ? "" : ` (${failure.ending})`),
    })),
  };
}

function noteOf({ outcome, reason, failures, result, resultNote }: HistoryEntry): string {
  if (reason !== undefined) return printable(reason);
  const last = failures.at(-1);
  if (outcome === "DEAD" && last !== undefined) return errorText(last.error);
  if (result !== undefined) return shortened(jsonText(result), noteLengthMax);
  return resultNote === undefined ? "" : printable(resultNote);
}

/** Something that happened. */
export function eventFacts(item: FeedItem): EventFacts {
  if (item.kind === "dropped") {
    const text = `${item.count} more that came too fast to be shown`;
    return { type: "DROPPED", atMs: undefined, timerId: undefined, runId: undefined, text };
  }
  const members = isPlainObject(item.event) ? item.event : {};
  const { atMs, timerId, runId, fraction } = members;
  return {
    type: item.type,
    atMs: typeof atMs === "number" ? atMs : undefined,
    timerId: typeof timerId === "string" ? timerId : undefined,
    runId: typeof runId === "string" ? runId : undefined,
    text: eventDetail(members),
    ...(item.type === "PROGRESS" && typeof fraction === "number" && { fraction }),
  };
}

function errorText({ name, message }: ErrorInfo): string {
  return shortened(`${name}: ${message}`, noteLengthMax);
}

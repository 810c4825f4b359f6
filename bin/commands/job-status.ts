/** `kron job status <timer>`: everything on record about one timer, its history left aside. */

import { isKronError } from "../../src/core/errors.ts";
import type { RunView } from "../../src/runtime/service/run-view.ts";
import type { TimerRow } from "../../src/runtime/service/wire-views.ts";
import type { TimerView } from "../../src/supervisor/views.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { type LabelledText, printLabelled } from "../labelled-lines.ts";
import { jsonText } from "../output.ts";
import { printable, shortened } from "../printable.ts";
import { fullTime, tookText } from "../times.ts";
import { lookAtTimer } from "./look.ts";
import { policyText, scheduleText } from "./schedule-text.ts";
import type { Seen } from "./seen.ts";
import { targetText } from "./target-text.ts";

const shownCharactersMax = 200;
const labelWidth = 13;

/** Prints the timer of that id. */
export async function jobStatus(context: CommandContext, id: string): Promise<ExitCodeValue> {
  const { seen, row, runs } = await lookAtTimer(context, id);
  const { output } = context;
  if (output.options.isJson) {
    output.json({
      ...{ version: jsonVersion, command: "job status", dataDir: context.dataDir, runtime: seen.runtime },
      timer: row.timer,
      runs: runs.map(runJson),
    });
  } else {
    printLabelled(output, lines(row, runs, seen, context.nowMs), labelWidth);
  }
  return seen.report();
}

function runJson(run: RunView): object {
  return {
    runId: run.runId,
    state: run.state,
    isManual: run.isManual,
    attempt: run.attempt,
    scheduledAtMs: run.scheduledAtMs,
    dueAtMs: run.dueAtMs,
    startedAtMs: run.startedAtMs ?? null,
    retryAtMs: run.retryAtMs ?? null,
  };
}

function lines(row: TimerRow, runs: readonly RunView[], seen: Seen, nowMs: number): LabelledText[] {
  const { timer: view, anchorMs } = row;
  const { zone, runtime } = seen;
  const { definition } = view;
  const time = (ms: number): string => fullTime(ms, zone, nowMs);
  const result: LabelledText[] = [
    ["timer", printable(view.id)],
    ["status", view.state + (view.state === "running" && runtime.state === "ended" ? " (when the process ended)" : "")],
    ["schedule", scheduleText(definition, anchorMs, zone)],
  ];
  const target = targetText(definition.target);
  const words = wordsOf(row, seen);
  if (words !== undefined) result.push(["", words]);
  if (target !== undefined) result.push(["target", shortened(target, shownCharactersMax)]);
  result.push(["policies", policyText(definition)], ["created", time(view.createdAtMs)]);
  if (view.lastFinishedAtMs !== undefined) result.push(["last_run", time(view.lastFinishedAtMs)]);
  if (view.lastDurationMs !== undefined) result.push(["duration", tookText(view.lastDurationMs)]);
  if (view.lastOutcome !== undefined) result.push(["last_status", view.lastOutcome]);
  if (view.lastError !== undefined) {
    const { name, message } = view.lastError;
    result.push(["last_error", shortened(`${name}: ${message}`, shownCharactersMax)]);
  }
  result.push(["next_run", view.nextRunAtMs === undefined ? "-" : time(view.nextRunAtMs)]);
  for (const run of runs) result.push(["run", runText(run, time)]);
  result.push(["counts", countsText(view)], ["retries_7d", String(view.retriesIn7Days)]);
  if (view.payload !== undefined) result.push(["payload", payloadText(view.payload)]);
  return result.map(([label, text]) => [label === "" ? "" : `${label}:`, text]);
}

/** A cron schedule in words; undefined for other schedules, and for zones that this machine does not know. */
function wordsOf({ timer, anchorMs }: TimerRow, { recurrences }: Seen): string | undefined {
  try {
    return recurrences.make(timer.id, timer.definition, anchorMs).cron?.describe();
  } catch (error) {
    if (isKronError(error, "KRON_ZONE_INVALID")) return undefined;
    throw error;
  }
}

function runText(run: RunView, time: (ms: number) => string): string {
  const name = `${run.runId} ${run.isManual ? "by hand" : "due"} ${time(run.dueAtMs)}`;
  if (run.state === "retrying") return `${name}, attempt ${run.attempt + 1} ${time(run.retryAtMs ?? 0)}`;
  return run.state === "running" ? `${name}, attempt ${run.attempt} under way` : `${name}, waiting`;
}

function countsText(view: TimerView): string {
  const { succeededCount, deadCount, missedCount, skippedCount } = view;
  return `${succeededCount} succeeded, ${deadCount} dead, ${missedCount} missed, ${skippedCount} skipped`;
}

function payloadText(payload: unknown): string {
  return shortened(jsonText(payload), shownCharactersMax);
}

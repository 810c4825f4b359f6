/** `kron job list`: every timer on record in one line each. */

import { type TimerState, type TimerView, viewTimer } from "../../src/supervisor/views.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { type Column, tableLines } from "../table.ts";
import { localTime, relativeTime } from "../times.ts";
import { type Offline, readOffline, reportReading, runtimeJson } from "./offline.ts";
import { scheduleText } from "./schedule-text.ts";

/** Options of `kron job list`. */
export interface JobListOptions {
  /** Only timers in one of these states, separated by commas. */
  readonly state?: string;
}

/** The states a timer can be seen in from outside; whether one is orphaned only its runtime knows. */
const states: readonly TimerState[] = [
  ...(["scheduled", "running", "retrying", "waiting", "paused"] as const),
  ...(["completed", "dead", "cancelled"] as const),
];

const columns: readonly Column[] = [
  { heading: "TIMER", widthMin: 12 },
  { heading: "STATE" },
  { heading: "NEXT RUN" },
  { heading: "IN" },
  { heading: "LAST RUN" },
  { heading: "OUTCOME" },
  { heading: "SCHEDULE", widthMin: 10 },
];

/** Prints the timers, sorted by id. */
export async function jobList(context: CommandContext, options: JobListOptions): Promise<ExitCodeValue> {
  const wanted = readStates(options.state);
  const { offline, result } = await readOffline(context, listTimers);
  const { output } = context;
  const views = result.filter(({ state }) => wanted === undefined || wanted.has(state));
  if (output.options.isJson) {
    const { dataDir } = context;
    const head = { version: jsonVersion, command: "job list", dataDir, runtime: runtimeJson(offline) };
    output.jsonList(head, "timers", views);
  } else if (views.length === 0) {
    output.line(wanted === undefined ? "(no timers registered)" : "(no timers in that state)");
  } else {
    const rows = views.map((view) => rowOf(view, offline, context));
    for (const line of tableLines(columns, rows, output.options.width)) output.line(line);
  }
  noteInterrupted(context, offline, views);
  return reportReading(context, offline);
}

function readStates(text: string | undefined): ReadonlySet<TimerState> | undefined {
  if (text === undefined) return undefined;
  const wanted = new Set<TimerState>();
  for (const word of text.split(",")) {
    const state = states.find((known) => known === word.trim().toLowerCase());
    if (state === undefined) {
      const message = `Expected --state to be one or more of ${states.join(", ")}, got "${printable(word)}"`;
      throw new CommandError(ExitCode.USAGE, message);
    }
    wanted.add(state);
  }
  return wanted;
}

function listTimers({ state, history }: Offline): TimerView[] {
  const views: TimerView[] = [];
  for (let slot = 0; slot < state.timers.slotCount; slot++) {
    if (state.timers.idOf(slot) !== undefined) views.push(viewTimer(state, slot, false, history));
  }
  return views.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function rowOf(view: TimerView, { state, zone }: Offline, { nowMs }: CommandContext): string[] {
  const slot = state.timers.slotOf(view.id) ?? 0;
  const nextMs = view.nextRetryAtMs ?? view.nextRunAtMs;
  return [
    printable(view.id),
    view.state,
    nextMs === undefined ? "-" : localTime(nextMs, zone),
    nextMs === undefined ? "-" : nextText(nextMs, nowMs),
    view.lastFinishedAtMs === undefined ? "-" : relativeTime(view.lastFinishedAtMs, nowMs),
    view.lastOutcome ?? "-",
    scheduleText(view.definition, state.timers.anchorMs.get(slot)),
  ];
}

/** The heading says "in"; what has passed is overdue. */
function nextText(nextMs: number, nowMs: number): string {
  const text = relativeTime(nextMs, nowMs);
  return text.startsWith("in ") ? text.slice(3) : text.replace(" ago", " overdue");
}

function noteInterrupted(context: CommandContext, { runtime }: Offline, views: readonly TimerView[]): void {
  if (runtime.state !== "ended" || context.output.options.isJson) return;
  const count = views.filter(({ state }) => state === "running").length;
  if (count === 0) return;
  context.output.message(
    `note: no runtime is there any more; ${count === 1 ? "one timer was" : `${count} timers were`} running when it ended`,
  );
}

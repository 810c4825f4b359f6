/**
 * `kron job logs <timer>`: what a run printed, from the files, beside a runtime or without one.
 *
 * With `-f` what is added is shown too, until the run is over. The runtime tells whether it is, or else the journal, which
 * may take long to read; so it is asked when nothing came for a while, and the less often the longer that takes.
 */

import { isKronError } from "../../src/core/errors.ts";
import { didYouMeanRun } from "../../src/core/suggest.ts";
import { Zones } from "../../src/core/zone.ts";
import { runLogPath } from "../../src/logs/run-log-paths.ts";
import { followRunLog, listRunLogs, readRunLog } from "../../src/logs/run-log-reader.ts";
import { RunLogSplitter } from "../../src/logs/run-log-splitter.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { displayZone } from "../display-zone.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { localTime } from "../times.ts";
import { type LogRenderer, logRenderer } from "./log-renderers.ts";
import { lookAtRuns } from "./look.ts";
import { checkDirectory, readOffline, slotOfTimer } from "./offline.ts";

/** Options of `kron job logs`. */
export interface JobLogsOptions {
  readonly run?: string;
  readonly follow?: boolean;
}

const quietMs = 1_000;
/** A look at the journal is followed by a pause of so many times as long as it took. */
const pauseShare = 20;
const waitMs = 300;
const runPattern = /^run_[0-9a-z]{1,20}$/;

/** Prints the output of a run: the one asked for, else the newest that has any. */
export async function jobLogs(context: CommandContext, id: string, options: JobLogsOptions): Promise<ExitCodeValue> {
  const { dataDir, output } = context;
  checkDirectory(dataDir);
  const isFollowing = options.follow === true;
  const runId =
    options.run === undefined ? await newestRun(context, id, isFollowing) : readRun(dataDir, id, options.run);
  if (runId === undefined) {
    if (!output.options.isJson) output.line("(no output is kept)");
    return ExitCode.OK;
  }
  const zone = displayZone(context, new Zones(intlOffsetSource()));
  const renderer = logRenderer(context, { timerId: id, runId }, (ms) => localTime(ms, zone));
  const path = runLogPath(dataDir, id, runId);
  const shown = isFollowing ? await follow(context, path, id, runId, renderer) : show(path, renderer);
  if (shown > 0 || options.run === undefined) return ExitCode.OK;
  await checkTimer(context, id);
  throw new CommandError(
    ExitCode.NOT_FOUND,
    `No output is kept of ${runId} of timer "${printable(id)}"`,
    didYouMeanRun(runId, runsWithOutput(dataDir, id)),
  );
}

function show(path: string, renderer: LogRenderer): number {
  const splitter = new RunLogSplitter();
  let shown = 0;
  for (const bytes of readRunLog(path)) {
    for (const piece of splitter.push(bytes)) renderer.show(piece);
    shown += bytes.length;
  }
  for (const piece of splitter.end()) renderer.show(piece);
  renderer.end();
  return shown;
}

async function follow(
  context: CommandContext,
  path: string,
  id: string,
  runId: string,
  renderer: LogRenderer,
): Promise<number> {
  const clock = systemClock();
  const splitter = new RunLogSplitter();
  let shown = 0;
  let askAtMs = clock.monotonicMs();
  const isOver = async (): Promise<boolean> => {
    const startMs = clock.monotonicMs();
    if (startMs < askAtMs) return false;
    const live = await liveRuns(context, id, true);
    const endMs = clock.monotonicMs();
    askAtMs = endMs + Math.max(quietMs, (endMs - startMs) * pauseShare);
    return !live.includes(runId);
  };
  for await (const bytes of followRunLog(path, { clock, isOver })) {
    for (const piece of splitter.push(bytes)) renderer.show(piece);
    context.output.flush();
    shown += bytes.length;
    askAtMs = Math.max(askAtMs, clock.monotonicMs() + quietMs);
  }
  for (const piece of splitter.end()) renderer.show(piece);
  renderer.end();
  return shown;
}

/** The newest run that has printed; when following also one that may print yet, for which it waits. */
async function newestRun(context: CommandContext, id: string, isFollowing: boolean): Promise<string | undefined> {
  const printed = listRunLogs(context.dataDir, id)[0]?.runId;
  if (!isFollowing) {
    // A timer may be gone and its output still be there; only without any it matters whether there ever was one.
    if (printed === undefined) await checkTimer(context, id);
    return printed;
  }
  const clock = systemClock();
  for (let isTold = false; ; isTold = true) {
    const live = await liveRuns(context, id, printed !== undefined);
    const newest = [...listRunLogs(context.dataDir, id).map(({ runId }) => runId), ...live].sort().at(-1);
    if (newest !== undefined) return newest;
    if (!isTold) context.output.message("kron: waiting for a run");
    await new Promise<void>((resolve) => clock.wakeAfter(waitMs, resolve));
  }
}

/** The runs of a timer that are not over, none when no runtime is at work. Throws when it has to be known and is not. */
async function liveRuns(context: CommandContext, id: string, mayBeGone: boolean): Promise<string[]> {
  try {
    const { seen, runs } = await lookAtRuns(context, undefined, id);
    const isAtWork = seen.runtime.state === "running" || seen.runtime.state === "draining";
    return isAtWork ? runs.map(({ runId }) => runId) : [];
  } catch (error) {
    if (mayBeGone && isKronError(error, "KRON_TIMER_NOT_FOUND")) return [];
    throw error;
  }
}

function* runsWithOutput(dataDir: string, id: string): Generator<string> {
  for (const { runId } of listRunLogs(dataDir, id)) yield runId;
}

function readRun(dataDir: string, id: string, text: string): string {
  if (runPattern.test(text)) return text;
  const hint = didYouMeanRun(text, runsWithOutput(dataDir, id));
  throw new CommandError(
    ExitCode.USAGE,
    `Expected --run to be an id such as run_00000000a1, got ${printable(text)}`,
    hint,
  );
}

async function checkTimer(context: CommandContext, id: string): Promise<void> {
  await readOffline(context, ({ state }) => slotOfTimer(state, id));
}

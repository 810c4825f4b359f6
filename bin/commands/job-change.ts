/** `kron job pause | resume | cancel | retry`: changes to one timer, made by its runtime. */

import type { ChangeResult } from "../../src/supervisor/commands.ts";
import type { RetryResult } from "../../src/supervisor/run-commands.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { type Live, withLive } from "./live.ts";
import { seenLive } from "./seen.ts";

/** Options of `kron job cancel`. */
export interface JobCancelOptions {
  readonly abort?: boolean;
}

/** Holds a timer back. */
export function jobPause(context: CommandContext, id: string): Promise<ExitCodeValue> {
  return change(context, "pause", { id }, ["paused", "was paused already"]);
}

/** Lets a timer go on. */
export function jobResume(context: CommandContext, id: string): Promise<ExitCodeValue> {
  return change(context, "resume", { id }, ["resumed", "was not paused"]);
}

/** Ends a timer for good. */
export function jobCancel(context: CommandContext, id: string, options: JobCancelOptions): Promise<ExitCodeValue> {
  return change(context, "cancel", { id, abort: options.abort === true }, ["cancelled", "was cancelled already"]);
}

/** Tries again what has failed. */
export function jobRetry(context: CommandContext, id: string): Promise<ExitCodeValue> {
  return withLive(context, async (live) => {
    const result = (await live.client.call("run.retry", { id })) as RetryResult;
    const { runId, state, isNewRun } = result;
    const how = isNewRun ? "a new run of it" : "the next attempt of";
    const what = state === "waiting" ? "waits its turn" : "has begun";
    return tell(context, live, "retry", result, `${printable(id)}: ${how} ${runId} ${what}`);
  });
}

function change(
  context: CommandContext,
  verb: "pause" | "resume" | "cancel",
  params: { readonly id: string; readonly abort?: boolean },
  [done, already]: readonly [done: string, already: string],
): Promise<ExitCodeValue> {
  return withLive(context, async (live) => {
    const result = (await live.client.call(`timer.${verb}`, params)) as ChangeResult;
    return tell(context, live, verb, result, `${printable(params.id)}: ${result.changed ? done : already}`);
  });
}

function tell(context: CommandContext, live: Live, verb: string, result: object, text: string): ExitCodeValue {
  const { output, dataDir } = context;
  const { runtime } = seenLive(context, live);
  if (!output.options.isJson) output.line(text);
  else output.json({ version: jsonVersion, command: `job ${verb}`, dataDir, runtime, ...result });
  return ExitCode.OK;
}

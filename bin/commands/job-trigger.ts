/** `kron job trigger <timer>`: runs it now, and with `--wait` tells how that went. */

import { formatDuration, parseDuration } from "../../src/core/duration.ts";
import { isKronError } from "../../src/core/errors.ts";
import { unpackHistory } from "../../src/runtime/service/wire-views.ts";
import type { TriggerResult } from "../../src/supervisor/commands.ts";
import type { HistoryEntry } from "../../src/supervisor/views.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { jsonText } from "../output.ts";
import { readPayloadOption } from "../payload-option.ts";
import { printable, shortened } from "../printable.ts";
import { tookText } from "../times.ts";
import { type Live, withLive } from "./live.ts";
import { seenLive } from "./seen.ts";

/** Options of `kron job trigger`. */
export interface JobTriggerOptions {
  readonly payload?: string;
  readonly wait?: boolean;
  readonly timeout?: string;
}

const waitDefault = "24h";
const waitMsMax = 2 ** 31 - 1;
const textCharactersMax = 400;

/** Triggers, and waits when that is asked for. */
export async function jobTrigger(
  context: CommandContext,
  id: string,
  options: JobTriggerOptions,
): Promise<ExitCodeValue> {
  if (options.timeout !== undefined && options.wait !== true) {
    throw new CommandError(ExitCode.USAGE, "Expected --timeout only together with --wait");
  }
  const payload = readPayloadOption(options.payload);
  const timeoutMs = parseDuration(options.timeout ?? waitDefault, "--timeout", { minMs: 1, maxMs: waitMsMax });
  return await withLive(context, async (live) => {
    const params = { id, ...(payload !== undefined && { payload }) };
    const triggered = (await live.client.call("timer.trigger", params)) as TriggerResult;
    if (options.wait !== true) return tell(context, live, triggered, undefined);
    if (!context.output.options.isJson)
      context.output.message(`${printable(id)}: ${triggered.runId} ${begun(triggered)}`);
    const { runId } = triggered;
    const tuple = await live.client
      .call("run.wait", { timerId: id, runId }, { deadlineMs: timeoutMs })
      .catch((error) => {
        throw isKronError(error, "KRON_DEADLINE") ? tooLate(runId, timeoutMs) : error;
      });
    return tell(context, live, triggered, unpackHistory(tuple));
  });
}

function tooLate(runId: string, timeoutMs: number): CommandError {
  return new CommandError(
    ExitCode.FAILURE,
    `Expected ${runId} to end within ${formatDuration(timeoutMs)}, it has not`,
    "It goes on; `kron run list` shows it, and `kron run cancel` ends it",
  );
}

function begun({ state }: TriggerResult): string {
  return state === "running" ? "has begun" : "waits its turn";
}

function tell(
  context: CommandContext,
  live: Live,
  triggered: TriggerResult,
  end: HistoryEntry | undefined,
): ExitCodeValue {
  const { output, dataDir } = context;
  if (output.options.isJson) {
    const { runtime } = seenLive(context, live);
    output.json({ version: jsonVersion, command: "job trigger", dataDir, runtime, ...triggered, end });
  } else if (end === undefined) {
    output.line(`${printable(triggered.timerId)}: ${triggered.runId} ${begun(triggered)}`);
  } else {
    output.line(`${printable(triggered.timerId)}: ${triggered.runId} ${endText(end)}`);
  }
  return end === undefined || end.outcome === "SUCCEEDED" ? ExitCode.OK : ExitCode.FAILURE;
}

function endText({ outcome, attempts, durationMs, result, reason, failures }: HistoryEntry): string {
  const parts: string[] = [outcome];
  if (durationMs !== undefined && attempts > 0) parts.push(`in ${tookText(durationMs)}`);
  if (attempts > 1) parts.push(`at attempt ${attempts}`);
  if (reason !== undefined) parts.push(`(${printable(reason)})`);
  const error = failures.at(-1)?.error;
  if (result !== undefined) parts.push(`: ${shortened(jsonText(result), textCharactersMax)}`);
  else if (outcome !== "SUCCEEDED" && error !== undefined) {
    parts.push(`: ${shortened(`${error.name}: ${error.message}`, textCharactersMax)}`);
  }
  return parts.join(" ").replace(" : ", ": ");
}

/** `kron run cancel <run>`: ends a run that waits, and asks one that is under way to stop. */

import type { RunCancelResult } from "../../src/supervisor/run-commands.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { withLive } from "./live.ts";
import { seenLive } from "./seen.ts";

/** Cancels. Rejects with `KRON_RUN_NOT_FOUND` when the run has ended or never was. */
export function runCancel(context: CommandContext, runId: string): Promise<ExitCodeValue> {
  return withLive(context, async (live) => {
    const result = (await live.client.call("run.cancel", { runId })) as RunCancelResult;
    const { output, dataDir } = context;
    const { runtime } = seenLive(context, live);
    if (output.options.isJson)
      output.json({ version: jsonVersion, command: "run cancel", dataDir, runtime, ...result });
    else {
      const what = result.state === "cancelled" ? "cancelled" : "its attempt has been asked to stop";
      output.line(`${result.runId} of ${printable(result.timerId)}: ${what}`);
    }
    return ExitCode.OK;
  });
}

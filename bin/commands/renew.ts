/** `kron reload` and `kron restart`: have the supervisor of a directory renew its app, and wait until that is done. */

import { isKronError } from "../../src/core/errors.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { withLive } from "./live.ts";

/** Exits with 0 once the new app is ready, and with 1 when it is not; after a reload the old one is there then. */
export function renew(context: CommandContext, how: "reload" | "restart"): Promise<ExitCodeValue> {
  return withLive(context, async ({ client, status }) => {
    const { instances } = await ask(client.call(`supervisor.${how}`, null, { deadlineMs: 0 }));
    const { output, dataDir } = context;
    if (output.options.isJson) {
      output.json({ version: jsonVersion, command: how, dataDir, pid: status.pid, instances });
    } else output.line(`${instances === 1 ? "the app is" : `${instances} instances of the app are`} ${how}ed`);
    return ExitCode.OK;
  });
}

async function ask(call: Promise<unknown>): Promise<{ readonly instances: number }> {
  try {
    return (await call) as { readonly instances: number };
  } catch (error) {
    if (!isKronError(error, "KRON_IPC_METHOD_UNKNOWN")) throw error;
    throw new CommandError(
      ExitCode.FAILURE,
      "Expected a supervisor to hold the directory, but it is a runtime inside an application",
      "Only an app that `kron supervise` started can be renewed from outside",
    );
  }
}

/** `kron runtime shutdown`: has the runtime finish and close its directory, and waits for that. */

import { parseDuration } from "../../src/core/duration.ts";
import { systemClock } from "../../src/system.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { type Live, withLive } from "./live.ts";
import { findLockHolder } from "./runtime-presence.ts";

/** Options of `kron runtime shutdown`. */
export interface RuntimeShutdownOptions {
  readonly timeout?: string;
}

const timeoutDefault = "10s";
const timeoutMsMax = 2 ** 31 - 1 - 60_000;
/** Beyond the time for runs: graces, the last checkpoint, and closing. */
const closingMs = 30_000;
const lookEveryMs = 20;

/** Asks for the shutdown, and exits with 0 once the directory is free. */
export function runtimeShutdown(context: CommandContext, options: RuntimeShutdownOptions): Promise<ExitCodeValue> {
  const timeoutMs = parseDuration(options.timeout ?? timeoutDefault, "--timeout", { minMs: 0, maxMs: timeoutMsMax });
  return withLive(context, async (live) => {
    const { running } = (await live.client.call("runtime.shutdown", { timeoutMs })) as { readonly running: number };
    const { output, dataDir } = context;
    const isFree = await waitForRelease(context, live, timeoutMs + closingMs);
    const { pid } = live.status;
    if (!isFree) {
      throw new CommandError(
        ExitCode.FAILURE,
        `Expected process ${pid} to let go of the directory within ${timeoutMs + closingMs} ms, it has not`,
        "It may still be writing its last checkpoint; `kron runtime status` says what it is doing",
      );
    }
    if (output.options.isJson) {
      output.json({ version: jsonVersion, command: "runtime shutdown", dataDir, pid, running, outcome: "stopped" });
    } else output.line(`the runtime of process ${pid} has stopped`);
    return ExitCode.OK;
  });
}

/** The socket is closed before the directory is; its lock is given back last of all. */
async function waitForRelease({ dataDir }: CommandContext, { client, status }: Live, ms: number): Promise<boolean> {
  const clock = systemClock();
  const untilMs = clock.monotonicMs() + ms;
  let isClosed = false;
  client.onClose(() => {
    isClosed = true;
  });
  while (clock.monotonicMs() < untilMs) {
    if (isClosed && findLockHolder(dataDir) !== status.pid) return true;
    await new Promise<void>((resolve) => {
      clock.wakeAfter(lookEveryMs, resolve);
    });
  }
  return false;
}

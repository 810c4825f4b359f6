/** The runtime that is at work in a directory, asked over its socket. */

import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { isKronError, KronError } from "../../src/core/errors.ts";
import type { IpcClient } from "../../src/ipc/client.ts";
import { portName, socketName } from "../../src/ipc/endpoint.ts";
import type { RuntimeStatus } from "../../src/runtime/service/runtime-methods.ts";
import { systemClock } from "../../src/system.ts";
import { packageVersion } from "../../src/version.ts";
import type { CommandContext } from "../context.ts";
import { CommandError, ExitCode } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { findLockHolder } from "./runtime-presence.ts";

/** A runtime that answers. */
export interface Live {
  readonly client: IpcClient;
  readonly status: RuntimeStatus;
}

const connectMs = 3_000;
const silentMs = 30_000;
const pagesAhead = 8;

/** Whether something in the directory says where a runtime listens. */
export function hasEndpoint(dataDir: string): boolean {
  return [socketName, portName].some((name) => existsSync(join(dataDir, name)));
}

/**
 * Asks the runtime, when there is one, else gives undefined. When it goes away in the midst of it, or does not answer,
 * the answer is undefined too: the files say what it did.
 */
export async function askLive<T>(context: CommandContext, ask: (live: Live) => Promise<T>): Promise<T | undefined> {
  const live = await findLive(context);
  if (live === undefined) return undefined;
  try {
    return await ask(live);
  } catch (error) {
    if (!isGone(error)) throw error;
    context.output.message(`note: the runtime went away (${printable(error.message)}); this is what the files say`);
    return undefined;
  } finally {
    await live.client.close();
  }
}

/** Has the runtime do something. Rejects with a `CommandError` when there is none. */
export async function withLive<T>(context: CommandContext, act: (live: Live) => Promise<T>): Promise<T> {
  if (context.isOffline) {
    throw new CommandError(ExitCode.USAGE, "Expected this command without --offline, as only a runtime can do it");
  }
  const live = await connectLive(context);
  try {
    return await act(live);
  } finally {
    await live.client.close();
  }
}

/** The items of a stream that ends by itself. Throws `KRON_DEADLINE` when the runtime falls silent. */
export async function* itemsOf({ client }: Live, method: string, params: object): AsyncGenerator<unknown> {
  const clock = systemClock();
  const silence = new AbortController();
  const late = new KronError("KRON_DEADLINE", `Expected the runtime to go on within ${silentMs} ms`);
  const stream = client.stream(method, params, { window: pagesAhead, signal: silence.signal });
  try {
    for (;;) {
      const cancel = clock.wakeAfter(silentMs, () => silence.abort(late));
      const { done, value } = await stream.next().finally(cancel);
      if (done === true) return;
      yield value;
    }
  } finally {
    await stream.return?.();
  }
}

/** A connection to the runtime, for reading commands: what keeps it from being used is told, and no error. */
async function findLive(context: CommandContext): Promise<Live | undefined> {
  const { dataDir, isOffline, output } = context;
  // Most of the time nobody is there, and then nothing needs to be loaded.
  if (isOffline || !hasEndpoint(dataDir)) return undefined;
  try {
    return await connectLive(context);
  } catch (error) {
    const isNobody = error instanceof CommandError && error.exitCode === ExitCode.UNREACHABLE;
    if (isNobody || isKronError(error, "KRON_DIR_UNUSABLE")) return undefined;
    if (!isKronError(error)) throw error;
    output.message(`note: the runtime cannot be asked (${printable(error.message)}); this is what the files say`);
    return undefined;
  }
}

/** A connection to the runtime of the directory. Rejects with a `CommandError` when there is none. */
export async function connectLive({ dataDir }: CommandContext): Promise<Live> {
  const { IpcClient: Client } = await import("../../src/ipc/client.ts");
  const options = { clock: systemClock(), name: "cli", version: packageVersion(), deadlineMs: connectMs };
  let client: IpcClient;
  try {
    client = await Client.connect(dataDir, options);
  } catch (error) {
    throw isKronError(error, "KRON_UNREACHABLE") ? unreachable(dataDir, error) : error;
  }
  try {
    const status = (await client.call("runtime.status", null, { deadlineMs: connectMs })) as RuntimeStatus;
    // A copied directory knows the same token, and may name the same port.
    if (realpathSync(status.dataDir) !== realpathSync(dataDir)) throw foreign(status.dataDir);
    return { client, status };
  } catch (error) {
    await client.close();
    throw isGone(error) ? unreachable(dataDir, error) : error;
  }
}

function unreachable(dataDir: string, error: KronError): CommandError {
  const pid = findLockHolder(dataDir);
  if (pid === undefined) {
    return new CommandError(
      ExitCode.UNREACHABLE,
      `Expected a runtime to be at work in ${printable(dataDir)}, none is there`,
      "Start the application that uses this directory, or `kron runtime start`; or name another with --data-dir or KRON_HOME",
    );
  }
  return new CommandError(
    ExitCode.UNREACHABLE,
    `Expected process ${pid}, which holds ${printable(dataDir)}, to answer: ${printable(error.message)}`,
    "A runtime with the option ipc: false takes no commands; one that hangs answers nobody",
  );
}

function foreign(dataDir: string): KronError {
  return new KronError("KRON_IPC_FOREIGN", `Expected the runtime of this directory, got the one of ${dataDir}`);
}

/** Whether the runtime is not there, or not any more. */
function isGone(error: unknown): error is KronError {
  return (
    isKronError(error, "KRON_DISCONNECTED") || isKronError(error, "KRON_STOPPED") || isKronError(error, "KRON_DEADLINE")
  );
}

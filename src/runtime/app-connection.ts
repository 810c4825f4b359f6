/** One connection of an application to the runtime it is attached to: requests go up, runs of its callbacks come down. */

import { KronError } from "../core/errors.ts";
import { IpcClient } from "../ipc/client.ts";
import type { Clock, Logger } from "../ports.ts";
import type { Callback } from "../runners/callback-context.ts";
import { CallbackExecutor } from "../runners/callback-executor.ts";
import { RemoteHost, RemoteOutput } from "../runners/remote-host.ts";
import { systemClock, toDate } from "../system.ts";
import { packageVersion } from "../version.ts";
import { idsMax } from "./app-requests.ts";
import type { Supervision } from "./supervise/supervision.ts";

/** What a connection needs. */
export interface AppConnectionOptions {
  readonly dataDir: string;
  readonly supervision: Supervision | undefined;
  /** The clock that callbacks go by. */
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keepAlive: boolean;
  readonly callbackOf: (timerId: string) => Callback | undefined;
}

/** A connection, from its handshake to its end. */
export class AppConnection {
  readonly client: IpcClient;
  readonly callbacks: CallbackExecutor;

  private constructor(client: IpcClient, callbacks: CallbackExecutor) {
    this.client = client;
    this.callbacks = callbacks;
  }

  /** Connects and attaches. Rejects as `IpcClient.connect` does. */
  static async open(options: AppConnectionOptions): Promise<AppConnection> {
    const { dataDir, supervision, clock, logger, keepAlive, callbackOf } = options;
    const realClock = systemClock();
    const client = await IpcClient.connect(dataDir, {
      ...{ clock: realClock, name: "app", version: packageVersion(), keepAlive },
      report: (err, message) => logger.error({ err }, message),
    });
    try {
      const params = supervision === undefined ? null : { key: supervision.key, instance: supervision.instance };
      const { link } = await client.link("app.attach", params);
      const output = new RemoteOutput(toDate);
      output.connect(link);
      const callbacks = new CallbackExecutor({ clock, output, logger, callbackOf });
      // It listens to the link from here on; there is nothing to end by force when that is over.
      new RemoteHost(link, callbacks, { clock: realClock, graceMs: 0, onOver: () => undefined });
      return new AppConnection(client, callbacks);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** Has timers that are on record run here. Returns the ids of those that no longer are. */
  async register(ids: readonly string[]): Promise<readonly string[]> {
    const unknown: string[] = [];
    for (let from = 0; from < ids.length; from += idsMax) {
      const reply = await this.client.call("app.register", { ids: ids.slice(from, from + idsMax) });
      unknown.push(...readUnknown(reply));
    }
    return unknown;
  }

  /** Takes runs from now on. */
  async ready(): Promise<void> {
    await this.client.call("app.ready");
  }

  /** Is given no more runs from now on. */
  async drain(): Promise<void> {
    await this.client.call("app.drain", null, { deadlineMs: 2_000 });
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function readUnknown(reply: unknown): readonly string[] {
  const { unknown } = (reply ?? {}) as { unknown?: unknown };
  if (Array.isArray(unknown)) return unknown.filter((id) => typeof id === "string");
  throw new KronError("KRON_IPC_PROTOCOL", "Expected the ids that are not known");
}

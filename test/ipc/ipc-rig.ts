/** A server and clients over a real socket in a directory of their own, and what tests of them need. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IpcClient, type IpcClientOptions } from "../../src/ipc/client.ts";
import { type IpcMethod, IpcServer, type IpcServerOptions } from "../../src/ipc/server.ts";
import type { Logger } from "../../src/ports.ts";
import { systemClock, systemRandom } from "../../src/system.ts";

/** The clock of all that has to do with real sockets. */
export const clock = systemClock();

/** A logger that keeps what it was told. */
export interface KeptLog extends Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: object }[];
}

/** Makes a logger that keeps its lines. */
export function keptLog(): KeptLog {
  const lines: KeptLog["lines"] = [];
  const log = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

/** A directory with a server, and how to get rid of both. */
export interface Rig {
  readonly directory: string;
  readonly server: IpcServer;
  readonly log: KeptLog;
  connect(options?: Partial<IpcClientOptions>): Promise<IpcClient>;
  stop(): Promise<void>;
}

/** An empty private directory. */
export function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), "kron-ipc-"));
}

/** Serves `methods` in a new directory, or in `directory`. */
export async function serve(
  methods: Readonly<Record<string, IpcMethod>>,
  options: Partial<IpcServerOptions> = {},
  directory = makeDirectory(),
): Promise<Rig> {
  const log = keptLog();
  const server = await IpcServer.listen(directory, {
    methods: new Map(Object.entries(methods)),
    identity: { uuid: "uuid-1", mode: "embedded", version: "1.2.3", features: ["test"] },
    clock,
    random: systemRandom(),
    logger: log,
    ...options,
  });
  const clients: IpcClient[] = [];
  return {
    directory,
    server,
    log,
    async connect(more = {}) {
      const client = await IpcClient.connect(directory, { clock, name: "test", version: "1", ...more });
      clients.push(client);
      return client;
    },
    async stop() {
      await Promise.all(clients.map((client) => client.close()));
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What `promise` is rejected with; throws when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Expected a rejection");
}

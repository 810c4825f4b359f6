/** Serves a runtime to the clients of its directory. Loaded when it is needed, as most of its code is. */

import type { IpcMethod } from "../ipc/methods.ts";
import { IpcServer } from "../ipc/server.ts";
import type { Logger, Random } from "../ports.ts";
import { packageVersion } from "../version.ts";
import { lazyApps } from "./lazy-apps.ts";
import { lazyService } from "./service/lazy-service.ts";
import type { ServedRuntime } from "./service/served-runtime.ts";

/**
 * Listens for clients of the runtime's directory, whose lock it must hold; `more` are methods besides those of every
 * runtime. Rejects as `IpcServer.listen` does.
 */
export async function serveRuntime(
  runtime: ServedRuntime,
  logger: Logger,
  random: Random,
  more: readonly (readonly [name: string, method: IpcMethod])[] = [],
): Promise<IpcServer> {
  const { uuid, mode, realClock, hostDoor } = runtime;
  const server = await IpcServer.listen(runtime.dataDir, {
    methods: new Map([...lazyService(runtime), ...lazyApps(runtime, logger), ...hostDoor.methods(), ...more]),
    identity: { uuid, mode, version: packageVersion() },
    ...{ clock: realClock, random, logger, keepAlive: false },
  });
  hostDoor.served(true);
  return server;
}

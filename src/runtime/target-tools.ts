/** What runners of targets share: each is loaded and made with the first runner that needs it. */

import type { LogSettings } from "../core/log-options.ts";
import type { IpcServer } from "../ipc/server.ts";
import type { RunLogs } from "../logs/run-logs.ts";
import type { Clock, Logger, OutputFiles, Random } from "../ports.ts";
import type { OutputSink } from "../runners/callback-context.ts";
import type { Reaper } from "../runners/reaper.ts";
import { systemClock } from "../system.ts";
import { packageVersion } from "../version.ts";
import type { HostDoor, HostReception } from "./host-door.ts";

/** What runners of targets are made of. */
export interface TargetParts {
  readonly dataDir: string;
  /** What relative paths in targets are relative to. */
  readonly baseDir: string;
  readonly logs: LogSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where lines and progress of modules go. */
  readonly output: OutputSink;
  /** Threads that modules run in at a time, of this process and of each host. */
  readonly threads: number;
  /** No module runs in this process, whatever it asks for. */
  readonly hostModules: boolean;
  readonly hostDoor: HostDoor;
}

/** Tools that are made when first asked for. */
export class TargetTools {
  readonly #parts: TargetParts;
  #logs: Promise<RunLogs> | undefined;
  #reaper: Promise<Reaper> | undefined;
  #server: Promise<IpcServer> | undefined;

  constructor(parts: TargetParts) {
    this.#parts = parts;
  }

  /** Where output of attempts goes. */
  output(): Promise<OutputFiles> {
    this.#logs ??= this.#makeLogs();
    return this.#logs;
  }

  /** What ends processes when this one is killed. */
  reaper(): Promise<Reaper> {
    this.#reaper ??= this.#makeReaper();
    return this.#reaper;
  }

  /** Lets hosts in, by the socket of the directory; where it is not served, by one that is opened for them. */
  async openDoor(reception: HostReception): Promise<void> {
    const { hostDoor } = this.#parts;
    hostDoor.open(reception);
    if (await hostDoor.isServed) return;
    this.#server ??= this.#makeServer();
    await this.#server;
  }

  /** Gives back what was made. */
  async close(): Promise<void> {
    // What could not be loaded has nothing to give back.
    const [logs, reaper, server] = await Promise.all([
      this.#logs?.catch(() => undefined),
      this.#reaper?.catch(() => undefined),
      this.#server?.catch(() => undefined),
    ]);
    await server?.close();
    logs?.close();
    reaper?.close();
  }

  async #makeLogs(): Promise<RunLogs> {
    const { RunLogs } = await import("../logs/run-logs.ts");
    const { dataDir, logs, clock, logger } = this.#parts;
    return new RunLogs({ dataDir, limits: logs, clock, logger });
  }

  async #makeReaper(): Promise<Reaper> {
    const { Reaper } = await import("../runners/reaper.ts");
    const { clock, random, logger } = this.#parts;
    return new Reaper({ clock, random, logger });
  }

  async #makeServer(): Promise<IpcServer> {
    const { IpcServer } = await import("../ipc/server.ts");
    const { dataDir, random, logger, hostDoor } = this.#parts;
    const identity = { uuid: Buffer.from(random.bytes(16)).toString("hex"), mode: "hosts", version: packageVersion() };
    return IpcServer.listen(dataDir, {
      ...{ identity, random, logger, methods: new Map(hostDoor.methods()), keepAlive: false },
      clock: systemClock(),
    });
  }
}

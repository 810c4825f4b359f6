/**
 * A process that hosts a pool of modules for a runtime. It connects to the runtime's socket, executes what it is given,
 * and ends when the connection or its standard input does: first its attempts are asked to stop, then ended by force.
 */

import { inspect } from "node:util";
import { IpcClient } from "../ipc/client.ts";
import type { Clock } from "../ports.ts";
import { ModulePool } from "../runners/module-pool.ts";
import { outputOfRemote, RemoteHost, RemoteOutput } from "../runners/remote-host.ts";
import { systemClock, toDate } from "../system.ts";
import { attachMethod, takeHostSettings } from "./host-settings.ts";
import { threadEntry } from "./thread-entry.ts";

/** What attempts have to stop by themselves when there is nobody left who wants them. */
const graceMs = 1_000;
/** What is left after that is ended with this process. */
const closeMsMax = 1_000;
const memoryEveryMs = 1_000;

host().catch((error: unknown) => {
  process.stderr.write(`The host could not connect: ${inspect(error)}\n`);
  process.exit(1);
});

async function host(): Promise<void> {
  process.title = "kron host";
  const { dataDir, key, threads } = takeHostSettings(process.env);
  const clock = systemClock();
  const client = await IpcClient.connect(dataDir, { clock, name: "host" });
  const { link } = await client.link(attachMethod, { key });
  const output = new RemoteOutput(toDate);
  output.connect(link);
  const pool: ModulePool = new ModulePool({
    ...{ clock, output, threads, threadEntry, baseDir: process.cwd(), outputOf: outputOfRemote },
    logger: output.logger(),
  });
  const remote = new RemoteHost(link, pool, { clock, graceMs, onOver: () => void end(pool, clock) });
  process.on("SIGTERM", () => remote.stop());
  process.stdin.on("end", () => remote.stop()).on("error", () => remote.stop());
  process.stdin.resume();
  tellMemory(remote, clock);
  remote.ready();
}

function tellMemory(remote: RemoteHost, clock: Clock): void {
  remote.tellMemory(process.memoryUsage.rss());
  clock.wakeAfter(memoryEveryMs, () => tellMemory(remote, clock), false);
}

async function end(pool: ModulePool, clock: Clock): Promise<void> {
  clock.wakeAfter(closeMsMax, () => process.kill(process.pid, "SIGKILL"));
  await pool.close();
  process.exit(0);
}

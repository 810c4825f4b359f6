/** Where the runners of modules, commands and requests come from: each is loaded with the first attempt that needs it. */

import type { TargetRunner } from "../ports.ts";
import { LazyRunner } from "../runners/lazy.ts";
import { systemClock } from "../system.ts";
import { ModuleTargets } from "./module-targets.ts";
import type { TargetRunners } from "./runner-set.ts";
import type { TargetParts, TargetTools } from "./target-tools.ts";
import { threadEntry } from "./thread-entry.ts";

/** The runners of a runtime. */
export function makeTargetRunners(parts: TargetParts, tools: TargetTools): TargetRunners {
  const { clock } = parts;
  return {
    module: new ModuleTargets(
      new LazyRunner(() => loadThreads(parts, tools), clock),
      new LazyRunner(() => loadHosts(parts, tools), clock),
      { hostsAll: parts.hostModules, isVirtual: clock.onIdle !== undefined },
    ),
    command: new LazyRunner(() => loadCommands(parts, tools), clock),
    http: new LazyRunner(loadRequests, clock),
  };
}

async function loadCommands({ baseDir, clock, logger }: TargetParts, tools: TargetTools): Promise<TargetRunner> {
  const { CommandRunner } = await import("../runners/command.ts");
  const [output, reaper] = await Promise.all([tools.output(), tools.reaper()]);
  return new CommandRunner({ clock, logger, output, reaper, baseDir, environment: () => process.env });
}

async function loadRequests(): Promise<TargetRunner> {
  const { HttpRunner } = await import("../runners/http.ts");
  return new HttpRunner({ environment: () => process.env });
}

async function loadThreads(parts: TargetParts, tools: TargetTools): Promise<TargetRunner> {
  const { ModulePool } = await import("../runners/module-pool.ts");
  const { baseDir, logger, output, threads } = parts;
  const files = await tools.output();
  return new ModulePool({
    ...{ baseDir, logger, output, threads, threadEntry },
    // Threads take the time they take, also where timers follow a virtual clock.
    clock: systemClock(),
    outputOf: ({ timerId, runId }) => files.fileOf(timerId, runId),
  });
}

async function loadHosts(parts: TargetParts, tools: TargetTools): Promise<TargetRunner> {
  const { PoolHosts } = await import("./pool-hosts.ts");
  const { dataDir, baseDir, logger, random, output, threads } = parts;
  const [files, reaper] = await Promise.all([tools.output(), tools.reaper()]);
  const hosts = new PoolHosts({
    ...{ dataDir, baseDir, logger, random, output, threads, reaper },
    clock: systemClock(),
    outputOf: ({ timerId, runId }) => files.fileOf(timerId, runId),
  });
  await tools.openDoor(hosts);
  return hosts;
}

/** Where the runners of modules, commands and requests come from: each is loaded with the first attempt that needs it. */

import { KronError } from "../core/errors.ts";
import type { TargetRunner } from "../ports.ts";
import { LazyRunner } from "../runners/lazy.ts";
import type { TargetRunners } from "./runner-set.ts";
import type { TargetParts, TargetTools } from "./target-tools.ts";

/** The runners of a runtime. */
export function makeTargetRunners(parts: TargetParts, tools: TargetTools): TargetRunners {
  return {
    module: new LazyRunner(() => Promise.reject(notYet("module"))),
    command: new LazyRunner(() => loadCommands(parts, tools)),
    http: new LazyRunner(loadRequests),
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

function notYet(kind: string): KronError {
  return new KronError("KRON_OPTION_INVALID", `Expected a target that this version can run, got ${kind}`);
}

/** Where the runners of modules, commands and requests come from: each is loaded with the first attempt that needs it. */

import { KronError } from "../core/errors.ts";
import { LazyRunner } from "../runners/lazy.ts";
import type { TargetRunners } from "./runner-set.ts";

/** The runners of a runtime. */
export function makeTargetRunners(): TargetRunners {
  return {
    module: new LazyRunner(() => Promise.reject(notYet("module"))),
    command: new LazyRunner(() => Promise.reject(notYet("command"))),
    http: new LazyRunner(() => Promise.reject(notYet("http"))),
  };
}

function notYet(kind: string): KronError {
  return new KronError("KRON_OPTION_INVALID", `Expected a target that this version can run, got ${kind}`);
}

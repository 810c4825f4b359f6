/** The options of a tortured runtime: those that last as long as its directory, and those of one life. */

import type { KronOptions } from "../../src/index.ts";
import type { Seeded } from "../support/seeded.ts";

/** What is drawn once for a directory. */
export interface DirectoryPlan {
  /** Whether the runtime works through a `Disk` of ours, which may then be faulty. */
  readonly hasOwnDisk: boolean;
  /** Rows of history kept of a timer. */
  readonly historyRows: number;
  /** Whether there are thousands of timers at times. */
  readonly isBulky: boolean;
}

/** Draws what stays the same in all lives of one directory. */
export function drawDirectoryPlan(random: Seeded): DirectoryPlan {
  return {
    hasOwnDisk: random.chance(0.6),
    historyRows: random.pick([20, 50, 100]),
    isBulky: random.chance(0.06),
  };
}

/** Draws the options of one life; without directory, logger and disk. */
export function runtimeOptions(random: Seeded, plan: DirectoryPlan): KronOptions & { readonly durability: string } {
  return {
    durability: random.chance(0.8) ? "always" : random.pick(["group:2ms", "everysec"]),
    profile: random.pick(["standard", "edge"]),
    concurrency: random.int(1, 12),
    queueMax: random.pick([5, 100]),
    orphanGrace: random.int(0, 30),
    segmentBytes: random.pick([65_536, 65_536, 262_144]),
    checkpoint: { records: random.int(20, 500), bytes: 65_536, every: random.pick(["50ms", "1m"]) },
    history: { count: plan.historyRows },
    snapshot: plan.hasOwnDisk ? "file" : "auto",
  };
}

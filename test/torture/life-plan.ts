/** What one process is to do to a directory, and how it ends. Handed to it as JSON. */

import type { Seeded } from "../support/seeded.ts";
import type { DiskPlan } from "./faulty-disk.ts";
import type { DirectoryPlan } from "./runtime-options.ts";

/** When the process is killed: `afterMs` after it was spawned, or told that it had come so far. */
export interface KillPlan {
  readonly when: "spawned" | "loaded" | "open" | "checkpointing" | "closing" | "closed";
  readonly afterMs: number;
}

/** One life of a directory. */
export interface LifePlan {
  readonly directory: string;
  readonly seed: number;
  readonly plan: DirectoryPlan;
  /** Undefined: it ends by its own disk, or by itself. */
  readonly kill: KillPlan | undefined;
  readonly disk: DiskPlan | undefined;
  /** Asks for a shutdown so long after it was open. */
  readonly closesAfterMs: number | undefined;
  /** Asks for a checkpoint so long after it was open. */
  readonly checkpointsAfterMs: number | undefined;
  /** Brings everything to an end instead of beginning more, and shuts down. */
  readonly settles: boolean;
}

/** Draws a life that ends in a kill, or now and then in good order. */
export function drawLife(random: Seeded, directory: string, plan: DirectoryPlan): LifePlan {
  const base = {
    directory,
    plan,
    seed: random.int(0, 2 ** 30),
    disk: plan.hasOwnDisk ? drawDisk(random) : undefined,
    closesAfterMs: undefined,
    checkpointsAfterMs: random.chance(0.4) ? random.int(0, 80) : undefined,
    settles: false,
  };
  const dies = base.disk?.diesAtOperation !== undefined;
  const kill = (when: KillPlan["when"], least: number, most: number): LifePlan => ({
    ...base,
    kill: { when, afterMs: random.int(least, most) },
  });
  const chance = random.fraction();
  // A process that dies of its disk is given time to come to that.
  if (dies) return kill("open", 250, 350);
  if (base.disk?.full !== undefined) return kill("open", 200, 500);
  if (chance < 0.05) return kill("spawned", 30, 150);
  if (chance < 0.2) return kill("loaded", 0, 25);
  if (chance < 0.3) return { ...kill("closing", 0, 12), closesAfterMs: random.int(5, 150) };
  if (chance < 0.34) return { ...base, kill: { when: "closed", afterMs: 0 }, closesAfterMs: random.int(5, 150) };
  if (chance < 0.5) return { ...kill("checkpointing", 0, 12), checkpointsAfterMs: random.int(0, 60) };
  return chance < 0.75 ? kill("open", 0, 120) : kill("open", 120, 400);
}

/** The last life of a directory, in which every run comes to its end. */
export function settlingLife(random: Seeded, directory: string, plan: DirectoryPlan): LifePlan {
  return {
    directory,
    plan,
    seed: random.int(0, 2 ** 30),
    kill: undefined,
    disk: undefined,
    closesAfterMs: undefined,
    checkpointsAfterMs: undefined,
    settles: true,
  };
}

function drawDisk(random: Seeded): DiskPlan {
  const plan: DiskPlan = {
    syncDelayMsMax: random.pick([0, 1, 5]),
    full: undefined,
    failsAtSync: undefined,
    diesAtOperation: undefined,
  };
  const chance = random.fraction();
  if (chance < 0.12) return { ...plan, full: { fromWrite: random.int(1, 60), times: random.int(1, 20) } };
  if (chance < 0.22) return { ...plan, failsAtSync: random.int(1, 25) };
  if (chance < 0.48) return { ...plan, diesAtOperation: random.chance(0.3) ? random.int(1, 20) : random.int(20, 200) };
  return plan;
}

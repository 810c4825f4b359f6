/** The lanes of a pool, by target, and those whose turn it is. */

import type { ModuleTarget } from "../core/target.ts";
import type { Clock } from "../ports.ts";
import { ModuleLane } from "./module-lane.ts";

const lanesKeptMax = 1_000;

/** Finds or makes the lane of a target. */
export class ModuleLanes {
  /** Those with waiting attempts, in the order of their turns. */
  readonly waiting = new Set<ModuleLane>();
  readonly #baseDir: string;
  readonly #clock: Clock;
  readonly #byKey = new Map<string, ModuleLane>();
  readonly #byTarget = new WeakMap<ModuleTarget, ModuleLane>();

  constructor(baseDir: string, clock: Clock) {
    this.#baseDir = baseDir;
    this.#clock = clock;
  }

  of(target: ModuleTarget): ModuleLane {
    const known = this.#byTarget.get(target);
    if (known !== undefined) return known;
    const { path, exportName, isolate, heapMbMax, runsPerWorkerMax } = target;
    const key = JSON.stringify([path, exportName, isolate, heapMbMax, runsPerWorkerMax]);
    if (this.#byKey.size >= lanesKeptMax) this.#drop();
    const lane = this.#byKey.get(key) ?? new ModuleLane(target, this.#baseDir);
    this.#byKey.set(key, lane);
    this.#byTarget.set(target, lane);
    return lane;
  }

  /** The lanes with waiting attempts as they are now. */
  *inTurn(): Iterable<ModuleLane> {
    for (const lane of [...this.waiting]) {
      if (lane.waitingCount > 0) yield lane;
      else this.waiting.delete(lane);
    }
  }

  /** The lane has had its turn; its next one comes after those of the others. */
  hadTurn(lane: ModuleLane): void {
    this.waiting.delete(lane);
    if (lane.waitingCount > 0) this.waiting.add(lane);
  }

  /** Forgets the lanes that nobody needs; what they knew is learnt again. */
  #drop(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, lane] of this.#byKey) {
      if (lane.waitingCount === 0 && lane.batchCount === 0 && lane.quarantine.waitMs(nowMs) === 0) {
        this.#byKey.delete(key);
      }
    }
  }
}

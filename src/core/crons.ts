/** Sharing of compiled cron schedules, so that 100,000 timers with 100 expressions cost 100 of them. */

import { assert } from "./assert.ts";
import { type Cron, type CronOptions, compileCron } from "./cron.ts";
import { fieldsKey } from "./cron-fields.ts";
import { parseCron } from "./cron-parse.ts";

/** How many compiled schedules are shared at most; the oldest is let go, and works on where it is in use. */
const sharedMax = 10_000;

/** Compiled schedules, shared: timers with equal expressions, zones and policies hold one and the same object. */
export class Crons {
  readonly #shared = new Map<string, Cron>();

  /** As `compileCron`, but parses each expression once. */
  get(expression: string, options: CronOptions): Cron {
    const { zone, dst = "vixie", dayMatch = "or", hashSeed = 0 } = options;
    const situation = `${zone.name}\n${dst}\n${dayMatch}\n${expression}`;
    // Timers differ in what H stands for, so those are shared by what it came to.
    const key = mayHoldHash(expression) ? `${situation}\n${resolvedKey(expression, hashSeed)}` : situation;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const cron = compileCron(expression, options);
    this.#shared.set(key, cron);
    for (const oldest of this.#shared.keys()) {
      if (this.#shared.size <= sharedMax) break;
      this.#shared.delete(oldest);
    }
    return cron;
  }

  /** How many schedules are shared now. */
  get size(): number {
    return this.#shared.size;
  }
}

/** Whether an `H` stands where a number could, so that the schedule depends on the timer; the H of THU does not count. */
export function mayHoldHash(expression: string): boolean {
  return /(?:^|[ \t,+])[Hh]/.test(expression);
}

function resolvedKey(expression: string, hashSeed: number): string {
  const parsed = parseCron(expression, hashSeed);
  assert(parsed.kind === "fields", "an expression with H has fields");
  return fieldsKey(parsed.fields);
}

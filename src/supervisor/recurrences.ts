/** Gives each timer's rule in a form that can be asked for times; cron expressions are compiled once and shared. */

import type { Cron } from "../core/cron.ts";
import { Crons, mayHoldHash } from "../core/crons.ts";
import type { ScheduleSpec, TimerDefinition } from "../core/definition.ts";
import { stableHash } from "../core/hash.ts";
import type { Recurrence } from "../core/recurrence.ts";
import type { State } from "../core/state.ts";
import type { Zones } from "../core/zone.ts";

type CronSpec = Extract<ScheduleSpec, { kind: "cron" }>;

/** Recurrences by timer. */
export class Recurrences {
  readonly #zones: Zones;
  readonly #crons = new Crons();
  /** By the definition object itself, which all timers with an equal one share. */
  readonly #byDefinition = new WeakMap<TimerDefinition, Cron>();

  constructor(zones: Zones) {
    this.#zones = zones;
  }

  /** The rule of the timer in `slot`. */
  of(state: State, slot: number): Recurrence {
    const { timers } = state;
    const definition = state.definitions.get(timers.definition.get(slot));
    const anchorMs = timers.anchorMs.get(slot);
    // Only an expression with `H` in it asks for the id, which is made anew each time.
    const cron = definition.schedule.kind === "cron" ? this.#byDefinition.get(definition) : undefined;
    if (cron !== undefined || definition.schedule.kind !== "cron") return { definition, anchorMs, cron };
    return this.make(timers.idOf(slot) ?? "", definition, anchorMs);
  }

  /** The rule of a timer that need not exist yet. */
  make(id: string, definition: TimerDefinition, anchorMs: number): Recurrence {
    const { schedule } = definition;
    if (schedule.kind !== "cron") return { definition, anchorMs, cron: undefined };
    return { definition, anchorMs, cron: this.#shared(id, definition, schedule) };
  }

  /** The compiled expression; throws `KRON_CRON_INVALID` or `KRON_ZONE_INVALID`. `H` depends on the timer's id. */
  compile(id: string, schedule: CronSpec): Cron {
    const { expression, dst, dayMatch } = schedule;
    return this.#crons.get(expression, {
      zone: this.#zones.get(schedule.zone),
      dst,
      dayMatch,
      hashSeed: stableHash(id),
    });
  }

  #shared(id: string, definition: TimerDefinition, schedule: CronSpec): Cron {
    const held = this.#byDefinition.get(definition);
    if (held !== undefined) return held;
    const cron = this.compile(id, schedule);
    if (!mayHoldHash(schedule.expression)) this.#byDefinition.set(definition, cron);
    return cron;
  }
}

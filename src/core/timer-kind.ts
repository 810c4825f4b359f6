/** Questions about a definition that several rooms ask. */

import type { TimerDefinition } from "./definition.ts";

/** Whether exactly one occurrence of the timer is ever due. */
export function isOneShot(definition: TimerDefinition): boolean {
  return definition.schedule.kind === "at" || definition.schedule.kind === "after";
}

/** The types of events, as they are written in capitals, and the names under which `kron.on()` knows them. */

import type { KronEvents } from "../../supervisor/events.ts";
import type { EventName } from "../event-hub.ts";

/** Every type of event, with the name under which `kron.on()` gives it. */
export const eventTypes = {
  ...{ RUN_DUE: "run", RUN_STARTED: "run", RUN_SUCCEEDED: "run", RUN_FAILED: "run", RUN_TIMED_OUT: "run" },
  ...{ RUN_LOST: "run", RUN_RETRYING: "run", RUN_DEAD: "run", RUN_CANCELLED: "run" },
  ...{ RUN_MISSED: "missed", RUN_SKIPPED_OVERLAP: "missed" },
  ...{ TIMER_CREATED: "timer", TIMER_UPDATED: "timer", TIMER_PAUSED: "timer" },
  ...{ TIMER_RESUMED: "timer", TIMER_CANCELLED: "timer" },
  ...{ CLOCK_STEPPED: "clock", LOG: "log", PROGRESS: "progress", WRITABLE: "writable" },
  ...{ ERROR: "error", WARNING: "warning", SHUTDOWN: "shutdown" },
} as const satisfies Readonly<Record<string, EventName>>;

/** The type of an event, in capitals. */
export type EventType = keyof typeof eventTypes;

/** All of them. */
export const eventTypeNames = Object.keys(eventTypes) as EventType[];

/** The type of an event that was told under `name`. */
export function typeOfEvent(name: EventName, event: KronEvents[EventName][0]): EventType {
  switch (name) {
    case "run":
    case "missed":
    case "timer":
      return (event as KronEvents["run" | "missed" | "timer"][0]).type;
    case "clock":
      return "CLOCK_STEPPED";
    default:
      return name.toUpperCase() as EventType;
  }
}

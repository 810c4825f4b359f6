/** What a caller gives to `schedule`, read into what the engine is told. */

import { definitionKey } from "../core/definition.ts";
import { parseScheduleOptions } from "../core/options.ts";
import { copyPayload } from "../core/payload-copy.ts";
import type { Registration } from "./commands.ts";
import type { Recurrences } from "./recurrences.ts";

/** Reads `id` and `options`, the payload taken over; throws as `parseScheduleOptions` does. */
export function readRegistration(
  id: unknown,
  options: unknown,
  recurrences: Recurrences,
  askedAtMs: number,
): Registration {
  const request = parseScheduleOptions(id, options, (schedule) => {
    // The id has been checked before the schedule is.
    if (schedule.kind === "cron") recurrences.compile(id as string, schedule);
  });
  const { definition, atMs, payload, payloadBytes } = request;
  return {
    ...{ id: request.id, definition, key: definitionKey(definition), atMs },
    ...{ payload: copyPayload(payload), payloadBytes, askedAtMs },
  };
}

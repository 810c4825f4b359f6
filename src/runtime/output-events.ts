/** What callbacks say with `log` and `progress`: an event each, and lines go to the logger too. */

import type { Logger } from "../ports.ts";
import type { OutputSink } from "../runners/callback-context.ts";
import type { EventSink } from "../supervisor/events.ts";
import { toDate } from "../system.ts";

/** Makes the sink of callbacks' output. */
export function outputEvents(events: EventSink, logger: Logger): OutputSink {
  return {
    toDate,
    line: ({ timerId, runId, attempt }, level, message, fields, atMs) => {
      const more = fields === undefined ? undefined : { fields };
      events.emit("log", { timerId, runId, attempt, atMs, level, message, ...more });
      logger[level]({ timerId, runId, attempt, ...fields }, message);
    },
    progress: ({ timerId, runId, attempt }, fraction, note, atMs) => {
      events.emit("progress", { timerId, runId, attempt, atMs, fraction, ...(note !== undefined && { note }) });
    },
  };
}

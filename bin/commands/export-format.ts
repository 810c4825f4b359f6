/**
 * The lines of `kron export`: what they are called and what may stand in them; docs/backup.md describes them for
 * users. The first says where the rest comes from, then each timer has one, and its history may follow.
 */

import { scheduleOptionsOf } from "../../src/core/definition-options.ts";
import { Status } from "../../src/core/outcome.ts";
import { redactDefinition, redactedPlaces } from "../../src/core/redact.ts";
import type { State } from "../../src/core/state.ts";
import type { HistoryEntry } from "../../src/supervisor/views.ts";
import { jsonVersion } from "../context.ts";
import { taggedPayload } from "../payload-json.ts";

/** The version of the lines; it changes when a reader of this one could misunderstand the next. */
export const exportFormat = 1;

/** What a timer may be in an export, by the number that the state has for it. */
export const statusNames: readonly (readonly [number: number, name: string])[] = [
  [Status.ACTIVE, "active"],
  [Status.PAUSED, "paused"],
  [Status.COMPLETED, "completed"],
  [Status.DEAD, "dead"],
  [Status.CANCELLED, "cancelled"],
];

/** What the first line tells. */
export interface ExportSource {
  /** The journal's id. */
  readonly uuid: Uint8Array | undefined;
  readonly nowMs: number;
  readonly hasHistory: boolean;
}

/** What of a timer's line the export itself looks at. */
export interface TimerLine {
  /** Options whose values stand for secrets that were left out. */
  readonly redacted?: readonly string[];
  readonly [name: string]: unknown;
}

/** The first line. */
export function headLine(state: State, { uuid, nowMs, hasHistory }: ExportSource): object {
  return {
    ...{ kind: "export", version: jsonVersion, format: exportFormat },
    source: uuid === undefined ? null : Buffer.from(uuid).toString("hex"),
    ...{ asOfEntry: state.appliedIndex, asOfMs: state.atMs, exportedAtMs: nowMs },
    ...{ timers: state.timers.size, history: hasHistory },
  };
}

/** The line of the timer in `slot`. Without `withSecrets` it says which of its options are `[redacted]`. */
export function timerLine(state: State, slot: number, withSecrets: boolean): TimerLine {
  const { timers, definitions } = state;
  const whole = definitions.get(timers.definition.get(slot));
  const definition = withSecrets ? whole : redactDefinition(whole);
  const redacted = withSecrets ? [] : redactedPlaces(definition.target);
  const anchorMs = timers.anchorMs.get(slot);
  const payload = timers.payload(slot);
  const status = timers.status.get(slot);
  return {
    ...{ kind: "timer", id: timers.idOf(slot) },
    status: statusNames.find(([number]) => number === status)?.[1],
    options: {
      ...scheduleOptionsOf(definition, anchorMs),
      ...(payload !== undefined && { payload: taggedPayload(payload) }),
    },
    anchorMs,
    nextAtMs: timers.nextAtMs.get(slot) || null,
    createdAtMs: timers.createdAtMs.get(slot),
    unfinishedRuns: timers.liveRuns.get(slot),
    ...(redacted.length > 0 && { redacted }),
  };
}

/** The line of one finished occurrence. */
export function historyLine(entry: HistoryEntry): object {
  const { result } = entry;
  return { kind: "history", ...entry, ...(result !== undefined && { result: taggedPayload(result) }) };
}

/** One event as a line for people, and as an object for programs. */

import { isPlainObject } from "../../src/core/option-reader.ts";
import type { EventType } from "../../src/runtime/service/event-types.ts";
import { jsonVersion } from "../context.ts";
import type { DisplayZone } from "../display-zone.ts";
import { jsonText, type Output } from "../output.ts";
import { printable, shortened } from "../printable.ts";
import { localTime, tookText } from "../times.ts";

/** An event to be shown. `DROPPED`: so many were not told because they were not read fast enough. */
export interface ShownEvent {
  readonly type: EventType | "DROPPED";
  readonly event: unknown;
}

const detailCharactersMax = 200;
const typeWidth = 19;
/** A time with milliseconds, in zones with a name of three letters. */
const timeWidth = 27;

/** What the members of an event, its type aside, are in JSON. */
export function eventJson({ type, event }: ShownEvent): object {
  return { version: jsonVersion, ...membersOf(event), type };
}

/** `2026-11-24 07:00:00.250 UTC  RUN_FAILED  nightly  run_… attempt 1 in 25ms: Error: boom`. */
export function eventLine({ type, event }: ShownEvent, zone: DisplayZone, output: Output): string {
  const { atMs, timerId, ...members } = membersOf(event);
  const time = typeof atMs === "number" ? localTime(atMs, zone, true) : "";
  const tone = /FAILED|DEAD|LOST|TIMED_OUT|ERROR|WARNING|DROPPED/.test(type) ? "bad" : "strong";
  const parts = [time.padEnd(timeWidth), output.toned(tone, type.padEnd(typeWidth))];
  if (typeof timerId === "string") parts.push(printable(timerId));
  parts.push(eventDetail(members));
  return parts.join("  ").trimEnd();
}

function membersOf(event: unknown): Readonly<Record<string, unknown>> {
  const { type: _type, ...members } = isPlainObject(event) ? event : {};
  return members;
}

/** What there is to say about an event besides its type, its time and its timer. */
export function eventDetail(members: Readonly<Record<string, unknown>>): string {
  const { runId, attempt, durationMs, error, reason, result, message, count, fraction, note, deltaMs } = members;
  const parts: string[] = [];
  if (typeof runId === "string")
    parts.push(typeof attempt === "number" && attempt > 0 ? `${runId} attempt ${attempt}` : runId);
  if (typeof durationMs === "number") parts.push(`in ${tookText(durationMs)}`);
  if (typeof count === "number") parts.push(`${count} of them`);
  if (typeof reason === "string") parts.push(`(${printable(reason)})`);
  if (typeof deltaMs === "number") parts.push(`by ${deltaMs} ms`);
  if (typeof fraction === "number") parts.push(`${Math.round(fraction * 100)} %`);
  for (const text of [message, note]) if (typeof text === "string") parts.push(shortened(text, detailCharactersMax));
  if (isPlainObject(error)) {
    parts.push(shortened(`${String(error.name)}: ${String(error.message)}`, detailCharactersMax));
  } else if (result !== undefined) parts.push(shortened(jsonText(result), detailCharactersMax));
  return parts.join(" ");
}

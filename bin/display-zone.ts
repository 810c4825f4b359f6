/** The zone in which a command shows times, and what that zone is called at each of them. */

import { KronError } from "../src/core/errors.ts";
import type { Zone, Zones } from "../src/core/zone.ts";
import { type CommandContext, localZoneName } from "./context.ts";
import { offsetText } from "./times.ts";

/** A zone with the names that people know its times by. */
export interface DisplayZone extends Zone {
  /** `CET`, `CEST`, `UTC`; where no such name is in use the offset, `+09:00`. Before and after a change of clocks it differs. */
  label(ms: number): string;
}

/** ICU knows a short name only in the English of where it is in use; the first that knows one names the time. */
const locales = ["en-US", "en-GB", "en-AU", "en-IN", "en-ZA"] as const;
const namePattern = /^[A-Z]{3,5}$/;

/** The zone in which times are shown: the one asked for, else that of this machine. Throws `KRON_ZONE_INVALID`. */
export function displayZone(context: CommandContext, zones: Zones): DisplayZone {
  return labelledZone(zoneOf(context, zones));
}

function zoneOf({ zoneName }: CommandContext, zones: Zones): Zone {
  if (zoneName !== undefined) return zones.get(zoneName);
  try {
    return zones.get(localZoneName());
  } catch (error) {
    // A machine may be set to a zone that Node does not know; then times are shown in one that everybody does.
    if (error instanceof KronError) return zones.get("UTC");
    throw error;
  }
}

/** `zone` with its names, which are looked up once for each span of time. */
export function labelledZone(zone: Zone): DisplayZone {
  const labels = new Map<number, string>();
  return {
    name: zone.name,
    offsetMs: (atMs) => zone.offsetMs(atMs),
    spanAt: (second) => zone.spanAt(second),
    label(ms) {
      const { start } = zone.spanAt(Math.floor(ms / 1_000));
      const known = labels.get(start);
      if (known !== undefined) return known;
      const label = labelOf(zone, ms);
      labels.set(start, label);
      return label;
    },
  };
}

function labelOf(zone: Zone, ms: number): string {
  const offsetMs = zone.offsetMs(ms);
  if (zone.name === "UTC") return "UTC";
  for (const locale of locales) {
    const format = new Intl.DateTimeFormat(locale, { timeZone: zone.name, timeZoneName: "short" });
    const name = format.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "";
    if (namePattern.test(name)) return name;
  }
  return offsetText(offsetMs);
}
